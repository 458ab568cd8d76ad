/* title.c
 * The first line of what people read: what a whole capture comes to, and of which time that is said.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/title.h"

#include "core/base/text.h"

/* When it was captured: of other times nothing is said. */
static void
append_span(GString *text, const char *before, const nh_story *story)
{
    if (!nh_time_known(story->first))
        return;
    char *first = nh_time_date_clock(story->first);
    char *last = nh_same_day(story->first, story->last) ? nh_time_clock(story->last) : nh_time_date_clock(story->last);
    char *lasts = nh_duration_text(nh_elapsed(story->first, story->last));

    g_string_append_printf(text, "%s%s to %s UTC (%s)", before, first, last, lasts);
    g_free(first);
    g_free(last);
    g_free(lasts);
}

static void
append_calls(GString *text, const nh_story *story)
{
    unsigned calls = 0, unanswered = 0, denied = 0;
    nh_time slowest = NH_TIME_NONE;

    for (unsigned i = 0; i < story->pairs->len; i++) {
        const nh_story_pair *pair = story->pairs->pdata[i];
        calls += pair->calls;
        unanswered += pair->unanswered;
        denied += pair->denied;
        slowest = MAX(slowest, pair->slowest);
    }
    g_string_append_printf(text, "%u lock call%s between %u pair%s of hosts", calls, nh_plural(calls), story->pairs->len,
                           nh_plural(story->pairs->len));
    if (unanswered)
        g_string_append_printf(text, ", %u unanswered", unanswered);
    else if (calls)
        g_string_append(text, ", all answered");
    if (denied)
        g_string_append_printf(text, ", %u denied", denied);
    if (nh_time_known(slowest)) {
        char *took = nh_duration_text(slowest);
        g_string_append_printf(text, ", the slowest in %s", took);
        g_free(took);
    }
    g_string_append_c(text, '.');
}

static void
append_caveats(GString *text, const nh_story *story)
{
    for (unsigned i = 0; i < story->caveats->len; i++)
        g_string_append_printf(text, "%s%s", i ? "; " : " It shows ", (const char *)story->caveats->pdata[i]);
    if (story->caveats->len)
        g_string_append_c(text, '.');
}

void
nh_report_append_title(GString *out, const nh_story *story, unsigned width)
{
    GString *text = g_string_new("NLM Health: ");

    switch (story->verdict) {
    case NH_VERDICT_INCIDENTS:
        g_string_append_printf(text, "%u incident%s in %u frames", story->incidents->len, nh_plural(story->incidents->len), story->frames);
        append_span(text, ", ", story);
        break;
    case NH_VERDICT_NO_LOCK_TRAFFIC:
        g_string_append_printf(text, "no lock traffic in %u frame%s", story->frames, nh_plural(story->frames));
        append_span(text, ", ", story);
        g_string_append_c(text, '.');
        break;
    default:
        g_string_append_printf(text, "%s. ",
                               story->verdict == NH_VERDICT_HEALTHY      ? "healthy"
                               : story->verdict == NH_VERDICT_UNREADABLE ? "unreadable"
                                                                         : "no incident");
        append_calls(text, story);
        append_span(text, " Seen: ", story);
        g_string_append_c(text, '.');
        append_caveats(text, story);
    }
    nh_text_wrap_at(out, width, 0, 2, text->str);
    g_string_free(text, true);
}
