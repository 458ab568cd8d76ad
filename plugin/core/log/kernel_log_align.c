/* kernel_log_align.c
 * The time zone of wall clocks and the boot time of uptimes, found by comparing
 * a kernel log with the lines that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log_align.h"

#include "core/log/kernel_log_fit.h"

#include "core/base/limits.h"
#include "core/base/text.h"

static GPtrArray *
lines_of(const nh_kernel_log *log, nh_log_clock clock)
{
    GPtrArray *lines = g_ptr_array_new();
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->clock == clock)
            g_ptr_array_add(lines, line);
    }
    return lines;
}

/* --- wall clocks ------------------------------------------------------------------ */

/*
 * What has to be added to each line of wall clock to make it UTC. One zone is
 * not one number: summer time may begin or end within the log.
 */
typedef struct {
    const GPtrArray *lines;
    GArray *shifts; /* nh_time of each line */
    nh_log_fit fit;
    bool own; /* this machine's zone */
} zone;

static zone
zone_new(const GPtrArray *lines)
{
    zone z = { lines, g_array_sized_new(false, true, sizeof(nh_time), lines->len), { 0, 0 }, false };
    g_array_set_size(z.shifts, lines->len);
    return z;
}

static const nh_time *
shifts_of(const zone *z)
{
    return (const nh_time *)(const void *)z->shifts->data;
}

static void
zone_measure(zone *z, const nh_log_predictions *p)
{
    z->fit = nh_log_measure(p, z->lines, shifts_of(z), 0, NH_LOG_ZONE_SLACK);
}

/* The lines from first on; another zone than before. */
static void
zone_set(zone *z, unsigned first, nh_time shift)
{
    for (unsigned i = first; i < z->lines->len; i++)
        g_array_index(z->shifts, nh_time, i) = shift;
    z->own = false;
}

static unsigned
lines_within(const zone *z, const nh_log_hints *hints)
{
    unsigned n = 0;
    for (unsigned i = 0; i < z->lines->len; i++) {
        nh_time t = ((const nh_log_line *)g_ptr_array_index(z->lines, i))->stamp + g_array_index(z->shifts, nh_time, i);
        n += t >= hints->capture_first && t <= hints->capture_last;
    }
    return n;
}

/*
 * What makes a wall clock of this machine's zone UTC. The hour that summer time
 * repeats is read both ways: as the capture predicts the line, else as the line
 * before was read.
 */
static nh_time
own_shift(GTimeZone *local, const nh_log_predictions *p, const nh_log_line *line, nh_time offset, nh_time before)
{
    int64_t summer = (line->stamp - offset) / NH_SECOND, winter = summer;
    int first = g_time_zone_adjust_time(local, G_TIME_TYPE_DAYLIGHT, &summer);
    int last = g_time_zone_adjust_time(local, G_TIME_TYPE_STANDARD, &winter);
    nh_time earlier = -(nh_time)g_time_zone_get_offset(local, first) * NH_SECOND;
    nh_time later = -(nh_time)g_time_zone_get_offset(local, last) * NH_SECOND;
    if (nh_log_meets(p, line, earlier, NH_LOG_ZONE_SLACK))
        return earlier;
    return nh_log_meets(p, line, later, NH_LOG_ZONE_SLACK) || before == later ? later : earlier;
}

/* This machine's zone; that of a capture without time is UTC. */
static zone
own_zone(const GPtrArray *lines, const nh_log_hints *hints, const nh_log_predictions *p, nh_time offset)
{
    zone own = zone_new(lines);
    GTimeZone *local = g_time_zone_new_local();
    nh_time before = 0;
    for (unsigned i = 0; i < lines->len && hints && hints->capture_first > 0; i++) {
        before = own_shift(local, p, g_ptr_array_index(lines, i), offset, before);
        g_array_index(own.shifts, nh_time, i) = before;
        own.own |= before != 0;
    }
    g_time_zone_unref(local);
    zone_measure(&own, p);
    return own;
}

static void
zone_take(zone *best, const zone *other)
{
    g_array_free(best->shifts, true);
    *best = *other;
}

