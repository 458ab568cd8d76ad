/* table.h
 * Hash tables of what each packet looks up. Whoever looks something up compares what it has at hand, and no key is made,
 * copied or freed. Not GLib's, which take twice the memory and thrice the instructions where each packet pays for them.
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
    struct nh_link *next; /* in its chain */
    uint32_t hash;
} nh_link;

typedef struct {
    nh_link **chains; /* by the lowest bits of the hash */
    uint32_t mask;    /* these bits: one less than there are chains */
    uint32_t n;       /* entries, at most as many as chains */
} nh_table;

/* To be ended with nh_table_clear(). */
void nh_table_init(nh_table *table);

/* What is in it is not touched. */
void nh_table_clear(nh_table *table);

/* The first that may have this hash, or NULL; the others follow by their links. */
static inline nh_link *
nh_table_first(const nh_table *table, uint32_t hash)
{
    return table->chains[hash & table->mask];
}

/* Put something in, in place of another (which has the same hash) or of nothing (NULL). */
void nh_table_put(nh_table *table, nh_link *link, uint32_t hash, nh_link *before);

#endif
