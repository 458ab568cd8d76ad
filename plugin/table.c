/* table.c
 * A hash table of things that carry their own link, for what each packet looks up.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "table.h"

#define BUCKETS_AT_FIRST 16

void
nh_table_init(nh_table *table)
{
    *table = (nh_table){ .buckets = g_new0(nh_link *, BUCKETS_AT_FIRST), .mask = BUCKETS_AT_FIRST - 1 };
}

void
nh_table_clear(nh_table *table)
{
    g_free(table->buckets);
    *table = (nh_table){ .buckets = NULL };
}

/* Twice as many buckets. */
static void
grow(nh_table *table)
{
    guint n = table->mask + 1;
    nh_link **old = table->buckets, *link, *next;

    table->buckets = g_new0(nh_link *, 2 * n);
    table->mask = 2 * n - 1;
    for (guint i = 0; i < n; i++)
        for (link = old[i]; link; link = next) {
            nh_link **bucket = &table->buckets[link->hash & table->mask];
            next = link->next;
            link->next = *bucket;
            *bucket = link;
        }
    g_free(old);
}

void
nh_table_put(nh_table *table, nh_link *link, guint32 hash, nh_link *before)
{
    if (!before && ++table->count > table->mask)
        grow(table);
    nh_link **place = &table->buckets[hash & table->mask];

    link->hash = hash;
    while (before && *place != before)
        place = &(*place)->next;
    link->next = before ? before->next : *place;
    *place = link;
}
