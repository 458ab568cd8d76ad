/* fold_text.c
 * What a row of a report says of the events that it stands for.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/fold_text.h"

#include "core/out/folds.h"

/* The name of a finding at text that can be nothing else, because it has a '_' or stands as "(name, from "; or NULL. */
static const nh_finding_row *
finding_at(const char *text, size_t *length)
{
    *length = 0;
    while (g_ascii_isalnum(text[*length]) || text[*length] == '_')
        (*length)++;
    if (!memchr(text, '_', *length) && strncmp(text + *length, ", from ", 7) != 0)
        return NULL;
    for (int i = 1; i < NH_FINDING_COUNT; i++) {
        const nh_finding_row *row = nh_finding_get(i);
        if (strlen(row->name) == *length && strncmp(row->name, text, *length) == 0)
            return row;
    }
    return NULL;
}

/* "(fin_unacked, from frame 7 on)" is "(from frame 7 on)", any other name gives way to its title. */
char *
nh_plain_words(const char *text)
{
    GString *out = g_string_new(NULL);
    bool in_word = false;

    for (size_t length; *text; text += length) {
        const nh_finding_row *row = in_word ? NULL : finding_at(text, &length);
        if (!row) {
            in_word = g_ascii_isalnum(*text) || *text == '_';
            g_string_append_c(out, *text);
            length = 1;
        } else if (strncmp(text + length, ", from ", 7) == 0)
            length += 2;
        else if (out->len >= 3 && strcmp(out->str + out->len - 2, " (") == 0 && text[length] == ')') {
            g_string_truncate(out, out->len - 2);
            length++;
        } else
            g_string_append_printf(out, "\"%s\"", row->title);
    }
    return g_string_free(out, false);
}

bool
nh_event_is_named(const nh_event *event, const char *name)
{
    return event->finding == NH_FINDING_NONE && g_strcmp0(event->event, name) == 0;
}

static void
append_part(GString *out, const char *text)
{
    char *plain = nh_plain_words(text ? text : "");
    g_string_append_printf(out, "%s%s", out->len ? "; " : "", plain);
    g_free(plain);
}

/* What a text goes on with after ": " is told elsewhere: the trouble in which a call was, the line that an answer makes the kernel log. */
static char *
shortened(const nh_event *event)
{
    const char *text = event->text ? event->text : "";
    const char *rest = strstr(text, ": ");
    const nh_finding_row *row = rest ? nh_finding_get(event->finding) : NULL;
    size_t length;

    if (row && ((row->names_trouble && finding_at(rest + 2, &length)) || (row->quotes_line && strstr(rest, "lockd: server"))))
        return g_strndup(text, (size_t)(rest - text));
    return g_strdup(text);
}

/* Findings before all else; what they say need not be said again. */
static void
append_findings(GString *out, const nh_fold *its)
{
    const char *before = NULL;

    for (unsigned i = 0; i < its->events->len; i++) {
        const nh_event *event = its->events->pdata[i];
        const nh_finding_row *row = nh_finding_get(event->finding);
        if (!row || g_strcmp0(before, event->text) == 0 ||
            (its->kind == NH_FOLD_LOOKUP && row->of_opening)) /* a look-up's port matters to nobody */
            continue;
        char *text = shortened(event);
        append_part(out, text);
        g_free(text);
        before = event->text;
    }
}

static const nh_event *
event_named(const nh_fold *its, const char *name)
{
    for (unsigned i = its->events->len; i-- > 0;) {
        const nh_event *event = its->events->pdata[i];
        if (nh_event_is_named(event, name))
            return event;
    }
    return NULL;
}

static const nh_event *
event_with(const nh_fold *its, bool (*is)(const nh_finding_row *row))
{
    for (unsigned i = 0; i < its->events->len; i++) {
        const nh_event *event = its->events->pdata[i];
        const nh_finding_row *row = nh_finding_get(event->finding);
        if (row && is(row))
            return event;
    }
    return NULL;
}

static bool
is_of_opening(const nh_finding_row *row)
{
    return row->of_opening;
}

static bool
hangs(const nh_finding_row *row)
{
    return row->hangs;
}

static void
append_lookup(GString *out, const nh_fold *its)
{
    const nh_event *reply = event_named(its, "reply"), *call = event_named(its, "call"), *first = its->events->pdata[0];

    append_findings(out, its);
    if (out->len == 0)
        g_string_append(out, call || reply ? "Port look-up" : first->text ? first->text : "");
    if (reply)
        g_string_append_printf(out, ", answered in frame %u", reply->frame);
    else if (call)
        g_string_append(out, ", no answer");
}

static void
append_opening(GString *out, const nh_fold *its)
{
    const nh_event *open = event_named(its, "connected"), *synack = event_named(its, "synack"), *syn = event_named(its, "syn");
    const nh_event *best = open ? open : synack ? synack : syn;

    if (event_with(its, is_of_opening))
        g_string_append(out, best ? "On the same ports again" : "First SYN");
    if (!best)
        append_findings(out, its);
    else
        append_part(out, best->text);
}

/* "FIN of the client, A -> B" and "FIN of the server, A -> B" */
static void
append_closing(GString *out, const nh_fold *its)
{
    const nh_event *first = its->events->pdata[0];
    const char *ends = first->text ? strchr(first->text, ',') : NULL;

    if (its->events->len == 1 || !ends)
        append_part(out, first->text);
    else
        g_string_append_printf(out, "FINs of both sides%s", ends);
}

static void
append_joined(GString *out, const nh_fold *its)
{
    append_findings(out, its);
    for (unsigned i = 0; i < its->events->len; i++) {
        const nh_event *event = its->events->pdata[i];
        if (event->finding == NH_FINDING_NONE && !(out->len && nh_event_is_named(event, "call")))
            append_part(out, event->text);
    }
}

char *
nh_fold_text(const nh_fold *its)
{
    GString *out = g_string_new(NULL);
    const nh_event *first = its->events->pdata[0];

    switch (its->kind) {
    case NH_FOLD_LOOKUP:
        append_lookup(out, its);
        break;
    case NH_FOLD_OPENING:
        append_opening(out, its);
        break;
    case NH_FOLD_CLOSING:
        append_closing(out, its);
        break;
    case NH_FOLD_ALONE:
        append_joined(out, its);
        break;
    case NH_FOLD_RESENT:
        append_part(out, first->text);
        if (event_with(its, hangs) && event_with(its, hangs)->finding != first->finding)
            append_part(out, event_with(its, hangs)->text);
        break;
    default:
        append_part(out, first->text);
        break;
    }
    return g_string_free(out, false);
}
