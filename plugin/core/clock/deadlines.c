/* deadlines.c
 * When the timers of a call or of an attempt expire, and what a pair's packets tell of them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/deadlines.h"

#include "core/base/limits.h"
#include "core/clock/client.h"
#include "core/clock/issue.h"
#include "core/clock/issue_copies.h"
#include "core/judge/outage.h"
#include "core/model/call.h"

/*
 * A call that an outage held back for less than its major timeout: 5.2 and later
 * count on from the start of the task; 3.10-5.0 re-arm at the first transmission,
 * with whatever step the attempt had reached (20 to 60 s).
 */
static void
held_back_then_silent(const nh_policy *policy, nh_family family, nh_wait_facts facts, nh_deadlines *out)
{
    nh_time sent = facts.sent, shortest, longest;

    nh_timer_predict(policy, family, &facts, out);
    if (family != NH_FAMILY_UNKNOWN && family != NH_FAMILY_3_10)
        return;
    nh_timer_major_range(policy, NH_FAMILY_3_10, NH_WAIT_REPLY_NEW, &shortest, &longest);
    if (family == NH_FAMILY_3_10)
        out->major_earliest = sent + NH_LOCKD_WAITS * (int64_t)policy->nlm_timeout * NH_SECOND;
    out->major_latest = MAX(out->major_latest, sent + longest);
}

static bool
is_hard_error(const nh_finding_row *row)
{
    return row->hard_error;
}

/*
 * A connect that meets nothing but silence waits on its timers alone, as a call
 * does for a closing socket: from 5.2 on they are capped by the deadline.
 */
static void
regard_errors(const nh_outage *outage, nh_way way, nh_family family, nh_wait_facts *facts, nh_time *lateness)
{
    bool errors = outage && nh_outage_has(outage, way, is_hard_error);

    if (!nh_wait_is_connect(facts->wait))
        return;
    if (errors) {
        facts->wait = NH_WAIT_CONNECT; /* its waits end with an error, and not with their alarms */
        *lateness = NH_ERROR_CYCLE_TIME;
    } else if (outage && (family == NH_FAMILY_5_2 || family == NH_FAMILY_5_3))
        facts->wait = NH_WAIT_CLOSING;
}

static void
deadlines_of(const nh_pair *pair, const nh_outage *outage, nh_way way, nh_l4 l4, bool mount, nh_wait_facts facts, nh_deadlines *out)
{
    nh_policy policy = nh_policy_of(pair, l4, mount);
    nh_family family = nh_pair_family(pair);
    bool held = nh_wait_is_connect(facts.wait) || facts.wait == NH_WAIT_CLOSING;
    nh_time lateness = 0;

    if (way == NH_FORWARD && nh_client_is_other(pair)) {
        nh_client_deadlines(pair, l4, facts.sent, out);
        return;
    }
    regard_errors(outage, way, family, &facts, &lateness);
    if (held && nh_time_known(facts.sent)) {
        nh_time shortest, longest;
        nh_timer_major_range(&policy, family, facts.wait, &shortest, &longest);
        if (facts.sent - facts.issued_earliest < shortest && !mount) {
            held_back_then_silent(&policy, family, facts, out);
            return;
        }
    }
    nh_timer_predict(&policy, family, &facts, out);
    out->major_latest += lateness;
}

void
nh_call_deadlines(const nh_call *call, bool mount, nh_deadlines *out)
{
    const nh_sending *first = &call->sendings[0];
    /* RPC's transmission is into the socket: behind a closed window the packet comes later */
    nh_time sent = call->wait == NH_WAIT_REPLY ? MIN(first->at.time, call->issue.latest) : first->at.time;
    nh_wait_facts facts = { call->wait, call->issue.earliest, call->issue.latest, call->issue.sent_before ? NH_TIME_NONE : sent };

    deadlines_of(call->pair, call->outage, call->way, call->l4, mount, facts, out);
    if (nh_time_known(call->line_before) && out->major_latest != NH_NEVER && mount == call->pair->watch->options.use_mount)
        out->major_latest = CLAMP(call->line_before, out->major_earliest, out->major_latest);
}

