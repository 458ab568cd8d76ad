/* lock_clients.c
 * When the clients that hold locks were seen last.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_clients.h"

#include "core/locks/lock_store.h"

void
nh_lock_client_holds(const nh_pair *pair, nh_moment at)
{
    nh_lock_table *table = pair->watch->locks;
    const nh_addr *client = &pair->client;

    if (pair->alive.client || g_hash_table_contains(table->clients, client))
        return;
    g_hash_table_insert(table->clients, g_memdup2(client, sizeof *client), g_memdup2(&at, sizeof at));
    table->newest[pair->watch->holders++ % NH_NEWEST_CLIENTS] = *client;
}

void
nh_locks_seen(nh_lock_table *table, const nh_addr *from, nh_moment at)
{
    nh_moment *seen = g_hash_table_size(table->clients) ? g_hash_table_lookup(table->clients, from) : NULL;
    if (seen)
        *seen = at;
}

/* Whether an address is among the newest clients, from this one on. */
static bool
is_new(const nh_lock_table *table, const nh_addr *addr, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (nh_addr_equal(addr, &table->newest[i % NH_NEWEST_CLIENTS]))
            return true;
    return false;
}

/* More clients hold locks than when the pair was looked up; none is ever removed. Not inlined: hardly any packet finds that. */
static void G_GNUC_NO_INLINE
look_up_pair(nh_lock_table *table, nh_pair *pair)
{
    unsigned known = pair->watch->holders;
    bool many = known - pair->alive.as_of > NH_NEWEST_CLIENTS;

    if (many || is_new(table, &pair->client, pair->alive.as_of, known))
        pair->alive.client = g_hash_table_lookup(table->clients, &pair->client);
    if (many || is_new(table, &pair->server, pair->alive.as_of, known))
        pair->alive.server = g_hash_table_lookup(table->clients, &pair->server);
    pair->alive.as_of = known;
}

void
nh_locks_pair_seen(nh_pair *pair, bool client, nh_moment at)
{
    if (pair->alive.as_of != pair->watch->holders)
        look_up_pair(pair->watch->locks, pair);
    nh_moment *seen = client ? pair->alive.client : pair->alive.server;
    if (seen)
        *seen = at;
}

nh_moment
nh_locks_last_seen(const nh_lock_table *table, const nh_addr *client)
{
    const nh_moment *seen = g_hash_table_lookup(table->clients, client);
    return seen ? *seen : (nh_moment){ 0, NH_TIME_NONE };
}
