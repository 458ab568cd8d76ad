/* outage_end.c
 * When an outage is over: with an answer, when all is quiet again, or when nobody tries any more.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/outage_end.h"

#include "core/base/limits.h"
#include "core/judge/incident.h"
#include "core/judge/outage.h"
#include "core/model/trouble.h"
#include "core/wire/procedures.h"

void
nh_trouble_end(nh_conn *conn, nh_finding finding, nh_moment at)
{
    nh_trouble *trouble = nh_conn_trouble(conn);

    if (!trouble || (finding != NH_FINDING_NONE && trouble->finding != finding))
        return;
    trouble->until = conn->pair->relieved = at;
    g_ptr_array_remove_fast(conn->pair->troubled, conn);
    nh_outage_settle(conn->pair, at);
}

void
nh_outage_settle(nh_pair *pair, nh_moment at)
{
    nh_outage *outage = pair->open;

    if (!outage || pair->troubled->len > 0 || nh_outage_is_waited_for(outage))
        return;
    outage->settled = at;
    nh_outage_touch(outage, at);
}

/* --- an answer ------------------------------------------------------------ */

/* The trouble of connections of one way (of the port mapper only if the answer is its own) is over; false: there was none. */
static bool
absolve(nh_pair *pair, nh_way way, nh_service service, const nh_conn *used, nh_moment at)
{
    bool any = false;

    for (unsigned i = pair->troubled->len; i-- > 0;) {
        nh_conn *conn = g_ptr_array_index(pair->troubled, i);
        if (conn->way != way || nh_conn_is_of_other_client(conn, used) ||
            (service == NH_SERVICE_PORTMAP && conn->service != NH_SERVICE_PORTMAP))
            continue;
        nh_conn_trouble(conn)->until = pair->relieved = at;
        g_ptr_array_remove_index_fast(pair->troubled, i);
        any = true;
    }
    return any;
}

static bool
hangs(const nh_finding_row *row)
{
    return row->hangs;
}

static bool
is_sequel(const nh_finding_row *row)
{
    return row->sequel_of != NH_FINDING_NONE;
}

/*
 * Nothing but calls that the server has and does not answer, of which some wait
 * on: a call that came later and was answered at once ends nothing for them.
 */
static bool
others_hang(const nh_outage *outage, const nh_call *answered, nh_moment at)
{
    const nh_sending *first = answered ? answered->sendings : NULL;

    if (!first || answered->n_sendings > 1 || first->at.frame <= outage->start.frame || at.time - first->at.time >= NH_SECOND ||
        !nh_outage_has(outage, NH_FORWARD, hangs))
        return false;
    bool waits = false;

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        const nh_call *hanging = symptom->call;
        if (symptom->way != NH_FORWARD || !nh_finding_get(symptom->finding)->hangs || !hanging ||
            hanging->prog != NH_PROG_NLM) /* a port mapper that hangs holds up all calls */
            return false;
        waits = waits || hanging->waits;
    }
    return waits;
}

/* In a grace period locks are given back, and nothing else (nlm4svc_proc_lock, fs/lockd/svc4proc.c): who was told to wait does. */
static bool
is_reclaim_in_grace(const nh_outage *outage, const nh_call *call)
{
    return call && call->nlm.reclaim && nh_outage_has(outage, NH_FORWARD, is_sequel);
}

/* Another client behind the same address cannot connect: an answer to this one ends nothing for it. */
static bool
other_client_fails(const nh_pair *pair, const nh_conn *used)
{
    for (unsigned i = 0; i < pair->troubled->len; i++)
        if (nh_conn_is_of_other_client(g_ptr_array_index(pair->troubled, i), used))
            return true;
    return false;
}

/* The port mapper's answer: no lock call has got through yet, but what was in trouble may be over. */
static void
answered_by_portmap(nh_pair *pair, const nh_call *call, bool absolved, nh_moment at)
{
    if (absolved || !call || call->asked->prog == NH_PROG_NLM) /* other programs tell nothing of lockd */
        nh_outage_settle(pair, at);
}

