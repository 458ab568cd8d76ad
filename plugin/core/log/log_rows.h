/* log_rows.h
 * A log as people have it, as rows of "stamp host message": records of JSON and
 * of the journal are written out that way, colours of a terminal are taken off.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_ROWS_H
#define NLM_HEALTH_LOG_ROWS_H

#include "core/log/log_record.h"

/* Every row in the order of the text; from one record of several lines the first one's number. */
void nh_log_rows(const char *text, size_t length, nh_log_row_func take, void *data);

#endif
