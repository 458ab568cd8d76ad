/* report.c
 * A story as plain text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/report.h"

#include "core/out/issue_text.h"
#include "core/out/report_locks.h"
#include "core/out/request.h"
#include "core/out/summary.h"
#include "core/out/folds.h"
#include "core/out/head.h"
#include "core/base/text.h"
#include "core/out/title.h"

/* More than these would bury the rest; the JSON document has them all. */
#define MAX_CALLS       12
#define MAX_CALL_FRAMES 8
#define MAX_LOCKS       20
#define MAX_SUMMARY     50

/* Append what format makes of a time; takes no ownership. */
static void
append_time(GString *out, const char *format, nh_clock_text clock, nh_time t)
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

/* Write a paragraph that starts at indent and frees it. */
static void
paragraph(GString *out, unsigned width, unsigned indent, unsigned hanging, GString *text)
{
    g_string_append_printf(out, "%*s", (int)indent, "");
    nh_text_wrap_at(out, width, indent, hanging, text->str);
    g_string_free(text, true);
}

static void
append_heading(GString *out, const nh_incident *incident)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    g_string_append_printf(out, "Incident %u: client %s, server %s\n", incident->id, nh_addr_text(&incident->client, client),
                           nh_addr_text(&incident->server, server));
}

/* --- calls ------------------------------------------------------------------------------ */

#define NAME_WIDTH 8 /* of what the parts of the head are called */

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

/* What became of a call; caller frees. */
static GString *
fate_of(const nh_story_call *call, nh_clock_text clock)
{
    GString *text = g_string_new(NULL);

    if (call->deferred)
        g_string_append(text, "held back and sent when the outage ended");
    else if (call->dead)
        g_string_append(text, call->frames->len ? "sent on a connection that could not carry it" : "nothing could carry it");
    if (nh_time_known(call->issued_earliest) || nh_time_known(call->issued_latest)) {
        g_string_append(text, text->len ? "; issued " : "issued ");
        nh_window_append(text, clock, call->issued_earliest, call->issued_latest);
    }
    if (call->deferred && nh_time_known(call->sent) && nh_time_known(call->issued_earliest))
        append_duration(text, call->issued_earliest == call->issued_latest ? ", held for %s" : ", held for up to %s",
                        call->sent - call->issued_earliest);
    char *issued_by = nh_issue_text(&call->issue);
    if (issued_by)
        g_string_append_printf(text, " (issue time: %s)", issued_by);
    g_free(issued_by);
    if (call->policy)
        g_string_append_printf(text, "%stimers: %s", text->len ? "; " : "", call->policy);
    return text;
}

/* Which call on the wire; caller frees. */
static GString *
call_text(const nh_story_call *call)
{
    GString *text = g_string_new(NULL);

    if (call->procedure)
        g_string_append_printf(text, "%s v%u, ", call->procedure, call->vers);
    else if (call->frames->len == 0)
        g_string_append(text, nh_finding_is_of_callback(call->dead_reason) ? "The callback, " : "A lock call, ");
    else
        g_string_append_printf(text, "program %u version %u procedure %u, ", call->prog, call->vers, call->proc);
    append_call_frames(text, call);
    append_answer(text, call);
    return text;
}

/* A call or a request with its fate below; text is taken over. */
static void
append_row_of_calls(GString *out, unsigned width, GString *text, const nh_story_call *call, nh_clock_text clock)
{
    GString *fate = fate_of(call, clock);

    paragraph(out, width, 4, 6, text);
    if (fate->len)
        paragraph(out, width, 6, 6, fate);
    else
        g_string_free(fate, true);
}

/* One call needs no table: it stands under what was asked for. */
static void
append_only_call(GString *out, unsigned width, const nh_story_call *call, nh_clock_text clock)
{
    GString *text = call_text(call), *fate = fate_of(call, clock);

    g_string_append_printf(text, "%s%s", fate->len ? "; " : "", fate->str);
    g_string_free(fate, true);
    paragraph(out, width, 2 + NAME_WIDTH, 2 + NAME_WIDTH, text);
}

/* --- the head ------------------------------------------------------------------------ */

