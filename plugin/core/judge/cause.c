/* cause.c
 * What explains an outage, on which side, and how sure that is.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/cause.h"

#include "core/rpc/answers.h"
#include "core/wire/procedures.h"

/* --- where the capture was taken ------------------------------------------------ */

nh_side
nh_capture_position(const nh_pair *pair)
{
    nh_side preference = pair->watch->options.position;

    if (preference != NH_SIDE_NONE && preference != NH_SIDE_UNKNOWN)
        return preference;
    if (pair->near_client > 2 * pair->near_server)
        return NH_SIDE_CLIENT;
    if (pair->near_server > 2 * pair->near_client)
        return NH_SIDE_SERVER;
    return NH_SIDE_UNKNOWN;
}

/* --- the cause --------------------------------------------------------------------- */

/* Of these the second says more than the first when both stand in one outage. */
static const struct {
    nh_finding vague, precise;
} refinements[] = {
    { NH_SYN_UNANSWERED, NH_UNREACHABLE },
    { NH_PEER_SILENT, NH_UNREACHABLE },
    { NH_REPLY_OVERDUE, NH_RESET },
    { NH_REPLY_OVERDUE, NH_DENIED_NOLOCKS }, /* lockd waited for its statd (nsm_monitor, fs/lockd/mon.c), and says so */
    { NH_CHALLENGE_ACK, NH_GRACE },
    { NH_SYN_REFUSED, NH_GRACE },
    { NH_RESET, NH_GRACE },
    { NH_CHALLENGE_ACK, NH_SERVER_RESTARTED },
    { NH_SYN_REFUSED, NH_SERVER_RESTARTED },
    { NH_RESET, NH_SERVER_RESTARTED },
    { NH_PEER_SILENT, NH_SERVER_RESTARTED },
    { NH_FIN_UNACKED, NH_SERVER_RESTARTED },
    { NH_SYN_UNANSWERED, NH_SERVER_RESTARTED },
    { NH_UNREACHABLE, NH_SERVER_RESTARTED },
    { NH_NOT_REGISTERED, NH_SERVER_RESTARTED },
    { NH_GRACE, NH_SERVER_RESTARTED },
};

static nh_finding
refine(const nh_outage *outage, nh_finding cause)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(refinements); i++)
        if (cause == refinements[i].vague && outage->count[NH_FORWARD][refinements[i].precise] > 0)
            cause = refinements[i].precise;
    return cause;
}

static bool
explains(nh_finding finding)
{
    nh_kind kind = nh_finding_get(finding)->kind;
    return (kind == NH_KIND_TRANSPORT || kind == NH_KIND_ANSWER) && finding != NH_RESET_STORM;
}

/* RFC 5961 at work: one bare ACK, the client's RST clears the old connection, and its next SYN meets the real trouble. */
static bool
is_passing(const nh_outage *outage, unsigned i)
{
    const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);

    if (symptom->finding != NH_CHALLENGE_ACK || symptom->count > 0 || i + 1 >= outage->symptoms->len)
        return false;
    const nh_symptom *next = symptom + 1;
    return next->conn == symptom->conn && nh_finding_get(next->finding)->kind == NH_KIND_TRANSPORT && next->finding != NH_CHALLENGE_ACK;
}

/* The earliest symptom of this way that explains something (verdicts that had to wait stand later in the list), or NULL. */
static const nh_symptom *
earliest(const nh_outage *outage, nh_way way)
{
    const nh_symptom *first = NULL;

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->way == way && explains(symptom->finding) && !is_passing(outage, i) && (!first || symptom->at.frame < first->at.frame))
            first = symptom;
    }
    return first;
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
    const nh_symptom *forward = earliest(outage, NH_FORWARD), *callback = earliest(outage, NH_CALLBACK);

    if (forward && !(callback && outlasts(outage, callback, forward)))
        return refine(outage, forward->finding);
    if (callback) /* whatever is wrong with the server's way back: that is what it means */
        return NH_GRANT_LOST;
    return outage->count[NH_FORWARD][NH_RESET_STORM] + outage->count[NH_CALLBACK][NH_RESET_STORM] ? NH_RESET_STORM : NH_FINDING_NONE;
}

