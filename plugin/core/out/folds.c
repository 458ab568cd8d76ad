/* folds.c
 * The timeline as rows that can be read.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/folds.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/out/request.h"
#include "core/story/groups.h"

/* More questions of applications say no more. */
#define MAX_ASKED 3

/* What the events of a group have in common. */
typedef enum { ALONE, LOOKUP, OPENING, CLOSING, TROUBLE, RESENT, BURST_OF_LOG } group_kind;

typedef struct {
    group_kind kind;
    GPtrArray *events; /* const nh_event* */
} group;

typedef struct {
    const nh_incident *incident;
    GHashTable *by_key; /* of those that may go on */
    GPtrArray *groups;  /* group*, by first event */
    GHashTable *resent; /* frame to nh_story_call*: it carries the call, not for the first time */
    nh_time latest_log;
} grouping;

static void
group_free(void *data)
{
    group *g = data;
    g_ptr_array_unref(g->events);
    g_free(g);
}

/* --- words --------------------------------------------------------------------------- */

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

/* --- grouping -------------------------------------------------------------------------- */

static bool
is_named(const nh_event *event, const char *name)
{
    return event->finding == NH_FINDING_NONE && g_strcmp0(event->event, name) == 0;
}

static bool
is_milestone(const nh_event *event)
{
    return is_named(event, "syn") || is_named(event, "synack") || is_named(event, "connected");
}

static bool
is_closing(const nh_event *event)
{
    return is_named(event, "fin") || is_named(event, "fin_acked");
}

/* Does the text quote a line that stands in the incident's list of kernel lines? */
static bool
tells_a_line(const nh_incident *incident, const nh_event *event)
{
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        if (line->text && event->text && strstr(event->text, line->text))
            return true;
    }
    return false;
}

/* The kernel's lines have rows of their own, each one once. */
static bool
is_in_another_fold(const nh_incident *incident, const nh_event *event)
{
    const nh_finding_row *row = nh_finding_get(event->finding);

    return ((row && row->is_line) || is_named(event, "log")) && tells_a_line(incident, event);
}

static char *
xid_of(const char *text)
{
    const char *xid = text ? strstr(text, "XID 0x") : NULL;
    return xid ? g_strndup(xid, strlen("XID 0x12345678")) : NULL;
}

/* The key of an event's group; NULL when it stands alone. */
static char *
key_of(grouping *g, const nh_event *event, group_kind *kind)
{
    const nh_flow_frame *flow = event->frame ? nh_incident_flow_of(g->incident, event->frame) : NULL;
    const nh_finding_row *row = nh_finding_get(event->finding);
    const nh_story_call *call = g_hash_table_lookup(g->resent, GUINT_TO_POINTER(event->frame));
    bool transport = row && row->kind == NH_KIND_TRANSPORT;
    char *xid;

    if (event->frame == 0) {
        *kind = BURST_OF_LOG;
        return is_named(event, "log") ? g_strdup("log") : NULL;
    }
    if (flow && flow->service == NH_SERVICE_PORTMAP && !transport) {
        *kind = LOOKUP;
        return g_strdup_printf("lookup %u", flow->flow);
    }
    if (flow && (is_milestone(event) || (row && row->of_opening))) {
        *kind = OPENING;
        return g_strdup_printf("open %u", flow->flow);
    }
    if (flow && is_closing(event)) {
        *kind = CLOSING;
        return g_strdup_printf("close %u", flow->flow);
    }
    if (call && (row ? !row->quotes_line : is_named(event, "call"))) {
        *kind = RESENT;
        return g_strdup_printf("resent %p", (const void *)call);
    }
    if (transport && flow) {
        *kind = TROUBLE;
        return g_strdup_printf("trouble %u %d", flow->flow, event->finding);
    }
    xid = event->finding == NH_FINDING_NONE && strstr(event->text ? event->text : "", "GETPORT") ? xid_of(event->text) : NULL;
    *kind = LOOKUP;
    return xid;
}

static group *
new_group(grouping *g, group_kind kind)
{
    group *added = g_new(group, 1);
    *added = (group){ kind, g_ptr_array_new() };
    g_ptr_array_add(g->groups, added);
    return added;
}

static const nh_event *
last_of(const group *its)
{
    return its->events->pdata[its->events->len - 1];
}

static void
add_event(grouping *g, const nh_event *event)
{
    group_kind kind = ALONE;
    char *key = key_of(g, event, &kind);
    group *its = key ? g_hash_table_lookup(g->by_key, key) : NULL;

    if (kind == BURST_OF_LOG && its && event->time - g->latest_log > NH_FOLD_BURST)
        its = NULL;
    if (kind == OPENING && its && event->time - last_of(its)->time > NH_FOLD_APART)
        its = NULL;
    if (kind == BURST_OF_LOG)
        g->latest_log = event->time;
    if (!its) {
        its = new_group(g, key ? kind : ALONE);
        if (key)
            g_hash_table_replace(g->by_key, g_strdup(key), its);
    }
    g_ptr_array_add(its->events, (void *)event);
    g_free(key);
}

