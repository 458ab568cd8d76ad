/* table.c
 * Hash tables of what each packet looks up.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/table.h"

#define NONE_MISSING G_MAXUINT64

void
nh_table_init(nh_table *table)
{
    table->chains = g_hash_table_new(NULL, NULL);
    table->missing = NONE_MISSING;
}

void
nh_table_clear(nh_table *table)
{
    g_hash_table_unref(table->chains);
}

void
nh_table_put(nh_table *table, nh_link *link, uint32_t hash, nh_link *before)
{
    nh_link *first = table->missing == hash ? NULL : nh_table_first(table, hash);

    table->missing = NONE_MISSING;
    link->next = before ? before->next : first;
    if (!before || before == first) {
        g_hash_table_insert(table->chains, GUINT_TO_POINTER(hash), link);
        return;
    }
    while (first->next != before)
        first = first->next;
    first->next = link;
}
