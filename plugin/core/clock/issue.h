/* issue.h
 * When the task behind a call was started: an interval that each observation narrows or widens, and what tells either end.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ISSUE_H
#define NLM_HEALTH_ISSUE_H

#include "core/model/model.h"

/* One end of an interval: when, what tells it, and the frame that shows it; 0 = none does. */
typedef struct {
    nh_time time;
    nh_issue_source source;
    uint32_t frame;
} nh_issue_bound;

static inline nh_issue_bound
nh_bound(nh_issue_source source, uint32_t frame, nh_time time)
{
    return (nh_issue_bound){ time, source, frame };
}

/* It was started at that moment. */
void nh_issue_is(nh_issue *issue, nh_issue_source source, nh_moment at);
/* It was started between the two: what was known before counts no longer. An end that lies before the other is moved to it. */
void nh_issue_between(nh_issue *issue, nh_issue_bound after, nh_issue_bound before);
/* It may have been started earlier than was known. */
void nh_issue_reach_back(nh_issue *issue, nh_issue_bound after);
/* It began before the capture has it, nobody knows how long before this time: as long as nh_waited_max(), any number of timeouts. */
void nh_issue_open(nh_issue *issue, const nh_pair *pair, nh_time at);
/* Any number of timeouts may have come before what is known of it. */
void nh_issue_after_timeouts(nh_issue *issue);
/* It was not started before the one and not after the other. An observation that contradicts all that is known narrows nothing: false. */
bool nh_issue_narrow(nh_issue *issue, nh_issue_bound after, nh_issue_bound before);

/* The frame that dates the kernel line of a call narrows when it was issued. */
void nh_issue_by_line_seen(nh_call *call);
/* A logged line does the same. What was expected of that line stays what the packets tell. */
void nh_issue_by_logged_line(nh_call *call, nh_time line_earliest, nh_time line_latest);
/* What a log told of it before: the next story asks the log anew. */
void nh_issue_forget_log(const nh_call *call);

/* How long the capture, or the piece of it that a frame of this time is in, had lasted by then: what came before is not in it. */
nh_time nh_since_beginning(const nh_watch *watch, nh_time at);
/* The longest that a client like this takes from sending a call to its line: one ladder of timeouts, and a new connection. */
nh_time nh_ladder_max(const nh_pair *pair);
/* How long before the first packet that was captured of it a call of this client may have been issued, where nothing tells: NH_LADDERS_MAX of them. */
nh_time nh_waited_max(const nh_pair *pair);
/* When a call was issued, as packets and log tell. */
const nh_issue *nh_issue_of(const nh_call *call);

#endif
