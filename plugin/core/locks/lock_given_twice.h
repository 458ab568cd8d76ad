/* lock_given_twice.h
 * A grant that contradicts the lock table: the server gave away what another owner holds, or believes to hold.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_GIVEN_TWICE_H
#define NLM_HEALTH_LOCK_GIVEN_TWICE_H

#include "core/locks/lock_file.h"

/* A lock was granted; locks are those of the file. */
void nh_faults_granted(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* The same; other is the same file handle at another address of a server. */
void nh_faults_elsewhere(nh_lock_file *other, const nh_lock *asked, nh_moment at);
/* An UNLOCK was sent. */
void nh_faults_unlock(GArray *locks, const nh_lock *asked, nh_moment at);

#endif
