/* portmap.c
 * Look-ups of ports (RFC 1833): who asks for what, and what the answers teach.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/portmap.h"

#include "core/wire/arguments.h"
#include "core/clock/client.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/clock/lookups.h"
#include "core/model/ports.h"
#include "core/net/unfollowed.h"
#include "core/judge/raise.h"

static unsigned
version_bit(uint32_t vers)
{
    return 1u << (vers & 7);
}

bool
nh_portmap_has_no_version(nh_call *lookup, nh_moment at, nh_moment *since)
{
    nh_pair *pair = lookup->pair;

    if (lookup->way != NH_FORWARD || lookup->asked->prog != NH_PROG_NLM)
        return false;
    if (!nh_refusal_is_of_version(lookup->refused)) {
        pair->mismatch.asked = pair->mismatch.refused = 0;
        return false;
    }
    if (!pair->mismatch.first)
        pair->mismatch.first = nh_arena_take(pair->watch->arena, 8 * sizeof *pair->mismatch.first);
    nh_moment *first = &pair->mismatch.first[lookup->vers & 7];
    if (!(pair->mismatch.refused & version_bit(lookup->vers)))
        *first = nh_call_first(lookup)->at;
    pair->mismatch.refused |= version_bit(lookup->vers);
    *since = *first;
    return pair->mismatch.asked == pair->mismatch.refused && at.time - first->time >= NH_SECOND;
}

void
nh_portmap_call(nh_call *call, nh_conn *conn, const nh_message *message)
{
    bool for_nlm = message->n_mappings > 0 && message->mappings[0].prog == NH_PROG_NLM &&
                   !nh_arguments_indirect(message->vers, message->proc);
    nh_moment at = { message->frame, message->time };

    if (message->n_mappings == 0)
        return;
    call->asked = nh_arena_copy(call->pair->watch->arena, &message->mappings[0], sizeof message->mappings[0]);
    if (conn)
        conn->asked = true;
    if (for_nlm) {
        call->pair->lock_traffic = true;
        nh_client_looks_up(call);
        if (call->way == NH_FORWARD)
            call->pair->mismatch.asked |= version_bit(call->vers);
        nh_lookup_call(call, conn, at);
    } else {
        call->pair->mounts |= call->way == NH_FORWARD && (call->asked->prog == NH_PROG_NFS || call->asked->prog == NH_PROG_MOUNT);
    }
    if (!for_nlm && conn) {
        nh_lookup_not_ours(conn);
        nh_raise_take_back(conn);
    }
}

static void
note_named(nh_call *lookup, uint16_t port, nh_moment at)
{
    nh_pair_side *side = &lookup->pair->side[lookup->way];

    if (side->named_port != port)
        side->named = at;
    side->named_port = port;
    nh_unfollowed_answer(lookup, at);
}

/* GETPORT, GETADDR or DUMP answered: who listens where? */
void
nh_portmap_answer(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at)
{
    for (unsigned i = 0; i < message->n_mappings; i++) {
        const nh_mapping *listed = &message->mappings[i];
        const nh_mapping *mapping = listed->prog ? listed : call->asked; /* a single answer repeats not what was asked */
        if (listed->port != 0 && mapping->prog == NH_PROG_NLM && !listed->prog)
            note_named(call, listed->port, at);
        if (listed->port != 0)
            nh_port_learn(watch, &message->src.addr, mapping->prot == NH_L4_UDP ? NH_L4_UDP : NH_L4_TCP, listed->port, mapping->prog);
        else if (mapping->prog == NH_PROG_NLM && !nh_arguments_indirect(call->vers, call->proc)) {
            nh_lookup_told_none(call, at);
            nh_raise(&(nh_evidence){ .finding = NH_NOT_REGISTERED,
                                     .call = call,
                                     .at = at,
                                     .since = nh_call_first(call)->at,
                                     .says = { NH_REMARK_NOT_REGISTERED, { NH_NUMBER(mapping->vers) } } });
        }
    }
}
