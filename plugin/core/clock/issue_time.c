/* issue_time.c
 * How old a call or a connection attempt was when the capture first showed it:
 * captures begin in the middle of an outage, and lose packets. Nothing but the
 * timers that follow can tell.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/issue_time.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/losses.h"
#include "core/clock/policy.h"

static void
issued_before(nh_call *call, nh_time earliest, nh_time latest, bool cycles)
{
    call->first_unseen = true;
    call->cycles_unseen = cycles;
    call->issued_earliest = earliest;
    call->issued_latest = latest;
    nh_call_expect(call);
}

static void
issued_when_seen(nh_call *call)
{
    call->first_unseen = call->cycles_unseen = false;
    call->issued_earliest = call->issued_latest = call->sendings[0].at.time;
    nh_call_expect(call);
}

unsigned
nh_copies_queued_together(const nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    unsigned copies = 1, in_one_frame = 0;

    for (unsigned i = 1; i < call->n_sendings; i++) {
        const nh_sending *sending = &call->sendings[i];
        if (sending->at.time - first->at.time >= NH_QUEUED_TIME)
            break; /* thousands may follow */
        if (sending->by_tcp || sending->conn != first->conn)
            continue;
        copies++;
        in_one_frame += sending->at.frame == (sending - 1)->at.frame;
    }
    return in_one_frame ? copies : 1;
}

/* T, 2T, 3T, and the same again after the major timeout. */
nh_time
nh_time_to_copy(const nh_call *call, unsigned n)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    nh_time timeout = policy.nlm_timeout * NH_SECOND, sum = 0;

    for (unsigned i = 1; i < n; i++)
        sum += ((i - 1) % 3 + 1) * timeout;
    return sum;
}

/* The gap to the next copy that RPC's timer sent; NH_TIME_NONE when there is none. */
static nh_time
first_gap(const nh_call *call)
{
    nh_time first = call->sendings[0].at.time;

    for (unsigned i = 1; i < call->n_sendings; i++) {
        const nh_sending *sending = &call->sendings[i];
        if (sending->behind_hole)
            return NH_TIME_NONE; /* the copy between the two was not captured */
        if (nh_call_timer_sent(call, sending) && sending->at.time - first >= NH_QUEUED_TIME)
            return sending->at.time - first;
    }
    return NH_TIME_NONE;
}

/*
 * Sent on an open connection right after a port look-up, and nothing of it before:
 * after a major timeout, or kernels before 5.10 look up anew each minute.
 */
static bool
follows_lookup(const nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    nh_moment lookup = call->pair->side[call->way].last_lookup;

    return call->opens_half && lookup.frame && lookup.frame < first->at.frame && first->at.time - lookup.time < NH_SECOND;
}

/* Gaps in units of nlm_timeout, and how long the call had waited before: each copy one unit longer than the last (rpc_timer.c). */
static const struct {
    int64_t gap, least, most;
} waits[] = {
    { 2, 1, 1 },
    { 3, 2, 3 }, /* 2 where the connect had cost one step */
    { 4, 3, 5 }, /* over UDP, and where the connect had cost one */
    { 0, 1, 5 }, /* over UDP, longer: no first gap in any case */
};

/* The latest that its sender had sent on this connection: what the stream holds behind it came later. */
static nh_time
sent_before(const nh_call *call)
{
    const nh_sending *first = call->sendings;
    nh_moment before = first->conn ? first->conn->half[nh_call_half(call, first->conn)].data_before : first->at;

    return before.frame && before.frame < first->at.frame ? before.time : first->at.time - NH_SOCKET_MAX;
}

