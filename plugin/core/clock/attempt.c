/* attempt.c
 * A client's way to a call: the SYNs and look-ups before it is on the wire, and when its timers expire.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/attempt.h"

#include "core/base/limits.h"
#include "core/clock/issue.h"
#include "core/clock/issue_copies.h"
#include "core/clock/issue_syns.h"
#include "core/clock/client.h"
#include "core/clock/grant_answers.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/judge/dead_calls.h"
#include "core/model/losses.h"
#include "core/judge/incident.h"
#include "core/model/ports.h"
#include "core/clock/kernel_lines.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/model/trouble.h"

/* --- attempts ------------------------------------------------------------------- */

/* A look-up of this attempt over UDP, where no connection is in trouble, has no answer yet. */
static bool
lookup_waits(const nh_pair *pair, nh_way way, nh_moment at)
{
    for (unsigned i = 0; pair->lookups && i < pair->lookups->len; i++) {
        const nh_call *call = g_ptr_array_index(pair->lookups, i);
        uint32_t first = call->sendings[0].at.frame;
        if (call->way == way && call->l4 == NH_L4_UDP && call->asked->prog == NH_PROG_NLM && first >= pair->side[way].attempt.start.frame &&
            first < at.frame)
            return true;
    }
    return false;
}

bool
nh_attempt_lasts(const nh_pair *pair, nh_way way, nh_moment at)
{
    const nh_attempt *attempt = &pair->side[way].attempt;
    nh_time latest = pair->relieved.frame ? MAX(attempt->step.time, pair->relieved.time) : attempt->step.time;
    /* where look-ups find nothing no connection is in trouble */
    bool in_trouble = pair->troubled->len > 0 || (way == NH_FORWARD && pair->mismatch.refused) ||
                      (pair->open && pair->open->ways & (1u << way) && !nh_outage_is_watching(pair->open));

    /* the server took the connection and gave it up at once: the client comes back with what it wanted */
    bool opening = attempt->opening && (attempt->opening->state == NH_TCP_SYN_SENT || attempt->opening->turned_away) &&
                   at.time - attempt->step.time <= NH_SYN_GAP_MAX;

    return nh_attempt_pending(attempt) && (in_trouble || opening || at.time - latest <= NH_STEP_TIME || lookup_waits(pair, way, at));
}

void
nh_attempt_begin(nh_attempt *attempt, nh_wait wait, nh_issue_bound earliest, nh_moment at)
{
    *attempt = (nh_attempt){ .active = true, .start = at, .step = at, .wait = wait };
    nh_issue_between(&attempt->issue, earliest, nh_bound(NH_ISSUE_ATTEMPT, at.frame, at.time));
}

/* Calls of this client pass and are not in the capture, or cannot be read: losses, a filter for port 111, frames that are cut. */
static bool
calls_pass_unseen(const nh_pair *pair, nh_moment at)
{
    bool unfollowed = pair->unfollowed.n > 0 && at.time - pair->unfollowed.last.time >= NH_STEP_TIME;

    return pair->gap.frame || unfollowed || nh_calls_unread(pair);
}

void
nh_attempt_may_be_old(nh_pair *pair, nh_way way, nh_moment at)
{
    nh_attempt *attempt = &pair->side[way].attempt;
    nh_time since = nh_since_beginning(pair->watch, at.time);
    bool begins = !pair->mounts && pair->calls == 0 && pair->outages->len == 0 && since < NH_BEGINNING_TIME && since > 0;

    if (way != NH_FORWARD || attempt->wait != NH_WAIT_CONNECT || attempt->start.frame != at.frame ||
        !(begins || calls_pass_unseen(pair, at)))
        return;
    nh_issue_open(&attempt->issue, pair, at.time);
}

/* Calls of the outage wait for this connection: it is not opened for a new one. */
static bool
others_wait(const nh_pair *pair, nh_way way)
{
    for (unsigned i = 0; pair->open && i < pair->side[way].outstanding.len; i++)
        if (((const nh_call *)pair->side[way].outstanding.items[i])->outage == pair->open)
            return true;
    return false;
}