/* --- the side ------------------------------------------------------------------------- */

typedef struct {
    nh_side side;
    nh_confidence confidence;
} blame;

/* The server does not answer: the nearer the capture to it, the surer. */
static blame
blame_silence(const nh_outage *outage, const nh_symptom *evidence)
{
    if (evidence->unseen) /* its packets did not come to the capture: they never left the client, or were lost on the way */
        return (blame){ nh_capture_position(outage->pair) == NH_SIDE_CLIENT ? NH_SIDE_CLIENT : NH_SIDE_PATH, NH_CONFIDENCE_LIKELY };
    if (evidence->deaf_client)
        return (blame){ NH_SIDE_CLIENT, nh_capture_position(outage->pair) == NH_SIDE_CLIENT ? NH_CONFIDENCE_SHOWN : NH_CONFIDENCE_LIKELY };
    if (nh_capture_position(outage->pair) == NH_SIDE_SERVER)
        return (blame){ NH_SIDE_SERVER, NH_CONFIDENCE_SHOWN };
    return (blame){ NH_SIDE_SERVER, outage->pair->seen_server ? NH_CONFIDENCE_LIKELY : NH_CONFIDENCE_POSSIBLE };
}

/* The client does not take the SYN-ACK: near the client the packets themselves show it. */
static blame
blame_handshake(const nh_outage *outage, const nh_symptom *evidence)
{
    switch (nh_capture_position(outage->pair)) {
    case NH_SIDE_CLIENT:
        return (blame){ NH_SIDE_CLIENT, NH_CONFIDENCE_SHOWN };
    case NH_SIDE_SERVER:
        return (blame){ NH_SIDE_PATH, NH_CONFIDENCE_POSSIBLE };
    default:
        return (blame){ NH_SIDE_CLIENT, NH_CONFIDENCE_LIKELY };
    }
}

static blame
blame_sender_of_icmp(const nh_outage *outage, const nh_symptom *evidence)
{
    const nh_conn *conn = evidence->conn;
    const nh_call *call = evidence->call; /* over UDP */
    bool forward = evidence->way == NH_FORWARD;
    const nh_addr *sender = conn                        ? &conn->icmp_sender
                            : call                      ? &call->icmp.sender
                            : evidence->icmp_sender.len ? &evidence->icmp_sender
                                                        : NULL;
    const nh_addr *caller = conn ? &conn->client.addr : call ? &call->src.addr : forward ? &outage->pair->client : &outage->pair->server;
    const nh_addr *called = conn ? &conn->server.addr : call ? &call->dst.addr : forward ? &outage->pair->server : &outage->pair->client;
    bool own_filter = conn ? conn->icmp_own_filter : call ? call->icmp.own_filter : evidence->icmp_own_filter;
    nh_side side = forward ? NH_SIDE_SERVER : NH_SIDE_CLIENT;

    if (own_filter)
        return (blame){ forward ? NH_SIDE_CLIENT : NH_SIDE_SERVER, NH_CONFIDENCE_SHOWN };
    if (!sender || nh_addr_equal(sender, caller)) /* no ARP answer: the neighbour is the server or a router */
        return (blame){ side, NH_CONFIDENCE_LIKELY };
    if (nh_addr_equal(sender, called))
        return (blame){ side, NH_CONFIDENCE_SHOWN };
    return (blame){ NH_SIDE_PATH, NH_CONFIDENCE_SHOWN };
}

static blame
blame_sender_of_reset(const nh_outage *outage, const nh_symptom *evidence)
{
    const nh_conn *conn = evidence->conn;
    bool by_client = conn && conn->reset_by_client == (conn->way == NH_FORWARD);
    return (blame){ by_client ? NH_SIDE_CLIENT : NH_SIDE_SERVER, NH_CONFIDENCE_LIKELY };
}

