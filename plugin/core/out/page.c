/* page.c
 * A story as one page for a browser.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/page.h"

#include <stdio.h>

#include "core/base/text.h"
#include "core/out/folds.h"
#include "core/out/head.h"
#include "core/out/markup.h"
#include "core/out/drawing.h"
#include "core/out/report_locks.h"
#include "core/out/request.h"
#include "core/out/title.h"

/* A browser has to bear it: further incidents are in the table, and each has its own report and picture. */
#define MAX_INCIDENTS 200
#define MAX_ROWS      400
#define MAX_CALLS     100

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{font:15px/1.45 system-ui,'DejaVu Sans',Verdana,Arial,sans-serif;margin:0 auto;max-width:1180px;padding:16px;background:#fff;color:#1c1c1c}"
    "h1{font-size:22px}h2{font-size:19px;margin-top:2em;border-top:2px solid #999;padding-top:.6em}h3{font-size:15px;margin:1.2em 0 .3em}"
    "table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;vertical-align:top;padding:3px 8px;border-bottom:1px solid #d5d5d0}"
    "td.n{white-space:nowrap}dl{display:grid;grid-template-columns:5em 1fr;gap:2px 10px;margin:0}dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}"
    "code{font-family:'DejaVu Sans Mono',monospace;font-size:12px;background:#f0f0ec;padding:1px 4px;user-select:all;overflow-wrap:anywhere}"
    "pre{font:12px/1.4 'DejaVu Sans Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
    "a{color:#1f4f99}tr:target td{background:#fff7c3}td a{text-decoration:none}.wide{overflow-x:auto}footer{margin-top:2em;font-size:12px;color:#5a5a5a}"
    "@media (prefers-color-scheme:dark){body{background:#1b1d21;color:#e8e8e8}th,td{border-color:#3b4047}code{background:#2c2f34}a{color:#8fb4e8}"
    "tr:target td{background:#57500f}footer{color:#b0b0b0}}"
    "@page{size:A4;margin:12mm}"
    "@media print{body{font-size:10pt;max-width:none;padding:0;background:#fff;color:#000}h2{break-before:page}h2.first{break-before:auto}"
    "table{font-size:8.5pt}tr,svg,dl{break-inside:avoid}a{color:inherit;text-decoration:none}.wide{overflow:visible}}";

/* --- pieces --------------------------------------------------------------------------- */

static void
element(GString *out, const char *open, const char *text, const char *close)
{
    g_string_append(out, open);
    nh_markup_text(out, text);
    g_string_append(out, close);
}

static void
owned_element(GString *out, const char *open, char *text, const char *close)
{
    element(out, open, text, close);
    g_free(text);
}

/* The hash of the one style sheet is all that the page allows itself. */
static void
append_head(GString *out, const char *sheet)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[32];
    gsize length = sizeof digest;

    g_checksum_update(sum, (const guchar *)sheet, (gssize)strlen(sheet));
    g_checksum_get_digest(sum, digest, &length);
    char *hash = g_base64_encode(digest, length);
    g_string_append_printf(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
        "form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>NLM Health</title>\n<style>%s</style>\n</head>\n<body>\n",
        hash, sheet);
    g_free(hash);
    g_checksum_free(sum);
}

/* --- the table of incidents --------------------------------------------------------------- */

static void
append_incident_row(GString *out, const nh_incident *incident)
{
    const nh_finding_row *cause = nh_finding_get(incident->cause);
    const char *side = nh_side_name(incident->side), *confidence = nh_confidence_name(incident->confidence);
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *duration = nh_duration_text(incident->duration);

    g_string_append_printf(out, "<tr><td class=\"n\"><a href=\"#i%u\">%u</a></td>", incident->id, incident->id);
    owned_element(out, "<td class=\"n\">", nh_time_date_clock(incident->start), "</td>");
    owned_element(out, "<td class=\"n\">", g_strconcat(duration, nh_time_known(incident->end) ? "" : ", not over", NULL), "</td>");
    element(out, "<td>", nh_addr_text(&incident->client, client), "</td>");
    element(out, "<td>", nh_addr_text(&incident->server, server), "</td>");
    element(out, "<td>", cause ? cause->title : "unknown", "</td>");
    owned_element(out, "<td>",
                  g_strdup_printf("%s%s%s%s", side ? side : "unknown", confidence ? " (" : "", confidence ? confidence : "",
                                  confidence ? ")" : ""),
                  "</td>");
    owned_element(out, "<td class=\"n\">", g_strdup_printf("%u", nh_incident_requests(incident)), "</td></tr>\n");
    g_free(duration);
}

