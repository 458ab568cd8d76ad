/* kernel_log_fit.c
 * How well the lines of a log meet the lines that the capture predicts, when
 * the log's clock is moved.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log_fit.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/base/hash.h"
#include "core/base/search.h"

/* Of one kind: when the capture predicts a line (sorted, disjoint), and the likeliest times (sorted). */
typedef struct {
    nh_log_event event;
    const char *program;
    nh_addr server;   /* len 0: whichever */
    GArray *windows;  /* nh_log_range */
    GArray *bests;    /* nh_time */
    unsigned n_shown; /* of bests: lines that the capture shows, while the others are added */
} prediction;

struct nh_log_predictions {
    GPtrArray *kinds; /* prediction*; a line's kind is its index plus one */
    GHashTable *by_key;
};

/* --- what is predicted --------------------------------------------------------- */

static unsigned
hash_kind(const void *key)
{
    const prediction *k = key;
    return g_str_hash(k->program) ^ nh_addr_hash(&k->server) ^ (unsigned)k->event;
}

static gboolean
same_kind(const void *a, const void *b)
{
    const prediction *x = a, *y = b;
    return x->event == y->event && nh_addr_equal(&x->server, &y->server) && strcmp(x->program, y->program) == 0;
}

static void
free_prediction(void *data)
{
    prediction *kind = data;
    g_array_free(kind->windows, true);
    g_array_free(kind->bests, true);
    g_free(kind);
}

static prediction *
kind_of(nh_log_predictions *p, nh_log_event event, const char *program, const nh_addr *server)
{
    static const nh_addr any;
    prediction key = { .event = event, .program = program, .server = server ? *server : any };
    unsigned found = GPOINTER_TO_UINT(g_hash_table_lookup(p->by_key, &key));
    if (found > 0)
        return g_ptr_array_index(p->kinds, found - 1);
    prediction *kind = g_new(prediction, 1);
    *kind = key;
    kind->windows = g_array_new(false, false, sizeof(nh_log_range));
    kind->n_shown = 0;
    kind->bests = g_array_new(false, false, sizeof(nh_time));
    g_ptr_array_add(p->kinds, kind);
    g_hash_table_insert(p->by_key, kind, GUINT_TO_POINTER(p->kinds->len));
    return kind;
}

/* Index of the first of n sorted times that is not before t; n when there is none. */
static unsigned
first_from(const GArray *times, unsigned n, nh_time t)
{
    unsigned place;
    NH_SEARCH(place, n, g_array_index(times, nh_time, place) < t);
    return place;
}

/*
 * The capture shows when the line came, or else the middle of its window is as
 * good as any; but where another line of the kind is shown within that window,
 * a logged one is rather that.
 */
static void
predict(prediction *kind, nh_log_range window, nh_time shown)
{
    g_array_append_val(kind->windows, window);
    if (nh_time_known(shown)) {
        shown = CLAMP(shown, window.low, window.high);
        g_array_append_val(kind->bests, shown);
        return;
    }
    unsigned nearest = first_from(kind->bests, kind->n_shown, window.low);
    nh_time middle = window.low + (window.high - window.low) / 2;
    if (nearest == kind->n_shown || g_array_index(kind->bests, nh_time, nearest) > window.high)
        g_array_append_val(kind->bests, middle);
}

/* Those expectations whose line the capture shows, or those whose line it does not. */
static void
predict_all(nh_log_predictions *p, const nh_log_expectation *expected, unsigned n_expected, bool shown)
{
    for (unsigned i = 0; i < n_expected; i++) {
        const nh_log_expectation *e = &expected[i];
        nh_log_range window = { MAX(e->earliest, 0), MIN(e->latest, NH_LOG_TIME_MAX) };
        if (window.low > window.high || nh_time_known(e->best) != shown)
            continue;
        predict(kind_of(p, e->event, e->program, NULL), window, e->best);
        predict(kind_of(p, e->event, e->program, &e->server), window, e->best);
    }
    for (unsigned k = 0; k < p->kinds->len; k++) {
        prediction *kind = g_ptr_array_index(p->kinds, k);
        g_array_sort(kind->bests, nh_time_compare);
        kind->n_shown = kind->bests->len;
    }
}

static void
merge_sorted(GArray *ranges)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < ranges->len; i++) {
        nh_log_range next = g_array_index(ranges, nh_log_range, i);
        nh_log_range *last = &g_array_index(ranges, nh_log_range, kept > 0 ? kept - 1 : 0);
        if (kept > 0 && next.low <= last->high)
            last->high = MAX(last->high, next.high);
        else
            g_array_index(ranges, nh_log_range, kept++) = next;
    }
    g_array_set_size(ranges, kept);
}

