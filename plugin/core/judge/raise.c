/* raise.c
 * The one door for what a detector saw.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/raise.h"

#include "core/judge/outage.h"
#include "core/judge/outage_end.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/ports.h"
#include "core/model/trouble.h"
#include "core/wire/procedures.h"

static nh_pair *
pair_of(const nh_evidence *evidence)
{
    return evidence->call ? evidence->call->pair : evidence->conn ? evidence->conn->pair : evidence->pair;
}

static nh_way
way_of(const nh_evidence *evidence)
{
    return evidence->call ? evidence->call->way : evidence->conn ? evidence->conn->way : evidence->way;
}

static bool
is_about_conn(const nh_evidence *evidence)
{
    return evidence->conn && !evidence->call;
}

/* It is the client that does not take in what reaches it, and not the server. */
static bool
client_acknowledges_nothing(const nh_evidence *evidence)
{
    if (!nh_finding_get(evidence->finding)->either_side)
        return false;
    if (evidence->call)
        return nh_call_rare_of(evidence->call)->lost_reply.frame != 0;
    return evidence->silent == (way_of(evidence) == NH_FORWARD ? NH_SILENT_CLIENT : NH_SILENT_SERVER);
}

static nh_symptom
symptom_of(const nh_evidence *evidence)
{
    nh_symptom symptom = { .finding = evidence->finding,
                           .service = evidence->service,
                           .way = way_of(evidence),
                           .at = evidence->at,
                           /* packets may come in another order than that of their numbers */
                           .since = evidence->since.frame > evidence->at.frame ? evidence->at : evidence->since,
                           .conn = evidence->conn,
                           .call = evidence->call,
                           .unseen = (evidence->bits & NH_LOST_BEFORE) != 0,
                           .client_acks_nothing = client_acknowledges_nothing(evidence),
                           .other_caller = (evidence->bits & NH_OTHER_CALLER) != 0,
                           .refused_by_client = (evidence->bits & NH_REFUSED_BY_CLIENT) != 0,
                           .not_called_back = (evidence->bits & NH_NOT_CALLED_BACK) != 0,
                           .icmp_own_filter = (evidence->bits & NH_OWN_FILTER) != 0 };

    if (evidence->call) {
        symptom.service = nh_service_of_program(evidence->call->prog);
        symptom.conn = evidence->conn ? evidence->conn : nh_call_last(evidence->call)->conn;
    } else if (evidence->conn && !(evidence->bits & NH_LOST_BEFORE)) {
        symptom.service = nh_conn_service(evidence->conn);
    }
    if (evidence->icmp_sender)
        symptom.icmp_sender = *evidence->icmp_sender;
    return symptom;
}

/* --- what is wrong with the server's way back to the client ------------------------ */

/* Asking again got the lock: nobody waits for this callback any more. */
static bool
is_in_vain(const nh_evidence *evidence)
{
    const nh_pair *pair = pair_of(evidence);

    return is_about_conn(evidence) && way_of(evidence) == NH_CALLBACK && pair->granted_by_retry.frame && !pair->blocked.frame;
}

/* The grant of a lock that waits cannot be delivered: its connection or the look-up of its port is in trouble, or the client's RPC refuses it. */
static bool
loses_grant(const nh_evidence *evidence)
{
    const nh_call *call = evidence->call;
    bool blocked = pair_of(evidence)->blocked.frame != 0;

    if (way_of(evidence) != NH_CALLBACK || evidence->bits & NH_SUSPICION || nh_finding_is_of_callback(evidence->finding))
        return false;
    if (!call)
        return blocked && evidence->conn;
    if (call->prog == NH_PROG_PORTMAP)
        return blocked && call->asked->prog == NH_PROG_NLM;
    return call->prog == NH_PROG_NLM && nh_nlm_kind(call->proc) == NH_NLM_GRANTED && nh_finding_get(evidence->finding)->refusal;
}

static void
raise_grant_lost(const nh_evidence *evidence)
{
    const nh_pair *pair = pair_of(evidence);
    nh_evidence lost = *evidence;

    lost.finding = NH_GRANT_LOST;
    const nh_end *to = evidence->call ? &evidence->call->dst : &evidence->conn->server;
    lost.says = (nh_remark){ NH_REMARK_GRANT_LOST, { NH_NUMBER(pair->blocked.frame), NH_NUMBER(evidence->finding), NH_NUMBER(to->port) } };
    nh_raise(&lost);
}

/* --- what follows ---------------------------------------------------------------------- */

/* No answer, and the call is not sent again either: where packets of the two are missing, its answer may be one of them. */
static bool
may_be_answered(const nh_evidence *evidence)
{
    const nh_call *call = evidence->call;

    return call && call->pair->losses && call->n_sendings == 1 && nh_finding_get(evidence->finding)->hangs;
}

static bool
is_symptom(const nh_evidence *evidence)
{
    return nh_finding_explains(evidence->finding) && !(evidence->bits & NH_HARMLESS) && !may_be_answered(evidence);
}