static void
append_table(GString *out, const nh_story *story)
{
    g_string_append(out, "<div class=\"wide\"><table>\n<tr><th>No.</th><th>Start (UTC)</th><th>Lasted</th><th>Client</th><th>Server</th>"
                         "<th>Cause</th><th>Side</th><th>Requests</th></tr>\n");
    for (unsigned i = 0; i < story->incidents->len; i++)
        append_incident_row(out, story->incidents->pdata[i]);
    g_string_append(out, "</table></div>\n");
}

/* --- one incident --------------------------------------------------------------------------- */

static void
append_head_part(GString *out, const nh_head_part *part)
{
    element(out, "<dt>", part->name, "</dt><dd>");
    for (unsigned i = 0; i < part->texts->len; i++) {
        const char *text = part->texts->pdata[i];
        g_string_append(out, i ? part->verbatim ? " " : "<br>" : "");
        element(out, part->verbatim ? "<code>" : "", text, part->verbatim ? "</code>" : "");
    }
    g_string_append(out, "</dd>\n");
}

static void
append_parts(GString *out, const nh_incident *incident)
{
    GPtrArray *head = nh_head_of(incident);

    g_string_append(out, "<dl>\n");
    for (unsigned i = 0; i < head->len; i++)
        append_head_part(out, head->pdata[i]);
    g_string_append(out, "</dl>\n");
    g_ptr_array_unref(head);
}

typedef struct {
    const GPtrArray *rows;
    unsigned id;
} row_finder;

/* Where a mark of the picture leads. */
static bool
find_target(const void *data, uint32_t frame, char *buf, size_t size)
{
    const row_finder *finder = data;
    int row = nh_row_of_frame(finder->rows, frame);

    if (row < 0 || row >= MAX_ROWS)
        return false;
    snprintf(buf, size, "i%ur%d", finder->id, row);
    return true;
}

static void
append_row(GString *out, const nh_row *row, unsigned id, unsigned n, nh_clock_text clock)
{
    char *time = clock(row->time), *until = clock(row->until);

    g_string_append_printf(out, "<tr id=\"i%ur%u\"><td class=\"n\"><a href=\"#i%ur%u\">", id, n, id, n);
    if (!row->first)
        g_string_append(out, "\xe2\x80\x93");
    else if (row->first == row->last)
        g_string_append_printf(out, "%u", row->first);
    else
        g_string_append_printf(out, "%u\xe2\x80\x93%u", row->first, row->last);
    g_string_append_printf(out, "</a></td><td class=\"n\">%s</td><td>", time);
    nh_markup_text(out, row->text);
    if (row->count > 1)
        g_string_append_printf(out, " (%u times until %s%s)", row->count, until, row->mixed ? ", others between" : "");
    g_string_append(out, "</td></tr>\n");
    g_free(time);
    g_free(until);
}

static void
append_timeline(GString *out, const GPtrArray *rows, const nh_incident *incident)
{
    nh_clock_text clock = nh_clock_of(incident);
    unsigned shown = MIN(rows->len, MAX_ROWS);

    g_string_append(out, "<h3>Timeline</h3>\n<div class=\"wide\"><table>\n<tr><th>Frame</th><th>Time (UTC)</th><th>What</th></tr>\n");
    for (unsigned i = 0; i < shown; i++)
        append_row(out, rows->pdata[i], incident->id, i, clock);
    if (shown < rows->len)
        g_string_append_printf(out, "<tr><td colspan=\"3\">... and %u more rows</td></tr>\n", rows->len - shown);
    g_string_append(out, "</table></div>\n");
}

static void
append_call(GString *out, const nh_story_call *call, nh_clock_text clock)
{
    GString *issued = g_string_new(NULL);
    const char *status = call->status ? call->status : call->reply_frame ? "answered" : "no answer";

    if (nh_time_known(call->issued_earliest) || nh_time_known(call->issued_latest))
        nh_window_append(issued, clock, call->issued_earliest, call->issued_latest);
    owned_element(out, "<tr><td>", nh_request_text(call), "</td>");
    if (call->frames->len)
        owned_element(out, "<td class=\"n\">", g_strdup_printf("0x%08x", call->xid), "</td>");
    else
        g_string_append(out, "<td class=\"n\">never on the wire</td>");
    element(out, "<td>", issued->str, "</td>");
    owned_element(out, "<td class=\"n\">", call->frames->len ? clock(call->sent) : g_strdup(""), "</td>");
    owned_element(out, "<td class=\"n\">", nh_time_known(call->answered_in) ? nh_duration_text(call->answered_in) : g_strdup(""), "</td>");
    element(out, "<td>", status, "</td></tr>\n");
    g_string_free(issued, true);
}

