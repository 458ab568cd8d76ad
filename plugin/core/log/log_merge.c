/* log_merge.c
 * One event that stands in several files, or several times in one, is one event.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_merge.h"

#include "core/base/limits.h"

/* Lines whose stamps are at least as fine as this are told apart by them. */
#define FINE 1000

static int
compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* What the lines say; 0 for lines of the same event, at whatever time. */
static int
compare_meaning(const nh_log_line *x, const nh_log_line *y)
{
    int order = (int)x->event - (int)y->event;

    if (order == 0)
        order = compare_texts(x->program, y->program);
    if (order == 0)
        order = compare_texts(x->server, y->server);
    return order == 0 && !x->server ? compare_texts(x->text, y->text) : order;
}

static int
by_meaning_and_time(const void *a, const void *b)
{
    const nh_log_line *x = *(nh_log_line *const *)a, *y = *(nh_log_line *const *)b;
    int order = compare_meaning(x, y);

    if (order != 0)
        return order;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* --- pasted twice --------------------------------------------------------------------- */

static char *
key_of(const nh_log_line *line)
{
    return g_strdup_printf("%u|%" G_GINT64_FORMAT "|%s|%s", line->source, line->stamp, line->host ? line->host : "", line->text);
}

/*
 * The same words with the same stamp in one source: with microseconds they are the
 * same event, with whole seconds if a later line stands between, since a log only
 * goes on. Two calls that time out in one second print two lines next to each other.
 */
static void
mark_pasted(const nh_kernel_log *log)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    nh_time latest = G_MININT64;
    unsigned source = 0;

    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        latest = line->source == source ? MAX(latest, line->stamp) : line->stamp;
        source = line->source;
        char *key = key_of(line);
        line->copy = g_hash_table_contains(seen, key) && (line->resolution <= FINE || line->stamp < latest);
        g_hash_table_add(seen, key);
    }
    g_hash_table_unref(seen);
}

/* --- several sources ------------------------------------------------------------------- */

/* An event, and the sources that have it. */
typedef struct {
    nh_log_line *line;
    nh_time time, end; /* of the coarsest of its lines */
    GArray *sources;
} event;

static bool
has_source(const event *e, unsigned source)
{
    for (unsigned i = 0; i < e->sources->len; i++)
        if (g_array_index(e->sources, unsigned, i) == source)
            return true;
    return false;
}

static bool
may_be(const event *e, const nh_log_line *line)
{
    if (compare_meaning(e->line, line) != 0 || has_source(e, line->source) || line->time > e->end + NH_LOG_SOURCES_SLACK)
        return false;
    return !e->line->host || !line->host || e->line->host == line->host;
}

static void
take_copy(event *e, nh_log_line *line)
{
    nh_log_line *coarser = line;

    g_array_append_val(e->sources, line->source);
    e->end = MAX(e->end, line->time + line->resolution);
    if (line->resolution < e->line->resolution) {
        coarser = e->line;
        e->line = line;
    }
    coarser->copy = true;
    if (!e->line->host)
        e->line->host = coarser->host;
}

static void
free_event(void *data)
{
    event *e = data;

    g_array_unref(e->sources);
    g_free(e);
}

static void
add_event(GPtrArray *events, nh_log_line *line)
{
    event *e = g_new(event, 1);

    *e = (event){ line, line->time, line->time + line->resolution, g_array_new(false, false, sizeof(unsigned)) };
    g_array_append_val(e->sources, line->source);
    g_ptr_array_add(events, e);
}

static void
join_sources(GPtrArray *lines)
{
    GPtrArray *events = g_ptr_array_new_with_free_func(free_event);

    for (unsigned i = 0; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        unsigned from = events->len > NH_LOG_EVENTS_LOOKED_AT ? events->len - NH_LOG_EVENTS_LOOKED_AT : 0;
        while (from < events->len && !may_be(g_ptr_array_index(events, from), line))
            from++;
        if (from < events->len)
            take_copy(g_ptr_array_index(events, from), line);
        else
            add_event(events, line);
    }
    g_ptr_array_free(events, true);
}

void
nh_log_merge(nh_kernel_log *log)
{
    GPtrArray *lines = g_ptr_array_new();

    mark_pasted(log);
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (!line->copy && nh_time_known(line->time))
            g_ptr_array_add(lines, line);
    }
    g_ptr_array_sort(lines, by_meaning_and_time);
    join_sources(lines);
    g_ptr_array_free(lines, true);
}