/* The callback does not get through to the client. */
static blame
blame_client_of_callback(const nh_outage *outage, const nh_symptom *evidence)
{
    bool refused = outage->count[NH_CALLBACK][NH_SYN_REFUSED] > 0;

    if (refused || nh_capture_position(outage->pair) == NH_SIDE_CLIENT)
        return (blame){ NH_SIDE_CLIENT, NH_CONFIDENCE_SHOWN };
    return (blame){ NH_SIDE_CLIENT, NH_CONFIDENCE_LIKELY };
}

static blame
blame_server_shown(const nh_outage *outage, const nh_symptom *evidence)
{
    return (blame){ NH_SIDE_SERVER, NH_CONFIDENCE_SHOWN };
}

static blame
blame_server_likely(const nh_outage *outage, const nh_symptom *evidence)
{
    return (blame){ NH_SIDE_SERVER, NH_CONFIDENCE_LIKELY };
}

/* So long after its SM_NOTIFY the server may hold connections of a client's life before: until keep-alives tell it. */
#define RESTART_TIME (300 * NH_SECOND)

static bool
client_had_restarted(const nh_outage *outage)
{
    nh_moment restarted = outage->pair->client_restarted;

    return restarted.frame && restarted.frame < outage->last.frame && outage->start.time - restarted.time < RESTART_TIME;
}

static blame
blame_for_old_connection(const nh_outage *outage, const nh_symptom *evidence)
{
    return (blame){ client_had_restarted(outage) ? NH_SIDE_CLIENT : NH_SIDE_SERVER, NH_CONFIDENCE_LIKELY };
}

static blame
blame_closed_window(const nh_outage *outage, const nh_symptom *evidence)
{
    return (blame){ evidence->deaf_client ? NH_SIDE_CLIENT : NH_SIDE_SERVER, NH_CONFIDENCE_SHOWN };
}

static blame (*const judges[NH_BLAME_COUNT])(const nh_outage *outage, const nh_symptom *evidence) = {
    [NH_BLAME_SILENT] = blame_silence,
    [NH_BLAME_HANDSHAKE] = blame_handshake,
    [NH_BLAME_ICMP_SENDER] = blame_sender_of_icmp,
    [NH_BLAME_RESET_SENDER] = blame_sender_of_reset,
    [NH_BLAME_CALLED_BACK] = blame_client_of_callback,
    [NH_BLAME_RECEIVER] = blame_closed_window,
    [NH_BLAME_OLD_CONNECTION] = blame_for_old_connection,
    [NH_BLAME_SERVER_LIKELY] = blame_server_likely,
    [NH_BLAME_SERVER] = blame_server_shown,
};

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

nh_judgement
nh_judge(const nh_outage *outage)
{
    nh_judgement judgement = { .cause = find_cause(outage), .side = NH_SIDE_UNKNOWN, .confidence = NH_CONFIDENCE_POSSIBLE };
    const nh_finding_row *row = nh_finding_get(judgement.cause);

    judgement.evidence = first_of(outage, judgement.cause);
    judgement.symptoms = count_of(outage, judgement.cause);
    if (row && judges[row->blame] && judgement.evidence) {
        blame verdict = judges[row->blame](outage, judgement.evidence);
        judgement.side = verdict.side;
        judgement.confidence = verdict.confidence;
    }
    return judgement;
}

/* --- the sentence ------------------------------------------------------------------------ */

/* The client had another way to the server, or needed none: what came meanwhile was answered at once. */
static bool
nobody_waited(const nh_outage *outage)
{
    return outage->calls->len == 0 && outage->ended_by && outage->ended_by->outage != outage;
}

