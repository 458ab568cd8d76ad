/* scale.c
 * Time from left to right.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/scale.h"

#include "core/base/limits.h"
#include "core/base/search.h"

#define FOLDED_AS 44
#define MAX_FOLDS 6

/* One stretch from each time to the next. */
static void
split(nh_scale *scale, GArray *times)
{
    g_array_sort(times, nh_time_compare);
    for (unsigned i = 1; i < times->len; i++) {
        nh_stretch next = { g_array_index(times, nh_time, i - 1), g_array_index(times, nh_time, i), 0, 0, false };
        if (next.to > next.from)
            g_array_append_val(scale->stretches, next);
    }
    if (scale->stretches->len == 0) {
        nh_time only = g_array_index(times, nh_time, 0);
        nh_stretch moment = { only, only + NH_MSEC, 0, 0, false };
        g_array_append_val(scale->stretches, moment);
    }
}

static nh_stretch *
longest_open(const nh_scale *scale, nh_time *total)
{
    nh_stretch *longest = NULL;

    *total = 0;
    for (unsigned i = 0; i < scale->stretches->len; i++) {
        nh_stretch *at = &g_array_index(scale->stretches, nh_stretch, i);
        if (at->folded)
            continue;
        *total += at->to - at->from;
        if (!longest || at->to - at->from > longest->to - longest->from)
            longest = at;
    }
    return longest;
}

/* Fold what would leave no room for the rest; how many were. */
static int
fold(nh_scale *scale)
{
    int folds = 0;

    for (; folds < MAX_FOLDS; folds++) {
        nh_time total;
        nh_stretch *longest = longest_open(scale, &total);
        nh_time length = longest ? longest->to - longest->from : 0;
        if (length < NH_PICTURE_FOLD_MIN || length <= total - length || length == total)
            break;
        longest->folded = true;
    }
    return folds;
}

nh_scale *
nh_scale_new(GArray *times, int left, int right)
{
    nh_scale *scale = g_new(nh_scale, 1);
    nh_time total, passed = 0;
    int folded = 0;

    scale->stretches = g_array_new(false, false, sizeof(nh_stretch));
    split(scale, times);
    int width = right - left - fold(scale) * FOLDED_AS;
    longest_open(scale, &total);
    for (unsigned i = 0; i < scale->stretches->len; i++) {
        nh_stretch *at = &g_array_index(scale->stretches, nh_stretch, i);
        at->left = left + folded * FOLDED_AS + (int)((double)passed / (double)MAX(total, 1) * width);
        if (at->folded)
            folded++;
        else
            passed += at->to - at->from;
        at->right = left + folded * FOLDED_AS + (int)((double)passed / (double)MAX(total, 1) * width);
    }
    return scale;
}

void
nh_scale_free(nh_scale *scale)
{
    g_array_unref(scale->stretches);
    g_free(scale);
}

/* The stretch that a time lies in; the first or the last one for a time outside. */
static const nh_stretch *
stretch_of(const nh_scale *scale, nh_time t)
{
    unsigned place;

    NH_SEARCH(place, scale->stretches->len - 1, g_array_index(scale->stretches, nh_stretch, place).to < t);
    return &g_array_index(scale->stretches, nh_stretch, place);
}

int
nh_scale_x(const nh_scale *scale, nh_time t)
{
    const nh_stretch *at = stretch_of(scale, t);

    t = CLAMP(t, at->from, at->to);
    return at->left + (int)((double)(t - at->from) / (double)(at->to - at->from) * (at->right - at->left));
}

nh_time
nh_scale_step(const nh_scale *scale, int apart)
{
    static const int64_t steps[] = { 1,      2,      5,       10,      20,      50,       100,      200,     500,
                                     1000,   2000,   5000,    10000,   15000,   30000,    60000,    120000,  300000,
                                     600000, 900000, 1800000, 3600000, 7200000, 21600000, 43200000, 86400000 }; /* milliseconds */
    nh_time total;
    int width = 0;

    longest_open(scale, &total);
    for (unsigned i = 0; i < scale->stretches->len; i++) {
        const nh_stretch *at = &g_array_index(scale->stretches, nh_stretch, i);
        width += at->folded ? 0 : at->right - at->left;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
        if ((double)(steps[i] * NH_MSEC) * MAX(width, 1) >= (double)total * apart)
            return steps[i] * NH_MSEC;
    return 7 * steps[G_N_ELEMENTS(steps) - 1] * NH_MSEC;
}
