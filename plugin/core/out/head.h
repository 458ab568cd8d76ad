/* head.h
 * What there is to say of an incident, in the order in which it is asked: what,
 * why, where and how we know, when, what the kernel logged, what to do next, how
 * to filter. For the report and the page alike.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_HEAD_H
#define NLM_HEALTH_HEAD_H

#include "core/model/story.h"

typedef struct {
    const char *name; /* "What"; static */
    GPtrArray *texts; /* char*: a paragraph each */
    bool verbatim;    /* not to be broken: filters */
} nh_head_part;

/* A paragraph that begins with this belongs to the one before it. */
#define NH_HEAD_INDENT "  "

/* The parts that have something to say; caller unrefs (array of nh_head_part*). */
GPtrArray *nh_head_of(const nh_incident *incident);

/* How times look in one incident: the date stands at its head unless it changes on the way. */
typedef char *(*nh_clock_text)(nh_time t);
nh_clock_text nh_clock_of(const nh_incident *incident);

/* "between A and B", "at A", "at A or later", "at B or earlier" */
void nh_window_append(GString *out, nh_clock_text clock, nh_time earliest, nh_time latest);

#endif
