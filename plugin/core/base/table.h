/* table.h
 * Hash tables of what each packet looks up: a GHashTable by the hash itself, and
 * in it chains of those that share one. Whoever looks something up compares what
 * it has at hand, and no key is made, copied or freed.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TABLE_H
#define NLM_HEALTH_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* The first member of what is in the table. */
typedef struct nh_link {
    struct nh_link *next; /* with the same hash */
} nh_link;

typedef struct {
    GHashTable *chains; /* by hash */
    uint64_t missing;   /* the hash that was looked up last in vain: what is put in next mostly has it; above 32 bits when none was */
} nh_table;

/* To be ended with nh_table_clear(). */
void nh_table_init(nh_table *table);

/* What is in it is not touched. */
void nh_table_clear(nh_table *table);

/* The first with this hash, or NULL; the others follow by their links. */
static inline nh_link *
nh_table_first(nh_table *table, uint32_t hash)
{
    nh_link *first = g_hash_table_lookup(table->chains, GUINT_TO_POINTER(hash));

    if (!first)
        table->missing = hash;
    return first;
}

/* Put something in, in place of another (which has the same hash) or of nothing (NULL). */
void nh_table_put(nh_table *table, nh_link *link, uint32_t hash, nh_link *before);

#endif
