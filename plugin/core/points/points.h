/* points.h
 * Two capture points in one file: the same packets twice, by two clocks.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POINTS_H
#define NLM_HEALTH_POINTS_H

#include "core/base/limits.h"
#include "core/points/tape.h"

/* What is known of one frame. */
typedef struct {
    uint32_t frame;
    uint8_t point;  /* 1 or 2; 0 unknown */
    uint32_t twin;  /* the same packet at the other point; 0 none */
    nh_time offset; /* clock of point 2 minus clock of point 1 at that time */
} nh_point_frame;

/*
 * Look for a second capture point in what passed; is_client tells whether the first of two hosts is the lock client of the
 * second. NULL when there is none: each packet was captured once, or twice at one host. Caller frees.
 */
nh_points *nh_points_find(const nh_tape *tape, bool (*is_client)(const nh_addr *a, const nh_addr *b, void *data), void *data);
void nh_points_free(nh_points *points);

/*
 * Hand over, in their order and by the clock of the client's point, the packets of the story: each once, as the point saw
 * it that is near whoever asks (opens the connection, sends the call), and by what the other one saw while that did not
 * capture.
 */
void nh_points_replay(const nh_points *points, const nh_tape *tape, void (*take)(nh_taped *item, void *data), void *data);

/* Clock of point 2 minus clock of point 1 when the capture begins, nanoseconds. */
nh_time nh_points_offset(const nh_points *points);
/* Half of what is left for the offset, nanoseconds; negative: nobody knows. */
nh_time nh_points_uncertainty(const nh_points *points);
/* What the offset grows by in a second, seconds; 0 unless the packets prove that it grows. */
double nh_points_drift(const nh_points *points);
/* The host that is nearest to a point (1 or 2), as it is called there. */
const nh_addr *nh_points_host(const nh_points *points, unsigned point);
/* The point whose clock the story is told by: the client's. */
unsigned nh_points_main(const nh_points *points);
/* What is known of a frame; NULL for one that is not followed. */
const nh_point_frame *nh_points_frame(const nh_points *points, uint32_t frame);

#endif
