/* call.c
 * One call: found by who sent it and its XID, with each of its transmissions.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "call.h"

#include "async_calls.h"
#include "lock_table.h"
#include "outage.h"
#include "pairs.h"

/* The key of a call: Wireshark's own matching is per conversation, ours is not. */
typedef struct {
    nh_addr from, to;
    guint32 prog, xid;
} call_key;

static call_key
make_key(const nh_addr *from, const nh_addr *to, guint32 prog, guint32 xid)
{
    call_key key;
    memset(&key, 0, sizeof key);
    key.from = *from;
    key.to = *to;
    key.prog = prog;
    key.xid = xid;
    return key;
}

guint
nh_call_key_hash(gconstpointer data)
{
    const call_key *key = data;
    return nh_addr_hash(&key->from) * 31 + nh_addr_hash(&key->to) + key->xid * 2654435761u + key->prog;
}

gboolean
nh_call_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(call_key)) == 0;
}

void
nh_call_free(gpointer data)
{
    nh_call *call = data;
    g_array_unref(call->sendings);
    g_free(call);
}

nh_call *
nh_call_find(const nh_watch *watch, const nh_addr *from, const nh_addr *to, guint32 prog, guint32 xid)
{
    call_key key = make_key(from, to, prog, xid);
    return g_hash_table_lookup(watch->calls, &key);
}

void
nh_call_stop_waiting(nh_call *call)
{
    call->waits = FALSE;
    g_ptr_array_remove_fast(call->pair->outstanding[call->way], call);
    for (guint i = 0; i < call->sendings->len; i++) {
        nh_conn *conn = g_array_index(call->sendings, nh_sending, i).conn;
        if (conn && conn->waiting)
            g_ptr_array_remove_fast(conn->waiting, call);
    }
}

/* Whether the lock server sends this call: callbacks, and the results of *_MSG (X/Open NLM, asynchronous procedures). */
static gboolean
sent_by_server(guint32 proc)
{
    return proc == NH_NLM_GRANTED || proc == NH_NLM_GRANTED_MSG || (proc >= NH_NLM_TEST_RES && proc < NH_NLM_GRANTED_RES);
}

nh_pair *
nh_call_pair_of(nh_watch *watch, const nh_message *message, nh_way *way)
{
    if (message->prog != NH_PROG_NLM || message->proc == 0)
        return nh_pair_of_flow(watch, &message->src.addr, &message->dst.addr, way);
    if (sent_by_server(message->proc)) {
        *way = NH_CALLBACK;
        return nh_pair_of_roles(watch, &message->dst.addr, &message->src.addr);
    }
    *way = NH_FORWARD;
    return nh_pair_of_roles(watch, &message->src.addr, &message->dst.addr);
}

void
nh_call_symptom(nh_call *call, nh_finding finding, nh_moment at, nh_moment since)
{
    nh_symptom symptom = { .finding = finding, .service = nh_service_of_program(call->prog), .way = call->way,
                           .at = at, .since = since, .conn = nh_call_last(call)->conn, .call = call };
    nh_outage_symptom(call->pair, &symptom);
}

void
nh_call_add_sending(nh_call *call, nh_conn *conn, nh_moment at)
{
    const nh_passing *passing = &call->pair->watch->passing;
    nh_sending sending = { at, conn, conn && passing->conn == conn ? passing->end : 0, FALSE };

    g_array_append_val(call->sendings, sending);
    if (!conn || !call->waits)
        return;
    if (!conn->waiting)
        conn->waiting = g_ptr_array_new();
    if (!g_ptr_array_find(conn->waiting, call, NULL))
        g_ptr_array_add(conn->waiting, call);
}

nh_call *
nh_call_new(nh_watch *watch, const nh_message *message)
{
    nh_call *call = g_new0(nh_call, 1);

    call->pair = nh_call_pair_of(watch, message, &call->way);
    call->l4 = message->l4;
    call->src = message->src;
    call->dst = message->dst;
    call->xid = message->xid;
    call->prog = message->prog;
    call->vers = message->vers;
    call->proc = message->proc;
    call->nlm = message->nlm;
    call->sendings = g_array_new(FALSE, FALSE, sizeof(nh_sending));
    call->reply.time = NH_TIME_NONE;
    call->issued_earliest = call->issued_latest = call->line_before = NH_TIME_NONE;
    call->waits = !nh_async_is_result(call->prog, call->proc); /* many send no RPC reply to those */
    g_ptr_array_add(watch->call_list, call);
    call_key key = make_key(&message->src.addr, &message->dst.addr, message->prog, message->xid);
    g_hash_table_replace(watch->calls, g_memdup2(&key, sizeof key), call);
    if (call->waits)
        g_ptr_array_add(call->pair->outstanding[call->way], call);
    return call;
}
