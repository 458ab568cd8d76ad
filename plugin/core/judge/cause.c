/* cause.c
 * What explains an outage: the tables of causes.def, applied to its symptoms.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/cause.h"

#include "core/base/limits.h"
#include "core/judge/compared.h"
#include "core/judge/outage.h"
#include "core/model/call.h"
#include "core/model/losses.h"
#include "core/model/ports.h"
#include "core/model/position.h"
#include "core/points/points.h"
#include "core/wire/procedures.h"

/* --- the tables ------------------------------------------------------------------ */

#define SET(finding) (UINT64_C(1) << NH_##finding)

/* What is known beside the symptoms; a row's facts must all be among them. */
#define FACT(n)             (UINT64_C(1) << (n))
#define LOST_BEFORE         FACT(0)  /* what the client sent did not come to the capture */
#define UNCERTAIN           FACT(1)  /* what the capture has not may have been sent all the same */
#define CLIENT_ACKS_NOTHING FACT(2)  /* it is the client that does not take in what reaches it */
#define NO_CONNECTION       FACT(3)  /* over UDP, or before any connection */
#define UNACCEPTED          FACT(4)  /* the SYN-ACK came again, though it had been acknowledged */
#define UNANSWERED_AGAIN    FACT(5)  /* after the reset no answer either */
#define REFUSED_AT_LAST     FACT(6)  /* the answer that ended it is a refusal */
#define OF_PORTMAP          FACT(7)  /* the port mapper's doing */
#define UNKNOWN_PROGRAM     FACT(8)  /* RPC refused it, for it knows no such program */
#define UNKNOWN_VERSION     FACT(9)  /* or not this version of it */
#define CREDENTIALS         FACT(10) /* or does not trust the caller */
#define EACH_TIME           FACT(11) /* several times in a row: refusals and nothing else, new connections that the server gives up when they open */
#define DEFERRED_ANSWER     FACT(12) /* a blocking LOCK was answered when its holder gave the lock back */
#define CLIENT_RESTARTED    FACT(13) /* so says its SM_NOTIFY */
#define CALLBACK            FACT(14) /* on the server's way back to the client */
#define CALLBACK_REFUSED    FACT(15) /* nobody listens there */
#define RESULT_OWED         FACT(16) /* a call of the client's waits for a *_RES, which is sent the way of a callback */
#define OTHER_CALLER        FACT(17) /* a callback from an address that the client did not ask */
#define REFUSED_BY_CLIENT   FACT(18) /* a callback that the client refuses */
#define UNASKED_PORT        FACT(19) /* a callback to a port that nobody had looked up */
#define NOT_CALLED_BACK     FACT(20) /* a callback was due, and none was tried */
#define GRANTED_AT_LAST     FACT(21) /* the answer that ended it gives the lock */
#define OWN_FILTER          FACT(22) /* ICMP: by the firewall of the host that sent the quoted packet */
#define SAID_BY_CALLER      FACT(23) /* ICMP: by that host, or nobody knows */
#define SAID_BY_CALLED      FACT(24) /* ICMP: by the host that it went to */
#define RESET_BY_CLIENT     FACT(25)
#define SERVER_ALIVE        FACT(26) /* it answered something while the cause lasted */
#define THIRD_RESET         FACT(27) /* a RST in one side's name has another TTL than that side's packets */
#define THIRD_SYNACK        FACT(28) /* a SYN-ACK has */
#define ENDLESS             FACT(29) /* it lasted longer than it can by itself */
#define SERVER_SEEN         FACT(30) /* the capture has packets of the server */
#define AT_CLIENT           FACT(31) /* where the capture was taken */
#define AT_SERVER           FACT(32)
#define HUNG_BEFORE         FACT(33) /* the server had the call for long before its connection was lost */
#define ARRIVED             FACT(34) /* two capture points: what the client sent came to the server's host, which took none of it */
#define SYSTEM_ERROR        FACT(35) /* RPC refused it, for it failed itself */
#define GARBLED             FACT(36) /* or could not read the arguments */
#define UNKNOWN_PROCEDURE   FACT(37) /* or does not have this one */
#define TOO_WEAK            FACT(38) /* or wants other credentials */
#define HANDLE_STALE        FACT(39) /* the lock manager refused it, for it does not know the file */
#define READ_ONLY           FACT(40) /* or the file system cannot be written to */
#define TOO_LARGE           FACT(41) /* or the range is beyond its reach */
#define NO_SUCH_STATUS      FACT(42) /* or for a reason that NLM does not have */
#define NOT_KNOWN_BACK      FACT(43) /* the client's port mapper does not know its lock manager */
#define AFTER_IDLE          FACT(44) /* what met no answer was sent on a connection that had been idle for long */
#define GAVE_UP_LOOKUPS     FACT(45) /* the client's calls failed after their third look-up */
#define UNNAMED_PORT        FACT(46) /* a callback to another port than the one that the client's port mapper had named */
#define CALLBACK_TAKEN      FACT(47) /* the client's host has the callback, as TCP or RPC's empty reply shows */
#define NOBODY_ASKS         FACT(48) /* no call waits for what does not come */

