/* groups.c
 * Finding what repeats in a timeline.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/groups.h"

#include "core/base/limits.h"

/* Each event's kind as a small number, and how many events are of that kind. */
typedef struct {
    unsigned *kind;
    GArray *totals;
} kinds;

/* Text without the words that hold a digit: numbers, addresses and XIDs do not make two events different. */
static void
append_words(GString *key, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        if (strcspn(text, "0123456789") >= length) {
            g_string_append_len(key, text, length);
            g_string_append_c(key, ' ');
        }
        text += length + strspn(text + length, " ");
    }
}

/* Troubles of a connection are of one kind whatever their text counts; calls are not when they do different things. */
static void
make_key(GString *key, const nh_event *event)
{
    const nh_finding_row *row = nh_finding_get(event->finding);
    const char *text = event->text ? event->text : "";

    g_string_printf(key, "%d %s ", event->finding, event->event ? event->event : "");
    if (event->frame == 0)
        g_string_append_printf(key, "line %s", text);
    else if (!row || row->kind != NH_KIND_TRANSPORT)
        append_words(key, text);
}

static void
find_kinds(kinds *k, const GPtrArray *timeline)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *key = g_string_new(NULL);

    k->kind = g_new(unsigned, timeline->len);
    k->totals = g_array_new(false, true, sizeof(unsigned));
    for (unsigned i = 0; i < timeline->len; i++) {
        void *number;
        make_key(key, timeline->pdata[i]);
        if (!g_hash_table_lookup_extended(known, key->str, NULL, &number)) {
            number = GUINT_TO_POINTER(k->totals->len);
            g_hash_table_insert(known, g_strdup(key->str), number);
            g_array_set_size(k->totals, k->totals->len + 1);
        }
        k->kind[i] = GPOINTER_TO_UINT(number);
        g_array_index(k->totals, unsigned, k->kind[i])++;
    }
    g_string_free(key, true);
    g_hash_table_unref(known);
}

static void
append_group(GArray *groups, unsigned first, unsigned count, bool mixed)
{
    nh_group group = { first, first + count - 1, count, mixed };
    g_array_append_val(groups, group);
}

/* Events from start up to end: neighbours of one kind become one group. */
static void
fold_neighbours(GArray *groups, const kinds *k, unsigned start, unsigned end)
{
    while (start < end) {
        unsigned same = 1;
        while (start + same < end && k->kind[start + same] == k->kind[start])
            same++;
        if (same >= NH_GROUP_MIN)
            append_group(groups, start, same, false);
        else
            for (unsigned i = 0; i < same; i++)
                append_group(groups, start + i, 1, false);
        start += same;
    }
}

/* A long stretch of routine: one group per kind. */
static void
fold_stretch(GArray *groups, const kinds *k, unsigned start, unsigned end)
{
    unsigned first_group = groups->len;

    for (unsigned i = start; i < end; i++) {
        unsigned r = first_group;
        while (r < groups->len && k->kind[g_array_index(groups, nh_group, r).first] != k->kind[i])
            r++;
        if (r == groups->len) {
            append_group(groups, i, 1, true);
            continue;
        }
        nh_group *group = &g_array_index(groups, nh_group, r);
        group->last = i;
        group->count++;
    }
    if (groups->len == first_group + 1)
        g_array_index(groups, nh_group, first_group).mixed = false;
}

/* The first event at or after start that is not routine. */
static unsigned
end_of_routine(const kinds *k, unsigned start, unsigned n)
{
    while (start < n && g_array_index(k->totals, unsigned, k->kind[start]) >= NH_ROUTINE_MIN)
        start++;
    return start;
}

GArray *
nh_timeline_groups(const GPtrArray *timeline)
{
    GArray *groups = g_array_new(false, false, sizeof(nh_group));
    unsigned done = 0;
    kinds k;

    find_kinds(&k, timeline);
    for (unsigned i = 0; i < timeline->len;) {
        unsigned end = end_of_routine(&k, i, timeline->len);
        if (end - i >= NH_ROUTINE_STRETCH_MIN) {
            fold_neighbours(groups, &k, done, i);
            fold_stretch(groups, &k, i, end);
            done = end;
        }
        i = MAX(end, i + 1);
    }
    fold_neighbours(groups, &k, done, timeline->len);
    g_free(k.kind);
    g_array_unref(k.totals);
    return groups;
}

const nh_event *
nh_group_first(const GPtrArray *timeline, const nh_group *group)
{
    return timeline->pdata[group->first];
}

const nh_event *
nh_group_last(const GPtrArray *timeline, const nh_group *group)
{
    return timeline->pdata[group->last];
}