void
nh_issue_time_by_copies(nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    nh_time timeout = policy.nlm_timeout * NH_SECOND, seen = first->at.time, gap = first_gap(call);
    unsigned queued = nh_copies_queued_together(call);

    if (call->way != NH_FORWARD || call->wait != NH_WAIT_REPLY || (call->first_unseen && !nh_time_known(gap) && queued == 1))
        return;
    if (call->queued) {
        call->issued_latest = CLAMP(seen - nh_time_to_copy(call, queued), call->issued_earliest, call->issued_latest);
        return;
    }
    if (queued > 1) {
        nh_time before = sent_before(call), latest = seen - nh_time_to_copy(call, queued);
        /* more time than the capture's clock has for it: that host was suspended */
        issued_before(call, MAX(before, seen - NH_SOCKET_MAX), before > latest ? seen : latest, false);
        return;
    }
    if (!nh_time_known(gap))
        return;
    /* an earlier copy that is not in the capture can only have come before it */
    bool cycles = seen - call->pair->watch->first < 4 * timeout + NH_TIMER_LATENESS;
    if (call->cycles_unseen || !call->first_unseen)
        issued_when_seen(call);
    if (follows_lookup(call)) {
        issued_before(call, seen - NH_WAITED_MAX, seen, true);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(waits); i++) {
        bool fits = waits[i].gap ? ABS(gap - waits[i].gap * timeout) < NH_TIMER_LATENESS : call->l4 == NH_L4_UDP && gap > 4 * timeout;
        if (!fits)
            continue;
        /* met in the middle, the connection may have been a new one, and its first gap is 2T for kernels before 5.3 */
        bool maybe_new = waits[i].gap == 2 && first->conn && first->conn->middle && nh_pair_family(call->pair) != NH_FAMILY_5_3;
        nh_time least = maybe_new ? 0 : waits[i].least * timeout, most = waits[i].most * timeout + waits[i].most * NH_TIMER_LATENESS;
        issued_before(call, seen - most - (cycles ? NH_WAITED_MAX : 0), seen - least + (maybe_new ? 0 : NH_CLOCK_SLACK), cycles);
        return;
    }
}

void
nh_issue_time_by_beginning(nh_call *call)
{
    const nh_sending *first = nh_call_first(call);
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    bool at_once = call->issued_earliest == call->issued_latest && call->issued_latest == first->at.time;
    bool among_copies = first->at.time - call->pair->watch->first < 4 * policy.nlm_timeout * NH_SECOND + NH_TIMER_LATENESS;

    if (call->opens_half && call->n_sendings == 1 && at_once && among_copies && call->way == NH_FORWARD && call->wait == NH_WAIT_REPLY &&
        !call->line_seen.frame)
        issued_before(call, first->at.time - NH_WAITED_MAX, first->at.time, true);
}

/* The least time until the client logs something of this call. */
static nh_time
shortest_major(const nh_call *call)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, call->pair->watch->options.use_mount);
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(call->pair), call->wait, &shortest, &longest);
    return shortest - NH_CLOCK_SLACK;
}

void
nh_issue_time_by_losses(nh_call *call)
{
    nh_moment first = nh_call_first(call)->at;

    if (call->way != NH_FORWARD || !nh_loss_is_heavy(call->pair))
        return;
    nh_time waited = MAX(nh_call_last(call)->at.time, nh_call_done(call).time) - MIN(call->issued_latest, first.time);
    call->no_line = waited < shortest_major(call) && (call->no_line || !call->doubted);
    call->doubted = true;
    issued_before(call, MIN(call->issued_earliest, first.time - NH_WAITED_MAX), first.time, true);
}

void
nh_issue_time_by_tcp(nh_call *call)
{
    const nh_sending *first = &call->sendings[0], *last = first + call->n_sendings - 1;
    nh_time gap = last->at.time - first->at.time;

    if (!call->opens_half || call->n_sendings != 2 || call->way != NH_FORWARD || call->wait != NH_WAIT_REPLY)
        return;
    /*
     * The timer doubles (RFC 6298 section 5.5): all before took little longer than what
     * follows, for the loss probe and lateness; above its limit of 120 s gaps tell nothing.
     */
    nh_time before = gap > NH_SOCKET_MAX / 3 ? NH_SOCKET_MAX : gap + gap / 32 + NH_SECOND;
    issued_before(call, first->at.time - before, first->at.time, false);
}

