/* log_read.h
 * One kernel log out of the texts of several files.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_READ_H
#define NLM_HEALTH_LOG_READ_H

#include "core/log/kernel_log.h"

typedef struct nh_log_reader nh_log_reader;

/* What a file had. */
typedef struct {
    unsigned lines, undated, rows;
} nh_log_found;

/* hints: NULL for none. */
nh_log_reader *nh_log_reader_new(const nh_log_hints *hints);
/* name: to show. */
nh_log_found nh_log_reader_take(nh_log_reader *reader, const char *text, size_t length, const char *name);
/* The log; the reader is freed. */
nh_kernel_log *nh_log_reader_end(nh_log_reader *reader);

#endif