/* What several groups of one frame say is one row: the call and what is found about it. */
static void
join_frames(grouping *g)
{
    for (unsigned i = 1; i < g->groups->len; i++) {
        group *before = g->groups->pdata[i - 1], *at = g->groups->pdata[i];
        const nh_event *last = before->events->pdata[before->events->len - 1], *next = at->events->pdata[0];
        if (before->kind != ALONE || at->kind != ALONE || !next->frame || last->frame != next->frame)
            continue;
        for (unsigned j = 0; j < at->events->len; j++)
            g_ptr_array_add(before->events, at->events->pdata[j]);
        g_ptr_array_remove_index(g->groups, i--);
    }
}

/* --- the text of a group ------------------------------------------------------------------ */

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
append_findings(GString *out, const group *its)
{
    const char *before = NULL;

    for (unsigned i = 0; i < its->events->len; i++) {
        const nh_event *event = its->events->pdata[i];
        const nh_finding_row *row = nh_finding_get(event->finding);
        if (!row || g_strcmp0(before, event->text) == 0 ||
            (its->kind == LOOKUP && row->of_opening)) /* a look-up's port matters to nobody */
            continue;
        char *text = shortened(event);
        append_part(out, text);
        g_free(text);
        before = event->text;
    }
}

static const nh_event *
event_named(const group *its, const char *name)
{
    for (unsigned i = its->events->len; i-- > 0;) {
        const nh_event *event = its->events->pdata[i];
        if (is_named(event, name))
            return event;
    }
    return NULL;
}

static const nh_event *
event_with(const group *its, bool (*is)(const nh_finding_row *row))
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
append_lookup(GString *out, const group *its)
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
append_opening(GString *out, const group *its)
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
append_closing(GString *out, const group *its)
{
    const nh_event *first = its->events->pdata[0];
    const char *ends = first->text ? strchr(first->text, ',') : NULL;

    if (its->events->len == 1 || !ends)
        append_part(out, first->text);
    else
        g_string_append_printf(out, "FINs of both sides%s", ends);
}

static void
append_joined(GString *out, const group *its)
{
    append_findings(out, its);
    for (unsigned i = 0; i < its->events->len; i++) {
        const nh_event *event = its->events->pdata[i];
        if (event->finding == NH_FINDING_NONE && !(out->len && is_named(event, "call")))
            append_part(out, event->text);
    }
}

static char *
text_of(const group *its)
{
    GString *out = g_string_new(NULL);
    const nh_event *first = its->events->pdata[0];

    switch (its->kind) {
    case LOOKUP:
        append_lookup(out, its);
        break;
    case OPENING:
        append_opening(out, its);
        break;
    case CLOSING:
        append_closing(out, its);
        break;
    case ALONE:
        append_joined(out, its);
        break;
    case RESENT:
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

/* --- rows ------------------------------------------------------------------------------------ */

static void
row_free(void *data)
{
    nh_row *row = data;
    g_free(row->text);
    g_free(row);
}

static void
add_row(GPtrArray *rows, uint32_t first, uint32_t last, nh_time time, nh_time until, char *text)
{
    nh_row *row = g_new(nh_row, 1);
    *row = (nh_row){ first, last, time, until, 1, false, text };
    g_ptr_array_add(rows, row);
}

static unsigned
frames_of(const group *its)
{
    unsigned n = 0;
    uint32_t before = 0;

    for (unsigned i = 0; i < its->events->len; i++) {
        uint32_t frame = ((const nh_event *)its->events->pdata[i])->frame;
        n += frame != before;
        before = frame;
    }
    return n;
}

static void
add_group(GPtrArray *rows, const group *its)
{
    const nh_event *first = its->events->pdata[0], *last = its->events->pdata[its->events->len - 1];
    char *text = text_of(its);

    add_row(rows, first->frame, last->frame, first->time, last->time, text);
    nh_row *row = rows->pdata[rows->len - 1];
    if ((its->kind == TROUBLE && !strstr(row->text, " times")) || its->kind == RESENT)
        row->count = frames_of(its);
    else if (its->kind == BURST_OF_LOG)
        row->count = its->events->len;
}

/* The application asks long before its call can be sent. */
static void
add_questions(GPtrArray *rows, const nh_incident *incident)
{
    unsigned shown = 0, more = 0;

    for (unsigned i = 0; i < incident->calls->len; i++) {
        const nh_story_call *call = incident->calls->pdata[i];
        if (call->callback || call->prog != NH_PROG_NLM || !nh_time_known(call->issued_earliest) || !(call->dead || call->deferred))
            continue;
        if (shown++ >= MAX_ASKED) {
            more++;
            continue;
        }
        char *until = nh_time_clock(call->issued_latest), *what = incident->calls->len > 1 ? nh_request_text(call) : g_strdup("this");
        bool window = nh_time_known(call->issued_latest) && call->issued_latest > call->issued_earliest;
        char *between = window ? g_strdup_printf(" (between now and %s)", until) : g_strdup("");
        add_row(rows, 0, 0, call->issued_earliest, call->issued_latest, g_strdup_printf("The application asks%s for %s", between, what));
        g_free(between);
        g_free(until);
        g_free(what);
    }
    if (more && rows->len) {
        nh_row *last = rows->pdata[rows->len - 1];
        char *text = g_strdup_printf("%s; %u more ask%s later", last->text, more, more == 1 ? "s" : "");
        g_free(last->text);
        last->text = text;
    }
}

/* That a line is due; how it reads stands under Log, and that it is OK again follows from the answer. */
static void
add_lines(GPtrArray *rows, const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->kernel_lines->len && i < MAX_ASKED * 2; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        bool logged = nh_time_known(line->logged), seen = nh_time_known(line->observed);
        nh_time at = logged ? line->logged : seen ? line->observed : line->earliest;
        if (!nh_time_known(at) || line->event == NH_LOG_OK || line->beyond)
            continue;
        add_row(rows, 0, 0, at, at,
                g_strdup_printf("The %s's kernel logs its line%s", line->of_server ? "server" : "client",
                                logged ? ""
                                : seen ? ", as the capture shows"
                                       : " (predicted, from now on)"));
    }
}

/* The LOCK that is blocked comes long before its callback fails. */
static void
add_blocked(GPtrArray *rows, const nh_incident *incident)
{
    for (unsigned i = 0, shown = 0; i < incident->locks->len && shown < MAX_ASKED; i++) {
        const nh_story_lock *lock = incident->locks->pdata[i];
        if (!lock->waiting || !lock->frame || lock->frame >= incident->first_frame)
            continue;
        shown++;
        add_row(rows, lock->frame, lock->frame, lock->since, lock->since,
                g_strdup_printf("LOCK of %s is blocked: it waits for a callback", lock->owner ? lock->owner : "an unknown owner"));
    }
}

static int
by_time(const void *a, const void *b)
{
    const nh_row *x = *(nh_row *const *)a, *y = *(nh_row *const *)b;

    if (x->first && y->first && x->first != y->first)
        return x->first < y->first ? -1 : 1; /* frames keep their order even where time runs back */
    return x->time < y->time ? -1 : x->time > y->time;
}

/* Which frames carry a call that was sent before. */
static GHashTable *
find_resent(const nh_incident *incident)
{
    GHashTable *resent = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < incident->calls->len; i++) {
        nh_story_call *call = incident->calls->pdata[i];
        for (unsigned j = 1; j < call->frames->len; j++)
            g_hash_table_insert(resent, GUINT_TO_POINTER(g_array_index(call->frames, uint32_t, j)), call);
    }
    return resent;
}