/* What a SYN dated that was not the first one. */
static void
undate(nh_pair *pair, nh_way way, uint32_t frame)
{
    nh_attempt *attempt = &pair->side[way].attempt;

    if (attempt->line_seen.frame == frame)
        attempt->line_seen.frame = 0;
    for (unsigned i = 0; i < pair->side[way].outstanding->len; i++) {
        nh_call *call = g_ptr_array_index(pair->side[way].outstanding, i);
        if (call->line_seen.frame == frame)
            call->line_seen.frame = 0;
    }
    nh_frame_unnote(pair->watch, frame, NH_NOT_RESPONDING);
}

/* The first SYN that was captured is a resend: the attempt began so much earlier. */
static void
began_earlier(nh_conn *conn, nh_time by)
{
    nh_attempt *attempt = &conn->pair->side[conn->way].attempt;

    undate(conn->pair, conn->way, conn->syn.frame);
    if (!nh_attempt_pending(attempt) || attempt->start.frame != conn->syn.frame)
        return;
    attempt->earliest = MIN(attempt->earliest, conn->syn.time - by);
    if (conn->service == NH_SERVICE_PORTMAP) { /* such a look-up may have followed any major timeout */
        attempt->undatable = true;
        attempt->earliest = MIN(attempt->earliest, conn->syn.time - NH_WAITED_MAX);
    }
}

static void
issue_time_by_linear_gaps(nh_conn *conn, nh_moment at)
{
    unsigned gaps = conn->syn_count - 1; /* before this SYN */
    nh_time latest = at.time - conn->last.time, before = conn->last.time - conn->syn.time;
    bool seconds = ABS(before - gaps * NH_SECOND) <= gaps * NH_SYN_LATENESS;

    if (gaps < 2 || gaps >= NH_SYN_LINEAR_GAPS || !seconds || ABS(latest - NH_SYN_GAP_DOUBLED) > 2 * NH_SYN_LATENESS)
        return;
    began_earlier(conn, (NH_SYN_LINEAR_GAPS - gaps) * (NH_SECOND + NH_SYN_LATENESS));
}

void
nh_issue_time_by_syn(nh_conn *conn, nh_moment at)
{
    nh_time gap = at.time - conn->attempt_syn.time;

    if (conn->syn_count > 1) {
        if (conn->attempt_syn.frame == conn->syn.frame)
            issue_time_by_linear_gaps(conn, at);
        return;
    }
    for (int64_t step = 2; step <= 64; step *= 2) {
        if (gap < step * NH_SECOND - NH_CLOCK_SLACK || gap > step * NH_SECOND + step * NH_SECOND / 10)
            continue;
        began_earlier(conn, gap + NH_SYN_LINEAR_TIME);
    }
}

nh_moment
nh_blocking_fin(const nh_conn *conn, nh_moment at)
{
    const nh_conn *before = conn->previous;
    nh_moment none = { 0, NH_TIME_NONE };

    /* its trouble may not be known yet: a verdict is withheld while only one direction was seen */
    if (!before || !before->half[0].fin)
        return none;
    const nh_half *half = &before->half[0];
    /* the only packet that the capture has of it, and nobody acknowledged it: the last of many */
    if (half->fin_resends == 0 && before->middle && half->packets == 1 && !half->fin_acked &&
        at.time - half->fin_at.time > NH_FIN_RELEASE_TIME)
        return (nh_moment){ half->fin_at.frame, at.time - NH_FIN_BLOCK_MAX };
    if (half->fin_resends == 0)
        return none;
    bool released = half->fin_acked && at.time - half->fin_acked_at.time <= NH_FIN_RELEASE_TIME;
    bool expired = !half->fin_acked && at.time - half->fin_at.time <= NH_FIN_BLOCK_MAX;
    return released || expired ? (nh_moment){ half->fin_at.frame, half->fin_since } : none;
}

void
nh_issue_time_by_fin(nh_attempt *attempt, const nh_conn *conn, nh_moment fin)
{
    /* only where the capture begins among its resends: else a look-up that begins an attempt is its beginning */
    if (fin.frame > attempt->start.frame || fin.time >= conn->previous->half[0].fin_at.time)
        return;
    if (nh_wait_is_connect(attempt->wait)) {
        attempt->wait = NH_WAIT_CLOSING;
        attempt->earliest = MIN(attempt->earliest, fin.time);
    }
    attempt->undatable = true;
}