/* UTC or this machine's zone, whichever meets more. */
static zone
likely_zone(const GPtrArray *lines, const nh_log_hints *hints, const nh_log_predictions *p, nh_time offset)
{
    zone best = zone_new(lines), own = own_zone(lines, hints, p, offset);
    zone_measure(&best, p);
    /* Without a single line met only the two likely zones are weighed: some other one would always hit by chance. */
    bool inside = best.fit.met == 0 && own.own && lines_within(&own, hints) > lines_within(&best, hints);
    if (own.fit.met > best.fit.met || inside)
        zone_take(&best, &own);
    else
        g_array_free(own.shifts, true);
    return best;
}

/* Any other zone, if it meets more lines. */
static void
try_all_zones(zone *best, const nh_log_predictions *p)
{
    bool preferred = true;
    for (int step = -NH_LOG_ZONE_STEPS; step <= NH_LOG_ZONE_STEPS; step++) {
        nh_log_fit f = nh_log_measure(p, best->lines, NULL, step * NH_LOG_ZONE_STEP, NH_LOG_ZONE_SLACK);
        if (f.met > best->fit.met || (!preferred && f.met == best->fit.met && f.distance < best->fit.distance)) {
            best->fit = f;
            zone_set(best, 0, step * NH_LOG_ZONE_STEP);
            preferred = false;
        }
    }
}

/* How many lines are met when those from change on have the second shift; the best such change, the last of equals. */
static unsigned
met_with_change(const zone *z, const nh_log_predictions *p, nh_time first, nh_time second, unsigned *change)
{
    unsigned after = nh_log_measure(p, z->lines, NULL, second, NH_LOG_ZONE_SLACK).met;
    int gain = 0, most = 0;
    *change = 0;
    for (unsigned i = 0; i < z->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(z->lines, i);
        gain += nh_log_meets(p, line, first, NH_LOG_ZONE_SLACK) - nh_log_meets(p, line, second, NH_LOG_ZONE_SLACK);
        if (gain >= most && gain > 0) {
            most = gain;
            *change = i + 1;
        }
    }
    return after + (unsigned)most;
}

/* The zone with one change of its clock, if that meets more windows than the best. */
static void
try_change(zone *best, const nh_log_predictions *p, nh_time first, nh_time second, unsigned *windows)
{
    zone changed = zone_new(best->lines);
    unsigned change;
    if (met_with_change(best, p, first, second, &change) > *windows) {
        zone_set(&changed, 0, first);
        zone_set(&changed, change, second);
        unsigned met = nh_log_windows_met(p, changed.lines, shifts_of(&changed), 0, NH_LOG_ZONE_SLACK);
        if (met > *windows) {
            *windows = met;
            zone_take(best, &changed);
            return;
        }
    }
    g_array_free(changed.shifts, true);
}

/* A zone whose summer time begins or ends inside the log. One window more would be met by chance too often. */
static void
try_changes(zone *best, const nh_log_predictions *p)
{
    unsigned windows = nh_log_windows_met(p, best->lines, shifts_of(best), 0, NH_LOG_ZONE_SLACK) + 1;
    for (int step = -NH_LOG_ZONE_STEPS; step <= NH_LOG_ZONE_STEPS && windows < best->lines->len; step++) {
        try_change(best, p, step * NH_LOG_ZONE_STEP, step * NH_LOG_ZONE_STEP + NH_LOG_SUMMER_TIME, &windows);
        try_change(best, p, step * NH_LOG_ZONE_STEP, step * NH_LOG_ZONE_STEP - NH_LOG_SUMMER_TIME, &windows);
    }
    zone_measure(best, p);
}

static void
append_offset(GString *message, nh_time shift)
{
    int minutes = (int)(ABS(shift) / NH_MINUTE);
    g_string_append(message, "UTC");
    if (shift != 0)
        g_string_append_printf(message, "%c%02d:%02d", shift < 0 ? '+' : '-', minutes / 60, minutes % 60);
}

static void
append_zone(GString *message, const zone *z)
{
    const nh_time *shifts = shifts_of(z);
    unsigned changes = 0;
    g_string_append(message, ", wall clock read as ");
    append_offset(message, shifts[0]);
    for (unsigned i = 1; i < z->lines->len; i++) {
        if (shifts[i] == shifts[i - 1] || changes++ >= NH_LOG_CHANGES_NAMED)
            continue;
        g_string_append_printf(message, ", from line %u on as ", ((const nh_log_line *)g_ptr_array_index(z->lines, i))->number);
        append_offset(message, shifts[i]);
    }
    if (changes > NH_LOG_CHANGES_NAMED)
        g_string_append_printf(message, " and so on (%u changes)", changes);
    if (z->fit.met > 0 && (shifts[0] != 0 || changes > 0))
        g_string_append(message, " (best match with the capture)");
    else if (z->own)
        g_string_append(message, " (this machine's time zone)");
}

