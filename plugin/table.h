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

#include <glib.h>

/* The first member of what is in the table. */
typedef struct nh_link {
    struct nh_link *next; /* with the same hash */
} nh_link;

/* Free with g_hash_table_unref(); what is in it is not touched. */
static inline GHashTable *
nh_table_new(void)
{
    return g_hash_table_new(NULL, NULL);
}

/* The first with this hash, or NULL; the others follow by their links. */
static inline nh_link *
nh_table_first(GHashTable *table, guint32 hash)
{
    return g_hash_table_lookup(table, GUINT_TO_POINTER(hash));
}

/* Put something in, in place of another (which has the same hash) or of nothing (NULL). */
void nh_table_put(GHashTable *table, nh_link *link, guint32 hash, nh_link *before);

#endif