static const struct {
    uint64_t first, beside, facts;
    nh_finding cause;
} causes[] = {
#define NH_CAUSE(first, beside, facts, cause) { first, beside, facts, NH_##cause },
#include "core/judge/causes.def"
};

/* Whom a cause points at. */
typedef enum {
    POINTS_AT_NOBODY,
    POINTS_AT_SILENT,
    POINTS_AT_TRIES_NOTHING,
    POINTS_AT_HANDSHAKE,
    POINTS_AT_ICMP_SENDER,
    POINTS_AT_RESET_SENDER,
    POINTS_AT_THIRD,
    POINTS_AT_FORGOTTEN,
    POINTS_AT_TRANSLATION,
    POINTS_AT_CALLED_BACK,
    POINTS_AT_CALLER,
    POINTS_AT_RECEIVER,
    POINTS_AT_OLD_CONNECTION,
    POINTS_AT_SERVER_LIKELY,
    POINTS_AT_SERVER
} points_at;

static const struct {
    nh_finding cause;
    uint64_t facts;
    points_at whom;
    const char *clause;
} clauses[] = {
#define NH_CLAUSE(cause, facts, whom, clause) { NH_##cause, facts, POINTS_AT_##whom, clause },
#include "core/judge/causes.def"
};

static const struct {
    points_at whom;
    uint64_t facts;
    nh_side side;
    nh_confidence confidence;
} sides[] = {
#define NH_POINTS_AT(whom, facts, side, confidence) { POINTS_AT_##whom, facts, NH_SIDE_##side, NH_CONFIDENCE_##confidence },
#include "core/judge/causes.def"
};

static const struct {
    nh_finding finding;
    uint64_t facts;
    const char *advice;
} advices[] = {
#define NH_ADVICE(finding, facts, advice) { NH_##finding, facts, advice },
#include "core/judge/causes.def"
};

/* --- symptoms ---------------------------------------------------------------------- */

/* On the way to the real trouble: one bare ACK, the client's RST clears the old connection (RFC 5961), and its next SYN meets that. */
static bool
is_passing(const nh_outage *outage, unsigned i)
{
    const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);

    if (!nh_finding_get(symptom->finding)->passes || symptom->count > 0 || i + 1 >= outage->symptoms->len)
        return false;
    const nh_symptom *next = symptom + 1;
    const nh_finding_row *row = nh_finding_get(next->finding);
    return next->conn == symptom->conn && row->kind == NH_KIND_TRANSPORT && !row->passes;
}

/* The earliest symptom of this way that explains something (verdicts that had to wait stand later in the list), or NULL. */
static const nh_symptom *
earliest(const nh_outage *outage, nh_way way, bool last_resort)
{
    const nh_symptom *first = NULL;

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->way != way || (first && symptom->at.frame >= first->at.frame))
            continue;
        if (!nh_finding_explains(symptom->finding) || nh_finding_get(symptom->finding)->last_resort != last_resort || is_passing(outage, i))
            continue;
        first = symptom;
        if (!outage->out_of_order) /* there may be thousands behind it */
            break;
    }
    return first;
}

