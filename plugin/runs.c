/* runs.c
 * Finding what repeats in a timeline.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "runs.h"

/* A storm repeats SYN, SYN-ACK, call, RST: nothing longer is worth folding. */
#define MAX_PERIOD 4
/* Two of a kind say more as two lines. */
#define MIN_COUNT 3

/* Next word that holds no digit: numbers, addresses and XIDs do not make two texts different. */
static const char *
next_word(const char **at, gsize *length)
{
    for (;;) {
        const char *word = *at + strspn(*at, " ");
        *length = strcspn(word, " ");
        if (*length == 0)
            return NULL;
        *at = word + *length;
        gsize digit = strcspn(word, "0123456789");
        if (digit >= *length)
            return word;
    }
}

static gboolean
same_words(const char *a, const char *b)
{
    for (;;) {
        gsize length_a, length_b;
        const char *word_a = next_word(&a, &length_a);
        const char *word_b = next_word(&b, &length_b);
        if (!word_a || !word_b)
            return word_a == word_b;
        if (length_a != length_b || memcmp(word_a, word_b, length_a) != 0)
            return FALSE;
    }
}

/* Troubles of a connection are the same whatever their text counts; calls are not when they do different things. */
static gboolean
same_event(const nh_event *a, const nh_event *b)
{
    if (a->finding != b->finding || (a->frame == 0) != (b->frame == 0) || g_strcmp0(a->event, b->event) != 0)
        return FALSE;
    if (a->frame == 0)
        return g_strcmp0(a->text, b->text) == 0;
    const nh_finding_row *row = nh_finding_get(a->finding);
    if (row && row->kind == NH_KIND_TRANSPORT)
        return TRUE;
    return same_words(a->text ? a->text : "", b->text ? b->text : "");
}

/* How often the events from first on repeat with this period. */
static guint
count_repeats(const GPtrArray *timeline, guint first, guint period)
{
    guint i = first + period;

    while (i < timeline->len && same_event(timeline->pdata[i - period], timeline->pdata[i]))
        i++;
    return (i - first) / period;
}

GArray *
nh_timeline_runs(const GPtrArray *timeline)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(nh_run));

    for (guint i = 0; i < timeline->len;) {
        guint period = 1, count = 1;
        for (guint p = 1; p <= MAX_PERIOD && count < MIN_COUNT; p++) {
            period = p;
            count = count_repeats(timeline, i, p);
        }
        if (count < MIN_COUNT)
            period = count = 1;
        for (guint member = 0; member < period; member++) {
            nh_run run = { i + member, period, count };
            g_array_append_val(runs, run);
        }
        i += period * count;
    }
    return runs;
}

const nh_event *
nh_run_first(const GPtrArray *timeline, const nh_run *run)
{
    return timeline->pdata[run->first];
}

const nh_event *
nh_run_last(const GPtrArray *timeline, const nh_run *run)
{
    return timeline->pdata[run->first + (run->count - 1) * run->step];
}
