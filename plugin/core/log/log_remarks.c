/* log_remarks.c
 * What the reader of a report is told of a kernel log that does not meet the capture.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_remarks.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/log/kernel_log_skew.h"
#include "core/log/log_candidates.h"

static char *
clock_of(const nh_log_line *logged)
{
    char *clock = nh_time_rfc3339(logged->time);
    return clock ? clock : g_strdup("undated");
}

static void
remark_line(nh_story *story, const nh_log_line *logged, const char *why)
{
    char *clock = clock_of(logged);

    g_ptr_array_add(story->messages, g_strdup_printf("Kernel log line %u (%s, %s): %s", logged->number, clock, logged->text, why));
    g_free(clock);
}

static void
remark_lines(nh_story *story, const GPtrArray *lines, unsigned by_themselves, const char *why)
{
    if (lines->len <= by_themselves) {
        for (unsigned i = 0; i < lines->len; i++)
            remark_line(story, g_ptr_array_index(lines, i), why);
        return;
    }
    const nh_log_line *first = g_ptr_array_index(lines, 0), *last = g_ptr_array_index(lines, lines->len - 1);
    char *from = clock_of(first), *to = clock_of(last);
    g_ptr_array_add(story->messages, g_strdup_printf("%u lines of the kernel log, from line %u (%s, %s) to line %u (%s, %s): %s",
                                                     lines->len, first->number, from, first->text, last->number, to, last->text, why));
    g_free(from);
    g_free(to);
}

/* Lines of other days are most of a log that is given whole. */
static bool
is_outside(const nh_story *story, const nh_log_line *logged)
{
    return nh_time_known(logged->time) && (logged->time < story->first - NH_LOG_SLACK || logged->time > story->last + NH_LOG_SLACK);
}

void
nh_log_remark_unmatched(nh_story *story, const GPtrArray *lines)
{
    GPtrArray *outside = g_ptr_array_new(), *inside = g_ptr_array_new();

    for (unsigned i = 0; i < lines->len; i++) {
        nh_log_line *logged = g_ptr_array_index(lines, i);
        g_ptr_array_add(is_outside(story, logged) ? outside : inside, logged);
        story->unexplained += nh_time_known(logged->time) && logged->time >= story->first && logged->time <= story->last;
    }
    remark_lines(story, outside, 1, "outside the time of the capture");
    remark_lines(story, inside, NH_LOG_LINES_NAMED, "no packet of this capture explains it");
    g_ptr_array_free(outside, true);
    g_ptr_array_free(inside, true);
}

void
nh_log_remark_unseen(nh_story *story, const GArray *unseen)
{
    for (unsigned i = 0; i < unseen->len && i < NH_LOG_LINES_NAMED; i++) {
        const nh_log_unseen *u = &g_array_index(unseen, nh_log_unseen, i);
        g_ptr_array_add(
            story->messages,
            g_strdup_printf("Kernel log line %u (%s): incident %u lasts then, and no call on the wire is due: a call that the capture "
                            "does not show. Such calls wait behind the one that it shows, or follow it when its program is killed.",
                            u->logged->number, u->logged->text, u->incident));
    }
    if (unseen->len > NH_LOG_LINES_NAMED)
        g_ptr_array_add(story->messages,
                        g_strdup_printf("%u more lines of the kernel log, up to line %u, are of such calls: see the timelines.",
                                        unseen->len - NH_LOG_LINES_NAMED,
                                        g_array_index(unseen, nh_log_unseen, unseen->len - 1).logged->number));
}

/* What the log says about messages that it lacks, near to the time when this one is missing. */
static const nh_log_line *
gap_near(const GPtrArray *gaps, nh_time t)
{
    for (unsigned i = 0; i < gaps->len; i++) {
        const nh_log_line *gap = g_ptr_array_index(gaps, i);
        if (nh_time_known(gap->time) && ABS(gap->time - t) <= NH_LOG_GAP_REACH)
            return gap;
    }
    return NULL;
}