/* A quoted line of the log is searched for letter by letter, so it is never broken. */
static void
append_paragraph(GString *out, unsigned width, const char *text)
{
    unsigned column = 2 + NAME_WIDTH, more = g_str_has_prefix(text, NH_HEAD_INDENT) ? 2 : 0;

    if (strchr(text, '"') && g_str_has_suffix(text, "\"")) {
        g_string_append_printf(out, "%s\n", text);
        return;
    }
    g_string_append_printf(out, "%*s", (int)more, "");
    nh_text_wrap_at(out, width, column + more, column + more, text + more);
}

static void
append_head_part(GString *out, unsigned width, const nh_head_part *part)
{
    bool list = part->texts->len > 1 && strcmp(part->name, "Next") == 0;

    for (unsigned i = 0; i < part->texts->len; i++) {
        g_string_append_printf(out, "  %-*s", NAME_WIDTH, i ? "" : part->name);
        if (list) {
            g_string_append(out, "- ");
            nh_text_wrap_at(out, width, 4 + NAME_WIDTH, 4 + NAME_WIDTH, part->texts->pdata[i]);
        } else
            append_paragraph(out, width, part->texts->pdata[i]);
    }
}

/* Filters go side by side where they fit: each is copied by itself. */
static void
append_filters(GString *out, unsigned width, const nh_head_part *part)
{
    size_t column = 2 + NAME_WIDTH;

    g_string_append_printf(out, "  %-*s", NAME_WIDTH, part->name);
    for (unsigned i = 0; i < part->texts->len; i++) {
        const char *filter = part->texts->pdata[i];
        bool fits = column + 3 + strlen(filter) <= width;
        if (i)
            g_string_append_printf(out, fits ? "%*s" : "\n%*s", fits ? 3 : 2 + NAME_WIDTH, "");
        column = (fits && i ? column + 3 : 2 + NAME_WIDTH) + strlen(filter);
        g_string_append(out, filter);
    }
    g_string_append_c(out, '\n');
}

static void
append_head(GString *out, unsigned width, const nh_incident *incident)
{
    GPtrArray *head = nh_head_of(incident);

    for (unsigned i = 0; i < head->len; i++) {
        const nh_head_part *part = head->pdata[i];
        (part->verbatim ? append_filters : append_head_part)(out, width, part);
        if (i == 0 && incident->calls->len == 1)
            append_only_call(out, width, incident->calls->pdata[0], nh_clock_of(incident));
    }
    g_ptr_array_unref(head);
}

/* --- the timeline --------------------------------------------------------------------- */

/* "27", "4-12", or "-" for what is no packet; caller frees. */
static char *
row_frames(const nh_row *row)
{
    if (row->first == 0)
        return g_strdup("-");
    return row->first == row->last ? g_strdup_printf("%u", row->first) : g_strdup_printf("%u-%u", row->first, row->last);
}

static unsigned
measure_frames(const GPtrArray *rows)
{
    unsigned width = strlen("Frame");

    for (unsigned i = 0; i < rows->len; i++) {
        char *frames = row_frames(rows->pdata[i]);
        width = MAX(width, (unsigned)strlen(frames));
        g_free(frames);
    }
    return width;
}

static void
append_row(GString *out, unsigned width, const nh_row *row, unsigned frames_width, nh_clock_text clock)
{
    char *frames = row_frames(row), *when = clock(row->time);
    unsigned when_width = clock == nh_time_clock ? 12 : 23, column = 2 + frames_width + 2 + when_width + 2;

    g_string_append_printf(out, "  %*s  %-*s  ", (int)frames_width, frames, (int)when_width, when);
    GString *text = g_string_new(row->text);
    if (row->count > 1) {
        g_string_append_printf(text, " (%u times until", row->count);
        append_time(text, " %s", clock, row->until);
        g_string_append(text, row->mixed ? ", others between)" : ")");
    }
    nh_text_wrap_at(out, width, column, column, text->str);
    g_string_free(text, true);
    g_free(frames);
    g_free(when);
}

static void
append_timeline(GString *out, unsigned width, const nh_incident *incident, nh_clock_text clock)
{
    GPtrArray *rows = nh_rows_of(incident);
    unsigned frames_width = measure_frames(rows);

    if (rows->len)
        g_string_append_printf(out, "\n  %*s  %-*s  What\n", (int)frames_width, "Frame", clock == nh_time_clock ? 12 : 23, "Time (UTC)");
    for (unsigned i = 0; i < rows->len; i++) {
        if (rows->len > NH_ROWS_SHOWN && i == NH_ROWS_SHOWN - NH_ROWS_LAST) {
            unsigned left_out = rows->len - NH_ROWS_SHOWN;
            g_string_append_printf(out, "  %*s  ... %u more rows\n", (int)frames_width, "-", left_out);
            i += left_out;
        }
        append_row(out, width, rows->pdata[i], frames_width, clock);
    }
    g_ptr_array_unref(rows);
}