/* What the client's calls met: how many, held back or sent in vain. */
static char *
calls_clause(const nh_outage *outage, const nh_call *unanswered)
{
    const nh_attempt *attempt = outage->given_up ? &outage->side[NH_FORWARD].attempt : &outage->pair->side[NH_FORWARD].attempt;
    unsigned deferred = 0, calls = outage->calls->len;
    nh_deadlines deadlines;

    if (unanswered) /* nlmclnt_grant, fs/lockd/clntlock.c: the process goes on before the answer is sent */
        return g_strdup_printf("the GRANTED_RES for frame %u %s (a Linux client has its lock all the same)",
                               unanswered->sendings[0].at.frame,
                               nh_answer_given_up(unanswered, &deadlines) ? "could not be sent" : "was held back until it ended");

    for (unsigned i = 0; i < calls; i++)
        deferred += ((const nh_call *)g_ptr_array_index(outage->calls, i))->deferred;
    if (nobody_waited(outage))
        return g_strdup("no lock call had to wait for it");
    if (calls == 0)
        return g_strdup(outage->pair->hidden.how ? "its calls cannot be read"
                        : attempt->active        ? "no lock call could be sent"
                                                 : "no lock call was seen meanwhile");
    if (deferred == 0 && outage->served)
        return g_strdup_printf("%u lock call%s affected, %u other%s answered meanwhile", calls, calls == 1 ? " was" : "s were",
                               outage->served, outage->served == 1 ? " was" : "s were");
    if (deferred == 0)
        return g_strdup_printf("%u lock call%s affected", calls, calls == 1 ? " was" : "s were");
    if (deferred == calls)
        return g_strdup_printf("%s held back until it ended", calls == 1 ? "the lock call was" : "the lock calls were");
    return g_strdup_printf("%u of %u lock calls %s held back until it ended", deferred, calls, deferred == 1 ? "was" : "were");
}

static char *
duration_clause(const nh_outage *outage, nh_time now)
{
    const nh_call *answered = outage->ended_by;
    const char *status = answered && answered->has_status && answered->status ? nh_nlm_status_name(answered->status) : NULL;
    char *lasted = nh_duration_text(nh_elapsed(outage->start.time, outage->end.frame ? outage->end.time : now));
    char *text = answered ? g_strdup_printf("for %s, until the answer in frame %u%s%s%s,", lasted, outage->end.frame, status ? " (" : "",
                                            status ? status : "", status ? ")" : "")
                 : outage->given_up  ? g_strdup_printf("for %s, after which nothing more was tried,", lasted)
                 : outage->end.frame ? g_strdup_printf("for %s", lasted)
                                     : g_strdup_printf("for the %s until the end of the capture", lasted);
    g_free(lasted);
    return text;
}

/* What the client missed, up to the server's name. */
static const char *
what_was_missing(const nh_outage *outage, const nh_call *unanswered)
{
    if (unanswered)
        return "could not answer the callback of";
    if (nobody_waited(outage))
        return "had trouble with the lock service of";
    if (outage->served)
        return outage->calls->len == 1 ? "got no answer to one lock call from" : "got no answer to some lock calls from";
    return "got no lock service from";
}

/* tcp_v4_syn_recv_sock, net/ipv4/tcp_ipv4.c: the ACK that finds the accept queue full is dropped, and the SYN-ACK comes again. */
static bool
was_unaccepted(const nh_outage *outage, const nh_judgement *judgement)
{
    const nh_conn *conn = judgement->evidence ? judgement->evidence->conn : NULL;

    return judgement->cause == NH_PEER_SILENT && conn && conn->unaccepted.frame >= outage->start.frame &&
           conn->unaccepted.frame <= outage->last.frame;
}

/* After the reset no answer either: a server that still works on a call drops the copy (duplicate request cache). */
#define ANSWER_TIME (5 * NH_SECOND)

static bool
was_unanswered_again(const nh_outage *outage, const nh_judgement *judgement)
{
    nh_moment reset = judgement->evidence ? judgement->evidence->at : (nh_moment){ 0 };

    for (unsigned i = 0; judgement->cause == NH_RESET && i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == NH_REPLY_OVERDUE && symptom->way == NH_FORWARD && symptom->conn &&
            symptom->conn->first.frame > reset.frame && symptom->at.time - reset.time >= ANSWER_TIME)
            return true;
    }
    return false;
}

