/* scale.h
 * Time from left to right: true to scale, but for long stretches in which nothing
 * happens. These are folded, and drawn as such.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SCALE_H
#define NLM_HEALTH_SCALE_H

#include "core/base/core.h"

/* A stretch of time and where it is drawn. */
typedef struct {
    nh_time from, to;
    int left, right;
    bool folded;
} nh_stretch;

typedef struct {
    GArray *stretches; /* nh_stretch, side by side; at least one */
} nh_scale;

/* From times (nh_time, any order, at least one; is sorted) at which something happens, between two columns. */
nh_scale *nh_scale_new(GArray *times, int left, int right);
void nh_scale_free(nh_scale *scale);

/* The column of a time; one outside lies on the nearer edge. */
int nh_scale_x(const nh_scale *scale, nh_time t);

/* Nanoseconds between two marks of an axis, so that they are no closer than this many columns. */
nh_time nh_scale_step(const nh_scale *scale, int apart);

#endif
