/* call.c
 * One call: found by who sent it and its XID, with each of its transmissions.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/call.h"

#include "core/base/hash.h"
#include "core/model/conn.h"
#include "core/model/ports.h"
#include "core/wire/procedures.h"

const nh_call_rare nh_call_no_rare;

static const nh_mapping nothing_asked;

nh_call_rare *
nh_call_rare_get(nh_call *call)
{
    if (!call->rare)
        call->rare = nh_arena_take(call->pair->watch->arena, sizeof *call->rare);
    return call->rare;
}

/* Wireshark's own matching is per conversation, ours is not. */
static uint32_t
hash_call(const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t xid)
{
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, from);
    nh_hash_addr(&hash, to);
    nh_hash_word(&hash, prog);
    nh_hash_word(&hash, xid);
    return nh_hash_end(&hash);
}

static bool
is_this(const nh_call *call, const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t xid)
{
    return call->xid == xid && call->prog == prog && nh_addr_equal(&call->src.addr, from) && nh_addr_equal(&call->dst.addr, to);
}

static nh_call *
find(nh_watch *watch, uint32_t hash, const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t xid)
{
    for (nh_link *link = nh_table_first(&watch->calls, hash); link; link = link->next)
        if (is_this((nh_call *)link, from, to, prog, xid))
            return watch->latest_call = (nh_call *)link;
    return NULL;
}

nh_call *
nh_call_find(nh_watch *watch, const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t xid)
{
    if (watch->latest_call && is_this(watch->latest_call, from, to, prog, xid))
        return watch->latest_call;
    return find(watch, hash_call(from, to, prog, xid), from, to, prog, xid);
}

nh_call *
nh_call_known(nh_watch *watch, const nh_message *message, uint32_t *hash)
{
    *hash = hash_call(&message->src.addr, &message->dst.addr, message->prog, message->xid);
    return find(watch, *hash, &message->src.addr, &message->dst.addr, message->prog, message->xid);
}

nh_call *
nh_call_latest_on(const nh_conn *conn, const nh_message *reply)
{
    nh_call *call = conn->latest_call;

    if (!call || call->superseded || !is_this(call, &reply->dst.addr, &reply->src.addr, NH_PROG_NLM, reply->xid))
        return NULL;
    return call->pair->watch->latest_call = call;
}

static void
begin_to_wait(nh_call *call)
{
    nh_pair *pair = call->pair;

    call->waits = true;
    nh_list_add(&pair->side[call->way].outstanding, call);
    if (call->prog != NH_PROG_PORTMAP)
        return;
    if (!pair->lookups)
        pair->lookups = g_ptr_array_new();
    g_ptr_array_add(pair->lookups, call);
}

void
nh_call_wait_again(nh_call *call)
{
    nh_call_rare_get(call)->lost_reply = call->reply;
    call->reply = (nh_moment){ 0, NH_TIME_NONE };
    call->replies = 0;
    call->pair->answered -= call->prog == NH_PROG_NLM && !nh_call_is_ping(call);
    begin_to_wait(call);
}

void
nh_call_stop_waiting(nh_call *call)
{
    call->waits = false;
    nh_list_drop(&call->pair->side[call->way].outstanding, call);
    if (call->prog == NH_PROG_PORTMAP)
        g_ptr_array_remove_fast(call->pair->lookups, call);
    for (unsigned i = 0; i < call->n_sendings; i++) {
        nh_conn *conn = call->sendings[i].conn;
        if (conn && nh_list_drop(&conn->waiting, call) && !call->tcp_acked)
            conn->unacked[nh_call_half(call, conn)]--;
    }
}

void
nh_call_lookups_overtaken(nh_pair *pair, nh_way way)
{
    for (unsigned i = pair->lookups ? pair->lookups->len : 0; i-- > 0;) {
        nh_call *call = g_ptr_array_index(pair->lookups, i);
        if (call->way == way && call->l4 == NH_L4_TCP && !call->outlived)
            nh_call_stop_waiting(call);
    }
}

void
nh_call_wait_on(nh_call *call, nh_conn *conn)
{
    nh_list_add(&conn->waiting, call);
    conn->unacked[nh_call_half(call, conn)] += !call->tcp_acked;
    conn->calls_unchecked = true;
}

void
nh_call_append(nh_call *call, nh_sending sending)
{
    unsigned n = call->n_sendings;

    if ((n & (n - 1)) == 0) { /* full: there is room for 1, 2, 4, 8 ... */
        nh_sending *larger = nh_arena_take(call->pair->watch->arena, MAX(2 * n, 1) * sizeof *larger);
        if (n > 0)
            memcpy(larger, call->sendings, n * sizeof *larger);
        call->sendings = larger;
    }
    call->sendings[call->n_sendings++] = sending;
}

