/* outage.c
 * Outages of a pair: from the first symptom to the first answer after it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/outage.h"

#include "core/base/limits.h"
#include "core/judge/incident.h"
#include "core/locks/lock_table.h"
#include "core/model/trouble.h"
#include "core/wire/procedures.h"

/* --- the end of a connection's trouble ------------------------------------- */

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

/* --- outages ------------------------------------------------------------------ */

/* This way falls into trouble, and who waits there with it. */
static void
affect(nh_outage *outage, nh_way way)
{
    const GPtrArray *waiting = outage->pair->side[way].outstanding;

    if (outage->ways & (1u << way))
        return;
    outage->ways |= 1u << way;
    outage->side[way].over.frame = 0;
    for (unsigned i = 0; i < waiting->len; i++)
        nh_outage_join(outage->pair, g_ptr_array_index(waiting, i));
}

static nh_outage *
open_outage(nh_pair *pair, const nh_symptom *symptom)
{
    nh_outage *outage = g_new0(nh_outage, 1);

    outage->pair = pair;
    outage->start = symptom->since;
    outage->only_probable = true;
    outage->first_seen = pair->answered == 0 && !pair->mounts;
    outage->waiting_since = NH_TIME_NONE;
    outage->end.time = outage->settled.time = NH_TIME_NONE;
    outage->symptoms = g_array_new(false, false, sizeof(nh_symptom));
    outage->calls = g_ptr_array_new();
    outage->locks = nh_locks_snapshot(pair->watch->locks, pair);
    g_ptr_array_add(pair->outages, outage);
    pair->open = outage;
    return outage;
}

/* Whether somebody waits for the answer that this symptom is about. */
static bool
keeps_waiting(const nh_symptom *symptom)
{
    switch (nh_finding_get(symptom->finding)->waiting) {
    case NH_WAITING_CALLS:
        return symptom->conn && symptom->conn->waiting && symptom->conn->waiting->len > 0;
    case NH_WAITING_NO:
        return false;
    default:
        return true;
    }
}

/* Number an outage as soon as it proves to be an incident; the story numbers them anew in capture order. */
static void
promote(nh_outage *outage, nh_time now)
{
    if (outage->id || !nh_outage_is_incident(outage, now))
        return;
    outage->proved = true;
    outage->id = ++outage->pair->watch->incidents;
}

static void
touch(nh_outage *outage, nh_moment at)
{
    if (at.frame >= outage->last.frame)
        outage->last = at;
    promote(outage, at.time);
}

/* An outage that an answer seemed to end goes on: the same call or connection is in trouble still. */
static nh_outage *
reopen_outage(nh_outage *outage)
{
    outage->closed = false;
    outage->end = (nh_moment){ 0, NH_TIME_NONE };
    outage->settled.frame = 0;
    outage->ended_by = NULL;
    outage->pair->open = outage;
    return outage;
}

/* The outage that a symptom belongs to when none is open; NULL when it is a leftover of one that an answer ended. */
static nh_outage *
outage_for(nh_pair *pair, const nh_symptom *symptom)
{
    nh_outage *before = pair->outages->len ? g_ptr_array_index(pair->outages, pair->outages->len - 1) : NULL;
    /* SM_NOTIFY, a reclaim that succeeds, then grace for new locks: one restart */
    nh_finding sequel_of = nh_finding_get(symptom->finding)->sequel_of;
    bool restarting = before && sequel_of && before->count[NH_FORWARD][sequel_of] > 0 &&
                      symptom->at.time - before->last.time < NH_GRACE_TIME;
    bool older = before && symptom->since.frame && symptom->since.frame <= before->last.frame;
    bool waited_for = (symptom->call && symptom->call->waits) || (symptom->conn && symptom->conn->waiting && symptom->conn->waiting->len);

    if (restarting)
        return reopen_outage(before);
    if (!older)
        return open_outage(pair, symptom);
    return waited_for || !before->ended_by ? reopen_outage(before) : NULL;
}

/* An outage begins where its trouble began, but not within the one before. */
static void
reach_back(nh_outage *outage, nh_moment since)
{
    unsigned n = outage->pair->outages->len;
    const nh_outage *before = n > 1 ? g_ptr_array_index(outage->pair->outages, n - 2) : NULL;

    if (since.frame && since.frame < outage->start.frame && (!before || before->last.frame < since.frame))
        outage->start = since;
}

static void
add_symptom(nh_outage *outage, const nh_symptom *symptom)
{
    unsigned n = outage->symptoms->len;
    nh_symptom *last = n ? &g_array_index(outage->symptoms, nh_symptom, n - 1) : NULL;

    if (n > NH_SYMPTOMS_MAX && last->finding == symptom->finding && last->way == symptom->way && last->conn == symptom->conn &&
        last->call == symptom->call) {
        last->count++;
        last->latest = symptom->at;
        return;
    }
    g_array_append_val(outage->symptoms, *symptom);
    outage->count[symptom->way][symptom->finding]++;
}

