/* rpc_calls.h
 * Every call of the followed programs, across retransmissions and reconnects.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RPC_CALLS_H
#define NLM_HEALTH_RPC_CALLS_H

#include "core/model/model.h"

/* What a segment that passed means for the calls on its connection. */
void nh_calls_transport(const nh_segment_effect *effect, nh_moment at);
/* A call or a reply of a followed program. */
void nh_calls_message(nh_watch *watch, const nh_message *message);
/* Whether a reply, of which only XID and ends are known, answers a call that was seen. */
bool nh_calls_answers(nh_watch *watch, const nh_message *reply);
/* A reply, known by its XID: refused, or its results are read from header->body. */
void nh_calls_reply(nh_watch *watch, const nh_message *message, const nh_rpc_header *header);

#endif
