/* compared.c
 * What two capture points say of an outage: the path, or one of its ends.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/compared.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/points/compare.h"
#include "core/wire/procedures.h"

/* What a host sent could all be compared, or enough of it for there to have been time for an answer. */
static bool
was_heard(const nh_compared *c, int sender)
{
    return c->left[sender] > 0 && (c->outside + c->unheard_of == 0 || c->heard_to[sender] - c->heard_from[sender] >= NH_AT_ONCE);
}

nh_outcome
nh_compared_outcome(const nh_outage *outage, nh_finding cause)
{
    const nh_compared *c = &outage->compared;
    const nh_finding_row *row = nh_finding_get(cause);
    nh_compared_as as = row ? row->compared : NH_COMPARED_NOT;
    int asker = c->asker, asked = !asker;

    if (!c->known)
        return NH_OUTCOME_UNDECIDED;
    if (c->lost[asker] > 0 && c->lost[asker] * 2 > c->left[asker])
        return NH_OUTCOME_LOST_ASKING;
    if (c->lost[asked] > 0 && c->lost[asked] == c->left[asked])
        return NH_OUTCOME_LOST_ANSWERS;
    if (as == NH_COMPARED_SILENCE && c->lost[asker] == 0 && was_heard(c, asker) && c->sent[asked] == 0 && c->forged[asked] == 0 &&
        c->asked_seen)
        return NH_OUTCOME_NOT_ANSWERED;
    if (as == NH_COMPARED_HANDSHAKE && c->lost[asked] == 0 && was_heard(c, asked))
        return NH_OUTCOME_NOT_TAKEN;
    if (as == NH_COMPARED_REFUSAL && c->forged[asked] > 0 && c->left[asked] == 0)
        return NH_OUTCOME_ANSWER_FORGED;
    if (as == NH_COMPARED_REFUSAL && c->left[asked] > 0 && c->lost[asked] == 0 && c->forged[asked] == 0)
        return NH_OUTCOME_ANSWER_OWN;
    return NH_OUTCOME_UNDECIDED;
}

/* The latest symptom of the cause on the same connection */
static nh_time
last_time(const nh_outage *outage, const nh_symptom *evidence)
{
    nh_time last = evidence->at.time;

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == evidence->finding && symptom->conn == evidence->conn)
            last = MAX(last, symptom->at.time);
    }
    return last;
}

/* The datagram or connection that a call's answer takes: that of the *_RES where this was sent in vain, else the call's own. */
static const nh_call *
call_to_compare(const nh_symptom *evidence)
{
    uint32_t answer = nh_call_rare_of(evidence->call)->lost_reply.frame;
    const nh_frame *frame = answer ? nh_frame_find(evidence->call->pair->watch, answer) : NULL;

    if (!frame)
        return evidence->call;
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item))
        if (nh_nlm_is_result(item.call->prog, item.call->proc))
            return item.call;
    return evidence->call;
}

void
nh_compared_fill(nh_outage *outage)
{
    const nh_points *points = outage->pair->watch->points;
    nh_judgement judgement = nh_judge(outage);
    const nh_symptom *evidence = judgement.evidence;

    if (!points || !evidence)
        return;
    nh_points_query query = { .tcp = evidence->conn != NULL, .from = evidence->since.time, .to = last_time(outage, evidence) };
    query.asker = (evidence->way == NH_CALLBACK) != evidence->client_acks_nothing;
    if (evidence->conn) {
        query.a = evidence->conn->client.port;
        query.b = evidence->conn->server.port;
    } else if (evidence->call) {
        const nh_call *call = call_to_compare(evidence);
        query.a = call->src.port;
        query.b = call->dst.port;
    }
    nh_points_compare(points, &query, &outage->compared);
    outage->compared.asker = (evidence->way == NH_CALLBACK) != evidence->client_acks_nothing;
}

/* Whom an outcome points at. */
typedef enum { ASKER, ASKED, PATH } pointed;

static const struct {
    pointed side;
    nh_finding cause; /* NH_FINDING_NONE: as it was */
    const char *clause;
} outcomes[] = {
#define NH_COMPARED(outcome, side, cause, clause) [NH_OUTCOME_##outcome] = { side, cause, clause },
#include "core/judge/causes.def"
};

void
nh_compared_judge(const nh_outage *outage, nh_judgement *judgement)
{
    nh_outcome what = nh_compared_outcome(outage, judgement->cause);
    int asker = outage->compared.asker;
    const nh_side sides[] = {
        [ASKER] = asker ? NH_SIDE_SERVER : NH_SIDE_CLIENT, [ASKED] = asker ? NH_SIDE_CLIENT : NH_SIDE_SERVER, [PATH] = NH_SIDE_PATH
    };

    if (what == NH_OUTCOME_UNDECIDED || (what == NH_OUTCOME_ANSWER_OWN && judgement->side != sides[ASKED]))
        return;
    judgement->confidence = NH_CONFIDENCE_SHOWN;
    judgement->side = sides[outcomes[what].side];
    if (outcomes[what].cause == NH_FINDING_NONE)
        return;
    judgement->cause = outcomes[what].cause;
    judgement->clause = outcomes[what].clause;
    judgement->each = 0;
}
