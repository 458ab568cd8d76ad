/* report.c
 * A story as plain text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/report.h"

#include "core/out/report_locks.h"
#include "core/out/summary.h"
#include "core/story/runs.h"
#include "core/base/text.h"

/* More than these would bury the rest; the JSON document has them all. */
#define MAX_CALLS       40
#define MAX_CALL_FRAMES 8
#define MAX_LOCKS       40
#define MAX_SUMMARY     50

/* How times look in one incident: the date stands in the heading unless it changes on the way. */
typedef char *(*clock_text)(nh_time t);

static clock_text
clock_of(const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->timeline->len; i++) {
        const nh_event *event = incident->timeline->pdata[i];
        if (!nh_same_day(incident->start, event->time))
            return nh_time_date_clock;
    }
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        if (!nh_same_day(incident->start, line->latest) || !nh_same_day(incident->start, line->logged))
            return nh_time_date_clock;
    }
    return nh_same_day(incident->start, incident->end) ? nh_time_clock : nh_time_date_clock;
}

/* Append what format makes of a time; takes no ownership. */
static void
append_time(GString *out, const char *format, clock_text clock, nh_time t)
{
    char *text = clock(t);
    g_string_append_printf(out, format, text);
    g_free(text);
}

static void
append_duration(GString *out, const char *format, nh_time duration)
{
    char *text = nh_duration_text(duration);
    g_string_append_printf(out, format, text);
    g_free(text);
}

static void
append_window(GString *out, clock_text clock, nh_time earliest, nh_time latest)
{
    if (nh_time_known(earliest) && nh_time_known(latest) && earliest != latest) {
        append_time(out, "between %s", clock, earliest);
        append_time(out, " and %s", clock, latest);
    } else if (nh_time_known(earliest))
        append_time(out, earliest == latest ? "at %s" : "at %s or later", clock, earliest);
    else
        append_time(out, "at %s or earlier", clock, latest);
}

/* Write a paragraph that starts at indent and frees it. */
static void
paragraph(GString *out, unsigned indent, unsigned hanging, GString *text)
{
    g_string_append_printf(out, "%*s", (int)indent, "");
    nh_text_wrap(out, indent, hanging, text->str);
    g_string_free(text, true);
}

static void
append_heading(GString *out, const nh_incident *incident)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    const char *service = nh_service_name(incident->service);

    g_string_append_printf(out, "Incident %u: client %s, server %s%s%s%s\n", incident->id, nh_addr_text(&incident->client, client),
                           nh_addr_text(&incident->server, server), service ? " (" : "", service ? service : "", service ? ")" : "");
    if (incident->summary)
        paragraph(out, 2, 2, g_string_new(incident->summary));
}

static void
append_verdict(GString *out, const nh_incident *incident)
{
    const nh_finding_row *cause = nh_finding_get(incident->cause);
    const char *side = nh_side_name(incident->side);
    const char *confidence = nh_confidence_name(incident->confidence);
    GString *text = g_string_new("Cause: ");

    if (cause)
        g_string_append_printf(text, "%s (%s)", cause->name, cause->title);
    else
        g_string_append(text, "unknown");
    g_string_append_printf(text, "; side: %s", side ? side : "unknown");
    if (confidence)
        g_string_append_printf(text, "; confidence: %s", confidence);
    paragraph(out, 2, 9, text);
}

static void
append_span(GString *out, const nh_incident *incident)
{
    GString *text = g_string_new(NULL);
    bool lasts = !nh_time_known(incident->end);

    append_time(text, "From %s", nh_time_date_clock, incident->start);
    if (lasts)
        g_string_append(text, " UTC, not over when the capture ends");
    else
        append_time(text, " to %s UTC", nh_same_day(incident->start, incident->end) ? nh_time_clock : nh_time_date_clock, incident->end);
    append_duration(text, lasts ? " (%s so far)" : " (%s)", incident->duration);
    if (incident->first_frame)
        g_string_append_printf(text, ", frames %u to %u", incident->first_frame, incident->last_frame);
    paragraph(out, 2, 2, text);
}

/* "27", "4-12", or "-" for a line that is no frame; caller frees. */
static char *
run_frames(const GPtrArray *timeline, const nh_run *run)
{
    uint32_t first = nh_run_first(timeline, run)->frame, last = nh_run_last(timeline, run)->frame;
    if (first == 0)
        return g_strdup("-");
    return first == last ? g_strdup_printf("%u", first) : g_strdup_printf("%u-%u", first, last);
}

typedef struct {
    unsigned frames, when, event;
} column_widths;

