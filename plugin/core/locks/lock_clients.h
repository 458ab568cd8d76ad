/* lock_clients.h
 * When the clients that hold locks were seen last.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_CLIENTS_H
#define NLM_HEALTH_LOCK_CLIENTS_H

#include "core/locks/lock.h"

/* The client of this pair holds a lock, or waits: it is known from now on. */
void nh_lock_client_holds(const nh_pair *pair, nh_moment at);
/* A packet came from this address: the client lives. */
void nh_locks_seen(nh_lock_table *table, const nh_addr *from, nh_moment at);
/* The same of the client of a pair, or of its server, without a look-up for each packet. */
void nh_locks_pair_seen(nh_pair *pair, bool client, nh_moment at);
/* The latest packet of a client that holds a lock; frame 0 when there was none. */
nh_moment nh_locks_last_seen(const nh_lock_table *table, const nh_addr *client);

#endif
