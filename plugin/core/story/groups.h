/* groups.h
 * A timeline folded: 9 resent FINs or 30,000 resets are one thing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_GROUPS_H
#define NLM_HEALTH_GROUPS_H

#include "core/model/story.h"

/* Events of one kind, from one index of the timeline to another. */
typedef struct {
    unsigned first, last, count;
    bool mixed; /* events of other groups lie between */
} nh_group;

/* The groups of a timeline by their first events, each event in exactly one; caller unrefs (array of nh_group). */
GArray *nh_timeline_groups(const GPtrArray *timeline);

/* The events of the timeline that it begins and ends with. */
const nh_event *nh_group_first(const GPtrArray *timeline, const nh_group *group);
const nh_event *nh_group_last(const GPtrArray *timeline, const nh_group *group);

#endif