static void
append_calls(GString *out, const nh_incident *incident)
{
    unsigned shown = MIN(incident->calls->len, MAX_CALLS);

    if (!shown)
        return;
    g_string_append(out, "<h3>Calls</h3>\n<div class=\"wide\"><table>\n<tr><th>Request</th><th>XID</th><th>Asked for (UTC)</th>"
                         "<th>First sent</th><th>Answered in</th><th>Answer</th></tr>\n");
    for (unsigned i = 0; i < shown; i++)
        append_call(out, incident->calls->pdata[i], nh_clock_of(incident));
    if (shown < incident->calls->len)
        g_string_append_printf(out, "<tr><td colspan=\"6\">... and %u more</td></tr>\n", incident->calls->len - shown);
    g_string_append(out, "</table></div>\n");
}

static void
append_incident(GString *out, const nh_incident *incident, bool first)
{
    GPtrArray *rows = nh_rows_of(incident);
    row_finder finder = { rows, incident->id };
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    g_string_append_printf(out, "<h2 id=\"i%u\"%s>Incident %u: ", incident->id, first ? " class=\"first\"" : "", incident->id);
    element(out, "client ", nh_addr_text(&incident->client, client), "");
    element(out, ", server ", nh_addr_text(&incident->server, server), "</h2>\n");
    append_parts(out, incident);
    g_string_append(out, "<h3>Picture</h3>\n<div class=\"wide\">");
    nh_picture_append(out, incident, find_target, &finder);
    g_string_append(out, "</div>\n");
    append_timeline(out, rows, incident);
    append_calls(out, incident);
    g_ptr_array_unref(rows);
}

/* --- all ------------------------------------------------------------------------------------ */

static void
append_locks(GString *out, const nh_story *story)
{
    GString *text = g_string_new(NULL);

    if (story->locks->len) {
        nh_report_append_locks(text, NH_TEXT_WIDTH, 0, story->locks, MAX_ROWS);
        g_string_append(out, "<h2>Locks at the end of the capture</h2>\n<pre>");
        char **lines = g_strsplit(text->str, "\n", -1);
        for (unsigned i = 0; lines[i]; i++)
            element(out, "", lines[i], "\n");
        g_strfreev(lines);
        g_string_append(out, "</pre>\n");
    }
    g_string_free(text, true);
}

static void
append_messages(GString *out, const nh_story *story)
{
    if (!story->messages->len)
        return;
    g_string_append(out, "<h2>Notes</h2>\n<ul>\n");
    for (unsigned i = 0; i < story->messages->len; i++)
        element(out, "<li>", story->messages->pdata[i], "</li>\n");
    g_string_append(out, "</ul>\n");
}

char *
nh_page_html(const nh_story *story)
{
    GString *out = g_string_new(NULL), *title = g_string_new(NULL);
    char *sheet = g_strconcat(style, nh_drawing_style(), NULL);
    unsigned shown = MIN(story->incidents->len, MAX_INCIDENTS);

    append_head(out, sheet);
    nh_report_append_title(title, story, NH_TEXT_WIDTH);
    g_string_append(out, "<h1>NLM Health</h1>\n");
    element(out, "<p>", g_str_has_prefix(title->str, "NLM Health: ") ? title->str + strlen("NLM Health: ") : title->str, "</p>\n");
    if (story->incidents->len)
        append_table(out, story);
    for (unsigned i = 0; i < shown; i++)
        append_incident(out, story->incidents->pdata[i], i == 0);
    if (shown < story->incidents->len)
        g_string_append_printf(out, "<p>... and %u more: -z nlm_health,report,incident=N and -z nlm_health,svg,incident=N show each.</p>\n",
                               story->incidents->len - shown);
    append_locks(out, story);
    append_messages(out, story);
    g_string_append_printf(out, "<footer>Times are UTC. Made by NLM Health%s", story->wireshark ? " with Wireshark " : "");
    element(out, "", story->wireshark, ".</footer>\n</body>\n</html>\n");
    g_free(sheet);
    g_string_free(title, true);
    return g_string_free(out, false);
}
