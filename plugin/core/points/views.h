/* views.h
 * Which of two capture points saw which packet, and when by which clock.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_VIEWS_H
#define NLM_HEALTH_VIEWS_H

#include "core/base/limits.h"
#include "core/points/clocks.h"
#include "core/points/marks.h"

/* What tells the copy of one point from that of the other. */
typedef enum {
    NH_BY_INTERFACE, /* of the capture file */
    NH_BY_HOPS,      /* a router stands between: nearer to its sender a packet has the larger TTL */
    NH_BY_TIME       /* nothing but the order in which the copies came */
} nh_told_by;

/* By time: whose copy comes first? */
typedef enum { NH_FIRST_NEAR_LOW, NH_FIRST_NEAR_HIGH, NH_FIRST_NEAR_SENDER } nh_first;

/* Views are 0 and 1. The clock of view 0 is the first clock. */
struct nh_points {
    nh_marks *marks;
    GArray *frames;      /* nh_point_frame, by frame */
    uint32_t main_hosts; /* those with the most twins */
    bool low_is_client;
    nh_told_by told_by;
    nh_first first;
    uint32_t iface[2];
    uint8_t near_low;      /* the view near the lower address */
    uint8_t usual_hops[2]; /* TTL, by view, of what the lower address sends; 0 unknown */
    uint8_t usual_back[2]; /* and the higher one */
    nh_clocks clocks;
    GHashTable *same;           /* nh_conn* to the one that it was called in the other view */
    GHashTable *known_by;       /* nh_conn* to a bit per view that has packets of it */
    bool ran[2];                /* anything is known of when */
    nh_time began[2], ended[2]; /* first and last packet of each view, by the story's clock */
    GHashTable *seen;           /* ports and senders that a view has anything of (compare.c) */
    GArray *by_time;            /* all marks, by the time that the story has of them (compare.c) */
    bool low_left, high_left;   /* anything of the host was seen near it (compare.c) */
    bool cut;                /* one point went on, or began before the other; told by time alone it is not always clear whose a packet is */
    uint8_t translated_view; /* the one that sees the other addresses; NH_NO_VIEW: both see the same */
    unsigned both, all;
};

/* Learn which points there are, and pair the packets; false when there is but one. */
bool nh_views_learn(nh_points *points);

/* The view near the sender of a packet. */
static inline uint8_t
nh_view_of_sender(const nh_points *points, const nh_mark_row *m)
{
    return m->low ? points->near_low : !points->near_low;
}

/* The view near whoever asked for it. */
static inline uint8_t
nh_view_of_asker(const nh_points *points, const nh_mark_row *m)
{
    return m->asked_by_low ? points->near_low : !points->near_low;
}

/* The client's. */
static inline uint8_t
nh_view_main(const nh_points *points)
{
    return points->low_is_client ? points->near_low : !points->near_low;
}

/* A time of a view by the clock of the story. */
static inline nh_time
nh_view_time(const nh_points *points, uint8_t view, nh_time time)
{
    uint8_t own = nh_view_main(points);

    if (view == own || view > 1)
        return time;
    return view == 0 ? time + nh_clocks_offset(&points->clocks, time) : nh_clocks_first(&points->clocks, time);
}

static inline nh_time
nh_mark_time(const nh_points *points, const nh_mark_row *m)
{
    return nh_view_time(points, m->view, m->time);
}

#endif
