/* portmap.c
 * Look-ups of ports (RFC 1833): who asks for what, and what the answers teach.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "portmap.h"

#include "arguments.h"
#include "async_calls.h"
#include "attempt.h"
#include "call.h"
#include "frames.h"
#include "pairs.h"
#include "verdict.h"

void
nh_portmap_call(nh_call *call, nh_conn *conn, const nh_message *message)
{
    gboolean for_nlm = message->n_mappings > 0 && message->mappings[0].prog == NH_PROG_NLM &&
                       !nh_arguments_indirect(message->vers, message->proc);
    nh_moment at = { message->frame, message->time };

    if (message->n_mappings == 0)
        return;
    call->asked = message->mappings[0];
    if (for_nlm) {
        call->pair->lock_traffic = TRUE;
        nh_attempt_lookup(call, conn, at);
    } else if (conn) {
        conn->looks_up_other = TRUE;
        nh_attempt_not_ours(conn);
        nh_verdict_forget(conn);
    }
}

/* GETPORT, GETADDR or DUMP answered: who listens where? */
void
nh_portmap_answer(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at)
{
    for (guint i = 0; i < message->n_mappings; i++) {
        const nh_mapping *listed = &message->mappings[i];
        const nh_mapping *mapping = listed->prog ? listed : &call->asked; /* a single answer repeats not what was asked */
        if (listed->port != 0)
            nh_port_learn(watch, &message->src.addr, mapping->prot == NH_L4_UDP ? NH_L4_UDP : NH_L4_TCP, listed->port, mapping->prog);
        else if (mapping->prog == NH_PROG_NLM && !nh_arguments_indirect(call->vers, call->proc)) {
            nh_frame_note(watch, at.frame, NH_NOT_REGISTERED, g_strdup_printf("The port mapper knows no NLM version %u", mapping->vers));
            nh_call_symptom(call, NH_NOT_REGISTERED, at, nh_call_first(call)->at);
            if (call->way == NH_CALLBACK && call->pair->blocked.frame)
                nh_grant_lost(call, at, nh_call_first(call)->at, g_strdup("A lock was blocked, and the client's port mapper knows no lock manager to call back"));
        }
    }
}
