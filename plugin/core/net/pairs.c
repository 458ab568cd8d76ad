/* pairs.c
 * Pairs of lock client and lock server.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/pairs.h"

#include "core/base/hash.h"
#include "core/model/frames.h"
#include "core/judge/outage.h"
#include "core/locks/lock_store.h"

GHashTable *
nh_pairs_new(GDestroyNotify free_value)
{
    return g_hash_table_new_full(nh_pair_key_hash, nh_pair_key_equal, g_free, free_value);
}

nh_pair *
nh_pair_find(const nh_watch *watch, const nh_addr *client, const nh_addr *server)
{
    nh_pair *latest = watch->latest_pair;

    if (latest && nh_addr_equal(&latest->client, client) && nh_addr_equal(&latest->server, server))
        return latest;
    nh_pair_key key = { *client, *server };
    return g_hash_table_lookup(watch->pairs, &key);
}

static void
insert_pair(nh_watch *watch, nh_pair *pair)
{
    nh_pair_key *key = g_new(nh_pair_key, 1);
    *key = (nh_pair_key){ pair->client, pair->server };
    g_hash_table_insert(watch->pairs, key, pair);
}

static nh_pair *
new_pair(nh_watch *watch, const nh_addr *client, const nh_addr *server)
{
    nh_pair *pair = g_new0(nh_pair, 1);

    pair->watch = watch;
    pair->client = *client;
    pair->server = *server;
    pair->order = watch->pair_list->len;
    pair->one_host = nh_addr_equal(client, server);
    pair->slowest = pair->no_timeout_before = pair->next_pass = NH_TIME_NONE;
    pair->outages = g_ptr_array_new();
    pair->troubled = g_ptr_array_new();
    g_ptr_array_add(watch->pair_list, pair);
    insert_pair(watch, pair);
    return pair;
}

void
nh_pair_free(void *data)
{
    nh_pair *pair = data;
    g_ptr_array_unref(pair->outages);
    g_ptr_array_unref(pair->troubled);
    nh_list_clear(&pair->side[NH_FORWARD].outstanding);
    nh_list_clear(&pair->side[NH_CALLBACK].outstanding);
    nh_lock_store_forget_pair(pair);
    if (pair->lookups)
        g_ptr_array_unref(pair->lookups);
    if (pair->withheld)
        g_array_unref(pair->withheld);
    if (pair->unsettled)
        g_ptr_array_unref(pair->unsettled);
    if (pair->unproved.conns)
        g_ptr_array_unref(pair->unproved.conns);
    if (pair->unproved.calls)
        g_ptr_array_unref(pair->unproved.calls);
    g_free(pair);
}

nh_pair *
nh_pair_of_flow(nh_watch *watch, const nh_addr *from, const nh_addr *to, nh_way *way)
{
    nh_pair *pair = nh_pair_find(watch, from, to);

    *way = NH_FORWARD;
    if (pair)
        return watch->latest_pair = pair;
    pair = nh_pair_find(watch, to, from);
    if (pair) {
        *way = NH_CALLBACK;
        return watch->latest_pair = pair;
    }
    return new_pair(watch, from, to);
}

/* The restart that the client's status monitor told was told of the server. */
static void
retract_restart(nh_pair *pair)
{
    if (!pair->restarted.frame)
        return;
    nh_frame_unnote(pair->watch, pair->restarted.frame, NH_SERVER_RESTARTED);
    pair->restarted.frame = 0;
    for (unsigned i = 0; i < pair->outages->len; i++) {
        nh_outage *outage = g_ptr_array_index(pair->outages, i);
        for (unsigned j = outage->symptoms->len; j-- > 0;)
            if (g_array_index(outage->symptoms, nh_symptom, j).finding == NH_SERVER_RESTARTED)
                nh_outage_retract(outage, j);
    }
}

#define SWAP(type, a, b) \
    do { \
        type swap = a; \
        (a) = b; \
        (b) = swap; \
    } while (0)

/* What is kept for each way or each host changes places. */
static void
swap_roles(nh_pair *pair)
{
    SWAP(nh_addr, pair->client, pair->server);
    pair->alive.as_of = 0;
    pair->alive.client = pair->alive.server = NULL;
    nh_lock_store_forget_pair(pair);
    SWAP(bool, pair->seen_client, pair->seen_server);
    SWAP(unsigned, pair->near_client, pair->near_server);
    SWAP(nh_pair_side, pair->side[NH_FORWARD], pair->side[NH_CALLBACK]);
    pair->no_timeout_before = pair->next_pass = NH_TIME_NONE;
    pair->carrier = NULL;
    pair->unfollowed.n = 0;
    for (unsigned i = 0; i < pair->outages->len; i++)
        nh_outage_turn_round(g_ptr_array_index(pair->outages, i));
}

/*
 * A pair that was guessed from who connected first, and that has no lock call
 * to prove it, changes its roles.
 */
static void
turn_round(nh_watch *watch, nh_pair *pair)
{
    nh_pair_key key = { pair->client, pair->server };

    g_hash_table_remove(watch->pairs, &key);
    pair->turned = true;
    retract_restart(pair);
    swap_roles(pair);
    insert_pair(watch, pair);
    for (unsigned i = 0; pair->unproved.conns && i < pair->unproved.conns->len; i++) {
        nh_conn *conn = g_ptr_array_index(pair->unproved.conns, i);
        if (conn->pair == pair)
            conn->way = !conn->way;
    }
    for (unsigned i = 0; pair->unproved.calls && i < pair->unproved.calls->len; i++) {
        nh_call *call = g_ptr_array_index(pair->unproved.calls, i);
        call->way = !call->way;
    }
}

nh_pair *
nh_pair_of_roles(nh_watch *watch, const nh_addr *client, const nh_addr *server)
{
    nh_pair *pair = nh_pair_find(watch, client, server);
    if (pair)
        return watch->latest_pair = pair;
    pair = nh_pair_find(watch, server, client);
    if (pair && pair->calls == 0 && !pair->turned) {
        turn_round(watch, pair);
        return pair;
    }
    return new_pair(watch, client, server);
}

nh_pair *
nh_pair_of_restart(nh_watch *watch, const nh_addr *restarted, const nh_addr *notified, nh_way *way)
{
    nh_pair *pair = nh_pair_find(watch, restarted, notified);
    bool proved = pair &&
                  (pair->calls || pair->outages->len || pair->side[NH_FORWARD].attempt.active || pair->side[NH_CALLBACK].attempt.active);

    *way = proved ? NH_FORWARD : NH_CALLBACK;
    return proved ? pair : nh_pair_of_roles(watch, notified, restarted);
}

void
nh_pair_locks(nh_pair *pair)
{
    nh_watch *watch = pair->watch;

    if (pair->lock_traffic)
        return;
    if (!watch->lock_hosts)
        watch->lock_hosts = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, NULL);
    g_hash_table_add(watch->lock_hosts, g_memdup2(&pair->client, sizeof pair->client));
    g_hash_table_add(watch->lock_hosts, g_memdup2(&pair->server, sizeof pair->server));
    pair->lock_traffic = true;
}

bool
nh_pair_is_lock_host(const nh_watch *watch, const nh_addr *addr)
{
    return watch->lock_hosts && g_hash_table_contains(watch->lock_hosts, addr);
}

void
nh_pair_seen(nh_pair *pair, const nh_addr *from)
{
    if (pair->seen_client && pair->seen_server)
        return;
    if (nh_addr_equal(from, &pair->client))
        pair->seen_client = true;
    else
        pair->seen_server = true;
}