/* The answer that ended an outage, and explains something itself: it belongs to it, and reopens nothing. */
static bool
is_ending(const nh_evidence *evidence)
{
    const nh_call *call = evidence->call;
    const nh_pair *pair = pair_of(evidence);
    const nh_outage *latest = pair->outages->len ? g_ptr_array_index(pair->outages, pair->outages->len - 1) : NULL;

    return call && latest && latest->closed && latest->ended_by == call && latest->end.frame == evidence->at.frame;
}

static void
add_symptom(const nh_evidence *evidence)
{
    nh_pair *pair = pair_of(evidence);
    nh_symptom symptom = symptom_of(evidence);

    if (is_ending(evidence)) {
        nh_outage_add_ending(g_ptr_array_index(pair->outages, pair->outages->len - 1), evidence->finding, evidence->at);
        return;
    }
    nh_outage_tick(pair, symptom.at);
    if (evidence->bits & NH_IN_HINDSIGHT)
        nh_outage_in_hindsight(evidence->call, &symptom);
    else
        nh_outage_symptom(pair, &symptom);
}

static void
take_in(const nh_evidence *evidence)
{
    if (evidence->says.id != NH_REMARK_NONE)
        nh_frame_note(pair_of(evidence)->watch, evidence->at.frame, evidence->finding, &evidence->says);
    if (evidence->resends)
        nh_frame_is_resend(pair_of(evidence)->watch, evidence->at.frame, evidence->finding, evidence->resends);
    if (!is_symptom(evidence))
        return;
    if (is_about_conn(evidence) && nh_finding_get(evidence->finding)->kind == NH_KIND_TRANSPORT && !(evidence->bits & NH_LOST_BEFORE))
        nh_trouble_raise(evidence->conn, evidence->finding, evidence->at, evidence->since);
    if (is_in_vain(evidence))
        return;
    add_symptom(evidence);
    if (loses_grant(evidence))
        raise_grant_lost(evidence);
}

/* --- what is withheld ------------------------------------------------------------------- */

static void
withhold(const nh_evidence *evidence)
{
    nh_conn *conn = evidence->conn;
    nh_pair *pair = conn->pair;

    if (!pair->withheld)
        pair->withheld = g_array_new(false, false, sizeof *evidence);
    g_array_append_val(pair->withheld, *evidence);
    if (!conn->one_sided_reported) {
        conn->one_sided_reported = true;
        nh_frame_note(pair->watch, evidence->at.frame, NH_ONE_SIDED, &(nh_remark){ .id = NH_REMARK_ONE_SIDED });
    }
}

/* Whether the capture shows that it sees what the silent side sends. */
static bool
would_be_seen(const nh_evidence *evidence)
{
    const nh_conn *conn = evidence->conn;
    const nh_pair *pair = pair_of(evidence);

    if (evidence->silent == NH_SILENT_NOBODY)
        return true;
    if (nh_finding_get(evidence->finding)->proves_silence && !pair->half_captured)
        return true;
    bool client_is_initiator = nh_addr_equal(&conn->client.addr, &pair->client);
    return (evidence->silent == NH_SILENT_CLIENT) == client_is_initiator ? pair->seen_client : pair->seen_server;
}

void
nh_raise(const nh_evidence *evidence)
{
    if (is_about_conn(evidence) && evidence->conn->foreign)
        return;
    if (is_about_conn(evidence) && !would_be_seen(evidence))
        withhold(evidence);
    else
        take_in(evidence);
}

nh_conn *
nh_raise_withheld(const nh_pair *pair, nh_finding finding, nh_way way)
{
    for (unsigned i = 0; pair->withheld && i < pair->withheld->len; i++) {
        const nh_evidence *evidence = &g_array_index(pair->withheld, nh_evidence, i);
        if (evidence->finding == finding && evidence->conn->way == way && evidence->conn->service != NH_SERVICE_PORTMAP)
            return evidence->conn;
    }
    return NULL;
}

void
nh_raise_release(nh_pair *pair)
{
    GArray *waiting = pair->withheld;

    if (!waiting || !pair->seen_client || !pair->seen_server)
        return;
    pair->withheld = NULL;
    for (unsigned i = 0; i < waiting->len; i++) {
        const nh_evidence *evidence = &g_array_index(waiting, nh_evidence, i);
        nh_frame_unnote(pair->watch, evidence->at.frame, NH_ONE_SIDED);
        if (!evidence->conn->foreign)
            take_in(evidence);
    }
    g_array_unref(waiting);
}

/* --- what is taken back ------------------------------------------------------------------ */

void
nh_raise_take_back(nh_conn *conn)
{
    nh_outage *outage = conn->pair->open;

    g_ptr_array_remove_fast(conn->pair->troubled, conn);
    if (conn->troubles)
        g_array_set_size(conn->troubles, 0);
    if (!outage)
        return;
    for (unsigned i = outage->symptoms->len; i-- > 0;)
        if (g_array_index(outage->symptoms, nh_symptom, i).conn == conn)
            nh_outage_retract(outage, i);
}

void
nh_raise_disown(nh_conn *conn)
{
    conn->foreign = true;
    nh_raise_take_back(conn);
}
