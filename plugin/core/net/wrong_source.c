/* wrong_source.c
 * Answers that come from another address, or port, than the one that was asked.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/wrong_source.h"

#include "core/base/hash.h"
#include "core/judge/raise.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/ports.h"

/* --- who asks --------------------------------------------------------------------- */

static unsigned
hash_end(const void *data)
{
    const nh_end *end = data;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, &end->addr);
    nh_hash_word(&hash, end->port);
    return nh_hash_end(&hash);
}

static gboolean
equal_ends(const void *a, const void *b)
{
    const nh_end *x = a, *y = b;
    return x->port == y->port && nh_addr_equal(&x->addr, &y->addr);
}

GHashTable *
nh_askers_new(void)
{
    return g_hash_table_new(hash_end, equal_ends);
}

void
nh_asks_by_conn(nh_watch *watch, nh_conn *conn)
{
    g_hash_table_replace(watch->asking_conns, &conn->client, conn);
}

/* A call's end may change with its next copy, so that the key is none of the call's. */
void
nh_asks_by_datagram(nh_watch *watch, nh_call *call)
{
    void *key;

    if (!g_hash_table_lookup_extended(watch->asking_calls, &call->src, &key, NULL))
        key = nh_arena_copy(watch->arena, &call->src, sizeof call->src);
    g_hash_table_replace(watch->asking_calls, key, call);
}

/* --- what answered ---------------------------------------------------------------------- */

static void
remember(nh_watch *watch, nh_wrong_source **where, const nh_end *from, nh_moment at)
{
    if (!*where || !equal_ends(&(*where)->from, from)) {
        *where = nh_arena_take(watch->arena, sizeof **where);
        (*where)->from = *from;
    }
    (*where)->last = at;
}

static nh_remark
remark_of(const nh_wrong_source *where, const nh_end *asked, uint32_t frame)
{
    return (nh_remark){ NH_REMARK_WRONG_SOURCE, { NH_POINTER(&where->from), NH_POINTER(asked), NH_NUMBER(frame) } };
}

/* --- TCP ----------------------------------------------------------------------------------- */

/* It acknowledges what this connection's client sent last, to the byte. */
static bool
answers(const nh_conn *conn, const nh_segment *segment)
{
    const nh_half *client = &conn->half[0], *server = &conn->half[1];

    if (conn->foreign || !(segment->flags & NH_TH_ACK))
        return false;
    if (conn->state == NH_TCP_SYN_SENT && conn->syn.frame)
        return segment->flags & (NH_TH_SYN | NH_TH_RST) && segment->ack == conn->isn + 1;
    return conn->state == NH_TCP_ESTABLISHED && client->has_next && server->has_next && segment->ack == client->next &&
           segment->seq == server->next;
}

static void
raise_conn(nh_conn *conn)
{
    nh_wrong_source *where = conn->wrong_source;
    bool opening = conn->state == NH_TCP_SYN_SENT;
    nh_moment asked = opening ? conn->attempt_syn : conn->half[0].awaiting.frame ? conn->half[0].awaiting : conn->last;

    where->raised = where->last.frame;
    nh_raise(&(nh_evidence){ .finding = NH_ANSWER_ELSEWHERE,
                             .conn = conn,
                             .at = where->last,
                             .since = opening ? conn->syn : asked,
                             .says = remark_of(where, &conn->server, asked.frame) });
}

/* The client resets what it knows nothing of (RFC 9293 section 3.10.7.1). */
static bool
is_refused(const nh_conn *conn, const nh_segment *segment)
{
    return conn && conn->wrong_source && equal_ends(&conn->wrong_source->from, &segment->dst);
}

bool
nh_wrong_source_segment(nh_watch *watch, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    nh_conn *conn = g_hash_table_lookup(watch->asking_conns, &segment->dst);
    bool answer = conn && answers(conn, segment);

    if (!answer) {
        conn = g_hash_table_lookup(watch->asking_conns, &segment->src);
        if (!is_refused(conn, segment))
            return false;
    }
    nh_frame *frame = nh_frame_get(watch, at);
    frame->conn = conn;
    frame->pair = conn->pair;
    bool proved = conn->wrong_source && conn->wrong_source->raised;
    if (answer)
        remember(watch, &conn->wrong_source, &segment->src, at);
    if (proved ? answer : !answer && segment->flags & NH_TH_RST && conn->wrong_source->raised != conn->wrong_source->last.frame)
        raise_conn(conn);
    return true;
}

bool
nh_wrong_source_conn(nh_conn *conn, nh_moment since)
{
    if (!conn->wrong_source || conn->wrong_source->last.frame < since.frame)
        return false;
    if (conn->wrong_source->raised != conn->wrong_source->last.frame)
        raise_conn(conn);
    return true;
}

/* --- UDP ------------------------------------------------------------------------------------- */

/* The waiting call of this asker with the reply's XID, or NULL. */
static nh_call *
call_of(nh_watch *watch, const nh_end *asker, uint32_t xid)
{
    static const uint32_t programs[] = { NH_PROG_NLM, NH_PROG_PORTMAP, NH_PROG_STAT };
    const nh_call *latest = g_hash_table_lookup(watch->asking_calls, asker);

    for (unsigned i = 0; latest && i < G_N_ELEMENTS(programs); i++) {
        nh_call *call = nh_call_find(watch, &asker->addr, &latest->dst.addr, programs[i], xid);
        if (call && call->waits && call->l4 == NH_L4_UDP && call->src.port == asker->port)
            return call;
    }
    return NULL;
}

bool
nh_wrong_source_reply(nh_watch *watch, const nh_message *reply)
{
    nh_call *call = reply->l4 == NH_L4_UDP ? call_of(watch, &reply->dst, reply->xid) : NULL;
    nh_moment at = { reply->frame, reply->time };

    if (!call)
        return false;
    bool proved = nh_call_rare_of(call)->wrong_source && nh_call_rare_of(call)->wrong_source->raised;
    nh_frame *frame = nh_frame_get(watch, at);
    frame->pair = call->pair;
    frame->service = nh_service_of_program(call->prog);
    remember(watch, &nh_call_rare_get(call)->wrong_source, &reply->src, at);
    if (proved)
        nh_wrong_source_call(call);
    return true;
}

void
nh_wrong_source_port(nh_call *call, const nh_message *reply)
{
    remember(call->pair->watch, &nh_call_rare_get(call)->wrong_source, &reply->src, (nh_moment){ reply->frame, reply->time });
}

bool
nh_wrong_source_call(nh_call *call)
{
    nh_wrong_source *where = nh_call_rare_of(call)->wrong_source;

    if (!where)
        return false;
    if (where->raised == where->last.frame)
        return true;
    where->raised = where->last.frame;
    nh_raise(&(nh_evidence){ .finding = NH_ANSWER_ELSEWHERE,
                             .call = call,
                             .at = where->last,
                             .since = nh_call_first(call)->at,
                             .says = remark_of(where, &call->dst, nh_call_first(call)->at.frame) });
    return true;
}

nh_call *
nh_wrong_source_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_call *call = nh_wrong_source_asker(watch, &quote->dst);

    return call && nh_call_rare_of(call)->wrong_source && nh_addr_equal(&quote->sender, &call->src.addr) &&
                   equal_ends(&nh_call_rare_of(call)->wrong_source->from, &quote->src)
               ? call
               : NULL;
}

nh_call *
nh_wrong_source_asker(nh_watch *watch, const nh_end *end)
{
    return g_hash_table_lookup(watch->asking_calls, end);
}
