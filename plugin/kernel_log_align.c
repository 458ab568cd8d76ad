/* kernel_log_align.c
 * The time zone of wall clocks and the boot time of uptimes, found by comparing
 * a kernel log with the lines that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "kernel_log.h"

#include <math.h>
#include <stdlib.h>

#define ZONE_STEP   (900 * NH_SECOND)
#define ZONE_STEPS  56 /* UTC-14:00 to UTC+14:00 */
#define EVENTS      (NH_LOG_OTHER + 1)
/* Clocks of dmesg -T and of another machine's capture stray; zones are 15 minutes apart, so this confuses none. */
#define ZONE_SLACK  (5 * NH_SECOND)
/* A boot time is fitted to the windows themselves: only the drift between lines has to be allowed for. */
#define BOOT_SLACK  (NH_SECOND / 2)
#define PAIRS_MAX   (1 << 18)
#define RANGES_MAX  64
#define BOOTS_NAMED 4
#define BOOTS_MAX   16 /* more are no boots but shuffled lines */
#define TIME_MAX    (G_GINT64_CONSTANT(130) * 365 * 86400 * NH_SECOND)

typedef struct {
    nh_time low, high;
} range;

/* By event: when the capture predicts a line (sorted, disjoint), and the likeliest times (sorted). */
typedef struct {
    GArray *windows[EVENTS]; /* range */
    GArray *bests[EVENTS];   /* nh_time */
} predictions;

typedef struct {
    guint met;       /* lines inside a window */
    double distance; /* their mean distance from the likeliest time */
} fit;

static int
compare_times(gconstpointer a, gconstpointer b)
{
    nh_time x = *(const nh_time *)a, y = *(const nh_time *)b;
    return (x > y) - (x < y);
}

static void
merge_sorted(GArray *ranges)
{
    guint kept = 0;
    for (guint i = 0; i < ranges->len; i++) {
        range next = g_array_index(ranges, range, i);
        range *last = &g_array_index(ranges, range, kept > 0 ? kept - 1 : 0);
        if (kept > 0 && next.low <= last->high)
            last->high = MAX(last->high, next.high);
        else
            g_array_index(ranges, range, kept++) = next;
    }
    g_array_set_size(ranges, kept);
}

static void
predictions_init(predictions *p, const nh_log_expectation *expected, guint n_expected)
{
    for (guint e = 0; e < EVENTS; e++) {
        p->windows[e] = g_array_new(FALSE, FALSE, sizeof(range));
        p->bests[e] = g_array_new(FALSE, FALSE, sizeof(nh_time));
    }
    for (guint i = 0; i < n_expected; i++) {
        range window = { MAX(expected[i].earliest, 0), MIN(expected[i].latest, TIME_MAX) };
        if (window.low > window.high || (guint)expected[i].event >= EVENTS)
            continue;
        nh_time best = nh_time_known(expected[i].best) ? CLAMP(expected[i].best, window.low, window.high)
                                                       : window.low + (window.high - window.low) / 2;
        g_array_append_val(p->windows[expected[i].event], window);
        g_array_append_val(p->bests[expected[i].event], best);
    }
    for (guint e = 0; e < EVENTS; e++) {
        g_array_sort(p->windows[e], compare_times);
        g_array_sort(p->bests[e], compare_times);
        merge_sorted(p->windows[e]);
    }
}

static void
predictions_clear(predictions *p)
{
    for (guint e = 0; e < EVENTS; e++) {
        g_array_free(p->windows[e], TRUE);
        g_array_free(p->bests[e], TRUE);
    }
}

static gboolean
predicted(const predictions *p, nh_log_event event, nh_time low, nh_time high)
{
    const GArray *windows = p->windows[event];
    guint from = 0, to = windows->len;
    while (from < to) {
        guint middle = from + (to - from) / 2;
        if (g_array_index(windows, range, middle).high < low)
            from = middle + 1;
        else
            to = middle;
    }
    return from < windows->len && g_array_index(windows, range, from).low <= high;
}

