/* tcp_life.c
 * The life of each followed connection (RFC 9293), from raw sequence numbers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_life.h"

#include "core/base/limits.h"
#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/lookups.h"
#include "core/net/wrong_source.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/model/losses.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_restarts.h"
#include "core/net/first_syns.h"
#include "core/judge/outage_end.h"
#include "core/net/pairs.h"
#include "core/net/tcp_copies.h"
#include "core/net/tcp_fin.h"
#include "core/net/tcp_open.h"
#include "core/net/tcp_reset.h"
#include "core/net/middlebox.h"
#include "core/points/tape.h"
#include "core/net/unfollowed.h"
#include "core/judge/raise.h"
#include "core/model/ports.h"

#define SEQ_BEFORE(a, b) ((int32_t)((a) - (b)) < 0)
#define SEQ_AFTER(a, b)  ((int32_t)((a) - (b)) > 0)

bool
nh_tcp_acked(const nh_half *half, uint32_t end)
{
    return half->has_acked && !SEQ_BEFORE(half->acked, end);
}

/* --- the open connection ----------------------------------------------------------------- */

/* The bytes from the next one up to this one were not captured so far. */
static void
leave_hole(nh_half *half, uint32_t end)
{
    half->has_hole = true;
    half->hole_start = half->next;
    half->hole_end = end;
}

static void
take_ack(nh_segment_context *p)
{
    nh_half *to = p->to;
    uint32_t ack = p->seg->ack;

    if (!(p->seg->flags & NH_TH_ACK))
        return;
    bool moved = p->from->packets && SEQ_AFTER(ack, p->from->last_ack_sent);
    if (moved)
        p->from->ack_moved = true;
    if (to->has_next ? SEQ_AFTER(ack, to->next) : moved) { /* it got bytes that the capture did not, or not yet */
        if (to->has_next)
            leave_hole(to, ack);
        nh_loss_note(p->conn->pair, p->at);
        to->next = ack;
        to->has_next = true;
        p->effect->missed = true;
    }
    p->from->last_ack_sent = ack;
    if (!to->has_acked || SEQ_AFTER(ack, to->acked)) {
        to->acked = ack;
        to->has_acked = true;
    }
    if (to->fin && !to->fin_acked && !SEQ_BEFORE(ack, to->fin_end)) {
        to->fin_acked = true;
        to->fin_acked_at = p->at;
        nh_trouble_end(p->conn, NH_FIN_UNACKED, p->at);
    }
}

static void
take_window(nh_segment_context *p)
{
    p->from->window = p->seg->window;
    if (p->seg->window == 0 && !(p->seg->flags & (NH_TH_SYN | NH_TH_RST | NH_TH_FIN))) {
        if (!p->from->zero_since.frame)
            p->from->zero_since = p->at;
    } else if (p->from->zero_since.frame) {
        if (p->from->probed.frame) {
            p->from->shut.since = p->from->zero_since;
            p->from->shut.until = p->at;
            p->from->shut.probed = p->from->probed.time;
        }
        p->from->zero_since.frame = 0;
        p->from->probed.frame = 0;
        nh_trouble_end(p->conn, NH_ZERO_WINDOW, p->at);
    }
}

/* A window closed for more than a second while a call or a probe waits for it. */
static void
judge_window(nh_segment_context *p)
{
    if (!p->from->zero_since.frame && !p->to->zero_since.frame)
        return;
    for (int i = 0; i < 2; i++) {
        nh_half *receiver = &p->conn->half[i];
        nh_moment since = receiver->zero_since;
        if (!since.frame || p->at.time - since.time <= NH_SECOND || !(receiver->probed.frame || nh_conn_outstanding(p->conn)))
            continue;
        nh_raise(&(nh_evidence){
            .finding = NH_ZERO_WINDOW,
            .conn = p->conn,
            .silent = nh_silent_side(i),
            .at = p->at,
            .since = since,
            .says = { NH_REMARK_ZERO_WINDOW,
                      { NH_NUMBER(nh_conn_role(p->conn, i)), NH_NUMBER(since.frame), NH_NUMBER(nh_elapsed(since.time, p->at.time)) } } });
    }
}