static void
set_kinds(const nh_log_predictions *p, const nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        prediction key = { .event = line->event, .program = line->program, .server = line->address };
        line->kind = line->program && line->server && (log->all_hosts || !line->stranger)
                         ? GPOINTER_TO_UINT(g_hash_table_lookup(p->by_key, &key))
                         : 0;
    }
}

nh_log_predictions *
nh_log_predictions_new(const nh_kernel_log *log, const nh_log_expectation *expected, unsigned n_expected)
{
    nh_log_predictions *p = g_new(nh_log_predictions, 1);
    p->kinds = g_ptr_array_new_with_free_func(free_prediction);
    p->by_key = g_hash_table_new(hash_kind, same_kind);
    predict_all(p, expected, n_expected, true);
    predict_all(p, expected, n_expected, false);
    for (unsigned k = 0; k < p->kinds->len; k++) {
        prediction *kind = g_ptr_array_index(p->kinds, k);
        g_array_sort(kind->windows, nh_time_compare);
        merge_sorted(kind->windows);
    }
    set_kinds(p, log);
    return p;
}

void
nh_log_predictions_free(nh_log_predictions *p)
{
    g_hash_table_unref(p->by_key);
    g_ptr_array_free(p->kinds, true);
    g_free(p);
}

/* --- lines that meet it ---------------------------------------------------------- */

static const prediction *
predictions_of(const nh_log_predictions *p, const nh_log_line *line)
{
    return line->kind > 0 ? g_ptr_array_index(p->kinds, line->kind - 1) : NULL;
}

/* The window that a line of this kind meets somewhere from low to high; NULL when there is none. */
static const nh_log_range *
window_met(const nh_log_predictions *p, const nh_log_line *line, nh_time low, nh_time high)
{
    const prediction *kind = predictions_of(p, line);
    if (!kind)
        return NULL;
    unsigned place;
    NH_SEARCH(place, kind->windows->len, g_array_index(kind->windows, nh_log_range, place).high < low);
    const nh_log_range *window = place < kind->windows->len ? &g_array_index(kind->windows, nh_log_range, place) : NULL;
    return window && window->low <= high ? window : NULL;
}

bool
nh_log_predicted(const nh_log_predictions *p, const nh_log_line *line, nh_time low, nh_time high)
{
    return window_met(p, line, low, high) != NULL;
}

bool
nh_log_meets(const nh_log_predictions *p, const nh_log_line *line, nh_time shift, nh_time slack)
{
    nh_time low = line->stamp + shift;
    return nh_log_predicted(p, line, low - slack, low + line->resolution + slack);
}

/* The likeliest time of a line of this kind nearest to t; there is one wherever nh_log_predicted() holds. */
static nh_time
nearest_best(const nh_log_predictions *p, const nh_log_line *line, nh_time t)
{
    const GArray *bests = predictions_of(p, line)->bests;
    unsigned from = first_from(bests, bests->len, t);
    nh_time after = g_array_index(bests, nh_time, MIN(from, bests->len - 1));
    nh_time before = g_array_index(bests, nh_time, from > 0 ? from - 1 : 0);
    return ABS(after - t) < ABS(before - t) ? after : before;
}

nh_log_fit
nh_log_measure(const nh_log_predictions *p, const GPtrArray *lines, const nh_time *shifts, nh_time shift, nh_time slack)
{
    nh_log_fit fit = { 0, 0 };
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time own = shifts ? shifts[i] : shift;
        if (!nh_log_meets(p, line, own, slack))
            continue;
        nh_time middle = line->stamp + own + line->resolution / 2;
        fit.met++;
        fit.distance += fabs((double)(nearest_best(p, line, middle) - middle));
    }
    fit.distance /= MAX(fit.met, 1);
    return fit;
}

unsigned
nh_log_windows_met(const nh_log_predictions *p, const GPtrArray *lines, const nh_time *shifts, nh_time shift, nh_time slack)
{
    GHashTable *met = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time low = line->stamp + (shifts ? shifts[i] : shift);
        const void *window = window_met(p, line, low - slack, low + line->resolution + slack);
        if (window)
            g_hash_table_add(met, (void *)window);
    }
    unsigned n = g_hash_table_size(met);
    g_hash_table_unref(met);
    return n;
}

/* --- shifts under which most are met ------------------------------------------------ */

/* A place on the axis of shifts where a line starts (+1) or ceases (-1) to meet a window. */
typedef struct {
    nh_time at;
    int step;
} edge;