static void
align_wall_clocks(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_predictions *p, GString *message)
{
    GPtrArray *lines = lines_of(log, NH_CLOCK_LOCAL);
    if (lines->len > 0) {
        zone z = likely_zone(lines, hints, p, log->offset);
        try_all_zones(&z, p);
        try_changes(&z, p);
        for (unsigned i = 0; i < lines->len; i++) {
            nh_log_line *line = g_ptr_array_index(lines, i);
            line->time = line->stamp + g_array_index(z.shifts, nh_time, i);
        }
        log->shift = g_array_index(z.shifts, nh_time, 0);
        log->shifted = log->shift != 0;
        append_zone(message, &z);
        g_array_free(z.shifts, true);
    }
    g_ptr_array_free(lines, true);
}

/* --- minutes and steps -------------------------------------------------------------- */

/* Lines of dmesg -H that one minute dates: they move together, by less than what is left of it. */
static GPtrArray *
same_minute(const GPtrArray *lines, unsigned first)
{
    GPtrArray *minute = g_ptr_array_new();
    const nh_log_line *head = g_ptr_array_index(lines, first);
    for (unsigned i = first; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        if (line->span != head->span || line->stamp < head->stamp || line->stamp - head->stamp >= NH_MINUTE)
            break;
        g_ptr_array_add(minute, line);
    }
    return minute;
}

static void
settle_minute(const nh_log_predictions *p, const GPtrArray *minute)
{
    nh_log_line *head = g_ptr_array_index(minute, 0);
    nh_time added = head->time - head->stamp, span = head->span;
    nh_log_freedom within = { NH_LOG_LINE_SLACK, added, added + span };
    for (unsigned i = 0; i < minute->len; i++)
        ((nh_log_line *)g_ptr_array_index(minute, i))->resolution = NH_LOG_STEP_RESOLUTION;
    GArray *ranges = nh_log_best_ranges(p, minute, &within);
    nh_time shift = ranges->len > 0 ? nh_log_settle(p, minute, g_array_index(ranges, nh_log_range, 0), NH_LOG_LINE_SLACK) : NH_TIME_NONE;
    for (unsigned i = 0; i < minute->len; i++) {
        nh_log_line *line = g_ptr_array_index(minute, i);
        if (nh_time_known(shift))
            line->time = line->stamp + shift;
        else
            line->resolution = span;
    }
    g_array_free(ranges, true);
}

/* The steps between lines are exact, only when the first one came within its minute is open. */
static void
settle_steps(nh_kernel_log *log, const nh_log_predictions *p)
{
    GPtrArray *lines = g_ptr_array_new();
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->span > 0)
            g_ptr_array_add(lines, line);
    }
    for (unsigned first = 0; first < lines->len;) {
        GPtrArray *minute = same_minute(lines, first);
        settle_minute(p, minute);
        first += minute->len;
        g_ptr_array_free(minute, true);
    }
    g_ptr_array_free(lines, true);
}

/* What the last alignment made of them. */
static void
unsettle_steps(nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->span > 0)
            line->resolution = line->span;
    }
}

/* --- seconds since boot -------------------------------------------------------------- */

/* The boot time of lines of one boot; NH_TIME_NONE when none brings a single line to where one is predicted. */
static nh_time
boot_shift(const GPtrArray *lines, const nh_log_predictions *p, nh_time preferred, unsigned *others)
{
    static const nh_log_freedom any = { NH_LOG_BOOT_SLACK, G_MININT64, G_MAXINT64 };
    GArray *ranges = nh_log_best_ranges(p, lines, &any);
    nh_time shift = NH_TIME_NONE;
    nh_log_fit best = { 0, 0 };
    for (unsigned i = 0; i < ranges->len; i++) {
        nh_time candidate = nh_log_settle(p, lines, g_array_index(ranges, nh_log_range, i), NH_LOG_BOOT_SLACK);
        nh_log_fit f = nh_log_measure(p, lines, NULL, candidate, NH_LOG_BOOT_SLACK);
        if (f.met > best.met || (f.met == best.met && f.met > 0 && f.distance < best.distance)) {
            best = f;
            shift = candidate;
        }
    }
    nh_log_fit f = nh_log_measure(p, lines, NULL, preferred, NH_LOG_BOOT_SLACK);
    *others = ranges->len > 1 ? ranges->len - 1 : 0;
    g_array_free(ranges, true);
    if (f.met > 0 && f.met >= best.met) {
        *others = 0;
        return preferred;
    }
    return shift;
}