/* The likeliest time of event nearest to t; there is one wherever predicted() holds. */
static nh_time
nearest_best(const predictions *p, nh_log_event event, nh_time t)
{
    const GArray *bests = p->bests[event];
    guint from = 0, to = bests->len;
    while (from < to) {
        guint middle = from + (to - from) / 2;
        if (g_array_index(bests, nh_time, middle) < t)
            from = middle + 1;
        else
            to = middle;
    }
    nh_time after = g_array_index(bests, nh_time, MIN(from, bests->len - 1));
    nh_time before = g_array_index(bests, nh_time, from > 0 ? from - 1 : 0);
    return ABS(after - t) < ABS(before - t) ? after : before;
}

static fit
measure(const GPtrArray *lines, const predictions *p, nh_time shift, nh_time slack)
{
    fit f = { 0, 0 };
    for (guint i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time low = line->stamp + shift;
        if (!predicted(p, line->event, low - slack, low + line->resolution + slack))
            continue;
        nh_time middle = low + line->resolution / 2;
        f.met++;
        f.distance += fabs((double)(nearest_best(p, line->event, middle) - middle));
    }
    f.distance /= MAX(f.met, 1);
    return f;
}

static guint
lines_within(const GPtrArray *lines, nh_time shift, const nh_log_hints *hints)
{
    guint n = 0;
    for (guint i = 0; i < lines->len; i++) {
        nh_time t = ((const nh_log_line *)g_ptr_array_index(lines, i))->stamp + shift;
        n += t >= hints->capture_first && t <= hints->capture_last;
    }
    return n;
}

/* What has to be added to this machine's wall clock to make it UTC; 0 when the capture has no time. */
static nh_time
own_zone_shift(const nh_log_hints *hints)
{
    if (!hints || hints->capture_first <= 0)
        return 0;
    GTimeZone *zone = g_time_zone_new_local();
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, hints->capture_first / NH_SECOND);
    nh_time shift = interval < 0 ? 0 : -(nh_time)g_time_zone_get_offset(zone, interval) * NH_SECOND;
    g_time_zone_unref(zone);
    return shift;
}

static nh_time
zone_shift(const GPtrArray *lines, const nh_log_hints *hints, const predictions *p, fit *best)
{
    nh_time shift = 0, own = own_zone_shift(hints);
    *best = measure(lines, p, 0, ZONE_SLACK);
    fit by_own = measure(lines, p, own, ZONE_SLACK);
    /* Without a single line met only the two likely zones are weighed: some other one would always hit by chance. */
    gboolean inside = best->met == 0 && own != 0 && lines_within(lines, own, hints) > lines_within(lines, 0, hints);
    if (by_own.met > best->met || inside) {
        *best = by_own;
        shift = own;
    }
    gboolean preferred = TRUE;
    for (int step = -ZONE_STEPS; step <= ZONE_STEPS; step++) {
        fit f = measure(lines, p, step * ZONE_STEP, ZONE_SLACK);
        if (f.met > best->met || (!preferred && f.met == best->met && f.distance < best->distance)) {
            *best = f;
            shift = step * ZONE_STEP;
            preferred = FALSE;
        }
    }
    return shift;
}

/* A place on the axis of boot times where a line starts (+1) or ceases (-1) to meet a window. */
typedef struct {
    nh_time at;
    int step;
} edge;

static int
compare_edges(gconstpointer a, gconstpointer b)
{
    const edge *x = a, *y = b;
    return x->at != y->at ? compare_times(&x->at, &y->at) : y->step - x->step;
}

static void
add_edges(GArray *edges, range r)
{
    edge ends[] = { { r.low, 1 }, { r.high, -1 } };
    g_array_append_vals(edges, ends, 2);
}

/* The boot times under which one line meets a window, each counted once. */
static void
add_line_edges(GArray *edges, const nh_log_line *line, const GArray *windows)
{
    range pending = { 0, 0 };
    for (guint i = 0; i < windows->len; i++) {
        const range *window = &g_array_index(windows, range, i);
        range r = { window->low - BOOT_SLACK - line->resolution - line->stamp, window->high + BOOT_SLACK - line->stamp };
        if (i > 0 && r.low <= pending.high) {
            pending.high = MAX(pending.high, r.high);
            continue;
        }
        if (i > 0)
            add_edges(edges, pending);
        pending = r;
    }
    if (windows->len > 0)
        add_edges(edges, pending);
}