/* Whether it was sent on this connection before its latest transmission. */
static bool
sent_before(const nh_call *call, const nh_conn *conn)
{
    for (unsigned i = call->n_sendings - 1; i-- > 0;)
        if (call->sendings[i].conn == conn)
            return true;
    return false;
}

/* Bytes that its sender sent since the transmission before, on the same connection, are missing in the capture. */
static bool
is_behind_hole(const nh_call *call, const nh_conn *conn)
{
    const nh_half *from = &conn->half[nh_call_half(call, conn)];
    const nh_sending *before = nh_call_last(call);

    return before->conn == conn && from->has_hole && (int32_t)(from->hole_start - before->seq_end) >= 0;
}

void
nh_call_add_sending(nh_call *call, nh_conn *conn, uint32_t seq_end, nh_moment at)
{
    nh_sending sending = { at, conn, seq_end, false, false };

    sending.behind_hole = conn && call->n_sendings > 0 && is_behind_hole(call, conn);
    nh_call_append(call, sending);
    if (conn)
        conn->latest_call = call;
    else
        call->pair->side[call->way].latest_datagram = call;
    if (call->rare)
        call->rare->acknowledged.frame = 0; /* what was acknowledged was no answer to it */
    if (conn && call->waits && !(sent_before(call, conn) && nh_list_has(&conn->waiting, call)))
        nh_call_wait_on(call, conn);
}

int
nh_call_half(const nh_call *call, const nh_conn *conn)
{
    if (conn->pair->one_host) /* it mounts its own export */
        return nh_conn_half(conn, &call->src);
    if (conn->pair == call->pair)
        return call->way == conn->way ? 0 : 1;
    return !nh_addr_equal(&conn->client.addr, &call->src.addr);
}

static void
own(const nh_pair *pair, GPtrArray **owned, void *it)
{
    if (pair->calls > 0 || pair->turned)
        return;
    if (!*owned)
        *owned = g_ptr_array_new();
    g_ptr_array_add(*owned, it);
}

void
nh_pair_own_conn(nh_pair *pair, nh_conn *conn)
{
    own(pair, &pair->unproved.conns, conn);
}

static void
own_call(nh_pair *pair, nh_call *call)
{
    own(pair, &pair->unproved.calls, call);
}

/* Kept once, however many calls have it. */
static const char *
keep_name(nh_pair_side *side, nh_watch *watch, const char *name)
{
    if (!side->caller_name || strcmp(side->caller_name, name) != 0)
        side->caller_name = g_string_chunk_insert_const(watch->names, name);
    return side->caller_name;
}

nh_call *
nh_call_new(nh_pair *pair, nh_way way, const nh_message *message, nh_call *before, uint32_t hash)
{
    nh_watch *watch = pair->watch;
    nh_call *call = nh_arena_take(watch->arena, sizeof *call);

    call->pair = pair;
    call->way = way;
    call->l4 = message->l4;
    call->src = message->src;
    call->dst = message->dst;
    call->xid = message->xid;
    call->prog = message->prog;
    call->vers = message->vers;
    call->proc = message->proc;
    call->integrity = message->integrity;
    call->asked = &nothing_asked;
    call->nlm = message->nlm;
    call->nlm.caller = keep_name(&pair->side[way], watch, message->caller);
    call->reply.time = NH_TIME_NONE;
    call->issue.earliest = call->issue.latest = call->line_before = NH_TIME_NONE;
    call->next_look = NH_TIME_NONE;
    nh_list_add(&watch->call_list, call);
    own_call(pair, call);
    nh_table_put(&watch->calls, &call->link, hash, before ? &before->link : NULL);
    if (before)
        before->superseded = true;
    watch->latest_call = call;
    if (!nh_nlm_is_result(call->prog, call->proc)) /* many send no RPC reply to those */
        begin_to_wait(call);
    return call;
}

const char *
nh_call_outcome(const nh_call *call)
{
    if (call->refused)
        return nh_refusal_name(call->refused);
    return call->has_status ? nh_nlm_status_name(call->status) : NULL;
}

bool
nh_call_is_one_way(const nh_call *call)
{
    return nh_nlm_is_message(call->prog, call->proc) || nh_nlm_is_result(call->prog, call->proc);
}

nh_moment
nh_call_done(const nh_call *call)
{
    if (nh_call_is_one_way(call))
        return nh_call_first(call)->at;
    return call->reply.frame ? call->reply : nh_call_rare_of(call)->acknowledged;
}

bool
nh_call_retries_lock(const nh_call *call)
{
    const nh_pair *pair = call->pair;

    if (nh_nlm_kind(call->proc) != NH_NLM_LOCK || !call->nlm.has_lock)
        return false;
    if (!pair->blocked.frame)
        return call->nlm.block;
    return call->nlm.svid == pair->blocked_lock.svid && call->nlm.file == pair->blocked_lock.file;
}
