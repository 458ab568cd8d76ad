/* early_replies.c
 * Answers that were captured before their calls.
 *
 * A tap with two network cards, or a host with several receive queues, stamps both
 * directions by clocks of their own, and a file that is sorted by time then has an
 * answer before its question when the round trip is shorter than they differ.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/early_replies.h"

#include "core/base/limits.h"

typedef struct {
    bool used;
    nh_message message;
    nh_rpc_header header;
    uint8_t body[NH_EARLY_BODY_MAX];
} early_reply;

struct nh_early {
    early_reply replies[NH_EARLY_REPLIES_MAX];
    unsigned next; /* the oldest, to be written over */
};

void
nh_early_keep(nh_watch *watch, const nh_message *message, const nh_rpc_header *header)
{
    if (!watch->early)
        watch->early = nh_arena_take(watch->arena, sizeof *watch->early);
    early_reply *reply = &watch->early->replies[watch->early->next++ % NH_EARLY_REPLIES_MAX];

    reply->used = false;
    nh_message_copy(&reply->message, message);
    reply->message.by = NULL; /* that segment is gone when the reply is taken */
    reply->header = *header;
    reply->header.body = NULL;
    reply->header.body_length = MIN(header->body_length, NH_EARLY_BODY_MAX);
    if (header->body) {
        memcpy(reply->body, header->body, reply->header.body_length);
        reply->header.body = reply->body;
    }
}

static bool
answers(const early_reply *reply, const nh_call *call)
{
    const nh_message *message = &reply->message;
    nh_time sent = call->sendings[0].at.time;

    return !reply->used && message->frame && message->xid == call->xid && message->l4 == call->l4 && message->src.port == call->dst.port &&
           message->dst.port == call->src.port && nh_addr_equal(&message->src.addr, &call->dst.addr) &&
           nh_addr_equal(&message->dst.addr, &call->src.addr) && ABS(sent - message->time) <= NH_EARLY_REPLY_TIME;
}

bool
nh_early_take(nh_watch *watch, const nh_call *call, nh_message *message, nh_rpc_header *header)
{
    for (unsigned i = 0; watch->early && i < NH_EARLY_REPLIES_MAX; i++) {
        early_reply *reply = &watch->early->replies[i];
        if (!answers(reply, call))
            continue;
        reply->used = true;
        nh_message_copy(message, &reply->message);
        *header = reply->header;
        return true;
    }
    return false;
}
