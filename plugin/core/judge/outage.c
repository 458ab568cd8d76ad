/* outage.c
 * Outages of a pair: what begins one, and what belongs to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/outage.h"

#include "core/base/limits.h"
#include "core/base/search.h"
#include "core/judge/incident.h"
#include "core/locks/lock_queries.h"
#include "core/wire/procedures.h"

/* This way falls into trouble, and who waits there with it. */
static void
affect(nh_outage *outage, nh_way way)
{
    const nh_list *waiting = &outage->pair->side[way].outstanding;

    if (outage->ways & (1u << way))
        return;
    outage->ways |= 1u << way;
    outage->side[way].over.frame = 0;
    for (unsigned i = 0; i < waiting->len; i++)
        nh_outage_join(outage->pair, waiting->items[i]);
}

/* Some of these locks: first those that wait, of which requests ask. Takes the array over. */
static GArray *
some_of(GArray *locks)
{
    GArray *some = g_array_new(false, false, sizeof(nh_lock));

    for (int waiting = 1; waiting >= 0; waiting--)
        for (unsigned i = 0; i < locks->len && some->len < NH_FAULT_LOCKS_MAX; i++) {
            const nh_lock *lock = &g_array_index(locks, nh_lock, i);
            if ((lock->state == NH_LOCK_WAITING) == waiting)
                g_array_append_val(some, *lock);
        }
    g_array_unref(locks);
    return some;
}

/* The pair's locks now. A client that holds thousands and has thousands of outages would have all of them with each. */
static void
keep_locks(nh_outage *outage)
{
    nh_watch *watch = outage->pair->watch;
    GArray *locks = nh_locks_snapshot(watch->locks, outage->pair);
    unsigned all = locks->len;

    if (watch->outage_locks + all > NH_OUTAGE_LOCKS_MAX && all > NH_FAULT_LOCKS_MAX)
        locks = some_of(locks);
    outage->locks = locks;
    outage->locks_left_out = all - locks->len;
    watch->outage_locks += locks->len;
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
    keep_locks(outage);
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
        return symptom->conn && symptom->conn->waiting.len > 0;
    case NH_WAITING_NO:
        return false;
    default:
        return true;
    }
}

void
nh_outage_prove(nh_outage *outage, nh_time now)
{
    if (outage->id || !nh_outage_is_incident(outage, now))
        return;
    outage->proved = true;
    outage->id = ++outage->pair->watch->incidents;
}

void
nh_outage_touch(nh_outage *outage, nh_moment at)
{
    if (at.frame >= outage->last.frame)
        outage->last = at;
    nh_outage_prove(outage, at.time);
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
    bool waited_for = (symptom->call && symptom->call->waits) || (symptom->conn && symptom->conn->waiting.len > 0);

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
append(nh_outage *outage, const nh_symptom *symptom)
{
    unsigned n = outage->symptoms->len;

    if (n > 0 && symptom->at.frame < g_array_index(outage->symptoms, nh_symptom, n - 1).at.frame)
        outage->out_of_order = true;
    g_array_append_val(outage->symptoms, *symptom);
    outage->count[symptom->way][symptom->finding]++;
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
    append(outage, symptom);
}

void
nh_outage_symptom(nh_pair *pair, const nh_symptom *symptom)
{
    const nh_attempt *attempt = &pair->side[symptom->way].attempt;
    nh_outage *outage;

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
    nh_outage_touch(outage, symptom->at);
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
    nh_outage_touch(outage, at);
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

void
nh_outage_leave(nh_call *call)
{
    GPtrArray *calls = call->outage ? call->outage->calls : NULL;
    unsigned i = calls ? calls->len : 0;

    call->outage = NULL;
    while (i > 0 && g_ptr_array_index(calls, i - 1) != call) /* mostly one of the latest */
        i--;
    if (i > 0)
        g_ptr_array_remove_index(calls, i - 1);
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

bool
nh_outage_is_waited_for(const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(outage->calls, i);
        if (call->waits)
            return true;
    }
    return false;
}

void
nh_outage_close(nh_outage *outage, nh_moment at, nh_call *call)
{
    nh_outage_prove(outage, at.time);
    outage->closed = true;
    outage->end = at;
    outage->ended_by = call;
    if (at.frame > outage->last.frame)
        outage->last = at;
    outage->pair->open = NULL;
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

    append(outage, &symptom);
    nh_outage_prove(outage, at.time);
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
    unsigned later;

    /* one begins behind the one before (reach_back()) */
    NH_SEARCH(later, pair->outages->len, ((const nh_outage *)g_ptr_array_index(pair->outages, later))->start.frame <= frame);
    for (unsigned i = later; i-- > 0 && later - i <= NH_NEIGHBOUR_OUTAGES;) {
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