static int
compare_edges(const void *a, const void *b)
{
    const edge *x = a, *y = b;
    return x->at != y->at ? nh_time_compare(&x->at, &y->at) : y->step - x->step;
}

static void
add_edges(GArray *edges, nh_log_range r, const nh_log_freedom *freedom)
{
    edge ends[] = { { MAX(r.low, freedom->low), 1 }, { MIN(r.high, freedom->high), -1 } };
    if (ends[0].at <= ends[1].at)
        g_array_append_vals(edges, ends, 2);
}

/* The shifts under which one line meets a window, each counted once. */
static void
add_line_edges(GArray *edges, const nh_log_line *line, const GArray *windows, const nh_log_freedom *freedom)
{
    nh_log_range pending = { 0, 0 };
    for (unsigned i = 0; i < windows->len; i++) {
        const nh_log_range *window = &g_array_index(windows, nh_log_range, i);
        nh_log_range r = { window->low - freedom->slack - line->resolution - line->stamp, window->high + freedom->slack - line->stamp };
        if (i > 0 && r.low <= pending.high) {
            pending.high = MAX(pending.high, r.high);
            continue;
        }
        if (i > 0)
            add_edges(edges, pending, freedom);
        pending = r;
    }
    if (windows->len > 0)
        add_edges(edges, pending, freedom);
}

static GArray *
all_edges(const nh_log_predictions *p, const GPtrArray *lines, const nh_log_freedom *freedom)
{
    GArray *edges = g_array_new(false, false, sizeof(edge));
    uint64_t pairs = 0;
    for (unsigned i = 0; i < lines->len; i++) {
        const prediction *kind = predictions_of(p, g_ptr_array_index(lines, i));
        pairs += kind ? kind->windows->len : 0;
    }
    unsigned stride = (unsigned)(pairs / NH_LOG_PAIRS_MAX) + 1;
    for (unsigned i = 0; i < lines->len; i += stride) {
        const prediction *kind = predictions_of(p, g_ptr_array_index(lines, i));
        if (kind)
            add_line_edges(edges, g_ptr_array_index(lines, i), kind->windows, freedom);
    }
    g_array_sort(edges, compare_edges);
    return edges;
}

GArray *
nh_log_best_ranges(const nh_log_predictions *p, const GPtrArray *lines, const nh_log_freedom *freedom)
{
    GArray *edges = all_edges(p, lines, freedom);
    GArray *ranges = g_array_new(false, false, sizeof(nh_log_range));
    int depth = 0, deepest = 0;
    for (unsigned i = 0; i < edges->len; i++) {
        const edge *e = &g_array_index(edges, edge, i);
        depth += e->step;
        if (e->step > 0 && depth >= deepest) {
            if (depth > deepest)
                g_array_set_size(ranges, 0);
            deepest = depth;
            /* It ends where the next edge closes: an opening one would make it deeper. */
            nh_log_range r = { e->at, g_array_index(edges, edge, i + 1).at };
            if (ranges->len < NH_LOG_RANGES_MAX)
                g_array_append_val(ranges, r);
        }
    }
    g_array_free(edges, true);
    return ranges;
}

/* How exactly a line tells the shift under which it meets its window. */
static nh_time
room_left(const nh_log_predictions *p, const nh_log_line *line, nh_time shift, nh_time slack)
{
    nh_time low = line->stamp + shift;
    const nh_log_range *window = window_met(p, line, low - slack, low + line->resolution + slack);

    return window ? window->high - window->low + line->resolution : G_MAXINT64;
}

/* A line that the capture shows dates the clock; one from the middle of its window would only blur that. */
nh_time
nh_log_settle(const nh_log_predictions *p, const GPtrArray *lines, nh_log_range r, nh_time slack)
{
    nh_time middle = r.low + (r.high - r.low) / 2, tightest = G_MAXINT64;
    GArray *wanted = g_array_new(false, false, sizeof(nh_time));

    for (unsigned i = 0; i < lines->len; i++)
        tightest = MIN(tightest, room_left(p, g_ptr_array_index(lines, i), middle, slack));
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        if (!nh_log_meets(p, line, middle, slack) || room_left(p, line, middle, slack) / 2 > tightest)
            continue;
        nh_time shift = nearest_best(p, line, line->stamp + middle) - line->stamp - line->resolution / 2;
        g_array_append_val(wanted, shift);
    }
    g_array_sort(wanted, nh_time_compare);
    nh_time chosen = wanted->len > 0 ? g_array_index(wanted, nh_time, wanted->len / 2) : middle;
    g_array_free(wanted, true);
    return CLAMP(chosen, r.low, r.high);
}
