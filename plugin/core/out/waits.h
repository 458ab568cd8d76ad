/* waits.h
 * How long applications waited: in one incident, and between one pair of hosts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_WAITS_H
#define NLM_HEALTH_WAITS_H

#include "core/base/hash.h"
#include "core/model/story.h"

/*
 * The longest wait of an application in an incident: from the earliest moment at
 * which it may have asked, to the answer or else to the capture's end (last). 0
 * when nobody is known to have waited.
 */
nh_time nh_longest_wait(const nh_incident *incident, nh_time last);

typedef struct {
    nh_pair_key hosts;
    unsigned rank;      /* from 1: the pair whose application waited longest is first */
    unsigned incidents; /* of both kinds */
    nh_time outage;     /* duration of all its outages together */
    nh_time wait;       /* the longest */
} nh_pair_waits;

/* Every pair that calls or incidents tell of, by rank; caller unrefs (nh_pair_waits*). */
GPtrArray *nh_waits_of_pairs(const nh_story *story);

#endif
