/* lookups.c
 * Look-ups of lockd's port: the start of a call, or the mark of its major timeout.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/lookups.h"

#include "core/base/limits.h"
#include "core/clock/grant_answers.h"
#include "core/model/call.h"
#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/deadlines.h"
#include "core/model/frames.h"
#include "core/clock/kernel_lines.h"
#include "core/wire/procedures.h"
#include "core/model/trouble.h"
#include "core/judge/raise.h"

/* The connection of this way whose stuck FIN blocks the port, or NULL. */
static nh_conn *
blocking_conn(const nh_pair *pair, nh_way way)
{
    for (unsigned i = 0; i < pair->troubled->len; i++) {
        nh_conn *conn = g_ptr_array_index(pair->troubled, i);
        if (conn->way == way && conn->service != NH_SERVICE_PORTMAP && nh_finding_get(nh_conn_trouble(conn)->finding)->blocks_port)
            return conn;
    }
    return nh_raise_withheld(pair, NH_FIN_UNACKED, way);
}

/* issued: at the latest, where more is not known of it. */
static void
raise_rebind(nh_pair *pair, nh_way way, nh_moment at, nh_time issued, bool known, const nh_call *call)
{
    bool maybe_now = !call && !known && pair->looks_up_first == NH_HABIT_UNKNOWN;

    nh_raise(&(nh_evidence){ .finding = NH_REBIND,
                             .pair = pair,
                             .way = way,
                             .at = at,
                             .says = { NH_REMARK_REBIND,
                                       { NH_NUMBER(way == NH_CALLBACK), NH_NUMBER(nh_elapsed(issued, at.time)), NH_NUMBER(!known),
                                         NH_NUMBER(call != NULL), NH_POINTER(call ? nh_nlm_procedure_name(call->proc) : NULL),
                                         NH_NUMBER(call ? nh_call_first(call)->at.frame : 0), NH_NUMBER(maybe_now) } } });
}

static bool
in_window(const nh_deadlines *deadlines, nh_moment at)
{
    return at.time >= deadlines->major_earliest - NH_CLOCK_SLACK && at.time <= deadlines->major_latest + 5 * NH_CLOCK_SLACK;
}

/* The bit of a call or of what is looked up in nh_pair's versions_used; 0 for a version that no NLM has. */
static uint8_t
version_bit(uint32_t vers)
{
    return vers < 8 ? (uint8_t)(1u << vers) : 0;
}

void
nh_lookup_note_version(const nh_call *call)
{
    call->pair->wants_locks = true;
    call->pair->side[call->way].versions_used[call->l4 == NH_L4_UDP] |= version_bit(call->vers);
}

/* rpcb_getport_async, net/sunrpc/rpcb_clnt.c: version and transport of the call that waits, asked over the same transport. */
static bool
is_asked_for(const nh_call *call, const nh_call *lookup)
{
    return !lookup || (lookup->asked->vers == call->vers && lookup->asked->prot == call->l4 && lookup->l4 == call->l4);
}

/* Monitoring looks up what its pair's lock calls do not use; of a pair without calls nobody knows. */
static bool
is_for_locks(const nh_call *lookup)
{
    const uint8_t *versions_used = lookup->pair->side[lookup->way].versions_used;

    if (!versions_used[0] && !versions_used[1])
        return true;
    return versions_used[lookup->asked->prot == NH_L4_UDP] & version_bit(lookup->asked->vers);
}

/* A call that waits, and whose major timeout this look-up follows. */
static void
raise_rebind_of(const nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_policy policy = nh_policy_of(pair, call->l4, pair->watch->options.use_mount);
    bool known = call->issue.earliest == call->issue.latest;
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(pair), call->wait, &shortest, &longest);
    raise_rebind(pair, call->way, at, known ? call->issue.latest : MIN(call->issue.latest, at.time - shortest), known, call);
}

