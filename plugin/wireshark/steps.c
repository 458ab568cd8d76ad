/* steps.c
 * What the timelines of the present story say of single packets, kept while that story lasts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/steps.h"

#include "core/out/steps.h"

/* By number of the incident, from 1: a timeline is folded when a packet of it is first looked at. */
static GHashTable *by_incident;

static void
unref_steps(void *steps)
{
    g_hash_table_unref(steps);
}

const char *
nh_step_of(const nh_story *story, unsigned id, uint32_t frame)
{
    if (id == 0 || id > story->incidents->len)
        return NULL;
    if (!by_incident)
        by_incident = g_hash_table_new_full(NULL, NULL, NULL, unref_steps);
    GHashTable *steps = g_hash_table_lookup(by_incident, GUINT_TO_POINTER(id));
    if (!steps) {
        steps = nh_steps_of(story->incidents->pdata[id - 1]);
        g_hash_table_insert(by_incident, GUINT_TO_POINTER(id), steps);
    }
    return g_hash_table_lookup(steps, GUINT_TO_POINTER(frame));
}

void
nh_steps_forget(void)
{
    g_clear_pointer(&by_incident, g_hash_table_unref);
}