/* The server has the call, and its answer is a call of its own to the client's lock manager (X/Open NLM, *_MSG and *_RES). */
static bool
owes_result(const nh_symptom *forward)
{
    return nh_finding_get(forward->finding)->hangs && forward->call && nh_nlm_is_message(forward->call->prog, forward->call->proc);
}

static const nh_symptom *
first_of(const nh_outage *outage, nh_finding finding)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == finding)
            return symptom;
    }
    return outage->symptoms->len ? &g_array_index(outage->symptoms, nh_symptom, 0) : NULL;
}

static unsigned
count_of(const nh_outage *outage, nh_finding finding)
{
    unsigned count = 0;
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == finding)
            count += 1 + symptom->count;
    }
    return count;
}

/* --- the facts ------------------------------------------------------------------------- */

/* Who sent the ICMP error: over UDP it is about a call, or about one that was not captured. */
static uint64_t
facts_of_icmp(const nh_pair *pair, const nh_symptom *evidence)
{
    const nh_conn *conn = evidence->conn;
    const nh_call *call = evidence->call;
    bool forward = evidence->way == NH_FORWARD;
    const nh_addr *sender = conn                        ? &conn->icmp_sender
                            : call                      ? &nh_call_rare_of(call)->icmp.sender
                            : evidence->icmp_sender.len ? &evidence->icmp_sender
                                                        : NULL;
    const nh_addr *caller = conn ? &conn->client.addr : call ? &call->src.addr : forward ? &pair->client : &pair->server;
    const nh_addr *called = conn ? &conn->server.addr : call ? &call->dst.addr : forward ? &pair->server : &pair->client;
    bool own_filter = conn ? conn->icmp_own_filter : call ? nh_call_rare_of(call)->icmp.own_filter : evidence->icmp_own_filter;

    return (own_filter ? OWN_FILTER : 0) | (!sender || nh_addr_equal(sender, caller) ? SAID_BY_CALLER : 0) |
           (sender && nh_addr_equal(sender, called) ? SAID_BY_CALLED : 0);
}

static bool
client_had_restarted(const nh_outage *outage)
{
    nh_moment restarted = outage->pair->client_restarted;

    return restarted.frame && restarted.frame < outage->last.frame && outage->start.time - restarted.time < NH_OLD_CONNECTION_TIME;
}

/* How RPC refused a call (RFC 5531 section 9). */
static uint64_t
facts_of_reason(const nh_call *call)
{
    static const uint64_t facts[NH_REFUSAL_COUNT] = {
        [NH_REFUSAL_PROG_UNAVAIL] = UNKNOWN_PROGRAM,   [NH_REFUSAL_PROG_MISMATCH] = UNKNOWN_VERSION,
        [NH_REFUSAL_PROC_UNAVAIL] = UNKNOWN_PROCEDURE, [NH_REFUSAL_GARBAGE_ARGS] = GARBLED,
        [NH_REFUSAL_SYSTEM_ERR] = SYSTEM_ERROR,        [NH_REFUSAL_AUTH_TOOWEAK] = TOO_WEAK,
    };

    if (!call)
        return 0;
    return facts[call->refused] | (nh_refusal_is_of_credentials(call->refused) ? CREDENTIALS : 0);
}

/* Nothing but refusals of this kind came, and several times. */
static bool
all_refused_so(const nh_outage *outage, uint64_t reason)
{
    unsigned n = 0;

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (!nh_finding_get(symptom->finding)->by_rpc || symptom->way != NH_FORWARD)
            continue;
        if (!symptom->call || (facts_of_reason(symptom->call) & ~TOO_WEAK) != (reason & ~TOO_WEAK))
            return false;
        n += 1 + symptom->count;
    }
    return n >= NH_REFUSALS_MIN && outage->hindsight.answered == 0;
}

