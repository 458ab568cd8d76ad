/* report_locks.c
 * The lock table as plain text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/report_locks.h"

#include "core/out/report.h"
#include "core/base/text.h"

/* "bytes 0-99", "bytes 100 to the end", "whole file" */
static void
append_range(GString *out, const nh_story_lock *lock)
{
    if (lock->length == 0 && lock->offset == 0)
        g_string_append(out, "whole file");
    else if (lock->length == 0)
        g_string_append_printf(out, "bytes %" G_GUINT64_FORMAT " to the end", lock->offset);
    else
        g_string_append_printf(out, "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, lock->offset, lock->offset + lock->length - 1);
}

static void
append_lock(GString *out, unsigned width, unsigned indent, const nh_story_lock *lock)
{
    GString *text = g_string_new(lock->waiting ? "waits for " : "holds ");
    char *since = nh_time_date_clock(lock->since);

    g_string_append_printf(text, "%s %s on file %s, ", lock->exclusive ? "exclusive" : "shared",
                           lock->share ? "reservation (SHARE)" : "lock", lock->file ? lock->file : "?");
    append_range(text, lock);
    g_string_append_printf(text, ", since %s (frame %u): %s", since, lock->frame, lock->owner ? lock->owner : "owner unknown");
    g_string_append_printf(out, "%*s", (int)indent, "");
    nh_text_wrap_at(out, width, indent, indent + 2, text->str);
    g_string_free(text, true);
    g_free(since);
}

static void
append_hosts(GString *out, unsigned indent, const nh_story_lock *lock)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    g_string_append_printf(out, "%*sclient %s, server %s\n", (int)indent, "",
                           lock->client.len ? nh_addr_text(&lock->client, client) : "unknown (named by the answer to a TEST)",
                           nh_addr_text(&lock->server, server));
}

void
nh_report_append_locks(GString *out, unsigned width, unsigned indent, const GPtrArray *locks, unsigned most)
{
    unsigned shown = most ? MIN(locks->len, most) : locks->len;

    for (unsigned i = 0; i < shown; i++) {
        const nh_story_lock *lock = locks->pdata[i], *previous = i ? locks->pdata[i - 1] : NULL;
        if (!previous || !nh_addr_equal(&previous->client, &lock->client) || !nh_addr_equal(&previous->server, &lock->server))
            append_hosts(out, indent, lock);
        append_lock(out, width, indent + 2, lock);
    }
    if (shown < locks->len)
        g_string_append_printf(out, "%*s... and %u more; the JSON document lists all %u\n", (int)indent, "", locks->len - shown,
                               locks->len);
}

char *
nh_report_locks_at(const nh_story *story, unsigned width)
{
    GString *out = g_string_new(NULL);

    if (story->locks->len) {
        g_string_append(out, "Locks at the end of the capture (UTC)\n");
        nh_report_append_locks(out, width, 2, story->locks, 0);
    } else
        g_string_append(out, "NLM Health: no lock is held or waited for at the end of the capture.\n");
    return g_string_free(out, false);
}

char *
nh_report_locks(const nh_story *story)
{
    return nh_report_locks_at(story, NH_TEXT_WIDTH);
}