/* The connection of before did not end in good order: its socket may still have been there, dead. */
static bool
left_dead(const nh_conn *before)
{
    return before && before->state != NH_TCP_CLOSED && !before->half[0].fin;
}

/* Of the first one that the capture has nobody knows since when it was wanted: a client that begins looks the port up. */
static bool
is_unasked(const nh_conn *conn, nh_moment at)
{
    const nh_pair *pair = conn->pair;
    nh_moment lookup = pair->side[conn->way].last_lookup;
    bool asked = lookup.frame && at.time - lookup.time < NH_STEP_TIME;

    return conn->way == NH_FORWARD && !asked && pair->answered == 0 && nh_since_beginning(pair->watch, at.time) < NH_SOCKET_MAX;
}

/* Of one that is opened unasked where the capture begins nobody knows how the one before it ended. */
static bool
may_have_left_dead(const nh_conn *conn)
{
    return left_dead(conn->previous) || (conn->unasked && !conn->previous);
}

void
nh_attempt_connect(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;
    nh_attempt *attempt = &pair->side[conn->way].attempt;
    nh_moment fin = nh_blocking_fin(conn, at);

    conn->unasked = conn->unasked || is_unasked(conn, at);

    nh_call_lookups_overtaken(pair, conn->way);
    pair->wants_locks = true;
    nh_outage_waits(pair, at.time);
    bool begins = nh_grant_answer_begins(pair, conn->way, at);
    conn->for_answer = nh_attempt_pending(attempt) && attempt->answers;
    if (begins || others_wait(pair, conn->way))
        return;
    if (!nh_attempt_lasts(pair, conn->way, at)) {
        nh_attempt_begin(attempt,
                         fin.frame                  ? NH_WAIT_CLOSING
                         : may_have_left_dead(conn) ? NH_WAIT_RECONNECT
                                                    : NH_WAIT_CONNECT,
                         fin.frame ? nh_bound(NH_ISSUE_FIN, fin.frame, fin.time) : nh_bound(NH_ISSUE_ATTEMPT, at.frame, at.time), at);
    } else if (attempt->wait == NH_WAIT_CONNECT && attempt->start.frame == conn->syn.frame && conn->attempt_syn.frame == at.frame) {
        attempt->wait = NH_WAIT_RECONNECT; /* the first one was aborted, nobody knows by what */
    }
    if (fin.frame)
        nh_issue_by_fin(attempt, conn, fin);
    attempt->step = at;
    attempt->opening = conn;
}

/*
 * A look-up and at once a call, though lockd's port was in use before and nothing
 * was in trouble: this client looks up anew for a call 60 s after the last time
 * (nlm_bind_host, fs/lockd/host.c up to 5.10), so that a look-up may be the start
 * of a call.
 */
static bool
looked_up_first(const nh_attempt *attempt, const nh_conn *conn, nh_moment call)
{
    const nh_conn *used = conn->first.frame < attempt->start.frame ? conn : conn->previous;
    bool in_use = used && used->calls > 0 && used->first.frame < attempt->start.frame && used->state != NH_TCP_RESET;

    return in_use && attempt->active && attempt->looker && attempt->wait == NH_WAIT_CONNECT && !attempt->line_seen.frame &&
           !conn->pair->open && call.time - attempt->start.time < NH_SECOND;
}

/* The call was sent at once: nothing held it back. */
static void
issued_when_sent(nh_call *call, nh_wait wait, nh_moment at)
{
    call->wait = wait;
    nh_issue_is(&call->issue, NH_ISSUE_SENT, at);
}

/*
 * The call lay behind a closed window: RPC had handed it to TCP between the closing
 * and the first probe, which only waiting bytes cause (tcp_probe_timer,
 * net/ipv4/tcp_timer.c). Those behind it may have come at any time.
 */
