/* pairs.h
 * Pairs of lock client and lock server.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PAIRS_H
#define NLM_HEALTH_PAIRS_H

#include "core/model/model.h"

/* An empty table by nh_pair_key; takes keys from g_malloc(), and frees its values with free_value unless that is NULL. */
GHashTable *nh_pairs_new(GDestroyNotify free_value);
/*
 * The pair whose client opened the flow from -> to, or whose server did (*way
 * tells). Unless the procedure of a message tells the roles, the first who
 * opens a flow is taken for the client. Made when there is none.
 */
nh_pair *nh_pair_of_flow(nh_watch *watch, const nh_addr *from, const nh_addr *to, nh_way *way);
/* The pair with these roles, or NULL. */
nh_pair *nh_pair_find(const nh_watch *watch, const nh_addr *client, const nh_addr *server);
/* The pair of a message whose roles its procedure tells; corrects a guess made earlier. */
nh_pair *nh_pair_of_roles(nh_watch *watch, const nh_addr *client, const nh_addr *server);
/*
 * The pair of a host that restarted and the one that its status monitor tells: a
 * lock server and its client, unless the pair is known with the other roles. The
 * way is that of the message.
 */
nh_pair *nh_pair_of_restart(nh_watch *watch, const nh_addr *restarted, const nh_addr *notified, nh_way *way);
/* Lock traffic of the pair is seen: both are lock hosts from now on. */
void nh_pair_locks(nh_pair *pair);
bool nh_pair_is_lock_host(const nh_watch *watch, const nh_addr *addr);
/* A packet of the pair came from this address. */
void nh_pair_seen(nh_pair *pair, const nh_addr *from);
void nh_pair_free(void *pair);

#endif