/* Resends what the other side acknowledged and acknowledges nothing new: it lives, but nothing reaches it. */
static bool
acknowledges_nothing(nh_segment_context *p)
{
    const nh_segment *seg = p->seg;

    if (seg->len <= 1 || !(seg->flags & NH_TH_ACK) || !p->to->has_acked)
        return false;
    return nh_tcp_acked(p->from, seg->seq + seg->len) && !SEQ_AFTER(seg->ack, p->to->acked);
}

/* The peer answered with something: it is not silent. */
static void
take_sign_of_life(nh_segment_context *p)
{
    if (acknowledges_nothing(p))
        return;
    p->to->silent = 0;
    p->to->awaiting.frame = 0;
    if (p->conn->troubles)
        nh_trouble_end(p->conn, NH_PEER_SILENT, p->at);
}

static void
advance_clock(nh_half *half, uint32_t clock)
{
    if (!half->has_clock || SEQ_AFTER(clock, half->clock))
        half->clock = clock;
    half->has_clock = true;
}

/* A time stamp of the peer's is echoed that no captured packet had: one came that the capture missed (RFC 7323 section 4.3). */
static void
take_unseen_sign_of_life(nh_segment_context *p)
{
    if (!p->seg->has_tsval || !(p->seg->flags & NH_TH_ACK))
        return;
    if (p->to->has_clock && SEQ_AFTER(p->seg->tsecr, p->to->clock)) {
        p->from->silent = 0;
        p->from->awaiting.frame = 0;
        nh_trouble_end(p->conn, NH_PEER_SILENT, p->at);
    }
    advance_clock(p->to, p->seg->tsecr);
}

/* One more packet into the silence of the peer: a retransmission or a keep-alive. */
static void
into_silence(nh_segment_context *p, bool keepalive)
{
    nh_half *from = p->from;

    if (!from->awaiting.frame)
        from->awaiting = p->at;
    from->silent++;
    nh_time silence_lasts = p->at.time - from->awaiting.time;
    if ((from->silent < 2 && silence_lasts < NH_LONE_RESEND_TIME) || p->to->zero_since.frame || silence_lasts < NH_SILENT_TIME)
        return;
    if (p->index == 0 && nh_wrong_source_conn(p->conn, from->awaiting))
        return;
    nh_raise(&(nh_evidence){ .finding = NH_PEER_SILENT,
                             .conn = p->conn,
                             .silent = nh_silent_side(!p->index),
                             .at = p->at,
                             .since = from->awaiting,
                             .says = { NH_REMARK_SILENCE,
                                       { NH_NUMBER(keepalive), NH_NUMBER(from->silent), NH_NUMBER(nh_conn_role(p->conn, !p->index)),
                                         NH_NUMBER(nh_elapsed(from->awaiting.time, p->at.time)) } } });
}

/* Whether the payload was sent before. */
static bool
was_sent(nh_segment_context *p)
{
    nh_half *from = p->from;

    if (!from->has_next || SEQ_AFTER(p->seg->seq + p->seg->len, from->next))
        return false;
    if (from->has_hole && !SEQ_BEFORE(p->seg->seq, from->hole_start) && !SEQ_AFTER(p->seg->seq + p->seg->len, from->hole_end)) {
        from->has_hole = false; /* late, out of order, or the first copy was not captured */
        nh_loss_filled(p->conn->pair);
        return false;
    }
    return true;
}

static void
advance(nh_segment_context *p)
{
    nh_half *from = p->from;

    if (from->has_next && SEQ_AFTER(p->seg->seq, from->next)) {
        leave_hole(from, p->seg->seq);
        nh_loss_note(p->conn->pair, p->at);
    }
    if (!from->has_next || SEQ_AFTER(p->end, from->next))
        from->next = p->end;
    from->has_next = true;
}

static bool
is_keepalive(nh_segment_context *p)
{
    return p->seg->len <= 1 && p->from->has_next && p->seg->seq == p->from->next - 1 && p->seg->flags & NH_TH_ACK &&
           !(p->seg->flags & (NH_TH_SYN | NH_TH_FIN | NH_TH_RST));
}

