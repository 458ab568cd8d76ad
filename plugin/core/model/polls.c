/* polls.c
 * Clients that ask again for a lock while they wait for its callback.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/polls.h"

#include "core/wire/procedures.h"

bool
nh_call_polls(const nh_call *call)
{
    const nh_pair *pair = call->pair;

    if (nh_nlm_kind(call->proc) != NH_NLM_LOCK || !call->nlm.has_lock)
        return false;
    if (!pair->blocked.frame)
        return call->nlm.block;
    return call->nlm.svid == pair->blocked_lock.svid && call->nlm.file == pair->blocked_lock.file;
}
