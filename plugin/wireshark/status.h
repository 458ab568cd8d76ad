/* status.h
 * How TShark comes to an exit status that says that an output failed.
 *
 * A plugin never exits, and a tap has no other way to report that it failed: before
 * 4.6 the start of a tap returns nothing, and its drawing returns nothing in any
 * series. But TShark itself refuses a table of statistics whose check of arguments
 * complains, and ends with a status of 1 then. So a table of ours is asked for, and
 * complains.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STATUS_H
#define NLM_HEALTH_STATUS_H

/* While TShark starts what was asked for: this was refused, and nothing is to be read. The user was told why. */
void nh_status_refuse(void);
/*
 * After everything was drawn: not every output could be made. The user was told
 * why. From 4.6 on there is no way left to make this a status (NH_STATUS_AT_END):
 * what can be known beforehand is refused at the start there.
 */
void nh_status_failed(void);
/* For stat_filter_check_cb. */
void nh_status_check(const char *words, const char **filter, char **error);

#endif
