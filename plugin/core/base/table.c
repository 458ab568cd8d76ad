/* table.c
 * Hash tables of what each packet looks up.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/table.h"

#define CHAINS_MIN 64

void
nh_table_init(nh_table *table)
{
    *table = (nh_table){ .chains = g_new0(nh_link *, CHAINS_MIN), .mask = CHAINS_MIN - 1 };
}

void
nh_table_clear(nh_table *table)
{
    g_free(table->chains);
}

/* What is in a chain and has this bit goes into another one. */
static void
split(nh_link **chain, nh_link **other, uint32_t bit)
{
    nh_link **end = chain, **other_end = other;

    for (nh_link *link = *chain; link; link = link->next) {
        nh_link ***to = link->hash & bit ? &other_end : &end;
        **to = link;
        *to = &link->next;
    }
    *end = *other_end = NULL;
}

/* Twice as many chains. */
static void
grow(nh_table *table)
{
    uint32_t before = table->mask + 1;

    table->chains = g_renew(nh_link *, table->chains, (size_t)before * 2);
    for (uint32_t i = 0; i < before; i++)
        split(&table->chains[i], &table->chains[i + before], before);
    table->mask = before * 2 - 1;
}

void
nh_table_put(nh_table *table, nh_link *link, uint32_t hash, nh_link *before)
{
    if (!before && table->n++ > table->mask && table->mask < G_MAXUINT32 / 2)
        grow(table);
    nh_link **place = &table->chains[hash & table->mask];
    while (before && *place != before)
        place = &(*place)->next;
    link->hash = hash;
    link->next = before ? before->next : *place;
    *place = link;
}
