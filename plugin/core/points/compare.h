/* compare.h
 * What left one capture point and never came to the other, and what passed meanwhile.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMPARE_H
#define NLM_HEALTH_COMPARE_H

#include "core/points/points.h"

/* Learn of which packets both captures can say anything; it must be known by then who saw which packet. */
void nh_compare_learn(nh_points *points);
/* Mark the packets that came to their receiver, as it says, though the capture there does not have them. */
void nh_compare_find_missed(nh_points *points);

/* Packets of one kind between two times of the story's clock. */
typedef struct {
    bool tcp;
    uint16_t a, b; /* ports of the two hosts, in either order; 0: any packet between them */
    int asker;     /* whose packets met no answer: 0 the client's host, 1 the server's */
    nh_time from, to;
} nh_points_query;

/* Count what both captures covered; count->known is false when that is nothing. */
void nh_points_compare(const nh_points *points, const nh_points_query *query, nh_compared *count);
/* Each packet that left its host and never came to the other point, while both captures ran: where it was seen, and where not. */
void nh_points_lost(const nh_points *points, void (*lost)(nh_moment at, unsigned seen, unsigned unseen, void *data), void *data);

#endif
