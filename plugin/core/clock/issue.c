/* issue.c
 * When the task behind a call was started: an interval that each observation narrows or widens, and what tells either end.
 *
 * What a capture shows outranks what the timers allow: an observation that fits no run of theirs is no reason to drop it,
 * but to ask what the capture lacks.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/issue.h"

#include "core/base/limits.h"
#include "core/clock/policy.h"
#include "core/model/call.h"

/* --- the interval ---------------------------------------------------------------------- */

static void
set_earliest(nh_issue *issue, nh_issue_bound bound)
{
    issue->earliest = bound.time;
    issue->after = bound.source;
    issue->after_frame = bound.frame;
}

static void
set_latest(nh_issue *issue, nh_issue_bound bound)
{
    issue->latest = bound.time;
    issue->before = bound.source;
    issue->before_frame = bound.frame;
}

void
nh_issue_between(nh_issue *issue, nh_issue_bound after, nh_issue_bound before)
{
    before.time = MAX(before.time, after.time);
    set_earliest(issue, after);
    set_latest(issue, before);
}

void
nh_issue_is(nh_issue *issue, nh_issue_source source, nh_moment at)
{
    nh_issue_bound bound = nh_bound(source, at.frame, at.time);
    nh_issue_between(issue, bound, bound);
}

void
nh_issue_reach_back(nh_issue *issue, nh_issue_bound after)
{
    if (after.time < issue->earliest)
        set_earliest(issue, after);
}

void
nh_issue_after_timeouts(nh_issue *issue)
{
    issue->cycles_before = true;
}

void
nh_issue_open(nh_issue *issue, const nh_pair *pair, nh_time at)
{
    nh_issue_reach_back(issue, nh_bound(NH_ISSUE_OPEN, 0, at - nh_waited_max(pair)));
    nh_issue_after_timeouts(issue);
}

bool
nh_issue_narrow(nh_issue *issue, nh_issue_bound after, nh_issue_bound before)
{
    if (MAX(issue->earliest, after.time) > MIN(issue->latest, before.time))
        return false;
    if (after.time > issue->earliest)
        set_earliest(issue, after);
    if (before.time < issue->latest)
        set_latest(issue, before);
    return true;
}

/* --- the timers, run backwards -------------------------------------------------------------- */

typedef struct {
    unsigned n;
    nh_timer_run run[NH_TIMER_RUNS];
} possible_runs;

static possible_runs
runs_of(const nh_call *call)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, call->pair->watch->options.use_mount);
    possible_runs runs;

    runs.n = nh_timer_runs(&policy, nh_pair_family(call->pair), call->wait, runs.run);
    return runs;
}

/* From when to when a task with this line can have been started, between two times; false: no run allows that. */
static bool
started_between(const possible_runs *runs, nh_time line_earliest, nh_time line_latest, nh_time *from, nh_time *to)
{
    nh_time low = G_MAXINT64, high = G_MININT64;

    for (unsigned i = 0; i < runs->n; i++) {
        nh_time first = MAX(line_earliest - runs->run[i].latest, *from), last = MIN(line_latest - runs->run[i].earliest, *to);
        if (first > last)
            continue;
        low = MIN(low, first);
        high = MAX(high, last);
    }
    if (low > high)
        return false;
    *from = low;
    *to = high;
    return true;
}

/* The first SYN that was captured need not be the first: a task that met the dead socket of before had one that was aborted, 3 s earlier. */
static bool
may_lack_first_syn(const nh_call *call, const nh_issue *issue)
{
    bool lacks = call->pair->gap.frame || nh_since_beginning(call->pair->watch, issue->earliest) < NH_BEGINNING_TIME;

    return call->wait == NH_WAIT_RECONNECT && lacks;
}

/*
 * The kernel line of this call came between the two: the timers of its client, run backwards, narrow its interval. Where
 * none of them fits because the capture lacks the first attempt to connect, that reaches back to it.
 */
static void
narrow_by_line(const nh_call *call, nh_issue *issue, nh_issue_bound earliest, nh_issue_bound latest)
{
    possible_runs runs = runs_of(call);
    nh_time from = issue->earliest - NH_CLOCK_SLACK, to = issue->latest + NH_CLOCK_SLACK;

    if (started_between(&runs, earliest.time, latest.time, &from, &to)) {
        nh_issue_narrow(issue, nh_bound(earliest.source, earliest.frame, from), nh_bound(latest.source, latest.frame, to));
        return;
    }
    from = G_MININT64;
    to = issue->latest;
    if (may_lack_first_syn(call, issue) && started_between(&runs, earliest.time, latest.time, &from, &to))
        nh_issue_between(issue, nh_bound(earliest.source, earliest.frame, from), nh_bound(latest.source, latest.frame, to));
}

void
nh_issue_by_line_seen(nh_call *call)
{
    nh_issue_bound seen = nh_bound(NH_ISSUE_LINE, call->line_seen.frame, call->line_seen.time);

    if (seen.frame && (call->wait == NH_WAIT_CLOSING || nh_wait_is_connect(call->wait) || call->issue.sent_before))
        narrow_by_line(call, &call->issue, seen, seen);
}

void
nh_issue_by_logged_line(nh_call *call, nh_time line_earliest, nh_time line_latest)
{
    nh_issue *by_log = &nh_call_rare_get(call)->issue_by_log;

    *by_log = call->issue;
    narrow_by_line(call, by_log, nh_bound(NH_ISSUE_LOG, 0, line_earliest), nh_bound(NH_ISSUE_LOG, 0, line_latest));
}

void
nh_issue_forget_log(const nh_call *call)
{
    if (call->rare)
        call->rare->issue_by_log = (nh_issue){ .after = NH_ISSUE_UNKNOWN };
}

nh_time
nh_since_beginning(const nh_watch *watch, nh_time at)
{
    return nh_time_known(watch->begins) ? nh_elapsed(watch->begins, at) : 0;
}

nh_time
nh_ladder_max(const nh_pair *pair)
{
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, pair->watch->options.use_mount);
    nh_time shortest, longest;

    nh_timer_major_range(&policy, NH_FAMILY_UNKNOWN, NH_WAIT_RECONNECT, &shortest, &longest);
    return longest;
}

nh_time
nh_waited_max(const nh_pair *pair)
{
    return NH_LADDERS_MAX * nh_ladder_max(pair);
}

/* --- what is told ----------------------------------------------------------------------------- */

const nh_issue *
nh_issue_of(const nh_call *call)
{
    const nh_issue *by_log = &nh_call_rare_of(call)->issue_by_log;

    return by_log->after != NH_ISSUE_UNKNOWN ? by_log : &call->issue;
}
