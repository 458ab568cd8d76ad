/* facts_rpc.c
 * Calls and replies of the followed RPC programs, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "facts.h"

#include <epan/dissectors/packet-rpc.h>

#include "arguments.h"

static nh_facts_sink sink;

/* Key of the dissector tables "rpc.call" and "rpc.reply" (private to packet-rpc.c, checked at the handoff). */
typedef struct {
    guint32 prog, vers, proc;
} rpc_key;

static GHashTable *before_call, *before_reply; /* rpc_key -> handle that stood there before ours */

/* --- the handles ----------------------------------------------------------------------------------- */

static const struct {
    guint32 prog, vers_first, vers_last, proc_last;
} programs[] = {
    { NH_PROG_NLM, 1, 4, 23 },
    { NH_PROG_PORTMAP, 2, 4, 12 },
    { NH_PROG_STAT, 1, 1, 6 },
};

/*
 * CALLIT carries a call inside, which Wireshark hands to its program's dissector
 * (dissect_rpc_indir_call, packet-rpc.c): it was not sent to that program's port.
 */
static gboolean
is_inside(const packet_info *pinfo, const rpc_call_info_value *rpc)
{
    static guint32 frame; /* of the latest message of the port mapper */
    static gint64 offset; /* under a read filter two frames may have one number */

    if (rpc->prog != NH_PROG_PORTMAP)
        return frame == pinfo->num && offset == pinfo->fd->file_off;
    frame = pinfo->num;
    offset = pinfo->fd->file_off;
    return FALSE;
}

static void
take_message(tvbuff_t *tvb, packet_info *pinfo, const rpc_call_info_value *rpc, gboolean reply)
{
    nh_watch *watch = sink(pinfo);
    guint captured = tvb_captured_length(tvb);

    if (!watch || pinfo->flags.in_error_pkt || is_inside(pinfo, rpc))
        return;
    nh_message message = {
        .frame = pinfo->num, .time = nh_facts_time(pinfo), .l4 = pinfo->ptype == PT_UDP ? NH_L4_UDP : NH_L4_TCP,
        .src = { nh_facts_addr(&pinfo->src), (guint16)pinfo->srcport },
        .dst = { nh_facts_addr(&pinfo->dst), (guint16)pinfo->destport },
        .reply = reply, .xid = rpc->xid, .prog = rpc->prog, .vers = rpc->vers, .proc = rpc->proc,
        .travel = nh_facts_travel(pinfo),
    };
    if (message.src.addr.len == 0 || (pinfo->ptype != PT_UDP && pinfo->ptype != PT_TCP))
        return;
    if (message.l4 == NH_L4_TCP)
        nh_facts_late_segment(watch, pinfo);
    nh_arguments_read(&message, tvb_get_ptr(tvb, 0, captured), captured);
    nh_watch_message(watch, &message);
}

static int
dissect_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, GHashTable *before, gboolean reply)
{
    const rpc_call_info_value *rpc = data;
    rpc_key key = { rpc->prog, rpc->vers, rpc->proc };
    dissector_handle_t handle = g_hash_table_lookup(before, &key);

    take_message(tvb, pinfo, rpc, reply);
    return handle ? call_dissector_only(handle, tvb, pinfo, tree, data) : 0;
}

static int
dissect_call(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, before_call, FALSE);
}

static int
dissect_reply(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, before_reply, TRUE);
}

static guint
key_hash(gconstpointer data)
{
    const rpc_key *key = data;
    return key->prog * 31 + key->vers * 1009 + key->proc;
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(rpc_key)) == 0;
}

static gboolean
stand_before(const char *table, GHashTable *before, rpc_key key, dissector_t dissector)
{
    dissector_handle_t handle = dissector_get_custom_table_handle(find_dissector_table(table), &key);

    if (!handle)
        return FALSE;
    g_hash_table_insert(before, g_memdup2(&key, sizeof key), handle);
    dissector_add_custom_table_handle(table, g_memdup2(&key, sizeof key), nh_create_stand_in(dissector, handle));
    return TRUE;
}

void
nh_facts_rpc_handoff(nh_facts_sink the_sink)
{
    gboolean lock_found = FALSE;

    sink = the_sink;
    before_call = g_hash_table_new(key_hash, key_equal);
    before_reply = g_hash_table_new(key_hash, key_equal);
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
        for (guint32 vers = programs[i].vers_first; vers <= programs[i].vers_last; vers++)
            for (guint32 proc = 0; proc <= programs[i].proc_last; proc++) {
                rpc_key key = { programs[i].prog, vers, proc };
                gboolean found = stand_before("rpc.call", before_call, key, dissect_call);
                stand_before("rpc.reply", before_reply, key, dissect_reply);
                lock_found |= found && key.prog == NH_PROG_NLM;
            }
    if (!lock_found)
        g_warning("NLM Health: this Wireshark keeps its RPC procedures in another way; lock calls are not seen");
}