static bool
lay_behind_window(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_half *receiver = conn ? &conn->half[!nh_call_half(call, conn)] : NULL;

    if (!receiver || !receiver->shut.until.frame || at.time - receiver->shut.until.time > NH_FIRST_CALL_TIME)
        return false;
    call->wait = NH_WAIT_REPLY;
    nh_issue_between(&call->issue, nh_bound(NH_ISSUE_WINDOW, receiver->shut.since.frame, receiver->shut.since.time),
                     nh_time_known(receiver->shut.probed) ? nh_bound(NH_ISSUE_WINDOW, 0, receiver->shut.probed)
                                                          : nh_bound(NH_ISSUE_SENT, at.frame, at.time));
    receiver->shut.probed = NH_TIME_NONE;
    return true;
}

/* A minute and more after the latest look-up, and none for this call: what Linux does from 5.11 on. */
static void
learn_habit(const nh_call *call)
{
    nh_pair *pair = call->pair;
    nh_moment lookup = pair->side[call->way].last_lookup;

    if (pair->looks_up_first == NH_HABIT_UNKNOWN && lookup.frame && call->issue.earliest - lookup.time > NH_REBIND_TIME)
        pair->looks_up_first = NH_HABIT_NO;
}

/* Its connection was opened while packets were missing, for it or for a call before it. */
static bool
is_opening_missing(const nh_call *call, const nh_conn *conn, nh_moment at)
{
    return conn && conn->middle && conn->calls == 1 && call->pair->losses && at.time - conn->first.time < NH_FIRST_CALL_TIME &&
           at.time - call->pair->watch->first > NH_SECOND;
}

/* What the client had sent before on the connection that it had opened is missing: the call may be another than that which waited for it. */
static bool
is_behind_another(nh_call *call, const nh_conn *conn, const nh_attempt *attempt, nh_moment at)
{
    if (!conn || !conn->half[nh_call_half(call, conn)].has_hole)
        return false;
    call->wait = NH_WAIT_REPLY_NEW;
    nh_issue_between(&call->issue, nh_bound(attempt->issue.after, attempt->issue.after_frame, attempt->issue.earliest),
                     nh_bound(NH_ISSUE_SENT, at.frame, at.time));
    nh_issue_after_timeouts(&call->issue);
    call->sendings[0].behind_hole = true;
    return true;
}

/* How a call stands to the connection that it comes by; over UDP nothing of that. */
typedef struct {
    bool unopened; /* the connection was opened meanwhile and its opening not captured: nobody knows when */
    bool new_conn; /* so it was, or just before the call */
    bool first;    /* of the calls on a new one */
} arrival;

static arrival
arrival_of(const nh_call *call, const nh_conn *conn, nh_moment at)
{
    arrival by = { false };

    if (!conn)
        return by;
    bool overtakes = conn->half[nh_call_half(call, conn)].fin; /* its SYN is captured behind it: nobody sends on what he closed */
    by.unopened = conn->middle && conn->first.frame == at.frame && call->pair->side[call->way].attempt.active && call->pair->losses;
    by.new_conn = by.unopened || (conn->established.frame && (overtakes || at.time - conn->established.time <= NH_FIRST_CALL_TIME));
    by.first = by.new_conn && (overtakes || conn->calls == 1);
    return by;
}

/* No attempt led to this call. */
static void
date_without_attempt(nh_call *call, const nh_conn *conn, arrival by, nh_moment at)
{
    issued_when_sent(call, by.first ? NH_WAIT_REPLY_NEW : NH_WAIT_REPLY, at);
    if (is_opening_missing(call, conn, at))
        nh_issue_open(&call->issue, call->pair, at.time);
}

/* The call was held back as its attempt was: by a closing socket, for longer than a second, or until its connection opened. */
static bool
was_held_back(const nh_call *call, const nh_conn *conn, const nh_attempt *attempt, arrival by, nh_moment at)
{
    bool released = conn && !by.unopened && at.time - conn->established.time <= NH_RELEASE_TIME &&
                    at.time - attempt->start.time > NH_SECOND;

    return at.time - call->issue.latest > NH_SECOND || attempt->wait == NH_WAIT_CLOSING || released;
}