/* Rows that repeat become one (groups.c): they go there as if they were events. */
static GPtrArray *
fold_rows(GPtrArray *rows)
{
    GPtrArray *folded = g_ptr_array_new_with_free_func(row_free), *events = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < rows->len; i++) {
        const nh_row *row = rows->pdata[i];
        nh_event *event = g_new(nh_event, 1);
        *event = (nh_event){ row->first, row->time, "", NH_FINDING_NONE, row->text };
        g_ptr_array_add(events, event);
    }
    GArray *groups = nh_timeline_groups(events);
    for (unsigned i = 0; i < groups->len; i++) {
        const nh_group *group = &g_array_index(groups, nh_group, i);
        nh_row *first = rows->pdata[group->first];
        const nh_row *last = rows->pdata[group->last];
        add_row(folded, first->first, last->last, first->time, last->until, g_steal_pointer(&first->text));
        nh_row *row = folded->pdata[folded->len - 1];
        row->count = group->count > 1 ? group->count : first->count;
        row->mixed = group->mixed;
    }
    g_array_unref(groups);
    g_ptr_array_unref(events);
    return folded;
}

GPtrArray *
nh_rows_of(const nh_incident *incident)
{
    grouping g = { .incident = incident };
    GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

    g.by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g.groups = g_ptr_array_new_with_free_func(group_free);
    g.resent = find_resent(incident);
    for (unsigned i = 0; i < incident->timeline->len; i++)
        if (!is_in_another_fold(incident, incident->timeline->pdata[i]))
            add_event(&g, incident->timeline->pdata[i]);
    join_frames(&g);
    add_questions(rows, incident);
    add_lines(rows, incident);
    add_blocked(rows, incident);
    for (unsigned i = 0; i < g.groups->len; i++)
        add_group(rows, g.groups->pdata[i]);
    g_ptr_array_sort(rows, by_time);
    GPtrArray *folded = fold_rows(rows);
    g_ptr_array_unref(rows);
    g_hash_table_unref(g.resent);
    g_hash_table_unref(g.by_key);
    g_ptr_array_unref(g.groups);
    return folded;
}

int
nh_row_of_frame(const GPtrArray *rows, uint32_t frame)
{
    int found = -1;
    uint32_t best = UINT32_MAX;

    for (unsigned i = 0; i < rows->len; i++) {
        const nh_row *row = rows->pdata[i];
        if (!row->first || frame < row->first || frame > row->last || row->last - row->first >= best)
            continue;
        best = row->last - row->first;
        found = (int)i;
    }
    return found;
}