/* The longest time from a call to its line. Of calls that are older no look-up tells anything; thousands may wait for hours. */
static nh_time
longest_wait(const nh_pair *pair)
{
    return 2 * nh_ladder_max(pair); /* before it was sent, and behind that */
}

static bool
is_long_over(const nh_call *call, nh_time longest, nh_moment at)
{
    return nh_elapsed(MAX(call->issue.latest, nh_call_first(call)->at.time), at.time) > longest;
}

/* Calls that wait: does this look-up (NULL: what it asks is not known yet) follow their major timeout? */
static bool
dates_a_call(nh_pair *pair, nh_way way, const nh_call *lookup, nh_moment at)
{
    nh_time longest = pair->side[way].outstanding.len ? longest_wait(pair) : 0;
    bool dated = false;

    for (unsigned i = 0; i < pair->side[way].outstanding.len; i++) {
        nh_call *call = pair->side[way].outstanding.items[i];
        nh_deadlines deadlines;

        if (is_long_over(call, longest, at))
            continue;
        if (call->prog != NH_PROG_NLM || nh_call_is_one_way(call) || call->line_seen.frame || call->issue.cycles_before)
            continue;
        if (nh_line_event(pair, way, call) != NH_LOG_STILL_TRYING)
            continue; /* a soft task ends there and looks up nothing */
        nh_call_deadlines(call, pair->watch->options.use_mount, &deadlines);
        if (!is_asked_for(call, lookup) || !in_window(&deadlines, at))
            continue;
        call->line_seen = at;
        if (!dated) {
            pair->dated.frame = at.frame;
            pair->dated.before = pair->family;
        }
        nh_attempt_recognise(call);
        if (!dated)
            raise_rebind_of(call, at);
        dated = true;
    }
    return dated;
}

void
nh_lookup_in_hindsight(nh_call *call, nh_moment at)
{
    nh_deadlines deadlines;

    nh_call_deadlines(call, call->pair->watch->options.use_mount, &deadlines);
    if (!in_window(&deadlines, at))
        return;
    call->line_seen = at;
    raise_rebind_of(call, at);
}

/*
 * A look-up while the old socket blocks the port, and nothing else tells of a
 * call: less than a major timeout after the FIN it belongs to the call's start
 * (nlm_bind_host looks up anew 60 s after the last time, fs/lockd/host.c up to
 * 5.10), and so does a later one of 3.10-5.2 and of who was seen to do that. Of
 * others it follows a major timeout; who was not seen to do either may be wronged.
 */
static void
begin_while_closing(nh_pair *pair, nh_way way, const nh_conn *blocking, nh_moment at)
{
    nh_attempt *attempt = &pair->side[way].attempt;
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, pair->watch->options.use_mount);
    nh_time fin = blocking->half[0].fin_since;
    nh_family family = nh_pair_family(pair);
    bool looks_up_first = family == NH_FAMILY_3_10 || family == NH_FAMILY_5_2 || pair->looks_up_first == NH_HABIT_YES;
    nh_time shortest, longest;

    nh_timer_major_range(&policy, family, NH_WAIT_CLOSING, &shortest, &longest);
    if (at.time - fin < shortest - NH_CLOCK_SLACK || looks_up_first || nh_client_is_other(pair)) {
        nh_attempt_begin(attempt, NH_WAIT_CLOSING, nh_bound(NH_ISSUE_ATTEMPT, at.frame, at.time), at);
        return;
    }
    nh_issue_bound by_line = nh_bound(NH_ISSUE_LINE, at.frame, at.time - longest);
    nh_issue_bound by_fin = nh_bound(NH_ISSUE_FIN, blocking->half[0].fin_at.frame, fin);
    nh_attempt_begin(attempt, NH_WAIT_CLOSING, by_line.time > fin ? by_line : by_fin, at);
    attempt->start.time = at.time - shortest;
    nh_issue_between(&attempt->issue, by_line.time > fin ? by_line : by_fin, nh_bound(NH_ISSUE_LINE, at.frame, at.time - shortest));
    attempt->line_seen = at;
    raise_rebind(pair, way, at, attempt->start.time, false, NULL);
}

