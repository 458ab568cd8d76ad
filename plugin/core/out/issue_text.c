/* issue_text.c
 * What tells when a call was issued, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/issue_text.h"

static void
append_evidence(GString *text, const char *preposition, const char *what, uint32_t frame)
{
    if (!what)
        return;
    g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", preposition, what);
    if (frame)
        g_string_append_printf(text, " (frame %u)", frame);
}

char *
nh_issue_text(const nh_issue *issue)
{
#define NH_ENUM_ROW(id, after, before) { after, before },
    static const struct {
        const char *after, *before;
    } words[] = { NH_ISSUE_SOURCES(NH_ENUM_ROW) };
#undef NH_ENUM_ROW
    const char *after = words[issue->after].after, *before = words[issue->before].before;
    GString *text = g_string_new(NULL);

    if (issue->earliest == issue->latest)
        return g_string_free(text, true);
    if (issue->after == NH_ISSUE_OPEN)
        g_string_append(text, "the capture does not have its beginning");
    if (after && before && strcmp(after, before) == 0)
        append_evidence(text, "from", after, issue->before_frame);
    else {
        append_evidence(text, "after", after, issue->after_frame);
        append_evidence(text, "before", before, issue->before_frame);
    }
    return g_string_free(text, text->len == 0);
}
