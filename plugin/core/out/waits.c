/* waits.c
 * How long applications waited: in one incident, and between one pair of hosts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/waits.h"

#include "core/out/request.h"

nh_time
nh_longest_wait(const nh_incident *incident, nh_time last)
{
    GPtrArray *requests = nh_requests_by_wait(incident);
    nh_time longest = 0;

    for (unsigned i = 0; i < requests->len; i++) {
        const nh_asked *asked = requests->pdata[i];
        nh_time wait = nh_elapsed(asked->asked, nh_time_known(asked->answered) ? asked->answered : last);
        longest = MAX(longest, wait);
    }
    g_ptr_array_unref(requests);
    return longest;
}

static nh_pair_waits *
find_pair(GHashTable *known, GPtrArray *pairs, const nh_addr *client, const nh_addr *server)
{
    nh_pair_key hosts = { *client, *server };
    nh_pair_waits *pair = g_hash_table_lookup(known, &hosts);

    if (!pair) {
        pair = g_new0(nh_pair_waits, 1);
        pair->hosts = hosts;
        g_ptr_array_add(pairs, pair);
        g_hash_table_add(known, pair);
    }
    return pair;
}

static int
by_wait(const void *a, const void *b)
{
    const nh_pair_waits *x = *(nh_pair_waits *const *)a, *y = *(nh_pair_waits *const *)b;

    if (x->wait != y->wait)
        return x->wait > y->wait ? -1 : 1;
    if (x->outage != y->outage)
        return x->outage > y->outage ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

GPtrArray *
nh_waits_of_pairs(const nh_story *story)
{
    GHashTable *known = g_hash_table_new(nh_pair_key_hash, nh_pair_key_equal);
    GPtrArray *pairs = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < story->pairs->len; i++) {
        const nh_story_pair *told = story->pairs->pdata[i];
        find_pair(known, pairs, &told->client, &told->server);
    }
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = story->incidents->pdata[i];
        nh_pair_waits *pair = find_pair(known, pairs, &incident->client, &incident->server);
        pair->incidents++;
        pair->outage += incident->kind == NH_INCIDENT_OUTAGE ? incident->duration : 0;
        pair->wait = MAX(pair->wait, nh_longest_wait(incident, story->last));
    }
    for (unsigned i = 0; i < pairs->len; i++)
        ((nh_pair_waits *)pairs->pdata[i])->rank = i; /* where nothing tells them apart, they stay as they were */
    g_ptr_array_sort(pairs, by_wait);
    for (unsigned i = 0; i < pairs->len; i++)
        ((nh_pair_waits *)pairs->pdata[i])->rank = i + 1;
    g_hash_table_unref(known);
    return pairs;
}
