/* request.h
 * What an application asked for, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REQUEST_H
#define NLM_HEALTH_REQUEST_H

#include "core/model/story.h"

/* "bytes 0-99", "bytes 100 to the end" or "whole file"; caller frees. */
char *nh_range_text(uint64_t offset, uint64_t length);

/* "LOCK: exclusive, bytes 0-99 of file 0xcf24cb8e, process (svid) 7 of host nfs-client", or as much as is known; caller frees. */
char *nh_request_text(const nh_story_call *call);

/* When it was answered; NH_TIME_NONE: never. */
nh_time nh_story_call_answered(const nh_story_call *call);

/* The frame of its first transmission; 0 for a call that never was on the wire. */
uint32_t nh_story_call_frame(const nh_story_call *call);

/*
 * What an application asked for once, with all calls that carried it: a client asks again under a new XID when the server is in its
 * grace period, when it polls a lock for which it waits, or when it gave a call up.
 */
typedef struct {
    GPtrArray *calls;            /* const nh_story_call*, by time; at least one, of the incident */
    nh_time asked, asked_latest; /* when the application asked: between the two */
    nh_time answered;            /* the answer that ended the wait; NH_TIME_NONE = none came */
    const nh_story_lock *waited; /* it waits in the lock table since before the first of these calls; or NULL */
} nh_asked;

/* Its latest call; never NULL. */
const nh_story_call *nh_asked_last(const nh_asked *asked);

/* All calls of an incident by request, in the order in which they began (nh_asked*, callbacks and other programs' calls apart: each by itself). Caller unrefs. */
GPtrArray *nh_requests_of(const nh_incident *incident);

/* Those of applications, the longest wait first; what has no answer waits longest. Caller unrefs. */
GPtrArray *nh_requests_by_wait(const nh_incident *incident);

#endif
