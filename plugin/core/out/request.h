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

/* When it was asked for at the earliest, and when it was answered; NH_TIME_NONE when unknown or never. */
nh_time nh_story_call_asked(const nh_story_call *call);
nh_time nh_story_call_answered(const nh_story_call *call);

/* The incident's requests (nh_story_call*), the longest wait first; what has no answer waits longest. Caller unrefs. */
GPtrArray *nh_requests_by_wait(const nh_incident *incident);

#endif
