/* kernel_log_skew.h
 * A log whose clock was wrong: what brings most of its lines to where they are predicted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LOG_SKEW_H
#define NLM_HEALTH_KERNEL_LOG_SKEW_H

#include "core/log/kernel_log.h"

/* The log's clock is wrong: what has to be added, from low to high, to bring further lines (0: it is not) to where they are predicted. */
typedef struct {
    unsigned lines;
    nh_time low, high;
    nh_time by;   /* the likeliest between them, as round as they let it be */
    bool certain; /* no other time does as well, and no line would stand where none is due */
} nh_log_skew;

/* Of an aligned log. At least two lines have to be moved by the same time, which may be any: one may be anything. */
nh_log_skew nh_kernel_log_skew(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, unsigned n_expected);
/* Add to the clock of an aligned log; seconds since boot are where they fit already. Until it is aligned anew. */
void nh_kernel_log_move(nh_kernel_log *log, nh_time by);

#endif
