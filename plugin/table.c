/* table.c
 * Hash tables of what each packet looks up.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "table.h"

void
nh_table_put(GHashTable *table, nh_link *link, guint32 hash, nh_link *before)
{
    nh_link *first = nh_table_first(table, hash);

    link->next = before ? before->next : first;
    if (!before || before == first) {
        g_hash_table_insert(table, GUINT_TO_POINTER(hash), link);
        return;
    }
    while (first->next != before)
        first = first->next;
    first->next = link;
}
