/* kernel_log_align.c
 * The time zone of wall clocks and the boot time of uptimes, found by comparing
 * a kernel log with the lines that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "kernel_log_fit.h"

#define ZONE_STEP   (900 * NH_SECOND)
#define ZONE_STEPS  56 /* UTC-14:00 to UTC+14:00 */
/* Clocks of dmesg -T and of another machine's capture stray; zones are 15 minutes apart, so this confuses none. */
#define ZONE_SLACK  (5 * NH_SECOND)
/* A boot time is fitted to the windows themselves: only the drift between lines has to be allowed for. */
#define BOOT_SLACK  (NH_SECOND / 2)
#define BOOTS_NAMED 4
#define BOOTS_MAX   16 /* more are no boots but shuffled lines */

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
zone_shift(const GPtrArray *lines, const nh_log_hints *hints, const nh_log_predictions *p, nh_log_fit *best)
{
    nh_time shift = 0, own = own_zone_shift(hints);
    *best = nh_log_measure(p, lines, NULL, 0, ZONE_SLACK);
    nh_log_fit by_own = nh_log_measure(p, lines, NULL, own, ZONE_SLACK);
    /* Without a single line met only the two likely zones are weighed: some other one would always hit by chance. */
    gboolean inside = best->met == 0 && own != 0 && lines_within(lines, own, hints) > lines_within(lines, 0, hints);
    if (by_own.met > best->met || inside) {
        *best = by_own;
        shift = own;
    }
    gboolean preferred = TRUE;
    for (int step = -ZONE_STEPS; step <= ZONE_STEPS; step++) {
        nh_log_fit f = nh_log_measure(p, lines, NULL, step * ZONE_STEP, ZONE_SLACK);
        if (f.met > best->met || (!preferred && f.met == best->met && f.distance < best->distance)) {
            *best = f;
            shift = step * ZONE_STEP;
            preferred = FALSE;
        }
    }
    return shift;
}

/* The boot time of lines of one boot; NH_TIME_NONE when none brings a single line to where one is predicted. */
static nh_time
boot_shift(const GPtrArray *lines, const nh_log_predictions *p, nh_time preferred, guint *others)
{
    static const nh_log_freedom any = { BOOT_SLACK, G_MININT64, G_MAXINT64 };
    GArray *ranges = nh_log_best_ranges(p, lines, &any);
    nh_time shift = NH_TIME_NONE;
    nh_log_fit best = { 0, 0 };
    for (guint i = 0; i < ranges->len; i++) {
        nh_time candidate = nh_log_settle(p, lines, g_array_index(ranges, nh_log_range, i), BOOT_SLACK);
        nh_log_fit f = nh_log_measure(p, lines, NULL, candidate, BOOT_SLACK);
        if (f.met > best.met || (f.met == best.met && f.met > 0 && f.distance < best.distance)) {
            best = f;
            shift = candidate;
        }
    }
    nh_log_fit f = nh_log_measure(p, lines, NULL, preferred, BOOT_SLACK);
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
align_wall_clocks(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_predictions *p, GString *message)
{
    GPtrArray *lines = lines_of(log, NH_CLOCK_LOCAL);
    if (lines->len > 0) {
        nh_log_fit best;
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
                               others >= NH_LOG_RANGES_MAX - 1 ? "at least " : "", others, others == 1 ? "" : "s");
    else if (met == 1)
        g_string_append(message, " (uncertain: it rests on one line)");
    g_free(text);
    g_clear_pointer(&booted, g_date_time_unref);
}

/* Each boot in the log by itself; one that goes on where lines were pasted twice keeps the boot time found before. */
static void
align_uptimes(nh_kernel_log *log, const nh_log_predictions *p, GString *message)
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
                append_boot(message, named, shift + log->offset, nh_log_measure(p, boot, NULL, shift, BOOT_SLACK).met, others);
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
append_met(GString *message, const nh_kernel_log *log, const nh_log_predictions *p, guint n_expected)
{
    guint met = 0;
    for (guint i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        met += nh_time_known(line->time) &&
               nh_log_predicted(p, line, line->time, line->time + line->resolution);
    }
    if (n_expected > 0)
        g_string_append_printf(message, "; %u of them where the capture predicts one", met);
}

void
nh_kernel_log_align(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, guint n_expected)
{
    if (log->lines->len == 0)
        return;
    nh_log_predictions *p = nh_log_predictions_new(log, expected, n_expected);
    GString *message = g_string_new(log->counts);
    GPtrArray *zoned = lines_of(log, NH_CLOCK_UTC);
    log->shift = 0;
    log->shifted = FALSE;
    if (zoned->len > 0)
        g_string_append(message, ", time zone printed in the log");
    align_wall_clocks(log, hints, p, message);
    align_uptimes(log, p, message);
    append_met(message, log, p, n_expected);
    g_string_append_c(message, '.');
    g_free(log->message);
    log->message = g_string_free(message, FALSE);
    g_ptr_array_free(zoned, TRUE);
    nh_log_predictions_free(p);
}
