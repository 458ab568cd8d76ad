/* incident.c
 * Which outages are incidents: those that a client felt.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/incident.h"

#include "core/base/limits.h"
#include "core/judge/outage.h"
#include "core/model/call.h"
#include "core/model/ports.h"

bool
nh_outage_is_watching(const nh_outage *outage)
{
    const nh_pair *pair = outage->pair;
    const nh_symptom *before = NULL;

    if (pair->wants_locks || pair->encrypted.how)
        return false;
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        /* other versions and transports are asked for in one go */
        nh_time gap = before ? symptom->at.time - before->at.time : 0;
        const nh_finding_row *row = nh_finding_get(symptom->finding);
        bool told_none = row->tells_none || (row->refusal && symptom->service == NH_SERVICE_PORTMAP);
        if (!told_none || (gap >= NH_SECOND && gap <= NH_ASKS_AGAIN_TIME))
            return false;
        before = symptom;
    }
    return true;
}

/*
 * Who only knocks: it asks for no lock and for no lock manager, and takes back each connection that is opened for it before anything is said.
 * A client whose own packets are answered so tries the same port again and again.
 */
static bool
only_knocks(const nh_outage *outage)
{
    const nh_pair *pair = outage->pair;
    uint16_t port = 0;
    unsigned same = 0;

    if (pair->calls || pair->lock_traffic || pair->mounts || outage->symptoms->len == 0)
        return false;
    for (unsigned i = 0; i < outage->symptoms->len && same < NH_KNOCKS_MAX; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        const nh_conn *conn = symptom->conn;
        if (symptom->way != NH_FORWARD || !conn || !nh_finding_get(symptom->finding)->loses_calls || !conn->reset_by_client ||
            conn->established.frame || nh_port_is_reserved(conn->client.port))
            return false;
        if (i == 0)
            port = conn->server.port;
        same += conn->server.port == port;
    }
    return same < NH_KNOCKS_MAX;
}

static bool
fails_at_once(const nh_finding_row *row)
{
    return row->fails_at_once;
}

/* An error of one call, and those before it are others: each is a matter of its own file. */
static bool
is_another_error(const nh_outage *outage, const nh_symptom *symptom)
{
    const nh_symptom *first = &g_array_index(outage->symptoms, nh_symptom, 0);

    return symptom != first && nh_finding_get(symptom->finding)->denies && symptom->call && first->call &&
           symptom->call->status != first->call->status;
}

bool
nh_outage_is_incident(const nh_outage *outage, nh_time now)
{
    unsigned symptoms = 0;
    uint32_t counted = 0;
    nh_time until = outage->end.frame ? outage->end.time : outage->settled.frame ? outage->settled.time : now;

    if (outage->only_probable && !outage->pair->lock_traffic)
        return false;
    /* a lock manager that asks its own statd (nsm_mon_unmon, fs/lockd/mon.c), captured on all interfaces */
    bool own_statd = outage->pair->one_host && !outage->pair->lock_traffic;

    if (own_statd || nh_outage_is_watching(outage) || only_knocks(outage))
        return false;
    if (outage->proved) /* also where time runs back later */
        return true;
    for (unsigned i = 0; i < outage->symptoms->len && symptoms < 2; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        /* what a connection's trouble means for the callback is no second symptom: it may be tried on another port */
        bool same = nh_finding_is_of_callback(symptom->finding) && !symptom->call && symptom->at.frame == counted;
        symptoms += symptom->count + !(same || is_another_error(outage, symptom));
        counted = symptom->at.frame;
    }
    if (nh_outage_has(outage, NH_FORWARD, fails_at_once))
        return true;
    return symptoms >= 2 || (nh_time_known(outage->waiting_since) && until - outage->waiting_since >= NH_SECOND);
}

static bool
is_refusal(const nh_finding_row *row)
{
    return row->refusal;
}

bool
nh_outage_has_refusals(const nh_outage *outage)
{
    return nh_outage_has(outage, NH_FORWARD, is_refusal);
}

/* What the call asks for was refused before. */
static bool
was_asked_before(const nh_outage *outage, const nh_call *call)
{
    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *other = g_ptr_array_index(outage->calls, i);
        if (other != call && other->nlm.file == call->nlm.file && other->nlm.svid == call->nlm.svid &&
            other->nlm.owner == call->nlm.owner && other->nlm.offset == call->nlm.offset && other->nlm.length == call->nlm.length)
            return true;
    }
    return false;
}

bool
nh_outage_held_up(const nh_outage *outage, const nh_call *call, nh_moment at)
{
    const nh_sending *first = nh_call_first(call);
    bool at_once = call->n_sendings == 1 && first->at.frame > outage->start.frame && at.time - call->issue.earliest < NH_AT_ONCE;

    return !at_once || call->deferred || call->dead || call->way == NH_CALLBACK || nh_call_retries_lock(call) ||
           (nh_outage_has_refusals(outage) && was_asked_before(outage, call));
}