/* A request that was asked under several XIDs is one row: its first and last call, how often it was put off, how it ended. */
static GString *
repeated_text(const nh_asked *asked)
{
    const nh_story_call *first = asked->calls->pdata[0], *last = nh_asked_last(asked);
    GString *text = g_string_new(NULL);
    unsigned refused = 0;

    for (unsigned i = 0; i < asked->calls->len; i++) {
        const nh_story_call *call = asked->calls->pdata[i];
        refused += call != last && call->status;
    }
    g_string_append_printf(text, "%s v%u, asked %u times, XID 0x%08x in frame %u to XID ", first->procedure ? first->procedure : "Call",
                           first->vers, asked->calls->len, first->xid, nh_story_call_frame(first));
    g_string_append_printf(text, "0x%08x in frame %u", last->xid, nh_story_call_frame(last));
    if (refused)
        g_string_append_printf(text, "; %s %u time%s", first->status ? first->status : "an answer", refused, nh_plural(refused));
    append_answer(text, last);
    return text;
}

static void
append_calls(GString *out, unsigned width, const nh_incident *incident, nh_clock_text clock)
{
    GPtrArray *requests = nh_requests_of(incident);
    unsigned shown = MIN(requests->len, MAX_CALLS);

    if (shown)
        g_string_append(out, "\n  Calls\n");
    for (unsigned i = 0; i < shown; i++) {
        const nh_asked *asked = requests->pdata[i];
        const nh_story_call *first = asked->calls->pdata[0];
        append_row_of_calls(out, width, asked->calls->len > 1 ? repeated_text(asked) : call_text(first), first, clock);
    }
    if (shown < requests->len)
        g_string_append_printf(out, "    ... and %u more; the JSON document lists all %u calls\n", requests->len - shown,
                               incident->calls->len);
    g_ptr_array_unref(requests);
}

static void
append_locks(GString *out, unsigned width, const nh_incident *incident)
{
    if (incident->locks->len)
        g_string_append(out, "\n  Locks of this client when it began (UTC), and those in its way\n");
    nh_report_append_locks(out, width, 4, incident->locks, MAX_LOCKS);
}

static void
append_incident(GString *out, unsigned width, const nh_incident *incident)
{
    nh_clock_text clock = nh_clock_of(incident);

    append_heading(out, incident);
    append_head(out, width, incident);
    append_timeline(out, width, incident, clock);
    if (incident->calls->len > 1)
        append_calls(out, width, incident, clock);
    append_locks(out, width, incident);
}

char *
nh_report_text_at(const nh_story *story, unsigned width)
{
    GString *out = g_string_new(NULL);

    nh_report_append_title(out, story, width);
    if (story->incidents->len > 1) {
        g_string_append_c(out, '\n');
        nh_summary_append(out, 2, story, MAX_SUMMARY);
    }
    for (unsigned i = 0; i < story->incidents->len; i++) {
        g_string_append_c(out, '\n');
        append_incident(out, width, story->incidents->pdata[i]);
    }
    if (story->locks->len) {
        g_string_append_c(out, '\n');
        g_string_append(out, "Locks at the end of the capture (UTC)\n");
        nh_report_append_locks(out, width, 2, story->locks, MAX_LOCKS);
    }
    if (story->messages->len)
        g_string_append_c(out, '\n');
    for (unsigned i = 0; i < story->messages->len; i++) {
        g_string_append(out, "Note: ");
        nh_text_wrap_at(out, width, 6, 6, story->messages->pdata[i]);
    }
    return g_string_free(out, false);
}

char *
nh_report_incident_at(const nh_incident *incident, unsigned width)
{
    GString *out = g_string_new(NULL);
    append_incident(out, width, incident);
    return g_string_free(out, false);
}

char *
nh_report_text(const nh_story *story)
{
    return nh_report_text_at(story, NH_TEXT_WIDTH);
}

char *
nh_report_incident(const nh_incident *incident)
{
    return nh_report_incident_at(incident, NH_TEXT_WIDTH);
}
