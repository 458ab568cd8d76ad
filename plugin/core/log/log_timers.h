/* log_timers.h
 * What RPC's debug lines in a client's kernel log tell of its timers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_TIMERS_H
#define NLM_HEALTH_LOG_TIMERS_H

#include "core/log/kernel_log.h"
#include "core/model/model.h"
#include "core/model/story.h"

/* The log tells something of the timers. */
bool nh_log_shows_timers(const nh_kernel_log *log);
/* Take it for the timers of all clients; returns what was known before. */
GArray *nh_log_assume_timers(nh_watch *watch, const nh_kernel_log *log);
/*
 * A log is of one client: the only one, else the one whose lines it has by the
 * draft, the story as it is told under that assumption. The others' timers
 * become again what they were. before is freed.
 */
void nh_log_keep_timers(nh_watch *watch, nh_story *draft, nh_kernel_log *log, GArray *before);

#endif