static column_widths
measure_columns(const nh_incident *incident, const GArray *runs, clock_text clock)
{
    column_widths widths = { strlen("Frame"), clock == nh_time_clock ? 12 : 23, strlen("Event") };

    for (unsigned i = 0; i < runs->len; i++) {
        const nh_run *run = &g_array_index(runs, nh_run, i);
        const char *event = nh_run_first(incident->timeline, run)->event;
        char *frames = run_frames(incident->timeline, run);
        widths.frames = MAX(widths.frames, strlen(frames));
        widths.event = MAX(widths.event, event ? strlen(event) : 0);
        g_free(frames);
    }
    return widths;
}

static void
append_run(GString *out, const GPtrArray *timeline, const nh_run *run, const column_widths *widths, clock_text clock)
{
    const nh_event *first = nh_run_first(timeline, run), *last = nh_run_last(timeline, run);
    char *frames = run_frames(timeline, run);
    char *when = clock(first->time);
    unsigned column = 4 + widths->frames + 2 + widths->when + 2 + widths->event + 2;

    g_string_append_printf(out, "    %*s  %-*s  %-*s  ", (int)widths->frames, frames, (int)widths->when, when, (int)widths->event,
                           first->event ? first->event : "");
    GString *text = g_string_new(first->text);
    if (run->count > 1) {
        g_string_append_printf(text, " (%u times until", run->count);
        append_time(text, " %s", clock, last->time);
        g_string_append(text, run->mixed ? ", others between)" : ")");
    }
    nh_text_wrap(out, column, column, text->str);
    g_string_free(text, true);
    g_free(frames);
    g_free(when);
}

static void
append_timeline(GString *out, const nh_incident *incident, clock_text clock)
{
    if (incident->timeline->len == 0)
        return;
    GArray *runs = nh_timeline_runs(incident->timeline);
    column_widths widths = measure_columns(incident, runs, clock);

    g_string_append_printf(out, "\n  Timeline (UTC)\n    %*s  %-*s  %-*s  What\n", (int)widths.frames, "Frame", (int)widths.when, "Time",
                           (int)widths.event, "Event");
    for (unsigned i = 0; i < runs->len; i++)
        append_run(out, incident->timeline, &g_array_index(runs, nh_run, i), &widths, clock);
    g_array_unref(runs);
}

static void
append_call_frames(GString *out, const nh_story_call *call)
{
    unsigned shown = MIN(call->frames->len, MAX_CALL_FRAMES);

    if (call->frames->len == 0)
        g_string_append(out, "never on the wire");
    else
        g_string_append_printf(out, "XID 0x%08x, frame%s ", call->xid, nh_plural(call->frames->len));
    for (unsigned i = 0; i < shown; i++)
        g_string_append_printf(out, "%s%u", i ? ", " : "", g_array_index(call->frames, uint32_t, i));
    if (shown < call->frames->len)
        g_string_append_printf(out, " ... %u (%u in all)", g_array_index(call->frames, uint32_t, call->frames->len - 1), call->frames->len);
}

static void
append_answer(GString *out, const nh_story_call *call)
{
    if (call->reply_frame)
        g_string_append_printf(out, "; reply in frame %u", call->reply_frame);
    else if (call->frames->len)
        g_string_append(out, "; no reply");
    if (call->status)
        g_string_append_printf(out, ": %s", call->status);
    if (nh_time_known(call->answered_in))
        append_duration(out, " after %s", call->answered_in);
}

