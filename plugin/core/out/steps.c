/* steps.c
 * The packets that tell an incident: those that its timeline names.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/steps.h"

#include "core/out/folds.h"

/* Where a frame is in two rows, the earlier row is where its story begins. */
static void
add_step(GHashTable *steps, uint32_t frame, const char *text)
{
    if (frame && !g_hash_table_contains(steps, GUINT_TO_POINTER(frame)))
        g_hash_table_insert(steps, GUINT_TO_POINTER(frame), g_strdup(text));
}

/* The report leaves out the middle of a long timeline. */
static bool
is_shown(const GPtrArray *rows, unsigned i)
{
    return rows->len <= NH_ROWS_SHOWN || i < NH_ROWS_SHOWN - NH_ROWS_LAST || i >= rows->len - NH_ROWS_LAST;
}

GHashTable *
nh_steps_of(const nh_incident *incident)
{
    GHashTable *steps = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    GPtrArray *rows = nh_rows_of(incident);

    for (unsigned i = 0; i < rows->len; i++) {
        const nh_row *row = rows->pdata[i];
        if (!is_shown(rows, i))
            continue;
        add_step(steps, row->first, row->text);
        add_step(steps, row->last, row->text);
    }
    g_ptr_array_unref(rows);
    return steps;
}
