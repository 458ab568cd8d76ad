/* lock_leaked.h
 * What the server holds and nobody owns: its owner gave it up, or never wanted it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_LEAKED_H
#define NLM_HEALTH_LOCK_LEAKED_H

#include "core/locks/fault.h"

/* Locks are those of the file. */

/* The server refused an UNLOCK. */
void nh_faults_unlock_denied(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* RPC refused an UNLOCK: true if its owner gives the lock up all the same. */
bool nh_faults_rejected(GArray *locks, const nh_lock *asked, nh_moment at);
/* The client refused a callback: nobody waits there any more, and the server has taken the lock for him. */
void nh_faults_callback_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* The server names as the holder whoever gave the lock back. */
void nh_faults_still_held(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at);
/* The answer to a TEST names a holder. */
void nh_faults_named(GArray *locks, const nh_nlm *named, const nh_lock *asked, nh_moment at);
/* A lock is denied that was given back shortly before (released, or NULL), or is denied ever since. */
void nh_faults_refused_to_all(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at);
/* Somebody is refused because of another one's lock. */
void nh_faults_contended(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* The server may hold this lock of the call's owner, who does not know of it: why. */
void nh_fault_leaked(nh_call *call, nh_fault_reason reason, nh_moment at, const nh_remark *says);

#endif