/* Why there was no lock service; the row's clause, unless the evidence says more. */
static const char *
why_clause(const nh_outage *outage, const nh_judgement *judgement)
{
    const nh_finding_row *row = nh_finding_get(judgement->cause);
    bool deaf = judgement->evidence && judgement->evidence->deaf_client && judgement->cause != NH_GRANT_LOST;

    if (judgement->evidence && judgement->evidence->unseen)
        return "nothing that the client sent meanwhile got to where the capture was taken";
    if (deaf)
        return judgement->cause == NH_ZERO_WINDOW ? "the client's receive window was closed"
               : !judgement->evidence->conn       ? "the client did not hear the server, which answered, and asked again"
                                                  : "the client did not hear the server, which answered and was never acknowledged";
    if (judgement->cause == NH_CHALLENGE_ACK && client_had_restarted(outage))
        return "the client had restarted, as its SM_NOTIFY says, and the server still held the connection of before";
    if (judgement->cause == NH_RPC_REJECTED && judgement->evidence->service == NH_SERVICE_PORTMAP)
        return "the server's port mapper refused to tell lockd's port";
    if (was_unaccepted(outage, judgement))
        return "the server did not take the connection: it sent its SYN-ACK again, though the client had acknowledged it";
    if (was_unanswered_again(outage, judgement))
        return "the connection was reset, and the server took the call again on a new one and did not answer it";
    return row && row->clause ? row->clause : "of trouble on the way";
}

char *
nh_outage_summary(const nh_outage *outage, const nh_judgement *judgement, nh_time now)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *start = nh_time_clock(outage->start.time);
    const nh_call *unanswered = nh_answer_all_that_suffered(outage);
    char *calls = calls_clause(outage, unanswered), *lasted = duration_clause(outage, now);
    uint32_t frame = judgement->evidence && judgement->evidence->since.frame ? judgement->evidence->since.frame : outage->start.frame;
    const char *sure = judgement->confidence == NH_CONFIDENCE_SHOWN ? "the packets show it" : nh_confidence_name(judgement->confidence);
    char *text = g_strdup_printf("From %s UTC %s %s %s %s because %s (%s, from frame %u on); %s. Side: %s (%s).", start, lasted,
                                 nh_addr_text(&outage->pair->client, client), what_was_missing(outage, unanswered),
                                 nh_addr_text(&outage->pair->server, server), why_clause(outage, judgement),
                                 nh_finding_name(judgement->cause), frame, calls, nh_side_name(judgement->side), sure);
    g_free(start);
    g_free(calls);
    g_free(lasted);
    return text;
}

/* --- what to check next ------------------------------------------------------------------ */

/* Nobody follows more advice than this. */
#define NEXT_STEPS_MAX 4

/* Where each finding with advice appears first; 0 = nowhere. Verdicts that had to wait stand late among the symptoms. */
static void
first_appearances(const nh_outage *outage, uint32_t *frames)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        uint32_t *first = &frames[symptom->finding];
        /* advice is written for the client's way to the server; of the way back it is that on the callback */
        bool fits = symptom->way == NH_FORWARD || symptom->finding == NH_GRANT_LOST;
        if (fits && nh_finding_get(symptom->finding)->next && (*first == 0 || symptom->at.frame < *first))
            *first = symptom->at.frame;
    }
}

/* The cause first, then what else explains something, as it appeared. */
void
nh_outage_next_steps(const nh_outage *outage, nh_finding cause, GPtrArray *steps)
{
    uint32_t frames[NH_FINDING_COUNT] = { 0 };
    const nh_finding_row *row = nh_finding_get(cause);

    first_appearances(outage, frames);
    for (int next = cause; row && steps->len < NEXT_STEPS_MAX; row = nh_finding_get(next)) {
        if (row->next)
            g_ptr_array_add(steps, g_strdup(row->next));
        frames[next] = 0;
        next = NH_FINDING_NONE;
        for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
            if (frames[finding] && (!next || frames[finding] < frames[next]))
                next = finding;
    }
}
