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

/* What the segment that just passed (watch->passing) means for the calls on its connection. */
void nh_calls_transport(nh_watch *watch, nh_moment at);
/* A call or a reply of a followed program. */
void nh_calls_message(nh_watch *watch, const nh_message *message);
/* Whether this XID is of a call whose procedure returns nothing. */
bool nh_calls_returns_nothing(nh_watch *watch, const nh_addr *caller, const nh_addr *called, uint32_t xid);
/* A reply without results, known by its XID only: refused, or the procedure returns nothing. Others are left to nh_calls_message(). */
void nh_calls_empty_reply(nh_watch *watch, const nh_message *message);
/* A reply known by its XID only that answers a waiting call; its results are in these bytes (NULL: not known). */
void nh_calls_bare_reply(nh_watch *watch, const nh_message *message, const uint8_t *body, unsigned length);

#endif
