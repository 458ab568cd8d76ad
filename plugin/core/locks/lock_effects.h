/* lock_effects.h
 * What an answer does to the locks of a file: ranges split and join, waits begin and end.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_EFFECTS_H
#define NLM_HEALTH_LOCK_EFFECTS_H

#include "core/locks/lock.h"

/* The owner asked to unlock this range, or was refused: what he holds of it may be gone already. */
void nh_lock_mark_leaving(GArray *locks, const nh_lock *asked, bool leaving);
/* The owner cancels a wait for this range. */
void nh_lock_mark_cancelled(GArray *locks, const nh_lock *asked);
/* A callback for this range was sent: who waits for it waits for somebody. */
void nh_lock_callback_tried(GArray *locks, const nh_lock *asked);
/* Make what lies in the range of lock i a lock of its own; pointers into locks are good no longer. Its row, the last one. */
nh_lock *nh_lock_cut_out(GArray *locks, unsigned i, const nh_lock *range);
/* A wait of this pair is over. */
void nh_lock_forget_wait(nh_pair *pair);
/* Change the locks of a file (nh_lock) as an answer says; true when a LOCK was granted. asked is changed, too. */
bool nh_lock_effect(GArray *locks, const nh_call *call, nh_lock *asked, const nh_nlm *answer, nh_moment at);

#endif
