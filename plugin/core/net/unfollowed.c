/* unfollowed.c
 * Look-ups that were answered and that nothing followed: what the client sent to the port did not come.
 *
 * A Linux client that learns lockd's port uses it at once. Where it asks again and
 * again, and nothing for lockd is captured in between, its SYNs or its calls are
 * lost before the capture point: at a server whose link comes back the look-up
 * arrives first, the SYN only when its own timer allows.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/unfollowed.h"

#include "core/base/limits.h"
#include "core/clock/attempt.h"
#include "core/clock/issue.h"
#include "core/model/frames.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"

/*
 * The call behind the look-ups was issued before the first of them, which may have
 * followed any major timeout, but after what its sender still got through.
 */
static void
date_attempt(nh_pair *pair, nh_moment at)
{
    nh_moment first = pair->unfollowed.first, before = pair->unfollowed.before;
    nh_issue_bound oldest = nh_bound(NH_ISSUE_OPEN, 0, first.time - nh_waited_max(pair));
    nh_attempt *attempt = &pair->side[NH_FORWARD].attempt;

    if (before.frame && before.time > oldest.time)
        oldest = nh_bound(NH_ISSUE_LOOKUPS, before.frame, before.time);
    nh_attempt_begin(attempt, NH_WAIT_CONNECT, oldest, first);
    attempt->step = at;
    nh_issue_after_timeouts(&attempt->issue);
}

/* The capture would have what the client sends to lockd: it is no filter's for port 111, and has no holes. */
static bool
would_be_seen(const nh_pair *pair)
{
    bool others = pair->calls > 0 || pair->carrier || pair->wants_locks || pair->nfs_seen;

    return others && !pair->gap.frame && !pair->half_captured;
}

/* What waits behind the look-ups gets no further, not even to a SYN. */
static void
raise_no_try(nh_pair *pair, nh_moment at)
{
    nh_raise(
        &(nh_evidence){ .finding = NH_SYN_UNANSWERED,
                        .pair = pair,
                        .way = NH_FORWARD,
                        .service = NH_SERVICE_NLM,
                        .at = at,
                        .since = pair->unfollowed.first,
                        .bits = NH_LOST_BEFORE,
                        .says = { NH_REMARK_NOTHING_TRIED, { NH_NUMBER(pair->unfollowed.n), NH_NUMBER(pair->unfollowed.first.frame) } } });
    if (!nh_attempt_pending(&pair->side[NH_FORWARD].attempt))
        date_attempt(pair, at);
}

void
nh_unfollowed_answer(const nh_call *lookup, nh_moment at)
{
    nh_pair *pair = lookup->pair;

    if (lookup->way != NH_FORWARD || (pair->unfollowed.n && at.time - pair->unfollowed.last.time < NH_LOOKUP_RETRY_TIME))
        return;
    if (pair->unfollowed.n++ == 0)
        pair->unfollowed.first = lookup->sendings[0].at;
    pair->unfollowed.last = at;
    if (pair->unfollowed.n >= NH_LOOKUPS_TRIED && would_be_seen(pair))
        raise_no_try(pair, at);
}

static void
raise_lost_behind(nh_conn *conn, bool syn, unsigned lost, nh_moment at)
{
    nh_pair *pair = conn->pair;

    nh_raise(
        &(nh_evidence){ .finding = syn ? NH_SYN_UNANSWERED : NH_PEER_SILENT,
                        .conn = conn,
                        .service = NH_SERVICE_NLM,
                        .at = at,
                        .since = pair->unfollowed.first,
                        .bits = NH_LOST_BEFORE,
                        .says = { NH_REMARK_UNFOLLOWED, { NH_NUMBER(lost), NH_NUMBER(pair->unfollowed.first.frame), NH_NUMBER(syn) } } });
    if (syn)
        date_attempt(pair, at);
}

/* Look-ups that nothing followed: what comes of the latest may still be on its way. */
static unsigned
not_followed(const nh_pair *pair, nh_time time)
{
    unsigned n = pair->unfollowed.n;

    return n - (n > 0 && time - pair->unfollowed.last.time < NH_STEP_TIME);
}

unsigned
nh_unfollowed_late(const nh_pair *pair)
{
    return pair->unfollowed.late + not_followed(pair, pair->watch->last);
}

/* A SYN comes after all: those before it were lost on the way, and not held back. */
static void
take_back_no_try(nh_pair *pair)
{
    nh_outage *outage = pair->open;

    for (unsigned i = outage ? outage->symptoms->len : 0; i-- > 0;) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding != NH_SYN_UNANSWERED || !symptom->unseen || symptom->conn)
            continue;
        nh_frame_unnote(pair->watch, symptom->at.frame, NH_SYN_UNANSWERED);
        pair->side[NH_FORWARD].attempt.active = false;
        nh_outage_retract(outage, i);
    }
}

void
nh_unfollowed_end(nh_conn *conn, bool syn, nh_moment at)
{
    nh_pair *pair = conn->pair;
    unsigned lost = not_followed(pair, at.time);

    pair->unfollowed.late += lost;
    if (lost >= NH_LOOKUPS_PROOF)
        take_back_no_try(pair);
    if (lost >= NH_LOOKUPS_PROOF && !pair->open) /* an outage whose packets are in the capture explains them better */
        raise_lost_behind(conn, syn, lost, at);
    pair->unfollowed.n = 0;
    pair->unfollowed.before = at;
}