/* Ranges of boot times under which most lines meet a window. A long log is sampled, so that this stays linear. */
static GArray *
best_ranges(const GPtrArray *lines, const predictions *p)
{
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(edge));
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(range));
    guint64 pairs = 0;
    for (guint i = 0; i < lines->len; i++)
        pairs += p->windows[((const nh_log_line *)g_ptr_array_index(lines, i))->event]->len;
    guint stride = (guint)(pairs / PAIRS_MAX) + 1;
    for (guint i = 0; i < lines->len; i += stride) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        add_line_edges(edges, line, p->windows[line->event]);
    }
    g_array_sort(edges, compare_edges);

    int depth = 0, deepest = 0;
    for (guint i = 0; i < edges->len; i++) {
        const edge *e = &g_array_index(edges, edge, i);
        depth += e->step;
        if (e->step > 0 && depth >= deepest) {
            if (depth > deepest)
                g_array_set_size(ranges, 0);
            deepest = depth;
            /* It ends where the next edge closes: an opening one would make it deeper. */
            range r = { e->at, g_array_index(edges, edge, i + 1).at };
            if (ranges->len < RANGES_MAX)
                g_array_append_val(ranges, r);
        }
    }
    g_array_free(edges, TRUE);
    return ranges;
}

/* Within a range of equally good boot times, the one that brings the middle line to its likeliest time. */
static nh_time
settle(const GPtrArray *lines, const predictions *p, range r)
{
    nh_time middle = r.low + (r.high - r.low) / 2;
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(nh_time));
    for (guint i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time at = line->stamp + middle;
        if (!predicted(p, line->event, at - BOOT_SLACK, at + line->resolution + BOOT_SLACK))
            continue;
        nh_time shift = nearest_best(p, line->event, at) - line->stamp - line->resolution / 2;
        g_array_append_val(wanted, shift);
    }
    g_array_sort(wanted, compare_times);
    nh_time chosen = wanted->len > 0 ? g_array_index(wanted, nh_time, wanted->len / 2) : middle;
    g_array_free(wanted, TRUE);
    return CLAMP(chosen, r.low, r.high);
}

/* The boot time of lines of one boot; NH_TIME_NONE when none brings a single line to where one is predicted. */
static nh_time
boot_shift(const GPtrArray *lines, const predictions *p, nh_time preferred, guint *others)
{
    GArray *ranges = best_ranges(lines, p);
    nh_time shift = NH_TIME_NONE;
    fit best = { 0, 0 };
    for (guint i = 0; i < ranges->len; i++) {
        nh_time candidate = settle(lines, p, g_array_index(ranges, range, i));
        fit f = measure(lines, p, candidate, BOOT_SLACK);
        if (f.met > best.met || (f.met == best.met && f.met > 0 && f.distance < best.distance)) {
            best = f;
            shift = candidate;
        }
    }
    fit f = measure(lines, p, preferred, BOOT_SLACK);
    *others = ranges->len > 1 ? ranges->len - 1 : 0;
    g_array_free(ranges, TRUE);
    if (f.met > 0 && f.met >= best.met) {
        *others = 0;
        return preferred;
    }
    return shift;
}

static GPtrArray *
lines_of(const nh_kernel_log *log, nh_log_clock clock)
{
    GPtrArray *lines = g_ptr_array_new();
    for (guint i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->clock == clock)
            g_ptr_array_add(lines, line);
    }
    return lines;
}

static void
move(const GPtrArray *lines, nh_time shift)
{
    for (guint i = 0; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        line->time = nh_time_known(shift) ? line->stamp + shift : NH_TIME_NONE;
    }
}

static void
append_zone(GString *message, nh_time shift, const nh_log_hints *hints, guint met)
{
    nh_time offset = ABS(shift) / (60 * NH_SECOND);
    g_string_append(message, ", wall clock read as UTC");
    if (shift != 0)
        g_string_append_printf(message, "%c%02d:%02d", shift < 0 ? '+' : '-', (int)(offset / 60), (int)(offset % 60));
    if (met > 0)
        g_string_append(message, shift != 0 ? " (best match with the capture)" : "");
    else if (shift != 0 && shift == own_zone_shift(hints))
        g_string_append(message, " (this machine's time zone)");
}