/* How the lock manager refused it. */
static uint64_t
facts_of_status(const nh_call *call)
{
    static const uint64_t facts[] = {
        [NH_NLM_STAT_STALE_FH] = HANDLE_STALE, [NH_NLM_STAT_ROFS] = READ_ONLY, [NH_NLM_STAT_FBIG] = TOO_LARGE, [NH_NLM_STAT_FAILED] = 0
    };

    if (!call || !call->has_status)
        return 0;
    return call->status < G_N_ELEMENTS(facts) ? facts[call->status] : NO_SUCH_STATUS;
}

static uint64_t
facts_of_refusal(const nh_outage *outage, const nh_call *call)
{
    uint64_t reason = facts_of_reason(call);

    if (!call || !call->refused)
        return facts_of_status(call);
    return reason | (all_refused_so(outage, reason) ? EACH_TIME : 0);
}

/* After the reset no answer either: a server that still works on a call drops the copy (duplicate request cache). */
static bool
was_unanswered_again(const nh_outage *outage, nh_moment reset)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (nh_finding_get(symptom->finding)->hangs && symptom->way == NH_FORWARD && symptom->conn &&
            symptom->conn->first.frame > reset.frame && symptom->conn->established.frame &&
            nh_elapsed(symptom->conn->established.time, symptom->at.time) >= NH_ANSWER_TIME)
            return true;
    }
    return false;
}

/* The answer that ended it is a refusal, which the first one who waited got. */
static bool
was_refused_at_last(const nh_outage *outage)
{
    const nh_call *answered = outage->ended_by;

    return answered && answered->has_status && answered->status == NH_NLM_STAT_NOLOCKS;
}

static bool
was_granted_at_last(const nh_outage *outage)
{
    const nh_call *answered = outage->ended_by;

    return answered && answered->has_status && answered->status == NH_NLM_STAT_GRANTED;
}

/* tcp_v4_syn_recv_sock, net/ipv4/tcp_ipv4.c: the ACK that finds the accept queue full is dropped, and the SYN-ACK comes again. */
static uint64_t
facts_of_conn(const nh_outage *outage, const nh_conn *conn, nh_moment since)
{
    bool unaccepted = conn->unaccepted.frame >= outage->start.frame && conn->unaccepted.frame <= outage->last.frame;
    bool by_client = conn->reset_by_client == (conn->way == NH_FORWARD);

    return (unaccepted ? UNACCEPTED : 0) | (by_client ? RESET_BY_CLIENT : 0) |
           (conn->after_idle.frame && conn->after_idle.frame == since.frame ? AFTER_IDLE : 0) |
           (conn->middlebox_reset && !conn->pair->distance[!conn->reset_by_client].moved ? THIRD_RESET : 0) |
           (conn->middlebox_synack && !conn->pair->distance[1].moved ? THIRD_SYNACK : 0);
}

/* The server did not ask the client's port mapper, and calls back at a port that is nobody's as far as the capture goes. */
static bool
is_unasked_port(const nh_outage *outage, const nh_symptom *evidence)
{
    bool of_locks = evidence->conn ? evidence->conn->service == NH_SERVICE_PROBABLE : evidence->call && evidence->call->prog == NH_PROG_NLM;

    nh_moment lookup = outage->pair->side[NH_CALLBACK].first_lookup;

    return evidence->way == NH_CALLBACK && of_locks && (!lookup.frame || lookup.frame > evidence->at.frame);
}

/* The server asked the client's port mapper, and does not use its answer. */
static bool
is_unnamed_port(const nh_outage *outage, const nh_symptom *evidence)
{
    const nh_pair_side *back = &outage->pair->side[NH_CALLBACK];
    bool of_locks = evidence->conn ? nh_conn_service(evidence->conn) == NH_SERVICE_PROBABLE
                                   : evidence->call && evidence->call->prog == NH_PROG_NLM;
    nh_moment tried = evidence->conn ? evidence->conn->first : evidence->call ? nh_call_first(evidence->call)->at : evidence->at;
    uint16_t port = evidence->conn ? evidence->conn->server.port : evidence->call ? evidence->call->dst.port : 0;

    return evidence->way == NH_CALLBACK && of_locks && back->named.frame && back->named.frame < tried.frame && port != back->named_port;
}

