/* lock_owners.h
 * Who is who among those that lock, and whether what the capture shows of them is enough to judge two locks by.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_OWNERS_H
#define NLM_HEALTH_LOCK_OWNERS_H

#include "core/locks/lock.h"

/* Whether it is the same process, seen from two addresses of its host or over another connection of it. */
bool nh_lock_same_process(const nh_lock *a, const nh_lock *b);
/* Whether both are of one host. */
bool nh_lock_same_host(const nh_lock *held, const nh_lock *asked);
/* Its connection on which it got the lock; NULL over UDP, and of callbacks. */
const nh_conn *nh_lock_conn(const nh_lock *lock);
/* Everything between the two hosts since then was captured, as far as that can be told. */
bool nh_lock_is_complete(const nh_pair *pair, nh_moment since);
/* The two may be one process at two addresses, or two machines with one name. */
bool nh_lock_may_be_namesake(const nh_lock *held, const nh_lock *asked);
/* Whether a conflict of the two is the server's fault, and not a hole of the capture. */
bool nh_lock_can_be_judged(const nh_lock *held, const nh_lock *asked);

#endif