/* What was said of the attempt is said of its call. */
static void
hand_over(nh_call *call, const nh_conn *conn, nh_attempt *attempt, arrival by, nh_moment at)
{
    if (by.first || !conn)
        call->line_seen = attempt->line_seen;
    /* a soft task that outlived it is gone */
    call->outlived = attempt->outlived && nh_line_event(call->pair, call->way, attempt->answers) == NH_LOG_STILL_TRYING;
    call->outlived_in = call->outlived ? attempt->outlived_in : 0;
    attempt->taken_at = attempt->taken ? attempt->taken_at : at.time;
    attempt->taken = true;
}

/* The attempt led to this call: what it waited for, the call did. */
static void
date_by_attempt(nh_call *call, const nh_conn *conn, nh_attempt *attempt, arrival by, nh_moment at)
{
    bool closing = attempt->wait == NH_WAIT_CLOSING && !attempt->line_seen.frame && attempt->issue.earliest < attempt->start.time;

    call->wait = conn ? NH_WAIT_REPLY_NEW : NH_WAIT_REPLY;
    call->issue = attempt->issue;
    /* the first call out had opened the connection; those behind it may have come later */
    if (!closing && !by.first && conn)
        nh_issue_between(&call->issue, nh_bound(call->issue.after, call->issue.after_frame, call->issue.earliest),
                         nh_bound(NH_ISSUE_SENT, at.frame, at.time));
    if (was_held_back(call, conn, attempt, by, at))
        call->wait = attempt->wait;
    hand_over(call, conn, attempt, by, at);
}

/* What the call shows of the attempt before it: over a connection of before it is none of its. */
static void
regard_attempt(const nh_call *call, const nh_conn *conn, nh_attempt *attempt, arrival by, nh_moment at)
{
    nh_call_lookups_overtaken(call->pair, call->way);
    if (conn && looked_up_first(attempt, conn, at))
        call->pair->looks_up_first = NH_HABIT_YES;
    if (conn && !by.new_conn)
        attempt->active = false;
}

/* Returns the look-up that came while the call lay in the socket, its frame 0 if there was none. */
static nh_moment
date_issue(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_attempt *attempt = &call->pair->side[call->way].attempt;
    arrival by = arrival_of(call, conn, at);
    const nh_moment none = { 0, NH_TIME_NONE }, looked_up = attempt->active && attempt->looker ? attempt->start : none;

    if (attempt->active && nh_conn_is_of_other_client(attempt->opening, conn)) {
        issued_when_sent(call, NH_WAIT_REPLY, at);
        return none;
    }
    regard_attempt(call, conn, attempt, by, at);
    if (lay_behind_window(call, conn, at))
        return call->issue.latest < at.time ? looked_up : none;
    if (nh_queued_call(call, conn, at) || (!attempt->active && by.new_conn && nh_queued_reconnect(call, conn, at)))
        return none;
    if (attempt->taken && !conn && at.time - attempt->taken_at > NH_RELEASE_TIME)
        attempt->active = false; /* over UDP nothing else tells that it is over */
    if (!attempt->active)
        date_without_attempt(call, conn, by, at);
    else if (!is_behind_another(call, conn, attempt, at))
        date_by_attempt(call, conn, attempt, by, at);
    return none;
}

nh_moment
nh_attempt_sent(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_moment looked_up = date_issue(call, conn, at);

    if (call->way == NH_FORWARD && !nh_call_is_one_way(call))
        learn_habit(call);
    return looked_up;
}

/* --- outliving the major timeout ---------------------------------------------------- */

/* Returns the frame on which it is told. */
static uint32_t
raise_outlived(nh_pair *pair, nh_log_event event, nh_moment at, const nh_deadlines *deadlines, nh_moment line_seen)
{
    uint32_t frame = line_seen.frame ? line_seen.frame : at.frame;

    nh_raise(&(nh_evidence){
        .finding = NH_NOT_RESPONDING, .pair = pair, .at = { frame, at.time }, .says = nh_line_remark(pair, event, deadlines, line_seen) });
    return frame;
}

static bool
server_has_it(const nh_call *call)
{
    const nh_sending *first = nh_call_first(call);

    return call->tcp_acked && !call->issue.sent_before && call->pair->seen_client && call->pair->seen_server &&
           !(first->conn && first->conn->one_sided);
}

