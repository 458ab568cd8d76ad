/* summary.c
 * A story as a table: one line per incident.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/summary.h"

#include "core/base/text.h"
#include "core/out/title.h"

enum { NUMBER, START, LASTED, CLIENT, SERVER, CAUSE, SIDE, REQUESTS, COLUMNS };

static const char *const headings[COLUMNS] = { "No.", "Start (UTC)", "Lasted", "Client", "Server", "Cause", "Side", "Hurt" };

/* "1 request": what applications asked for and had to wait for. */
static char *
requests_text(const nh_incident *incident)
{
    unsigned n = nh_incident_requests(incident);
    return g_strdup_printf("%u request%s", n, nh_plural(n));
}

/* "3 min 4.3 s", with a "+" while it lasts */
static char *
lasted_text(const nh_incident *incident)
{
    char *duration = nh_duration_text(incident->duration);
    char *text = g_strconcat(duration, nh_time_known(incident->end) ? "" : "+", NULL);
    g_free(duration);
    return text;
}

static void
fill_row(char **cells, const nh_incident *incident)
{
    const char *cause = nh_finding_name(incident->cause), *side = nh_side_name(incident->side);
    const char *confidence = nh_confidence_name(incident->confidence);
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    cells[NUMBER] = g_strdup_printf("%u", incident->id);
    cells[START] = nh_time_date_clock(incident->start);
    cells[LASTED] = lasted_text(incident);
    cells[CLIENT] = g_strdup(nh_addr_text(&incident->client, client));
    cells[SERVER] = g_strdup(nh_addr_text(&incident->server, server));
    cells[CAUSE] = g_strdup(cause ? cause : "unknown");
    cells[SIDE] = confidence ? g_strdup_printf("%s (%s)", side ? side : "unknown", confidence) : g_strdup(side ? side : "unknown");
    cells[REQUESTS] = requests_text(incident);
}

static void
append_row(GString *out, unsigned indent, const char *const *cells, const unsigned *widths)
{
    g_string_append_printf(out, "%*s%*s", (int)indent, "", (int)widths[NUMBER], cells[NUMBER]);
    for (unsigned i = NUMBER + 1; i < COLUMNS; i++)
        g_string_append_printf(out, "  %-*s", (int)widths[i], cells[i]);
    while (out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

void
nh_summary_append(GString *out, unsigned indent, const nh_story *story, unsigned most)
{
    unsigned shown = most ? MIN(story->incidents->len, most) : story->incidents->len;
    char *(*rows)[COLUMNS] = g_malloc0(MAX(shown, 1) * sizeof *rows);
    unsigned widths[COLUMNS];

    for (unsigned i = 0; i < COLUMNS; i++)
        widths[i] = (unsigned)strlen(headings[i]);
    for (unsigned row = 0; row < shown; row++) {
        fill_row(rows[row], story->incidents->pdata[row]);
        for (unsigned i = 0; i < COLUMNS; i++)
            widths[i] = MAX(widths[i], (unsigned)strlen(rows[row][i]));
    }
    append_row(out, indent, headings, widths);
    for (unsigned row = 0; row < shown; row++) {
        append_row(out, indent, (const char *const *)rows[row], widths);
        for (unsigned i = 0; i < COLUMNS; i++)
            g_free(rows[row][i]);
    }
    if (shown < story->incidents->len)
        g_string_append_printf(out, "%*s... and %u more: -z nlm_health,summary lists all %u\n", (int)indent, "",
                               story->incidents->len - shown, story->incidents->len);
    g_free(rows);
}

char *
nh_report_summary(const nh_story *story)
{
    GString *out = g_string_new(NULL);

    nh_report_append_title(out, story, NH_TEXT_WIDTH);
    if (story->incidents->len)
        nh_summary_append(out, 0, story, 0);
    return g_string_free(out, false);
}
