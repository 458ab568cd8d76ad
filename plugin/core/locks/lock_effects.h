/* lock_effects.h
 * What an answer does to the locks of a file: ranges split and join, waits begin and end.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_EFFECTS_H
#define NLM_HEALTH_LOCK_EFFECTS_H

#include "core/locks/lock_table.h"

/* Last byte of a range; length 0 is "to the end". */
uint64_t nh_lock_last_byte(uint64_t offset, uint64_t length);
bool nh_lock_overlap(const nh_lock *a, const nh_lock *b);
/* A wait of this pair is over. */
void nh_lock_forget_wait(nh_pair *pair);
/* Change the locks of a file (nh_lock) as an answer says; true when a LOCK was granted. asked is changed, too. */
bool nh_lock_effect(GArray *locks, const nh_call *call, nh_lock *asked, const nh_nlm *answer, nh_moment at);

#endif
