/* rpc_replies.h
 * What answers mean: the status of a lock call, refusals, the end of an outage.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RPC_REPLIES_H
#define NLM_HEALTH_RPC_REPLIES_H

#include "core/model/model.h"

/* A call is answered, by its reply or by the *_RES that message is. */
void nh_reply_take(nh_call *call, const nh_message *message, nh_moment at);
/* A *_RES was called: it answers every copy of its *_MSG. */
void nh_reply_result(nh_call *result, const nh_message *message, nh_moment at);
/* The call's answer has come: it waits no longer, and the outage may be over. */
void nh_reply_received(nh_call *call, nh_moment at);

#endif
