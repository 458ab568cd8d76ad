/* remark.h
 * What is remarked on a frame or a fault: a row of the remarks in findings.def, and the values that its words have places for.
 *
 * The words are put together when somebody looks (story/remark_text.c).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REMARK_H
#define NLM_HEALTH_REMARK_H

#include "core/base/core.h"

/* Numbers, frames, times, durations, choices; what a pointer leads to lives as long as the watch. */
typedef union {
    int64_t number;
    const void *pointer;
} nh_value;

#define NH_REMARK_VALUES 8

typedef struct {
    nh_remark_id id;
    nh_value values[NH_REMARK_VALUES];
} nh_remark;

/* Initialisers of values; a moment takes two. */
#define NH_NUMBER(value) \
    { \
        .number = (int64_t)(value) \
    }
#define NH_MOMENT(moment) \
    { .number = (moment).frame }, \
    { \
        .number = (moment).time \
    }
#define NH_POINTER(to) \
    { \
        .pointer = (to) \
    }

#endif