/* Each look-up is told of no lock manager, and its client's calls fail after the third: they never outlive their timeout. */
static bool
fails_before_line(const nh_pair *pair, nh_way way, const nh_attempt *attempt)
{
    bool pause = pair->told_none && nh_elapsed(pair->told_none->reply.time, pair->watch->last) > NH_BIND_PAUSE;

    return way == NH_FORWARD && pair->told_none && pair->told_none->reply.frame >= attempt->start.frame && pair->losses == 0 &&
           (pair->gave_up_lookups > 0 || (pair->told_none_row == NH_BIND_TRIES && pause));
}

void
nh_attempt_deadlines(const nh_pair *pair, nh_way way, const nh_attempt *attempt, nh_deadlines *out)
{
    const nh_outage *latest = pair->outages->len ? g_ptr_array_index(pair->outages, pair->outages->len - 1) : NULL;
    nh_wait_facts facts = { attempt->wait, attempt->issue.earliest, attempt->start.time, NH_TIME_NONE };

    if (attempt->wait == NH_WAIT_CLOSING && attempt->issue.earliest < attempt->start.time)
        facts.issued_latest = attempt->step.time;
    deadlines_of(pair, attempt->outage ? attempt->outage : latest, way, NH_L4_TCP, pair->watch->options.use_mount, facts, out);
    if (fails_before_line(pair, way, attempt) && !attempt->line_seen.frame)
        out->major_earliest = out->major_latest = NH_NEVER;
}

static bool
fits(nh_time gap, int64_t seconds)
{
    return gap >= seconds * NH_SECOND - NH_CLOCK_SLACK && gap <= seconds * NH_SECOND + NH_TIMER_LATENESS;
}

/* nlm_timeout T shows in the gaps T, 2T between the transmissions of one call; 0 when they show none. */
static unsigned
timeout_of_gaps(const nh_time *sent, unsigned n, unsigned preferred)
{
    if (n < 3 || (fits(sent[1] - sent[0], preferred) && fits(sent[2] - sent[1], 2 * (int64_t)preferred)))
        return 0;
    for (unsigned seconds = 20; seconds >= 3; seconds--)
        if (fits(sent[1] - sent[0], seconds) && fits(sent[2] - sent[1], 2 * (int64_t)seconds))
            return seconds;
    return 0;
}

/* Over UDP the waits double: T and 2T look like those of half the timeout behind a first copy from before the capture. */
static bool
may_be_later_copies(const nh_call *call, const nh_time *sent, unsigned n, unsigned preferred)
{
    nh_time before = nh_since_beginning(call->pair->watch, sent[0]);

    return call->l4 == NH_L4_UDP && n >= 3 && before < preferred * NH_SECOND + NH_TIMER_LATENESS &&
           fits(sent[1] - sent[0], 2 * (int64_t)preferred) && fits(sent[2] - sent[1], 4 * (int64_t)preferred);
}

void
nh_attempt_recognise(nh_call *call)
{
    nh_pair *pair = call->pair;
    nh_policy policy = nh_policy_of(pair, call->l4, false);
    nh_time sent[NH_MINOR_MAX];
    unsigned n = 0;
    bool broken = false; /* behind a copy that was not captured the gaps tell nothing */

    if ((call->wait != NH_WAIT_REPLY && call->wait != NH_WAIT_REPLY_NEW) || (call->way == NH_FORWARD && nh_client_is_other(pair)))
        return;
    for (unsigned i = 0; i < call->n_sendings && n < G_N_ELEMENTS(sent); i++) {
        const nh_sending *sending = &call->sendings[i];
        broken = broken || sending->behind_hole;
        if (!broken && nh_call_timer_sent(call, sending))
            sent[n++] = sending->at.time;
    }
    if (pair->nlm_timeout == 0 && !may_be_later_copies(call, sent, n, policy.nlm_timeout))
        nh_pair_set_nlm_timeout(pair, timeout_of_gaps(sent, n, policy.nlm_timeout));
    if (pair->nlm_timeout)
        policy.nlm_timeout = pair->nlm_timeout;
    nh_issue_by_copies(call);
    if (pair->family == NH_FAMILY_UNKNOWN && !call->issue.sent_before)
        pair->family = nh_timer_recognise(&policy, call->wait, sent, n,
                                          call->line_seen.frame && !broken ? call->line_seen.time : NH_TIME_NONE);
}