static bool
is_callback_taken(const nh_symptom *evidence)
{
    const nh_call *call = evidence->way == NH_CALLBACK ? evidence->call : NULL;

    return call && call->prog == NH_PROG_NLM && nh_nlm_kind(call->proc) == NH_NLM_GRANTED && !call->refused &&
           (call->tcp_acked || nh_call_rare_of(call)->accepted.frame);
}

/* The client's own host says of a datagram to its lock manager that it is not taken. */
static bool
is_refused_datagram(const nh_symptom *symptom)
{
    const nh_call *call = symptom->way == NH_CALLBACK && !symptom->conn ? symptom->call : NULL;

    return call && call->prog == NH_PROG_NLM && nh_call_rare_of(call)->icmp.at.frame &&
           nh_addr_equal(&nh_call_rare_of(call)->icmp.sender, &call->dst.addr);
}

/* The client comes back on the ports of a connection of whose end the capture has nothing. */
static bool
is_end_missing(const nh_conn *before)
{
    return before && before->state != NH_TCP_CLOSED && before->state != NH_TCP_RESET && !before->half[0].fin;
}

/* What the client sent on this connection came to the server, which acknowledges it, or must have: the capture has not all of it. */
static bool
is_missing_here(const nh_conn *conn)
{
    return conn && (is_end_missing(conn->previous) || conn->half[0].has_hole);
}

/*
 * Silence proves something where the capture would have what breaks it. It does not before the capture began, nor where
 * packets are missing: of what the client sent, and of SYN-ACKs where others came.
 */
static bool
is_uncertain(const nh_outage *outage, const nh_symptom *evidence)
{
    const nh_pair *pair = outage->pair;
    bool at_beginning = MIN(evidence->since.time, outage->start.time) < pair->watch->first ||
                        (outage->first_seen && evidence->since.time - pair->watch->first < NH_BEFORE_TIME);

    if (nh_finding_get(evidence->finding)->hangs && evidence->call && evidence->at.frame == nh_call_first(evidence->call)->at.frame)
        return true; /* nothing of the two was captured since */
    if (evidence->unseen)
        return at_beginning || nh_loss_is_heavy(pair) || is_missing_here(evidence->conn);
    if (nh_finding_get(evidence->finding)->loses_calls && nh_loss_is_heavy(pair))
        return true; /* whoever resets may have met silence before */
    return pair->losses && outage->count[evidence->way][NH_SYNACK_UNACKED] && evidence->finding == NH_SYN_UNANSWERED;
}

static uint64_t
facts_of_symptom(const nh_outage *outage, const nh_symptom *evidence)
{
    return (evidence->unseen ? LOST_BEFORE : 0) | (is_uncertain(outage, evidence) ? UNCERTAIN : 0) |
           (evidence->not_called_back ? NOT_CALLED_BACK : 0) | (evidence->client_acks_nothing ? CLIENT_ACKS_NOTHING : 0) |
           (evidence->other_caller ? OTHER_CALLER : 0) | (evidence->refused_by_client ? REFUSED_BY_CLIENT : 0) |
           (evidence->way == NH_CALLBACK ? CALLBACK : 0) | (evidence->service == NH_SERVICE_PORTMAP ? OF_PORTMAP : 0) |
           (is_unasked_port(outage, evidence) ? UNASKED_PORT : 0) | (is_unnamed_port(outage, evidence) ? UNNAMED_PORT : 0) |
           (is_callback_taken(evidence) ? CALLBACK_TAKEN : 0) |
           (evidence->conn ? facts_of_conn(outage, evidence->conn, evidence->since) : NO_CONNECTION) |
           facts_of_icmp(outage->pair, evidence) |
           (nh_finding_get(evidence->finding)->loses_calls && was_unanswered_again(outage, evidence->at) ? UNANSWERED_AGAIN : 0);
}

static bool
nobody_listens(const nh_finding_row *row)
{
    return row->nobody_listens;
}

