/* lock_restarts.h
 * What a restart does to locks: they are not asked back, or in vain, or the other host never hears of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_RESTARTS_H
#define NLM_HEALTH_LOCK_RESTARTS_H

#include "core/locks/fault.h"

/* The server refused a lock to one who asks it back; locks are those of the file. */
void nh_faults_reclaim_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* The client is told of a restart; unless it asks for its locks back they are lost. Told when it is confirmed. */
nh_fault *nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says);
/* The notice of a restart on this way of the pair is lost, as this frame shows: whose locks that puts at risk. */
void nh_fault_notice(nh_pair *pair, nh_way way, nh_moment at);
/* A packet of a client whose host announced a restart, on a connection that was opened then: it did not restart. */
void nh_faults_alive(nh_conn *conn, const nh_addr *from, nh_moment at);

#endif