static void
move(const GPtrArray *lines, nh_time shift)
{
    for (unsigned i = 0; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        line->time = nh_time_known(shift) ? line->stamp + shift : NH_TIME_NONE;
    }
}

/* The lines from first on that are of one boot: its seconds only grow (lines of several processors may swap). */
static GPtrArray *
same_boot(const GPtrArray *lines, unsigned first)
{
    GPtrArray *boot = g_ptr_array_new();
    nh_time highest = G_MININT64;
    for (unsigned i = first; i < lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(lines, i);
        if (i > first && line->stamp < highest - NH_SECOND)
            break;
        highest = MAX(highest, line->stamp);
        g_ptr_array_add(boot, line);
    }
    return boot;
}

static void
append_boot(GString *message, unsigned number, nh_time boot, unsigned met, unsigned others)
{
    GDateTime *booted = g_date_time_new_from_unix_utc(boot / NH_SECOND);
    char *text = booted ? g_date_time_format(booted, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("?");
    g_string_append_printf(message, "%s%s",
                           number == 0 ? ", seconds since boot aligned by best match: the kernel booted at " : ", again at ", text);
    if (others > 0)
        g_string_append_printf(message, " (uncertain: %s%u other boot time%s would fit as well)",
                               others >= NH_LOG_RANGES_MAX - 1 ? "at least " : "", others, nh_plural(others));
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
    unsigned lost = 0, boots = 0, named = 0;
    for (unsigned first = 0; first < lines->len;) {
        GPtrArray *boot = same_boot(lines, first);
        unsigned others = 0;
        nh_time shift = boots++ < NH_LOG_BOOTS_MAX ? boot_shift(boot, p, preferred, &others) : NH_TIME_NONE;
        move(boot, shift);
        if (!nh_time_known(shift)) {
            lost += boot->len;
        } else if (shift != preferred || named == 0) {
            if (named < NH_LOG_BOOTS_NAMED)
                append_boot(message, named, shift + log->offset, nh_log_measure(p, boot, NULL, shift, NH_LOG_BOOT_SLACK).met, others);
            named++;
            log->shift = log->shifted ? log->shift : shift;
            log->shifted = log->shifted || shift != 0;
            preferred = shift;
        }
        first += boot->len;
        g_ptr_array_free(boot, true);
    }
    if (lost > 0)
        g_string_append_printf(message,
                               ", %u dated by seconds since boot only: no boot time brings %s to where the capture "
                               "predicts a line",
                               lost, lost == 1 ? "it" : "them");
    g_ptr_array_free(lines, true);
}

/* --- both ------------------------------------------------------------------------------ */

static void
append_met(GString *message, const nh_kernel_log *log, const nh_log_predictions *p, unsigned n_expected)
{
    unsigned met = 0;
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        met += nh_time_known(line->time) &&
               nh_log_predicted(p, line, line->time - NH_LOG_LINE_SLACK, line->time + line->resolution + NH_LOG_LINE_SLACK);
    }
    if (n_expected > 0)
        g_string_append_printf(message, "; %u of them where the capture predicts one", met);
}

void
nh_kernel_log_align(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, unsigned n_expected)
{
    if (log->lines->len == 0)
        return;
    nh_log_predictions *p = nh_log_predictions_new(log, expected, n_expected);
    GString *message = g_string_new(log->counts);
    GPtrArray *zoned = lines_of(log, NH_CLOCK_UTC);
    log->shift = 0;
    log->shifted = false;
    unsettle_steps(log);
    if (zoned->len > 0)
        g_string_append(message, ", time zone printed in the log");
    align_wall_clocks(log, hints, p, message);
    settle_steps(log, p);
    align_uptimes(log, p, message);
    append_met(message, log, p, n_expected);
    g_string_append_c(message, '.');
    g_free(log->message);
    log->message = g_string_free(message, false);
    g_ptr_array_free(zoned, true);
    nh_log_predictions_free(p);
}
