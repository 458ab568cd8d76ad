/* table.h
 * A hash table of things that carry their own link, for what each packet looks up.
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
    struct nh_link *next;
    guint32 hash;
} nh_link;

typedef struct {
    nh_link **buckets;
    guint mask; /* number of buckets, a power of 2, less 1 */
    guint count;
} nh_table;

void nh_table_init(nh_table *table);
/* What was in it is not touched. */
void nh_table_clear(nh_table *table);
/* Put something in, in place of another (which has the same hash) or of nothing (NULL). */
void nh_table_put(nh_table *table, nh_link *link, guint32 hash, nh_link *before);

static inline nh_link *
nh_table_next(nh_link *link, guint32 hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

/* The first with this hash, or NULL; those after it: nh_table_next(link->next, hash). */
static inline nh_link *
nh_table_first(const nh_table *table, guint32 hash)
{
    return nh_table_next(table->buckets[hash & table->mask], hash);
}

#endif