static bool
lock_calls_wait(const nh_pair *pair, nh_way way)
{
    for (unsigned i = 0; i < pair->side[way].outstanding.len; i++)
        if (((const nh_call *)pair->side[way].outstanding.items[i])->prog == NH_PROG_NLM)
            return true;
    return false;
}

void
nh_lookup_told_none(nh_call *lookup, nh_moment at)
{
    nh_pair *pair = lookup->pair;
    nh_time before = pair->told_none ? pair->told_none->reply.time : NH_TIME_NONE;

    if (lookup->way != NH_FORWARD)
        return;
    if (!nh_time_known(before) || nh_elapsed(before, at.time) > NH_BIND_RETRY_MAX)
        pair->told_none_row = 1;
    else
        pair->told_none_row += nh_elapsed(before, at.time) >= NH_SECOND; /* other versions are asked for at once */
    pair->told_none = lookup;
}

/* No further look-up came when one was due: the call that looked up has failed, and another one begins. */
static bool
end_if_given_up(nh_pair *pair, nh_way way, nh_moment at)
{
    nh_attempt *attempt = &pair->side[way].attempt;

    if (way != NH_FORWARD || pair->told_none_row != NH_BIND_TRIES || pair->losses > 0 ||
        nh_elapsed(pair->told_none->reply.time, at.time) <= NH_BIND_PAUSE)
        return false;
    pair->gave_up_lookups++;
    pair->told_none_row = 0;
    if (nh_attempt_pending(attempt))
        attempt->active = false;
    return true;
}

static void
remember(nh_pair_side *side, nh_moment at)
{
    side->lookup_before = side->last_lookup;
    side->last_lookup = at;
    if (!side->first_lookup.frame)
        side->first_lookup = at;
}

/* The attempt goes on with this look-up, which may follow its major timeout. */
static void
go_on(nh_pair *pair, nh_way way, nh_conn *conn, nh_moment at)
{
    nh_attempt *attempt = &pair->side[way].attempt;
    nh_deadlines deadlines;

    if (attempt->line_seen.frame || attempt->answers || attempt->issue.cycles_before)
        return;
    nh_attempt_deadlines(pair, way, attempt, &deadlines);
    if (!in_window(&deadlines, at))
        return;
    attempt->line_seen = at;
    attempt->looker = conn;
    raise_rebind(pair, way, at, attempt->start.time, attempt->issue.earliest == attempt->start.time, NULL);
}

/* A look-up by a SYN to port 111 (lookup NULL) or by a datagram; seen: it is in the capture. */
static void
look_up(nh_pair *pair, nh_way way, nh_conn *conn, const nh_call *lookup, nh_moment at, bool seen)
{
    nh_attempt *attempt = &pair->side[way].attempt;
    const nh_conn *blocking = blocking_conn(pair, way);
    nh_moment before = pair->side[way].last_lookup;
    bool retry = before.frame && at.time - before.time < NH_LOOKUP_RETRY_TIME, another = end_if_given_up(pair, way, at);

    remember(&pair->side[way], at);
    if (nh_grant_answer_begins(pair, way, at)) {
        attempt->looker = conn;
        return;
    }
    if (seen && !retry && dates_a_call(pair, way, lookup, at))
        return;
    if (nh_attempt_lasts(pair, way, at)) {
        attempt->step = at;
        if (seen && !retry)
            go_on(pair, way, conn, at);
    } else if (!lock_calls_wait(pair, way)) {
        if (blocking && seen)
            begin_while_closing(pair, way, blocking, at);
        else
            nh_attempt_begin(attempt, NH_WAIT_CONNECT, nh_bound(NH_ISSUE_ATTEMPT, at.frame, at.time), at);
        if (!another)
            nh_attempt_may_be_old(pair, way, at);
        attempt->looker = conn;
    }
}

