/* clocks.c
 * How far two clocks are apart, told by packets that passed both.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/clocks.h"

#include "core/base/limits.h"

/* The tightest bounds that a direction sets, one of each stretch. */
typedef struct {
    nh_time from, length;
    nh_gap best[NH_CLOCK_STRETCHES];
    bool set[NH_CLOCK_STRETCHES];
    unsigned count;
} bounds;

/* from_above: the smallest gaps count, else the largest. */
static void
take_bounds(bounds *b, const GArray *gaps, bool from_above)
{
    for (unsigned i = 0; i < gaps->len; i++) {
        const nh_gap *gap = &g_array_index(gaps, nh_gap, i);
        unsigned place = (unsigned)MIN((gap->at - b->from) / b->length, NH_CLOCK_STRETCHES - 1);
        if (!b->set[place] || (from_above ? gap->gap < b->best[place].gap : gap->gap > b->best[place].gap)) {
            b->best[place] = *gap;
            b->count += !b->set[place];
            b->set[place] = true;
        }
    }
}

/* The tightest bound of all, seen from the beginning by a clock of that rate. */
static double
bound_at(const bounds *b, double rate, bool from_above)
{
    double bound = 0;
    bool any = false;

    for (unsigned i = 0; i < NH_CLOCK_STRETCHES; i++) {
        if (!b->set[i])
            continue;
        double value = (double)b->best[i].gap - rate * (double)(b->best[i].at - b->from);
        if (!any || (from_above ? value < bound : value > bound))
            bound = value;
        any = true;
    }
    return bound;
}

/* What both directions leave for the offset. It has one maximum: each bound is a line, the smallest of lines is concave. */
static double
room_at(const bounds both[2], double rate)
{
    return bound_at(&both[0], rate, true) - bound_at(&both[1], rate, false);
}

static double
best_rate(const bounds both[2])
{
    double low = -NH_CLOCK_RATE_MAX, high = NH_CLOCK_RATE_MAX;

    for (unsigned step = 0; step < NH_CLOCK_STEPS; step++) {
        double a = low + (high - low) / 3, b = high - (high - low) / 3;
        if (room_at(both, a) < room_at(both, b))
            low = a;
        else
            high = b;
    }
    return (low + high) / 2;
}

static void
widen(const GArray *gaps, nh_time *from, nh_time *to, bool *any)
{
    for (unsigned i = 0; i < gaps->len; i++) {
        nh_time at = g_array_index(gaps, nh_gap, i).at;
        *from = *any ? MIN(*from, at) : at;
        *to = *any ? MAX(*to, at) : at;
        *any = true;
    }
}

nh_clocks
nh_clocks_fit(const GArray *to_second, const GArray *to_first)
{
    nh_clocks clocks = { .bounded = to_second->len && to_first->len };
    bounds *both = g_new0(bounds, 2);
    nh_time to = 0;
    bool any = false;

    widen(to_second, &clocks.from, &to, &any);
    widen(to_first, &clocks.from, &to, &any);
    for (int i = 0; i < 2; i++) {
        both[i].from = clocks.from;
        both[i].length = (to - clocks.from) / NH_CLOCK_STRETCHES + 1;
        take_bounds(&both[i], i == 0 ? to_second : to_first, i == 0);
    }
    if (clocks.bounded && room_at(both, 0) < 0) {
        clocks.rate = best_rate(both);
        if (ABS(clocks.rate) * (double)(to - clocks.from) < NH_CLOCK_GROWTH_MIN)
            clocks.rate = 0;
    }
    double above = bound_at(&both[0], clocks.rate, true), below = bound_at(&both[1], clocks.rate, false);
    if (!clocks.bounded)
        above = below = to_second->len ? above : below;
    clocks.offset = (nh_time)((above + below) / 2);
    clocks.margin = (nh_time)((above - below) / 2);
    g_free(both);
    return clocks;
}

nh_time
nh_clocks_offset(const nh_clocks *clocks, nh_time at)
{
    return clocks->offset + (nh_time)(clocks->rate * (double)(at - clocks->from));
}

nh_time
nh_clocks_first(const nh_clocks *clocks, nh_time second)
{
    double since = (double)(second - clocks->offset - clocks->from);

    return clocks->from + (nh_time)(since / (1 + clocks->rate));
}