/* A keep-alive breaks a silence of many seconds: what the peer sent just before it is its answer, captured first. */
static bool
is_answered_already(const nh_segment_context *p)
{
    return p->to->latest && ABS(p->at.time - p->to->latest) < NH_SILENT_TIME;
}

static void
note_new_data(nh_half *half, nh_moment at)
{
    if (half->newest.frame && at.time - half->newest.time >= NH_BURST_TIME)
        half->data_before = half->newest;
    half->newest = at;
}

static void
take_data(nh_segment_context *p)
{
    nh_segment_effect *effect = p->effect;
    nh_half *from = p->from;

    effect->seq = p->seg->seq;
    effect->end = p->seg->seq + p->seg->len;
    if (p->index == 1 && p->seg->len > 1 && p->conn->middle && p->to->packets == 0)
        p->conn->answers_first = true;
    if (is_keepalive(p)) {
        if (p->to->zero_since.frame)
            p->to->probed = p->to->probed.frame ? p->to->probed : p->at;
        else if ((!nh_tcp_acked(from, p->seg->seq + p->seg->len) || p->seg->len == 0) && !is_answered_already(p))
            into_silence(p, true);
    } else if (p->seg->len > 0) {
        effect->retransmission = was_sent(p);
        effect->new_data = !effect->retransmission;
        if (p->index == 0 && p->conn->way == NH_FORWARD && nh_conn_carries_locks(p->conn))
            p->conn->pair->carrier = p->conn;
        if (effect->new_data && !(p->conn->middle && from->packets == 0)) /* the first one seen may have been sent before */
            note_new_data(from, p->at);
        if (effect->retransmission && !nh_tcp_acked(from, effect->end))
            into_silence(p, false);
        else if (effect->new_data && !from->awaiting.frame)
            from->awaiting = p->at;
    }
    if (p->seg->flags & NH_TH_FIN)
        nh_fin_take(p);
    advance(p);
}

/* Both sides closed and each knows it. */
static void
check_closed(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (conn->state == NH_TCP_ESTABLISHED && conn->half[0].fin_acked && conn->half[1].fin_acked) {
        conn->state = NH_TCP_CLOSED;
        nh_trouble_end(conn, NH_FINDING_NONE, p->at);
    }
}

/* Proof that the capture misses one direction: a side acknowledges what nobody was seen to send. */
static void
check_one_sided(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (p->to->packets > 0 || conn->one_sided)
        return;
    bool opened_by_nobody = p->index == 0 && conn->syn.frame && conn->state == NH_TCP_ESTABLISHED;
    conn->one_sided = opened_by_nobody || p->from->ack_moved || (p->index == 1 && conn->synack_count > 0);
    if (conn->one_sided)
        conn->pair->half_captured = true;
}

static void
pass_by_state(nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    uint16_t flags = p->seg->flags;

    if (flags & NH_TH_RST) {
        nh_reset_take(p);
        return;
    }
    if (flags & NH_TH_SYN) {
        if (flags & NH_TH_ACK)
            nh_open_synack(p);
        else
            nh_open_syn(p);
        if (flags & NH_TH_ACK && conn->state == NH_TCP_ESTABLISHED)
            return; /* the server did not get the ACK: no sign of life for data sent since */
    } else if (conn->state == NH_TCP_SYN_SENT || conn->state == NH_TCP_SYN_RECEIVED) {
        if (!nh_open_other(p))
            return;
    }
    take_sign_of_life(p);
    take_unseen_sign_of_life(p);
    take_ack(p);
    take_window(p);
    p->end = p->seg->seq + p->seg->len + (flags & NH_TH_SYN ? 1 : 0) + (flags & NH_TH_FIN ? 1 : 0);
    if (flags & NH_TH_SYN)
        advance(p);
    else
        take_data(p);
    judge_window(p);
    check_closed(p);
}