void
nh_outage_symptom(nh_pair *pair, const nh_symptom *symptom)
{
    const nh_attempt *attempt = &pair->side[symptom->way].attempt;
    nh_outage *outage;

    nh_outage_tick(pair, symptom->at);
    outage = pair->open ? pair->open : outage_for(pair, symptom);
    if (!outage)
        return;
    reach_back(outage, symptom->since);
    if (attempt->active && !attempt->taken)
        reach_back(outage, attempt->start); /* the client wanted something before it failed */
    add_symptom(outage, symptom);
    affect(outage, symptom->way);
    outage->settled.frame = 0;
    if (symptom->service != NH_SERVICE_PROBABLE)
        outage->only_probable = false;
    if (keeps_waiting(symptom))
        nh_outage_waits(pair, symptom->since.frame ? symptom->since.time : symptom->at.time);
    if (symptom->call)
        nh_outage_join(pair, symptom->call);
    if (attempt->active && attempt->answers)
        nh_outage_join(pair, attempt->answers);
    touch(outage, symptom->at);
}

void
nh_outage_fold(nh_pair *pair, nh_moment at)
{
    nh_outage *outage = pair->open;

    if (!outage || outage->symptoms->len == 0)
        return;
    nh_symptom *last = &g_array_index(outage->symptoms, nh_symptom, outage->symptoms->len - 1);
    last->count++;
    last->latest = at;
    outage->settled.frame = 0;
    touch(outage, at);
}

void
nh_outage_waits(nh_pair *pair, nh_time since)
{
    nh_outage *outage = pair->open;

    if (outage && (!nh_time_known(outage->waiting_since) || since < outage->waiting_since))
        outage->waiting_since = since;
}

void
nh_outage_join(nh_pair *pair, nh_call *call)
{
    nh_outage *outage = pair->open;

    if (!outage || call->outage || call->prog != NH_PROG_NLM || nh_nlm_is_result(call->prog, call->proc))
        return;
    call->outage = outage;
    g_ptr_array_add(outage->calls, call);
    outage->only_probable = false;
    if (call->waits) {
        const nh_sending *first = &call->sendings[0];
        nh_outage_waits(pair, first->at.time);
        outage->settled.frame = 0;
    }
}

/* A call turned out to have no part in its outage. */
static void
leave(nh_call *call)
{
    if (call->outage)
        g_ptr_array_remove(call->outage->calls, call);
    call->outage = NULL;
}

void
nh_outage_join_late(nh_call *call, nh_moment at)
{
    const GPtrArray *outages = call->pair->outages;
    nh_outage *latest = outages->len ? g_ptr_array_index(outages, outages->len - 1) : NULL;

    if (!latest || call->outage || !latest->end.frame || call->issue.earliest >= latest->end.time ||
        at.time - latest->end.time > NH_QUEUED_TIME)
        return;
    call->outage = latest;
    g_ptr_array_add(latest->calls, call);
}

static bool
somebody_waits(const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(outage->calls, i);
        if (call->waits)
            return true;
    }
    return false;
}

void
nh_outage_settle(nh_pair *pair, nh_moment at)
{
    nh_outage *outage = pair->open;

    if (!outage || pair->troubled->len > 0 || somebody_waits(outage))
        return;
    outage->settled = at;
    touch(outage, at);
}

static void
close_outage(nh_outage *outage, nh_moment at, nh_call *call)
{
    promote(outage, at.time);
    outage->closed = true;
    outage->end = at;
    outage->ended_by = call;
    if (at.frame > outage->last.frame)
        outage->last = at;
    outage->pair->open = NULL;
}

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

bool
nh_outage_has(const nh_outage *outage, nh_way way, bool (*is)(const nh_finding_row *row))
{
    for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
        if (outage->count[way][finding] > 0 && is(nh_finding_get(finding)))
            return true;
    return false;
}

bool
nh_outage_is_all(const nh_outage *outage, bool (*is)(const nh_finding_row *row))
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->way != NH_FORWARD || !is(nh_finding_get(symptom->finding)))
            return false;
    }
    return true;
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

