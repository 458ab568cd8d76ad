/* grant_answers.c
 * The client's answer to a callback: how it is sent, and what becomes of one that cannot be.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/grant_answers.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/clock/deadlines.h"
#include "core/clock/issue.h"
#include "core/wire/procedures.h"

/* The GRANTED_MSG that came just before and has no GRANTED_RES, or NULL. */
static nh_call *
callback_due(const nh_pair *pair, nh_moment at)
{
    const GPtrArray *unsettled = pair->unsettled;

    for (unsigned i = unsettled ? unsettled->len : 0; i-- > 0;) {
        nh_call *call = g_ptr_array_index(unsettled, i);
        if (call->proc == NH_NLM_GRANTED_MSG && at.time - nh_call_last(call)->at.time <= NH_GRANT_ANSWER_TIME)
            return call;
    }
    return NULL;
}

bool
nh_grant_answer_begins(nh_pair *pair, nh_way way, nh_moment at)
{
    nh_attempt *attempt = &pair->side[way].attempt;
    nh_call *grant = way == NH_FORWARD ? callback_due(pair, at) : NULL;

    if (!grant || nh_call_rare_of(grant)->answer_tried.frame || (nh_attempt_pending(attempt) && !attempt->answers))
        return false; /* a call that waits for the same connection says more */
    nh_call_rare_get(grant)->answer_tried = at;
    *attempt = (nh_attempt){ .active = true, .start = at, .step = at, .wait = NH_WAIT_CONNECT, .answers = grant };
    nh_issue_is(&attempt->issue, NH_ISSUE_ATTEMPT, at);
    return true;
}

bool
nh_grant_answer_given_up(const nh_call *grant, nh_deadlines *out)
{
    nh_moment tried = nh_call_rare_of(grant)->answer_tried;
    nh_attempt attempt = { .start = tried, .step = tried, .wait = NH_WAIT_CONNECT };

    if (!tried.frame)
        return false;
    nh_issue_is(&attempt.issue, NH_ISSUE_ATTEMPT, tried);
    nh_attempt_deadlines(grant->pair, NH_FORWARD, &attempt, out);
    return !grant->reply.frame || grant->reply.time >= out->major_earliest;
}

const nh_call *
nh_grant_answer_all_that_suffered(const nh_outage *outage)
{
    const nh_call *grant = NULL;

    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(outage->calls, i);
        if (nh_call_rare_of(call)->answer_tried.frame &&
            (!call->reply.frame || call->reply.time - nh_call_rare_of(call)->answer_tried.time >= NH_GRANT_ANSWER_TIME))
            grant = grant ? grant : call;
        else if (!nh_nlm_is_result(call->prog, call->proc))
            return NULL;
    }
    return grant;
}
