/* clocks.h
 * How far two clocks are apart, told by packets that passed both.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CLOCKS_H
#define NLM_HEALTH_CLOCKS_H

#include "core/base/core.h"

/* A packet that both points saw: when the first did, by its clock, and how much later the second says that it did. */
typedef struct {
    nh_time at, gap;
} nh_gap;

typedef struct {
    nh_time from;   /* time of the first clock */
    nh_time offset; /* then: the second clock minus the first, nanoseconds */
    double rate;    /* what the distance grows by in a nanosecond; 0 unless the packets prove that it grows */
    nh_time margin; /* the offset is known to this; negative: no two clocks that go evenly explain the packets */
    bool bounded;   /* from both sides; else only one direction passed both points, and the offset holds its way, too */
} nh_clocks;

/*
 * What goes from the first point to the second comes there no earlier than it left, and what goes back neither: each
 * packet bounds the offset from one side (NTP reasons so, RFC 5905 section 8). The offset lies in the middle of what all
 * leave, the rate is that which leaves most. Lists of nh_gap, either may be empty, not both.
 */
nh_clocks nh_clocks_fit(const GArray *to_second, const GArray *to_first);
/* The offset when the first clock shows that time. */
nh_time nh_clocks_offset(const nh_clocks *clocks, nh_time at);
/* What the first clock shows when the second shows that time. */
nh_time nh_clocks_first(const nh_clocks *clocks, nh_time second);

#endif