/* A call that outlived its major timeout without any other symptom: the server had it, or nobody knows (one direction captured). */
static void
raise_suspicion(nh_call *call, nh_moment at)
{
    const nh_sending *first = nh_call_first(call);

    if (server_has_it(call))
        nh_raise(&(nh_evidence){
            .finding = NH_REPLY_OVERDUE, .call = call, .conn = first->conn, .at = at, .since = first->at, .bits = NH_SUSPICION });
}

/* Its connection opened and nothing was in its way since: its call went out, whether or not the capture shows it (snaplen). */
static void
end_if_opened(nh_attempt *attempt, nh_moment at)
{
    const nh_conn *conn = attempt->opening;
    /* of a SYN-ACK that does not come again the client's ACK is missing */
    nh_moment open = !conn || conn->established.frame || conn->synack_count != 1 ? (conn ? conn->established : attempt->step)
                                                                                 : conn->synack;

    if (conn && !conn->turned_away && open.frame >= attempt->step.frame && !nh_conn_trouble(conn) && at.time - open.time > NH_STEP_TIME)
        attempt->active = false;
}

/* Of a client that logs no line and may never send the call again: that it waits is all that there is to see. */
static void
raise_overdue(nh_call *call, nh_moment at)
{
    const nh_sending *first = nh_call_first(call);

    call->outlived = at.time - first->at.time >= NH_OVERDUE_TIME;
    if (!call->outlived || call->n_sendings > 1 || !server_has_it(call))
        return;
    nh_dead_overdue(call, first->conn, at);
}

/* A Linux client would have sent it again by now, and nothing kept that from the capture: the server has it and does not answer. */
static bool
is_never_resent(const nh_call *call, nh_moment at)
{
    const nh_sending *first = nh_call_first(call);

    return !call->outage && call->n_sendings == 1 && at.time - first->at.time >= NH_RESEND_MAX && server_has_it(call) &&
           nh_client_would_be_seen(call);
}

/* A call whose major timeout may have come. */
static void
watch_call(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_deadlines deadlines;

    nh_call_deadlines(call, pair->watch->options.use_mount, &deadlines);
    if (deadlines.major_latest == NH_NEVER) {
        raise_overdue(call, at);
        return;
    }
    if (is_never_resent(call, at))
        nh_dead_overdue(call, nh_call_first(call)->conn, at);
    call->outlived = call->line_seen.frame || at.time > deadlines.major_latest;
    if (call->outlived && !call->outage)
        raise_suspicion(call, at);
    if (call->outlived && call->outage && call->proc != 0)
        call->outlived_in = raise_outlived(pair, nh_line_event(pair, call->way, call), at, &deadlines, call->line_seen);
}

void
nh_attempt_end(nh_pair *pair, nh_moment now)
{
    const nh_list *waiting = &pair->side[NH_FORWARD].outstanding;

    for (unsigned i = waiting->len; i-- > 0;) {
        nh_call *call = waiting->items[i];
        nh_moment at = { nh_call_first(call)->at.frame, now.time }; /* no later frame tells of it */
        if (call->prog != NH_PROG_NLM || call->outage || call->outlived || nh_call_is_one_way(call))
            continue;
        if (nh_client_is_other(pair))
            raise_overdue(call, at);
        else if (is_never_resent(call, at))
            nh_dead_overdue(call, nh_call_first(call)->conn, at);
        call->overdue_at_end = call->outage != NULL;
    }
}

/* A call of the client that waits, at its time: its major timeout may have come, or a Linux client would have sent it again. */
static void
watch_in_time(nh_call *call, nh_time no_timeout_before, nh_moment at)
{
    nh_time resend_due = nh_call_first(call)->at.time + NH_RESEND_MAX;

    if (at.time >= MIN(no_timeout_before, call->next_look))
        watch_call(call, at);
    if (at.time >= call->next_look)
        call->next_look = at.time < resend_due ? resend_due : NH_NEVER;
}