static void
remark_missing(nh_story *story, const nh_incident *incident, const nh_kernel_line *line, const GPtrArray *gaps)
{
    const nh_log_line *gap = gap_near(gaps, line->observed);

    char *why = gap ? g_strdup_printf(". Its line %u says \"%s\": that line may be one of those", gap->number, gap->text) : g_strdup("");

    g_ptr_array_add(story->messages, g_strdup_printf("Incident %u: frame %u shows the line \"%s\", but the kernel log has none there%s",
                                                     incident->id, line->observed_frame, line->text, why));
    g_free(why);
}

/* Whether a line that no frame shows was printed at all is open: it is worth a word only where the log lacks some. */
static void
remark_suppressed(nh_story *story, const nh_incident *incident, const nh_kernel_line *line, const GPtrArray *gaps)
{
    const nh_log_line *gap = nh_time_known(line->latest) ? gap_near(gaps, line->latest) : NULL;

    if (gap)
        g_ptr_array_add(
            story->messages,
            g_strdup_printf("Incident %u: the kernel log has no line \"%s\". Its line %u says \"%s\": that line may be one of those",
                            incident->id, line->text, gap->number, gap->text));
}

void
nh_log_remark_unlogged(nh_story *story, const GPtrArray *gaps)
{
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (unsigned j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (nh_time_known(line->logged) || line->event == NH_LOG_TIMED_OUT)
                continue;
            if (nh_time_known(line->observed))
                remark_missing(story, incident, line, gaps);
            else
                remark_suppressed(story, incident, line, gaps);
        }
    }
}

void
nh_log_remark_foreign(nh_story *story, const GPtrArray *lines)
{
    if (lines->len == 0)
        return;
    const nh_log_line *first = g_ptr_array_index(lines, 0);
    const char *whose = g_str_has_prefix(first->text, "NFS server") ? "Solaris or illumos" : "FreeBSD, another BSD or macOS";
    g_ptr_array_add(
        story->messages,
        g_strdup_printf("%u line%s of the log %s of another system's client, not Linux's (%s), such as line %u: %s. No times of "
                        "Linux's timers apply to it.",
                        lines->len, nh_plural(lines->len), lines->len == 1 ? "is" : "are", whose, first->number, first->text));
}

/* As a preference takes it; a whole number of seconds without a point. */
static char *
seconds_text(nh_time t)
{
    int64_t msec = t / NH_MSEC;
    char *text = g_strdup_printf("%s%" G_GINT64_FORMAT ".%03d", msec < 0 ? "-" : "", ABS(msec) / 1000, (int)(ABS(msec) % 1000));

    if (g_str_has_suffix(text, ".000"))
        text[strlen(text) - 4] = '\0';
    return text;
}

void
nh_log_remark_skew(nh_story *story, const nh_log_skew *skew, nh_time offset)
{
    char *least = nh_duration_text(MIN(ABS(skew->low), ABS(skew->high))), *most = nh_duration_text(MAX(ABS(skew->low), ABS(skew->high)));
    char *amount = nh_duration_text(ABS(skew->by)), *preference = seconds_text(offset + skew->by);
    const char *way = skew->by < 0 ? "ahead of" : "behind";

    if (skew->certain)
        g_ptr_array_add(story->messages,
                        g_strdup_printf("%u lines of the kernel log are off by the same time: its clock is taken to be %s %s the capture's "
                                        "(%s to %s), and was set right here. To say so from the start: -o "
                                        "nlm_health.kernel_log_offset:%s",
                                        skew->lines, amount, way, least, most, preference));
    else
        g_ptr_array_add(
            story->messages,
            g_strdup_printf("%u lines of the kernel log are off by the same time: its clock seems to be %s %s the capture's (%s to %s), or "
                            "they are of another outage. With -o nlm_health.kernel_log_offset:%s they stand where the capture predicts "
                            "them.",
                            skew->lines, amount, way, least, most, preference));
    g_free(preference);
    g_free(amount);
    g_free(most);
    g_free(least);
}
