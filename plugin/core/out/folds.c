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
#include "core/out/fold_text.h"
#include "core/out/request.h"
#include "core/story/groups.h"

/* More questions of applications say no more. */
#define MAX_ASKED 3

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
    nh_fold *g = data;
    g_ptr_array_unref(g->events);
    g_free(g);
}

/* --- grouping -------------------------------------------------------------------------- */

static bool
is_milestone(const nh_event *event)
{
    return nh_event_is_named(event, "syn") || nh_event_is_named(event, "synack") || nh_event_is_named(event, "connected");
}

static bool
is_closing(const nh_event *event)
{
    return nh_event_is_named(event, "fin") || nh_event_is_named(event, "fin_acked");
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

    return ((row && row->is_line) || nh_event_is_named(event, "log")) && tells_a_line(incident, event);
}

static char *
xid_of(const char *text)
{
    const char *xid = text ? strstr(text, "XID 0x") : NULL;
    return xid ? g_strndup(xid, strlen("XID 0x12345678")) : NULL;
}

/* The key of an event's nh_fold; NULL when it stands alone. */
static char *
key_of(grouping *g, const nh_event *event, nh_fold_kind *kind)
{
    const nh_flow_frame *flow = event->frame ? nh_incident_flow_of(g->incident, event->frame) : NULL;
    const nh_finding_row *row = nh_finding_get(event->finding);
    const nh_story_call *call = g_hash_table_lookup(g->resent, GUINT_TO_POINTER(event->frame));
    bool transport = row && row->kind == NH_KIND_TRANSPORT;
    char *xid;

    if (event->frame == 0) {
        *kind = NH_FOLD_LOG;
        return nh_event_is_named(event, "log") ? g_strdup("log") : NULL;
    }
    if (flow && flow->service == NH_SERVICE_PORTMAP && !transport) {
        *kind = NH_FOLD_LOOKUP;
        return g_strdup_printf("lookup %u", flow->flow);
    }
    if (flow && (is_milestone(event) || (row && row->of_opening))) {
        *kind = NH_FOLD_OPENING;
        return g_strdup_printf("open %u", flow->flow);
    }
    if (flow && is_closing(event)) {
        *kind = NH_FOLD_CLOSING;
        return g_strdup_printf("close %u", flow->flow);
    }
    if (call && (row ? !row->quotes_line : nh_event_is_named(event, "call"))) {
        *kind = NH_FOLD_RESENT;
        return g_strdup_printf("resent %p", (const void *)call);
    }
    if (transport && flow) {
        *kind = NH_FOLD_TROUBLE;
        return g_strdup_printf("trouble %u %d", flow->flow, event->finding);
    }
    xid = event->finding == NH_FINDING_NONE && strstr(event->text ? event->text : "", "GETPORT") ? xid_of(event->text) : NULL;
    *kind = NH_FOLD_LOOKUP;
    return xid;
}

static nh_fold *
new_group(grouping *g, nh_fold_kind kind)
{
    nh_fold *added = g_new(nh_fold, 1);
    *added = (nh_fold){ kind, g_ptr_array_new() };
    g_ptr_array_add(g->groups, added);
    return added;
}

static const nh_event *
last_of(const nh_fold *its)
{
    return its->events->pdata[its->events->len - 1];
}

static void
add_event(grouping *g, const nh_event *event)
{
    nh_fold_kind kind = NH_FOLD_ALONE;
    char *key = key_of(g, event, &kind);
    nh_fold *its = key ? g_hash_table_lookup(g->by_key, key) : NULL;

    if (kind == NH_FOLD_LOG && its && event->time - g->latest_log > NH_FOLD_BURST)
        its = NULL;
    if (kind == NH_FOLD_OPENING && its && event->time - last_of(its)->time > NH_FOLD_APART)
        its = NULL;
    if (kind == NH_FOLD_LOG)
        g->latest_log = event->time;
    if (!its) {
        its = new_group(g, key ? kind : NH_FOLD_ALONE);
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
        nh_fold *before = g->groups->pdata[i - 1], *at = g->groups->pdata[i];
        const nh_event *last = before->events->pdata[before->events->len - 1], *next = at->events->pdata[0];
        if (before->kind != NH_FOLD_ALONE || at->kind != NH_FOLD_ALONE || !next->frame || last->frame != next->frame)
            continue;
        for (unsigned j = 0; j < at->events->len; j++)
            g_ptr_array_add(before->events, at->events->pdata[j]);
        g_ptr_array_remove_index(g->groups, i--);
    }
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
frames_of(const nh_fold *its)
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
add_group(GPtrArray *rows, const nh_fold *its)
{
    const nh_event *first = its->events->pdata[0], *last = its->events->pdata[its->events->len - 1];
    char *text = nh_fold_text(its);

    add_row(rows, first->frame, last->frame, first->time, last->time, text);
    nh_row *row = rows->pdata[rows->len - 1];
    if ((its->kind == NH_FOLD_TROUBLE && !strstr(row->text, " times")) || its->kind == NH_FOLD_RESENT)
        row->count = frames_of(its);
    else if (its->kind == NH_FOLD_LOG)
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