nh_outage *
nh_outage_answer(nh_pair *pair, nh_way way, nh_service service, nh_call *call, nh_moment at)
{
    nh_outage *outage = pair->open;

    nh_outage_tick(pair, at);
    if (!outage || pair->open != outage || !(outage->ways & (1u << way)) || at.frame <= outage->start.frame)
        return NULL;
    const nh_conn *used = call && service == NH_SERVICE_NLM ? call->sendings[call->n_sendings - 1].conn : NULL;
    bool absolved = absolve(pair, way, service, used, at);
    if (service == NH_SERVICE_PORTMAP) {
        if (absolved || !call || call->asked->prog == NH_PROG_NLM) /* other programs tell nothing of lockd */
            nh_outage_settle(pair, at);
        return NULL;
    }
    if (service != NH_SERVICE_NLM)
        return NULL;
    if (others_hang(outage, call, at) || other_client_fails(pair, used)) {
        leave(call);
        outage->served++;
        return NULL;
    }
    if (is_reclaim_in_grace(outage, call)) {
        nh_outage_join(pair, call);
        nh_outage_settle(pair, at);
        return NULL;
    }
    outage->ways &= ~(1u << way);
    outage->side[way].over = at;
    if (outage->ways != 0) { /* the other way is still in trouble */
        touch(outage, at);
        return NULL;
    }
    if (call && nh_outage_held_up(outage, call, at))
        nh_outage_join(pair, call);
    else if (call)
        leave(call);
    close_outage(outage, at, call);
    return outage;
}

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
nh_outage_in_hindsight(nh_call *call, const nh_symptom *symptom)
{
    nh_outage_symptom(call->pair, symptom);
    nh_outage_waits(call->pair, symptom->since.time);
    if (call->outage && call->outage == call->pair->open && call->reply.frame)
        close_outage(call->outage, call->reply, call);
}

void
nh_outage_add_ending(nh_outage *outage, nh_finding finding, nh_moment at)
{
    const nh_call *call = outage->ended_by;
    nh_symptom symptom = { .finding = finding,
                           .service = NH_SERVICE_NLM,
                           .way = call ? call->way : NH_FORWARD,
                           .at = at,
                           .since = call ? call->sendings[0].at : at,
                           .call = outage->ended_by };

    g_array_append_val(outage->symptoms, symptom);
    outage->count[symptom.way][finding]++;
    promote(outage, at.time);
}

void
nh_outage_tick(nh_pair *pair, nh_moment at)
{
    resume(pair, at);
    nh_outage *outage = pair->open;

    if (!outage)
        return;
    if (outage->settled.frame && at.time - outage->settled.time > NH_SETTLE_TIME)
        close_outage(outage, outage->settled, NULL);
    else if (at.time - outage->last.time > NH_STALE_TIME && !somebody_waits(outage))
        give_up(outage);
    else
        promote(outage, at.time);
}

void
nh_outage_conclude(nh_pair *pair)
{
    nh_outage *outage = pair->open;

    if (!outage || !outage->settled.frame)
        return;
    close_outage(outage, outage->settled, NULL);
    outage->concluded = true;
}

void
nh_outage_extend(nh_outage *outage, nh_moment at)
{
    const nh_outage *latest = g_ptr_array_index(outage->pair->outages, outage->pair->outages->len - 1);

    if (outage == latest && at.frame > outage->last.frame)
        outage->last = at;
}

nh_outage *
nh_outage_at(const nh_pair *pair, uint32_t frame)
{
    unsigned low = 0, high = pair->outages->len;

    while (low < high) { /* one begins behind the one before (reach_back()): how many begin at this frame or before? */
        unsigned middle = low + (high - low) / 2;
        if (((const nh_outage *)g_ptr_array_index(pair->outages, middle))->start.frame <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    for (unsigned i = low; i-- > 0 && low - i <= NH_NEIGHBOUR_OUTAGES;) {
        nh_outage *outage = g_ptr_array_index(pair->outages, i);
        if (frame <= outage->last.frame)
            return outage->id ? outage : NULL;
    }
    return NULL;
}

void
nh_outage_turn_round(nh_outage *outage)
{
    outage->ways = (outage->ways & 1u) << 1 | outage->ways >> 1;
    nh_outage_side forward = outage->side[NH_FORWARD];
    outage->side[NH_FORWARD] = outage->side[NH_CALLBACK];
    outage->side[NH_CALLBACK] = forward;
    memset(outage->count, 0, sizeof outage->count);
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        symptom->way = !symptom->way;
        symptom->client_acks_nothing = !symptom->client_acks_nothing && nh_finding_get(symptom->finding)->either_side;
        outage->count[symptom->way][symptom->finding]++;
    }
}

void
nh_outage_retract(nh_outage *outage, unsigned i)
{
    const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);

    outage->count[symptom->way][symptom->finding]--;
    g_array_remove_index(outage->symptoms, i);
    if (outage->symptoms->len || outage->pair->open != outage)
        return;
    outage->id = 0;
    outage->closed = true;
    outage->pair->open = NULL;
}

void
nh_outage_free(nh_outage *outage)
{
    g_array_unref(outage->symptoms);
    g_ptr_array_unref(outage->calls);
    g_array_unref(outage->locks);
    g_free(outage);
}