static void
align_wall_clocks(nh_kernel_log *log, const nh_log_hints *hints, const predictions *p, GString *message)
{
    GPtrArray *lines = lines_of(log, NH_CLOCK_LOCAL);
    if (lines->len > 0) {
        fit best;
        log->shift = zone_shift(lines, hints, p, &best);
        log->shifted = log->shift != 0;
        move(lines, log->shift);
        append_zone(message, log->shift, hints, best.met);
    }
    g_ptr_array_free(lines, TRUE);
}

/* The lines from first on that are of one boot: its seconds only grow (lines of several processors may swap). */
static GPtrArray *
same_boot(const GPtrArray *lines, guint first)
{
    GPtrArray *boot = g_ptr_array_new();
    nh_time highest = G_MININT64;
    for (guint i = first; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        if (i > first && line->stamp < highest - NH_SECOND)
            break;
        highest = MAX(highest, line->stamp);
        g_ptr_array_add(boot, line);
    }
    return boot;
}

static void
append_boot(GString *message, guint number, nh_time boot, guint met, guint others)
{
    GDateTime *booted = g_date_time_new_from_unix_utc(boot / NH_SECOND);
    char *text = booted ? g_date_time_format(booted, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("?");
    g_string_append_printf(message, "%s%s", number == 0 ? ", seconds since boot aligned by best match: the kernel booted at "
                                                        : ", again at ", text);
    if (others > 0)
        g_string_append_printf(message, " (uncertain: %s%u other boot time%s would fit as well)",
                               others >= RANGES_MAX - 1 ? "at least " : "", others, others == 1 ? "" : "s");
    else if (met == 1)
        g_string_append(message, " (uncertain: it rests on one line)");
    g_free(text);
    g_clear_pointer(&booted, g_date_time_unref);
}

/* Each boot in the log by itself; one that goes on where lines were pasted twice keeps the boot time found before. */
static void
align_uptimes(nh_kernel_log *log, const predictions *p, GString *message)
{
    GPtrArray *lines = lines_of(log, NH_CLOCK_UPTIME);
    nh_time preferred = 0;
    guint lost = 0, boots = 0, named = 0;
    for (guint first = 0; first < lines->len;) {
        GPtrArray *boot = same_boot(lines, first);
        guint others = 0;
        nh_time shift = boots++ < BOOTS_MAX ? boot_shift(boot, p, preferred, &others) : NH_TIME_NONE;
        move(boot, shift);
        if (!nh_time_known(shift)) {
            lost += boot->len;
        } else if (shift != preferred || named == 0) {
            if (named < BOOTS_NAMED)
                append_boot(message, named, shift + log->offset, measure(boot, p, shift, BOOT_SLACK).met, others);
            named++;
            log->shift = log->shifted ? log->shift : shift;
            log->shifted = log->shifted || shift != 0;
            preferred = shift;
        }
        first += boot->len;
        g_ptr_array_free(boot, TRUE);
    }
    if (lost > 0)
        g_string_append_printf(message, ", %u dated by seconds since boot only: no boot time brings %s to where the capture "
                               "predicts a line", lost, lost == 1 ? "it" : "them");
    g_ptr_array_free(lines, TRUE);
}

static void
append_met(GString *message, const nh_kernel_log *log, const predictions *p, guint n_expected)
{
    guint met = 0;
    for (guint i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        met += nh_time_known(line->time) &&
               predicted(p, line->event, line->time - ZONE_SLACK, line->time + line->resolution + ZONE_SLACK);
    }
    if (n_expected > 0)
        g_string_append_printf(message, "; %u of them where the capture predicts one", met);
}

void
nh_kernel_log_align(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, guint n_expected)
{
    if (log->lines->len == 0)
        return;
    predictions p;
    predictions_init(&p, expected, n_expected);
    GString *message = g_string_new(log->counts);
    GPtrArray *zoned = lines_of(log, NH_CLOCK_UTC);
    log->shift = 0;
    log->shifted = FALSE;
    if (zoned->len > 0)
        g_string_append(message, ", time zone printed in the log");
    align_wall_clocks(log, hints, &p, message);
    align_uptimes(log, &p, message);
    append_met(message, log, &p, n_expected);
    g_string_append_c(message, '.');
    g_free(log->message);
    log->message = g_string_free(message, FALSE);
    g_ptr_array_free(zoned, TRUE);
    predictions_clear(&p);
}