void
nh_lookup_syn(nh_conn *conn, nh_moment at, bool seen)
{
    look_up(conn->pair, conn->way, conn, NULL, at, seen);
}

/* The SYN dated the lines of calls that its look-up (NULL: of another program) does not ask for: so did it not. */
static void
undate_calls(const nh_conn *conn, const nh_call *lookup)
{
    nh_pair *pair = conn->pair;
    bool undated = false, dated = false;

    for (unsigned i = 0; conn->syn.frame && i < pair->side[conn->way].outstanding.len; i++) {
        nh_call *call = pair->side[conn->way].outstanding.items[i];
        if (call->line_seen.frame != conn->syn.frame)
            continue;
        if (lookup && is_asked_for(call, lookup)) {
            dated = true;
            continue;
        }
        call->line_seen.frame = 0;
        call->outlived = false;
        call->outlived_in = 0;
        nh_call_expect(call);
        undated = true;
    }
    if (!undated || dated)
        return;
    nh_frame_unnote(pair->watch, conn->syn.frame, NH_REBIND);
    nh_frame_unnote(pair->watch, conn->syn.frame, NH_NOT_RESPONDING);
    if (pair->dated.frame == conn->syn.frame)
        pair->family = pair->dated.before;
}

void
nh_lookup_call(nh_call *lookup, nh_conn *conn, nh_moment at)
{
    bool for_locks = is_for_locks(lookup);

    if (conn) { /* its SYN was taken for a look-up of the right kind */
        undate_calls(conn, lookup);
        if (!for_locks)
            nh_lookup_not_ours(conn);
    } else if (for_locks) {
        look_up(lookup->pair, lookup->way, NULL, lookup, at, true);
    }
}

void
nh_lookup_not_ours(nh_conn *conn)
{
    nh_attempt *attempt = &conn->pair->side[conn->way].attempt;

    if (conn->syn.frame && conn->pair->side[conn->way].last_lookup.frame == conn->syn.frame)
        conn->pair->side[conn->way].last_lookup = conn->pair->side[conn->way].lookup_before;
    undate_calls(conn, NULL);
    nh_frame_unnote(conn->pair->watch, conn->syn.frame, NH_REBIND);
    if (attempt->looker != conn)
        return;
    if (attempt->line_seen.frame && attempt->start.frame != conn->syn.frame)
        attempt->line_seen.frame = 0;
    else
        attempt->active = false;
    attempt->looker = NULL;
}

/* --- look-ups that wait -------------------------------------------------------------- */

/* An acknowledged look-up without an answer: who waits for it is told, and whoever sees the server's callback fail. */
static void
raise_overdue(nh_call *call, nh_moment at)
{
    nh_moment sent = nh_call_first(call)->at;

    call->outlived = true;
    nh_raise(&(nh_evidence){ .finding = NH_REPLY_OVERDUE,
                             .call = call,
                             .at = at,
                             .since = sent,
                             .says = { NH_REMARK_LOOKUP_OVERDUE, { NH_NUMBER(sent.frame), NH_NUMBER(nh_elapsed(sent.time, at.time)) } } });
}

/*
 * Before 5.13 the port mapper's client has a timer of its own, 60 s (rpcb_create, net/sunrpc/rpcb_clnt.c): no copy of
 * the look-up ever tells that it is overdue.
 */
static bool
is_overdue(const nh_call *call, nh_moment at)
{
    const nh_sending *first = nh_call_first(call);

    return call->asked->prog == NH_PROG_NLM && call->tcp_acked && !call->outlived && at.time - first->at.time >= NH_LOOKUP_OVERDUE_TIME &&
           !(first->conn && first->conn->one_sided);
}

void
nh_lookup_watch(nh_pair *pair, nh_moment at)
{
    for (unsigned i = 0; pair->lookups && i < pair->lookups->len; i++) {
        nh_call *call = g_ptr_array_index(pair->lookups, i);
        if (is_overdue(call, at))
            raise_overdue(call, at);
    }
}
