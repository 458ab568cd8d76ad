/* lock_table.h
 * Who holds and who waits: the locks of each file of each server, as the answers tell.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_TABLE_H
#define NLM_HEALTH_LOCK_TABLE_H

#include "core/locks/lock.h"

/* A call got its answer: the reply, or of an asynchronous call the *_RES. */
void nh_locks_answer(nh_call *call, const nh_nlm *answer, nh_moment at);
/* RPC refused a call: true if the server keeps a lock that its owner gives up (an UNLOCK that is not tried again). */
bool nh_locks_rejected(nh_call *call, nh_moment at);
/* A lock call was sent: UNLOCK and CANCEL change what may happen before they are answered. */
void nh_locks_call(nh_call *call, nh_moment at);
/* FREE_ALL: the client gives up everything. */
void nh_locks_free_all(const nh_call *call);
/* SM_NOTIFY with this state number: what the two hosts hold of each other is gone, except what was reclaimed already. */
void nh_locks_restarted(nh_pair *pair, nh_way way, uint32_t state, nh_moment at);

#endif