/* Of two capture points the one at the server's end shows the evidence. */
static bool
is_seen_behind(const nh_outage *outage, const nh_symptom *evidence)
{
    const nh_points *points = outage->pair->watch->points;
    const nh_point_frame *frame = points ? nh_points_frame(points, evidence->at.frame) : NULL;

    return frame && frame->point != 0 && frame->twin == 0 && frame->point != nh_points_main(points);
}

static bool
tells_none(const nh_finding_row *row)
{
    return row->tells_none;
}

static nh_side
position_of(const nh_outage *outage, const nh_symptom *evidence)
{
    return is_seen_behind(outage, evidence) ? NH_SIDE_SERVER : nh_capture_position(outage->pair);
}

/* From the first time that the call was overdue to the first loss of its connection. */
static bool
hung_before(const nh_outage *outage, const nh_symptom *evidence)
{
    if (!nh_finding_get(evidence->finding)->hangs)
        return false;
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (nh_finding_get(symptom->finding)->loses_calls && symptom->way == NH_FORWARD)
            return nh_elapsed(evidence->since.time, symptom->at.time) >= NH_HUNG_TIME;
    }
    return false;
}

static bool
waits_for_result(const nh_outage *outage)
{
    const nh_symptom *forward = earliest(outage, NH_FORWARD, false);

    return forward && owes_result(forward);
}

static bool
arrived_in_vain(const nh_outage *outage, const nh_symptom *evidence)
{
    return outage->compared.asker == 0 && nh_compared_outcome(outage, evidence->finding) == NH_OUTCOME_NOT_ANSWERED;
}

static uint64_t
facts_of(const nh_outage *outage, const nh_symptom *evidence)
{
    nh_side position = position_of(outage, evidence);

    return facts_of_symptom(outage, evidence) | facts_of_refusal(outage, evidence->call) |
           (outage->hindsight.unlock ? DEFERRED_ANSWER : 0) | (was_granted_at_last(outage) ? GRANTED_AT_LAST : 0) |
           (outage->pair->gave_up_lookups ? GAVE_UP_LOOKUPS : 0) | (was_refused_at_last(outage) ? REFUSED_AT_LAST : 0) |
           (client_had_restarted(outage) ? CLIENT_RESTARTED : 0) | (outage->hindsight.alive ? SERVER_ALIVE : 0) |
           (nh_elapsed(outage->start.time, outage->last.time) > NH_GRACE_MAX ? ENDLESS : 0) |
           (outage->turned_away >= NH_TURNED_AWAY_MIN ? EACH_TIME : 0) | (outage->calls->len == 0 && !evidence->call ? NOBODY_ASKS : 0) |
           (nh_outage_has(outage, NH_CALLBACK, nobody_listens) || is_refused_datagram(evidence) ? CALLBACK_REFUSED : 0) |
           (nh_outage_has(outage, NH_CALLBACK, tells_none) ? NOT_KNOWN_BACK : 0) | (waits_for_result(outage) ? RESULT_OWED : 0) |
           (hung_before(outage, evidence) ? HUNG_BEFORE : 0) | (outage->pair->seen_server || outage->pair->nfs_seen ? SERVER_SEEN : 0) |
           (position == NH_SIDE_CLIENT ? AT_CLIENT : 0) | (position == NH_SIDE_SERVER ? AT_SERVER : 0) |
           (arrived_in_vain(outage, evidence) ? ARRIVED : 0);
}

/* --- the cause --------------------------------------------------------------------- */

static nh_finding
cause_of(const nh_outage *outage, const nh_symptom *evidence)
{
    nh_finding first = evidence->finding;
    uint64_t beside = 0, facts = facts_of(outage, evidence);

    for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
        if (outage->count[NH_FORWARD][finding])
            beside |= UINT64_C(1) << finding;
    for (unsigned i = 0; i < G_N_ELEMENTS(causes); i++)
        if (causes[i].first >> first & 1 && (beside & causes[i].beside) == causes[i].beside && (facts & causes[i].facts) == causes[i].facts)
            return causes[i].cause;
    return first;
}

