/* lock_faults.h
 * What is wrong with the locks themselves, though every call is answered.
 *
 * Two hold what one can hold; one lost what he believes to hold; the server holds
 * what nobody owns. Each is an incident of its own: data may be at risk.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_FAULTS_H
#define NLM_HEALTH_LOCK_FAULTS_H

#include "core/locks/fault.h"

/* An answer came, before the lock table knows of it: locks are those of the file. */
void nh_faults_answer(GArray *locks, nh_lock *asked, uint32_t status, nh_moment at);
/* The server names as the holder whoever gave the lock back; locks are those of the file. */
void nh_faults_still_held(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at);
/* RPC refused an UNLOCK: true if its owner gives the lock up all the same. */
bool nh_faults_rejected(GArray *locks, const nh_lock *asked, nh_moment at);
/* The answer to a TEST names a holder. */
void nh_faults_named(GArray *locks, const nh_nlm *named, const nh_lock *asked, nh_moment at);
/* A lock was granted; locks are those of the same file handle at another address of a server. */
void nh_faults_elsewhere(GArray *locks, const nh_lock *asked, nh_moment at);
/* An UNLOCK was sent. */
void nh_faults_unlock(GArray *locks, const nh_lock *asked, nh_moment at);
/* The server may hold this lock of the call's owner, who does not know of it: why. */
void nh_fault_leaked(nh_call *call, nh_fault_reason reason, nh_moment at, const nh_remark *says);
/* The notice of a restart on this way of the pair is lost, as this frame shows: whose locks that puts at risk. */
void nh_fault_notice(nh_pair *pair, nh_way way, nh_moment at);
/* The client is told of a restart; unless it asks for its locks back they are lost. Told when it is confirmed. */
nh_fault *nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says);
/* A packet of a client whose host announced a restart, on a connection that was opened then: it did not restart. */
void nh_faults_alive(nh_conn *conn, const nh_addr *from, nh_moment at);
/* The end of the capture: what was waited for has come, or not. */
void nh_faults_complete(nh_watch *watch);

#endif