/* A packet of the pair: what it proves by itself, and what its time means for all that waits. */
static void
judge_before(const nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    nh_pair *pair = conn->pair;

    pair->packets++;
    pair->fragments |= p->seg->fragment;
    nh_pair_seen(pair, &p->seg->src.addr);
    if (pair->withheld)
        nh_raise_release(pair);
    if (pair->outages->len > 0)
        nh_outage_tick(pair, p->at);
    if (nh_attempt_may_be_due(pair, p->at))
        nh_attempt_watch(pair, p->at);
    if (pair->lookups)
        nh_lookup_watch(pair, p->at);
    if (p->index == 0 && conn->way == NH_FORWARD && nh_conn_service(conn) == NH_SERVICE_NLM)
        nh_unfollowed_end(conn, (p->seg->flags & NH_TH_SYN) != 0, p->at);
}

/* A segment of this half of a connection passes. */
static nh_segment_effect
pass(nh_conn *conn, int half, const nh_segment *segment)
{
    nh_watch *watch = conn->pair->watch;
    nh_segment_effect effect = { .segment = segment, .conn = conn, .half = half };
    nh_segment_context p = { .conn = conn,
                             .effect = &effect,
                             .seg = segment,
                             .index = half,
                             .from = &conn->half[half],
                             .to = &conn->half[!half],
                             .at = { segment->frame, segment->time } };
    nh_frame *frame = nh_frame_get(watch, p.at);
    uint32_t key = nh_tcp_copy_key(segment);

    if (!segment->quoted)
        nh_tape_segment(watch->tape, conn, half, segment);

    watch->latest_pair = conn->pair;
    if (!frame->conn) {
        frame->conn = conn;
        frame->pair = conn->pair;
    }
    if (nh_tcp_is_copy(p.from, segment, key) || (nh_tcp_may_be_second_view(watch, segment) && nh_tcp_is_second_view(conn, segment, key))) {
        effect.duplicate = true;
        return effect;
    }
    judge_before(&p);
    if (segment->has_tsval)
        advance_clock(p.from, segment->tsval);
    nh_middlebox_watch(conn, half, segment);
    pass_by_state(&p);
    check_one_sided(&p);
    nh_tcp_remember(p.from, segment, key);
    if (nh_elapsed(conn->last.time, p.at.time) >= NH_IDLE_TIME)
        conn->after_idle = p.at;
    conn->last = p.at;
    p.from->latest = p.at.time;
    return effect;
}

nh_segment_effect
nh_tcp_pass(nh_conn *conn, const nh_segment *segment)
{
    return pass(conn, nh_conn_half(conn, &segment->src), segment);
}

bool
nh_tcp_wake(nh_watch *watch, const nh_addr *a, const nh_addr *b)
{
    nh_segment syn;

    if (g_hash_table_size(watch->first_syns) == 0 || !nh_first_syn_take(watch, a, b, &syn))
        return false;
    nh_conn *conn = nh_follow(watch, &syn);
    if (conn)
        nh_tcp_pass(conn, &syn);
    return true;
}

/* The connection of a segment, or NULL. A known one has its pair, and of hosts that have one no SYN is put aside. */
static nh_conn *
conn_of(nh_watch *watch, const nh_segment *segment)
{
    nh_conn *known = nh_follow_find(watch, &segment->src, &segment->dst);

    if (known)
        return nh_follow_known(watch, known, segment);
    if (nh_tcp_wake(watch, &segment->src.addr, &segment->dst.addr))
        return nh_follow(watch, segment);
    return nh_first_syn_keep(watch, segment) ? NULL : nh_follow_new(watch, segment);
}

nh_segment_effect
nh_tcp_segment(nh_watch *watch, const nh_segment *segment)
{
    nh_conn *conn = conn_of(watch, segment);

    if (!conn)
        return (nh_segment_effect){ .segment = segment };
    int half = nh_conn_half(conn, &segment->src);
    nh_locks_pair_seen(conn->pair, nh_conn_role(conn, half) == 0, (nh_moment){ segment->frame, segment->time });
    if (conn->pair->client_restarted.frame)
        nh_faults_alive(conn, &segment->src.addr, (nh_moment){ segment->frame, segment->time });
    return pass(conn, half, segment);
}
