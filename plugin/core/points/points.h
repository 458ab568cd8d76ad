/* points.h
 * Two capture points in one file: the same packets twice, by two clocks.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POINTS_H
#define NLM_HEALTH_POINTS_H

#include "core/points/tape.h"

/* What is known of one frame. */
typedef struct {
    uint32_t frame;
    uint8_t point; /* 1 or 2; 0 unknown */
    uint32_t twin; /* the same packet at the other point; 0 none */
} nh_point_frame;

/*
 * Look for a second capture point in what passed; is_client tells whether the first of two hosts is the lock client of the
 * second. NULL when there is none: each packet was captured once, or twice at one host. Caller frees.
 */
nh_points *nh_points_find(const nh_tape *tape, bool (*is_client)(const nh_addr *a, const nh_addr *b, void *data), void *data);
void nh_points_free(nh_points *points);

/* What one point saw, as its packets come on the tape: whether the packet with this number (from 0) is the story's. Other packets' times are to be moved by *move. */
bool nh_points_keeps(const nh_points *points, uint32_t number, nh_time *move);
/* Clock of point 2 minus clock of point 1, nanoseconds. */
nh_time nh_points_offset(const nh_points *points);
/* The host that is nearest to a point (1 or 2). */
const nh_addr *nh_points_host(const nh_points *points, unsigned point);
/* The point whose clock the story is told by: the client's. */
unsigned nh_points_main(const nh_points *points);
/* "Two capture points: ..."; caller frees. */
char *nh_points_text(const nh_points *points);
/* What is known of a frame; NULL for one that is not followed. */
const nh_point_frame *nh_points_frame(const nh_points *points, uint32_t frame);

/* Packets of one kind between two times of the story's clock. */
typedef struct {
    bool tcp;
    uint16_t a, b; /* ports of the two hosts, in either order; 0: any packet between them */
    nh_time from, to;
} nh_points_query;

/* Count what both captures covered; false when that is nothing. */
bool nh_points_compare(const nh_points *points, const nh_points_query *query, nh_compared *count);
/* Each packet of the story's view that left the client's host and never came to the other point, while both captures ran. */
void nh_points_lost(const nh_points *points, void (*lost)(nh_moment at, void *data), void *data);

#endif
