/* lock_queries.h
 * Questions to the lock table: who waits, who holds, what is at risk.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_QUERIES_H
#define NLM_HEALTH_LOCK_QUERIES_H

#include "core/locks/lock.h"

/* The lock that a callback gave to the owner of this call before and that he still holds; false when there is none. */
bool nh_locks_called_back(nh_call *call, nh_lock *found);
/* A lock that the server may hold although it refused it, in the way of this refused call and nobody else's; false when there is none. */
bool nh_locks_suspect(nh_call *call, nh_lock *found);
/* The wait that this callback is for, at whatever address of a server; false when there is none. */
bool nh_locks_waits(nh_call *call, nh_lock *found);
/* What the client of this pair held of its server before then, as far as it knows: nh_lock, the oldest first; caller unrefs. */
GArray *nh_locks_at_risk(const nh_pair *pair, nh_moment before);
/* Call visit for every lock that is held, waited for or reported. */
typedef void (*nh_lock_visitor)(const nh_lock *lock, void *data);
void nh_locks_visit(const nh_lock_table *table, nh_lock_visitor visit, void *data);
/* The locks of one file. */
void nh_locks_visit_file(const nh_lock_table *table, const nh_addr *server, uint32_t file, nh_lock_visitor visit, void *data);
/* A pair's locks now and those that it waits for: nh_lock; caller unrefs. The same array as long as nothing changed. */
GArray *nh_locks_snapshot(nh_lock_table *table, const nh_pair *pair);

#endif