/*
 * Thousands may wait: they are gone through when it is time for one of them, not at each packet, and the less often, the
 * more they are, whatever is learnt of one meanwhile.
 */
static void
watch_calls(nh_pair *pair, nh_moment at)
{
    if (at.time < MAX(pair->no_timeout_before, pair->next_pass))
        return;
    nh_time shortest = nh_pair_no_timeout_before(pair, 0);
    unsigned n = pair->side[NH_FORWARD].outstanding.len;
    pair->no_timeout_before = G_MAXINT64;
    for (unsigned i = 0; i < pair->side[NH_FORWARD].outstanding.len; i++) {
        nh_call *call = pair->side[NH_FORWARD].outstanding.items[i];
        if (call->outlived || call->prog != NH_PROG_NLM || nh_call_is_one_way(call))
            continue;
        nh_time no_timeout_before = call->issue.earliest + shortest;
        watch_in_time(call, no_timeout_before, at);
        if (!call->outlived)
            pair->no_timeout_before = MIN(pair->no_timeout_before, MIN(no_timeout_before, call->next_look));
    }
    if (n > NH_MANY_CALLS)
        pair->next_pass = at.time + n * NH_CALL_PAUSE;
}

static bool
is_hard_error(const nh_finding_row *row)
{
    return row->hard_error;
}

void
nh_attempt_by_losses(const nh_pair *pair, nh_attempt *attempt)
{
    if (!attempt->active || attempt->answers || !nh_loss_is_heavy(pair))
        return;
    nh_issue_open(&attempt->issue, pair, attempt->start.time);
    attempt->line_seen.frame = 0;
}

/* A connect whose first copy comes a second later (RFC 6298) is a new one. */
static bool
is_new_connect(const nh_conn *conn)
{
    return conn && ABS(conn->syn_gap - NH_SECOND) <= NH_FIRST_SYN_SLACK;
}

/*
 * The capture begins with the symptom, or in a pause of the client's. A look-up may have followed any major timeout, and a
 * connect that meets an error any number of others: since when the client has wanted what it tries, nobody knows.
 */
static void
open_to_the_past(nh_pair *pair, nh_attempt *attempt)
{
    const nh_outage *outage = pair->open;
    bool cycles = outage && (!is_new_connect(attempt->opening) || nh_outage_has(outage, NH_FORWARD, is_hard_error));

    /* whoever cut the capture at the very first SYN took that for the beginning: cut anywhere else, it hardly ever falls there */
    if (attempt->start.frame == 1 && is_new_connect(attempt->opening ? attempt->opening : attempt->looker))
        return;
    if (!cycles || !outage->first_seen || attempt->issue.cycles_before || attempt->answers || pair->calls > 0 ||
        pair->gave_up_lookups > 0 || nh_since_beginning(pair->watch, attempt->start.time) >= NH_SYN_GAP_MAX)
        return;
    nh_issue_open(&attempt->issue, pair, attempt->start.time);
    attempt->line_seen.frame = 0;
}

void
nh_attempt_watch(nh_pair *pair, nh_moment at)
{
    nh_attempt *attempt = &pair->side[NH_FORWARD].attempt;
    nh_deadlines deadlines;

    for (int way = NH_FORWARD; way <= NH_CALLBACK; way++)
        if (pair->side[way].attempt.active)
            end_if_opened(&pair->side[way].attempt, at);
    watch_calls(pair, at);
    if (nh_attempt_pending(attempt))
        open_to_the_past(pair, attempt);
    if (nh_attempt_pending(attempt) && !attempt->outlived && at.time >= nh_pair_no_timeout_before(pair, attempt->issue.earliest) &&
        (pair->troubled->len > 0 || lookup_waits(pair, NH_FORWARD, at))) {
        nh_attempt_deadlines(pair, NH_FORWARD, attempt, &deadlines);
        attempt->outlived = attempt->line_seen.frame || at.time > deadlines.major_latest;
        if (attempt->outlived)
            attempt->outlived_in = raise_outlived(pair, nh_line_event(pair, NH_FORWARD, attempt->answers), at, &deadlines,
                                                  attempt->line_seen);
    }
}