/* This way works again; the outage is over unless the other one is still in trouble: false. */
static bool
end_way(nh_outage *outage, nh_way way, nh_call *call, nh_moment at)
{
    outage->ways &= ~(1u << way);
    outage->side[way].over = at;
    if (outage->ways != 0) {
        nh_outage_touch(outage, at);
        return false;
    }
    if (call && nh_outage_held_up(outage, call, at))
        nh_outage_join(outage->pair, call);
    else if (call)
        nh_outage_leave(call);
    nh_outage_close(outage, at, call);
    return true;
}

/* An answer to a lock call, or of its server's kind. Whether the outage is over. */
static bool
answered_by_lockd(nh_outage *outage, nh_way way, nh_call *call, const nh_conn *used, nh_moment at)
{
    if (others_hang(outage, call, at) || other_client_fails(outage->pair, used)) {
        nh_outage_leave(call);
        outage->served++;
        return false;
    }
    if (is_reclaim_in_grace(outage, call)) {
        nh_outage_join(outage->pair, call);
        nh_outage_settle(outage->pair, at);
        return false;
    }
    return end_way(outage, way, call, at);
}

nh_outage *
nh_outage_answer(nh_pair *pair, nh_way way, nh_service service, nh_call *call, nh_moment at)
{
    nh_outage *outage = pair->open;

    nh_outage_tick(pair, at);
    if (!outage || pair->open != outage || !(outage->ways & (1u << way)) || at.frame <= outage->start.frame)
        return NULL;
    const nh_conn *used = call && service == NH_SERVICE_NLM ? call->sendings[call->n_sendings - 1].conn : NULL;
    bool absolved = absolve(pair, way, service, used, at);
    if (service == NH_SERVICE_PORTMAP)
        answered_by_portmap(pair, call, absolved, at);
    return service == NH_SERVICE_NLM && answered_by_lockd(outage, way, call, used, at) ? outage : NULL;
}

/* --- time passes ---------------------------------------------------------- */

/* Nobody tries any more: what was in trouble then has no part in what comes. */
static void
give_up(nh_outage *outage)
{
    nh_pair *pair = outage->pair;

    outage->given_up = outage->closed = true;
    outage->end = outage->last;
    pair->open = NULL;
    for (int way = NH_FORWARD; way <= NH_CALLBACK; way++) {
        if (pair->side[way].attempt.active && !pair->side[way].attempt.taken)
            outage->side[way].attempt = pair->side[way].attempt;
        outage->side[way].attempt.outage = outage;
        pair->side[way].attempt.active = false;
    }
    for (unsigned i = pair->troubled->len; i-- > 0;) {
        nh_trouble *trouble = nh_conn_trouble(g_ptr_array_index(pair->troubled, i));
        trouble->until = trouble->last;
    }
    g_ptr_array_set_size(pair->troubled, 0);
}

/* Packets go on after a story was told: an outage that it closed is open, unless its time is over. */
static void
resume(nh_pair *pair, nh_moment at)
{
    nh_outage *latest = pair->outages->len ? g_ptr_array_index(pair->outages, pair->outages->len - 1) : NULL;

    if (!latest || !latest->concluded)
        return;
    latest->concluded = false;
    if (at.time - latest->settled.time > NH_SETTLE_TIME)
        return;
    latest->closed = false;
    latest->end = (nh_moment){ 0, NH_TIME_NONE };
    pair->open = latest;
}

void
nh_outage_tick(nh_pair *pair, nh_moment at)
{
    resume(pair, at);
    nh_outage *outage = pair->open;

    if (!outage)
        return;
    if (outage->settled.frame && at.time - outage->settled.time > NH_SETTLE_TIME)
        nh_outage_close(outage, outage->settled, NULL);
    else if (at.time - outage->last.time > NH_STALE_TIME && !nh_outage_is_waited_for(outage))
        give_up(outage);
    else
        nh_outage_prove(outage, at.time);
}

void
nh_outage_conclude(nh_pair *pair)
{
    nh_outage *outage = pair->open;

    if (!outage || !outage->settled.frame)
        return;
    nh_outage_close(outage, outage->settled, NULL);
    outage->concluded = true;
}

void
nh_outage_in_hindsight(nh_call *call, const nh_symptom *symptom)
{
    nh_outage_symptom(call->pair, symptom);
    nh_outage_waits(call->pair, symptom->since.time);
    if (call->outage && call->outage == call->pair->open && call->reply.frame)
        nh_outage_close(call->outage, call->reply, call);
}