bool
nh_is_explained(const nh_outage *outage, nh_finding finding, nh_finding cause)
{
    if (finding == cause || nh_finding_get(finding)->sequel_of == cause)
        return false;
    return outage->count[NH_FORWARD][finding] > 0 && cause_of(outage, first_of(outage, finding)) == cause;
}

/* The callback was in trouble before the client's calls were, and still when those were answered. */
static bool
outlasts(const nh_outage *outage, const nh_symptom *callback, const nh_symptom *forward)
{
    nh_moment answered = outage->side[NH_FORWARD].over, reached = outage->side[NH_CALLBACK].over;

    return callback->at.frame < forward->at.frame && answered.frame && (!reached.frame || reached.frame > answered.frame);
}

/* The first symptom on the client's way; the callback's trouble when there is none, or no more than an interlude. */
static nh_finding
find_cause(const nh_outage *outage)
{
    const nh_symptom *forward = earliest(outage, NH_FORWARD, false), *callback = earliest(outage, NH_CALLBACK, false);

    if (forward && !(callback && (outlasts(outage, callback, forward) || owes_result(forward))))
        return cause_of(outage, forward);
    if (callback) /* whatever is wrong with the server's way back: that is what it means */
        return NH_GRANT_LOST;
    forward = earliest(outage, NH_FORWARD, true);
    callback = earliest(outage, NH_CALLBACK, true);
    return forward ? forward->finding : callback ? callback->finding : NH_FINDING_NONE;
}

/* --- the judgement ------------------------------------------------------------------------ */

static void
point_at(nh_judgement *judgement, points_at whom, uint64_t facts)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(sides); i++)
        if (sides[i].whom == whom && (facts & sides[i].facts) == sides[i].facts) {
            judgement->side = sides[i].side;
            judgement->confidence = sides[i].confidence;
            return;
        }
}

nh_finding
nh_cause_so_far(const nh_outage *outage, nh_moment *since)
{
    nh_finding cause = find_cause(outage);
    const nh_symptom *evidence = first_of(outage, cause);

    if (!evidence)
        return NH_FINDING_NONE;
    *since = evidence->since;
    return cause;
}

nh_judgement
nh_judge(const nh_outage *outage)
{
    nh_judgement judgement = {
        .cause = find_cause(outage), .side = NH_SIDE_UNKNOWN, .confidence = NH_CONFIDENCE_POSSIBLE, .clause = "of trouble on the way"
    };

    judgement.evidence = first_of(outage, judgement.cause);
    judgement.symptoms = count_of(outage, judgement.cause);
    uint64_t facts = judgement.evidence ? facts_of(outage, judgement.evidence) : 0;
    for (unsigned i = 0; judgement.evidence && i < G_N_ELEMENTS(clauses); i++)
        if (clauses[i].cause == judgement.cause && (facts & clauses[i].facts) == clauses[i].facts) {
            judgement.clause = clauses[i].clause;
            judgement.each = !(clauses[i].facts & EACH_TIME) ? 0 : outage->turned_away ? outage->turned_away : judgement.symptoms;
            point_at(&judgement, clauses[i].whom, facts);
            break;
        }
    if (judgement.evidence && is_seen_behind(outage, judgement.evidence)) /* how near to the server that is nobody knows */
        judgement.confidence = MAX(judgement.confidence, NH_CONFIDENCE_LIKELY);
    nh_compared_judge(outage, &judgement);
    if (judgement.confidence == NH_CONFIDENCE_SHOWN && nh_loss_is_heavy(outage->pair))
        judgement.confidence = NH_CONFIDENCE_LIKELY;
    return judgement;
}

const char *
nh_advice(const nh_outage *outage, nh_finding finding)
{
    const nh_finding_row *row = nh_finding_get(finding);
    const nh_symptom *evidence = first_of(outage, finding);
    uint64_t facts = evidence ? facts_of(outage, evidence) : 0;

    for (unsigned i = 0; evidence && i < G_N_ELEMENTS(advices); i++)
        if (advices[i].finding == finding && (facts & advices[i].facts) == advices[i].facts)
            return advices[i].advice;
    return row ? row->next : NULL;
}