static void
append_call_fate(GString *out, const nh_story_call *call, clock_text clock)
{
    GString *text = g_string_new(NULL);
    const char *reason = nh_finding_name(call->dead_reason);

    if (call->dead)
        g_string_append_printf(text, "dead call%s%s%s", reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
    if (call->deferred)
        g_string_append_printf(text, "%sdeferred: held back and sent when the outage ended", text->len ? "; " : "");
    if (nh_time_known(call->issued_earliest) || nh_time_known(call->issued_latest)) {
        g_string_append(text, text->len ? "; issued " : "issued ");
        append_window(text, clock, call->issued_earliest, call->issued_latest);
    }
    if (call->deferred && nh_time_known(call->sent) && nh_time_known(call->issued_earliest))
        append_duration(text, call->issued_earliest == call->issued_latest ? ", held for %s" : ", held for up to %s",
                        call->sent - call->issued_earliest);
    if (call->policy)
        g_string_append_printf(text, "%stimers: %s", text->len ? "; " : "", call->policy);
    if (text->len)
        paragraph(out, 6, 6, text);
    else
        g_string_free(text, true);
}

static void
append_call(GString *out, const nh_story_call *call, clock_text clock)
{
    GString *text = g_string_new(NULL);

    if (call->procedure)
        g_string_append_printf(text, "%s v%u, ", call->procedure, call->vers);
    else if (call->frames->len == 0)
        g_string_append(text, call->dead_reason == NH_GRANT_LOST ? "The callback, " : "A lock call, ");
    else
        g_string_append_printf(text, "program %u version %u procedure %u, ", call->prog, call->vers, call->proc);
    append_call_frames(text, call);
    append_answer(text, call);
    paragraph(out, 4, 6, text);
    append_call_fate(out, call, clock);
}

static void
append_calls(GString *out, const nh_incident *incident, clock_text clock)
{
    unsigned shown = MIN(incident->calls->len, MAX_CALLS);

    if (shown)
        g_string_append(out, "\n  Calls\n");
    for (unsigned i = 0; i < shown; i++)
        append_call(out, incident->calls->pdata[i], clock);
    if (shown < incident->calls->len)
        g_string_append_printf(out, "    ... and %u more; the JSON document lists all %u\n", incident->calls->len - shown,
                               incident->calls->len);
}

/* How far the logged line is from what the capture says. */
static void
append_log_distance(GString *out, const nh_kernel_line *line)
{
    nh_time distance = nh_kernel_line_offset(line);

    if (!nh_time_known(distance))
        return;
    if (distance == 0) {
        g_string_append(out, nh_time_known(line->observed) ? " (as observed)" : " (as expected)");
        return;
    }
    append_duration(out, " (%s", ABS(distance));
    g_string_append_printf(out, " %s %s)", distance < 0 ? "before" : "after", nh_time_known(line->observed) ? "observed" : "expected");
}

static void
append_kernel_line(GString *out, const nh_kernel_line *line, clock_text clock)
{
    GString *text = g_string_new(line->beyond ? "if no answer comes: expected " : "expected ");
    char *clean = nh_text_clean(line->text);

    /* letter by letter: a line of the log is searched for, so it is never broken */
    g_string_append_printf(out, "    \"%s\"\n", clean);
    append_window(text, clock, line->earliest, line->latest);
    if (nh_time_known(line->observed))
        append_time(text, "; the capture shows it at %s", clock, line->observed);
    if (line->observed_frame)
        g_string_append_printf(text, " (frame %u)", line->observed_frame);
    if (nh_time_known(line->logged)) {
        append_time(text, "; logged at %s", clock, line->logged);
        append_log_distance(text, line);
    }
    if (line->logged_text && strcmp(line->logged_text, line->text ? line->text : "") != 0)
        g_string_append_printf(text, ": \"%s\"", line->logged_text);
    paragraph(out, 6, 6, text);
    g_free(clean);
}

/* The lines of one host's kernel log, under a heading if there are any. */
static void
append_kernel_lines(GString *out, const nh_incident *incident, bool of_server, clock_text clock)
{
    bool any = false;

    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        if (line->of_server != of_server)
            continue;
        if (!any)
            g_string_append_printf(out, "\n  Lines in the %s's kernel log (UTC)\n", of_server ? "server" : "client");
        any = true;
        append_kernel_line(out, line, clock);
    }
}

static void
append_locks(GString *out, const nh_incident *incident)
{
    if (incident->locks->len)
        g_string_append(out, "\n  Locks of this client when it began (UTC), and those in its way\n");
    nh_report_append_locks(out, 4, incident->locks, MAX_LOCKS);
}

static void
append_next_steps(GString *out, const nh_incident *incident)
{
    if (incident->next_steps->len)
        g_string_append(out, "\n  What to check next\n");
    for (unsigned i = 0; i < incident->next_steps->len; i++) {
        g_string_append(out, "    - ");
        nh_text_wrap(out, 6, 6, incident->next_steps->pdata[i]);
    }
}

static void
append_incident(GString *out, const nh_incident *incident)
{
    clock_text clock = clock_of(incident);

    append_heading(out, incident);
    append_verdict(out, incident);
    append_span(out, incident);
    append_timeline(out, incident, clock);
    append_calls(out, incident, clock);
    append_kernel_lines(out, incident, false, clock);
    append_kernel_lines(out, incident, true, clock);
    append_locks(out, incident);
    append_next_steps(out, incident);
}

char *
nh_report_text(const nh_story *story)
{
    GString *out = g_string_new(NULL);

    nh_report_append_title(out, story);
    if (story->incidents->len > 1) {
        g_string_append_c(out, '\n');
        nh_summary_append(out, 2, story, MAX_SUMMARY);
    }
    for (unsigned i = 0; i < story->incidents->len; i++) {
        g_string_append_c(out, '\n');
        append_incident(out, story->incidents->pdata[i]);
    }
    if (story->locks->len) {
        g_string_append_c(out, '\n');
        g_string_append(out, "Locks at the end of the capture (UTC)\n");
        nh_report_append_locks(out, 2, story->locks, MAX_LOCKS);
    }
    if (story->messages->len)
        g_string_append_c(out, '\n');
    for (unsigned i = 0; i < story->messages->len; i++) {
        g_string_append(out, "Note: ");
        nh_text_wrap(out, 6, 6, story->messages->pdata[i]);
    }
    return g_string_free(out, false);
}

char *
nh_report_incident(const nh_incident *incident)
{
    GString *out = g_string_new(NULL);
    append_incident(out, incident);
    return g_string_free(out, false);
}
