/* kernel_log_skew.c
 * A log whose clock was wrong: what brings most of its lines to where they are predicted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log_skew.h"

#include "core/log/kernel_log.h"

#include "core/base/limits.h"
#include "core/log/kernel_log_fit.h"

/* Dated lines as they stand now, so that a further shift can be tried. Uptimes were put where they fit. */
static GArray *
dated_lines(const nh_kernel_log *log)
{
    GArray *lines = g_array_new(false, false, sizeof(nh_log_line));
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line line = *(const nh_log_line *)g_ptr_array_index(log->lines, i);
        if (line.clock == NH_CLOCK_UPTIME || line.kind == 0)
            continue;
        line.stamp = line.time;
        g_array_append_val(lines, line);
    }
    return lines;
}

/* As good as the best, farther away than the lines leave open. */
static bool
rivals(const nh_log_skew *best, const nh_log_range *r)
{
    return r->high < best->low - NH_LOG_SKEW_SMALL || r->low > best->high + NH_LOG_SKEW_SMALL;
}

/* The smallest of the shifts under which most windows are met. */
static nh_log_skew
best_skew(const nh_log_predictions *p, const GPtrArray *lines)
{
    static const nh_log_freedom wrong = { 0, -NH_LOG_SKEW_MAX, NH_LOG_SKEW_MAX };
    GArray *ranges = nh_log_best_ranges(p, lines, &wrong);
    nh_log_skew best = { 0, 0, 0, 0, true };
    for (unsigned i = 0; i < ranges->len; i++) {
        const nh_log_range *r = &g_array_index(ranges, nh_log_range, i);
        unsigned met = nh_log_windows_met(p, lines, NULL, r->low + (r->high - r->low) / 2, 0);
        bool nearer = ABS(r->low + r->high) < ABS(best.low + best.high);
        bool certain = met > best.lines || (best.certain && !rivals(&best, r));
        if (met > best.lines || (met == best.lines && nearer))
            best = (nh_log_skew){ met, r->low, r->high, 0, certain };
        else if (met == best.lines)
            best.certain = certain;
    }
    best.certain = best.certain || (ABS(best.low) < NH_LOG_SKEW_SMALL && ABS(best.high) < NH_LOG_SKEW_SMALL);
    g_array_free(ranges, true);
    return best;
}

/* Lines that a shift would bring into the capture's time, where none of their kind is due. */
static unsigned
out_of_place(const nh_log_predictions *p, const GPtrArray *lines, const nh_log_hints *hints, nh_time shift)
{
    unsigned n = 0;
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time t = line->stamp + shift;
        n += t > hints->capture_first && t < hints->capture_last && !nh_log_meets(p, line, shift, NH_LOG_ZONE_SLACK);
    }
    return n;
}

/* The whole second, or the whole millisecond, next to t within the range. */
static nh_time
round_within(nh_time t, nh_time low, nh_time high)
{
    static const nh_time steps[] = { NH_SECOND, NH_MSEC };
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        nh_time half = t < 0 ? -steps[i] / 2 : steps[i] / 2;
        nh_time rounded = (t + half) / steps[i] * steps[i];
        if (rounded >= low && rounded <= high)
            return rounded;
    }
    return t;
}

/* What the lines met as the log is, and by the shift. */
static nh_log_skew
weigh_skew(const nh_log_predictions *p, const GPtrArray *lines, const nh_log_hints *hints)
{
    nh_log_skew skew = best_skew(p, lines);
    unsigned now = nh_log_windows_met(p, lines, NULL, 0, NH_LOG_LINE_SLACK);
    if (skew.lines < now + 2)
        return (nh_log_skew){ 0, 0, 0, 0, false };
    skew.by = round_within(nh_log_settle(p, lines, (nh_log_range){ skew.low, skew.high }, 0), skew.low, skew.high);
    skew.certain = skew.certain && now == 0 && (ABS(skew.by) < NH_LOG_SKEW_DAY || skew.lines >= NH_LOG_DAY_LINES) &&
                   out_of_place(p, lines, hints, skew.by) == 0;
    skew.lines -= now;
    return skew;
}

nh_log_skew
nh_kernel_log_skew(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, unsigned n_expected)
{
    nh_log_predictions *p = nh_log_predictions_new(log, expected, n_expected);
    GArray *copies = dated_lines(log);
    GPtrArray *lines = g_ptr_array_new();
    for (unsigned i = 0; i < copies->len; i++)
        g_ptr_array_add(lines, &g_array_index(copies, nh_log_line, i));
    nh_log_skew skew = weigh_skew(p, lines, hints);
    g_ptr_array_free(lines, true);
    g_array_free(copies, true);
    nh_log_predictions_free(p);
    return skew;
}

void
nh_kernel_log_move(nh_kernel_log *log, nh_time by)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->clock != NH_CLOCK_UPTIME && nh_time_known(line->time))
            line->time += by;
    }
}
