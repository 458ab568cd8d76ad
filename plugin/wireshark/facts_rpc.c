/* facts_rpc.c
 * Calls and replies of the followed RPC programs, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/facts_rpc.h"

#include <epan/dissectors/packet-rpc.h>

#include "core/wire/arguments.h"

static nh_facts_sink sink;

/* Key of the dissector tables "rpc.call" and "rpc.reply" (private to packet-rpc.c, checked at the handoff). */
typedef struct {
    uint32_t prog, vers, proc;
} rpc_key;

#define VERS_MAX 4
#define PROC_MAX 23

/* The followed programs, and the handles that stood there before ours: by reply, version and procedure. */
static struct {
    uint32_t prog, vers_first, vers_last, proc_last;
    const char *name, *abbreviation;
    dissector_handle_t before[2][VERS_MAX + 1][PROC_MAX + 1];
} programs[] = {
    { NH_PROG_NLM, 1, 4, 23, "NLM seen by NLM Health", "nlm_health.nlm", { { { NULL } } } },
    { NH_PROG_PORTMAP, 2, 4, 12, "Portmap seen by NLM Health", "nlm_health.portmap", { { { NULL } } } },
    { NH_PROG_STAT, 1, 1, 6, "statd seen by NLM Health", "nlm_health.statd", { { { NULL } } } },
};

/* --- the handles ----------------------------------------------------------------------------------- */

/*
 * CALLIT carries a call inside, which Wireshark hands to its program's dissector
 * (dissect_rpc_indir_call, packet-rpc.c): it was not sent to that program's port.
 */
static bool
is_inside(const packet_info *pinfo, const rpc_call_info_value *rpc)
{
    static uint32_t frame; /* of the latest message of the port mapper */
    static int64_t offset; /* under a read filter two frames may have one number */

    if (rpc->prog != NH_PROG_PORTMAP)
        return frame == pinfo->num && offset == pinfo->fd->file_off;
    frame = pinfo->num;
    offset = pinfo->fd->file_off;
    return false;
}

static void
take_message(tvbuff_t *tvb, packet_info *pinfo, const rpc_call_info_value *rpc, bool reply)
{
    nh_watch *watch = sink(pinfo);
    unsigned captured = tvb_captured_length(tvb);

    if (!watch || pinfo->flags.in_error_pkt || is_inside(pinfo, rpc))
        return;
    nh_message message;
    nh_message_clear(&message);
    message.frame = pinfo->num;
    message.time = nh_facts_time(pinfo);
    message.l4 = pinfo->ptype == PT_UDP ? NH_L4_UDP : NH_L4_TCP;
    message.src = (nh_end){ nh_facts_addr(&pinfo->src), (uint16_t)pinfo->srcport };
    message.dst = (nh_end){ nh_facts_addr(&pinfo->dst), (uint16_t)pinfo->destport };
    message.reply = reply;
    message.xid = rpc->xid;
    message.prog = rpc->prog;
    message.vers = rpc->vers;
    message.proc = rpc->proc;
    message.travel = nh_facts_travel(pinfo);
    if (message.src.addr.len == 0 || (pinfo->ptype != PT_UDP && pinfo->ptype != PT_TCP))
        return;
    if (message.l4 == NH_L4_TCP)
        nh_facts_late_segment(watch, pinfo);
    nh_arguments_read(&message, tvb_get_ptr(tvb, 0, captured), captured);
    nh_watch_message(watch, &message);
}

/* The handle that stood before ours, or NULL. */
static dissector_handle_t
handle_before(const rpc_call_info_value *rpc, bool reply)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++)
        if (programs[i].prog == rpc->prog && rpc->vers <= VERS_MAX && rpc->proc <= PROC_MAX)
            return programs[i].before[reply][rpc->vers][rpc->proc];
    return NULL;
}

static int
dissect_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, bool reply)
{
    const rpc_call_info_value *rpc = data;
    dissector_handle_t handle = handle_before(rpc, reply);

    take_message(tvb, pinfo, rpc, reply);
    return handle ? call_dissector_only(handle, tvb, pinfo, tree, data) : 0;
}

static int
dissect_call(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, false);
}

static int
dissect_reply(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, true);
}

/*
 * Stand before the owner of a procedure, which is returned; NULL when nobody owns
 * it. The protocol "in name only", made of the first owner's, adds no layer to the frame.
 */
static dissector_handle_t
stand_before(unsigned program, rpc_key key, bool reply, int *proto)
{
    const char *table = reply ? "rpc.reply" : "rpc.call";
    dissector_handle_t before = dissector_get_custom_table_handle(find_dissector_table(table), &key);

    if (!before)
        return NULL;
    if (*proto < 0)
        *proto = proto_register_protocol_in_name_only(programs[program].name, programs[program].name, programs[program].abbreviation,
                                                      dissector_handle_get_protocol_index(before), FT_PROTOCOL);
    dissector_add_custom_table_handle(table, g_memdup2(&key, sizeof key),
                                      nh_create_stand_in(reply ? dissect_reply : dissect_call, before, *proto));
    return before;
}

void
nh_facts_rpc_handoff(nh_facts_sink the_sink)
{
    bool lock_found = false;

    sink = the_sink;
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
        int proto = -1;
        for (uint32_t vers = programs[i].vers_first; vers <= programs[i].vers_last; vers++)
            for (uint32_t proc = 0; proc <= programs[i].proc_last; proc++)
                for (int reply = false; reply <= true; reply++) {
                    rpc_key key = { programs[i].prog, vers, proc };
                    programs[i].before[reply][vers][proc] = stand_before(i, key, reply, &proto);
                    lock_found |= !reply && programs[i].before[reply][vers][proc] && key.prog == NH_PROG_NLM;
                }
    }
    if (!lock_found)
        g_warning("NLM Health: this Wireshark keeps its RPC procedures in another way; lock calls are not seen");
}
