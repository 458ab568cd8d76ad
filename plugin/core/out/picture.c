/* picture.c
 * An incident as a drawing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/picture.h"

#include "core/base/text.h"
#include "core/out/drawing.h"
#include "core/out/markup.h"
#include "core/out/picture_owners.h"
#include "core/out/request.h"

/* More of a kind would be too small to see; the table of calls and the timeline have them. */
#define MAX_REQUESTS 6

#define APART      4  /* columns between two marks of a kind that are drawn both */
#define SAME_GROUP 24 /* columns between two marks of a kind that share a label */
#define MARK_KINDS 12 /* groups to look back for one of a mark's kind */

/* --- the application ------------------------------------------------------------------ */

static void
put_wait(nh_drawing *d, const nh_asked *asked)
{
    const nh_story_call *first = asked->calls->pdata[0], *last = nh_asked_last(asked);
    bool over = nh_time_known(asked->answered), window = asked->asked_latest > asked->asked;
    const char *name = first->procedure ? first->procedure : "lock call", *outcome = last->status ? last->status
                                                                                     : over       ? "answered"
                                                                                                  : "no answer in the capture";
    char *times = asked->calls->len > 1 ? g_strdup_printf(", %u times", asked->calls->len) : g_strdup("");

    nh_drawing_bar(d, NH_SHAPE_WAITS, asked->asked_latest, asked->answered, "the application waits");
    if (window)
        nh_drawing_bar(d, NH_SHAPE_ASKED, asked->asked, asked->asked_latest, "the application asked at some moment of this");
    nh_drawing_labelf(d, nh_scale_x(d->scale, asked->asked), "%s %s%s", name, window ? "asked for in here" : "asked for", times);
    if (over) {
        char *waited = nh_duration_text(asked->answered - asked->asked);
        nh_drawing_labelf(d, nh_scale_x(d->scale, asked->answered), "%s%s: %s", window ? "up to " : "", waited, outcome);
        nh_drawing_mark(d, NH_SHAPE_ANSWER, asked->answered, last->reply_frame, outcome);
        g_free(waited);
    } else
        nh_drawing_label(d, NH_DRAWING_RIGHT, outcome);
    g_free(times);
}

static void
draw_request(nh_drawing *d, const nh_asked *asked)
{
    const nh_story_call *call = asked->calls->pdata[0];
    char *range = call->request.known ? nh_range_text(call->request.offset, call->request.length) : NULL;
    char *who = call->request.known ? g_strdup_printf("process (svid) %u, %s", call->request.svid, range) : NULL;
    char *file = call->request.known && call->request.file ? g_strdup_printf("file %s", call->request.file) : NULL;

    nh_drawing_begin_lane(d, "The application", who, file);
    put_wait(d, asked);
    nh_drawing_end_lane(d, who ? 2 : 0);
    g_free(range);
    g_free(who);
    g_free(file);
}

/* The requests that waited longest. */
static void
draw_application(nh_drawing *d, const GPtrArray *requests)
{
    unsigned drawn = MIN(requests->len, MAX_REQUESTS);

    for (unsigned i = 0; i < drawn; i++)
        draw_request(d, requests->pdata[i]);
    nh_drawing_more(d, requests->len - drawn, "calls of applications");
}

/* It has a lane already: the application asked again. */
static bool
is_drawn(const GPtrArray *requests, const nh_story_lock *lock)
{
    for (unsigned i = 0; i < MIN(requests->len, MAX_REQUESTS); i++)
        if (((const nh_asked *)requests->pdata[i])->waited == lock)
            return true;
    return false;
}

/* A lock that waits for a callback, as the lock table has it. */
static void
draw_blocked(nh_drawing *d, const GPtrArray *requests)
{
    unsigned drawn = 0;

    for (unsigned i = 0; i < d->incident->locks->len && drawn < 2; i++) {
        const nh_story_lock *lock = d->incident->locks->pdata[i];
        if (!lock->waiting || is_drawn(requests, lock))
            continue;
        nh_drawing_begin_lane(d, "Blocked lock", lock->owner ? lock->owner : "owner unknown", lock->file);
        nh_drawing_bar(d, NH_SHAPE_WAITS, lock->since, NH_TIME_NONE, "waits for the lock");
        char *since = nh_time_clock(lock->since);
        nh_drawing_labelf(d, NH_DRAWING_LEFT, "waits for the lock since %s", since);
        g_free(since);
        nh_drawing_end_lane(d, lock->file ? 2 : 1);
        drawn++;
    }
}

/* --- the kernel's log -------------------------------------------------------------------- */

static const char *
short_line(const nh_kernel_line *line)
{
    return line->event == NH_LOG_OK ? "OK" : line->event == NH_LOG_TIMED_OUT ? "not responding, timed out" : "not responding";
}

static void
put_line(nh_drawing *d, const nh_kernel_line *line)
{
    nh_time at = nh_time_known(line->observed) ? line->observed : nh_time_known(line->logged) ? line->logged : line->earliest;

    if (nh_time_known(line->earliest))
        nh_drawing_bar(d, NH_SHAPE_PREDICTED, line->earliest, line->latest, line->text ? line->text : "");
    if (nh_time_known(line->observed))
        nh_drawing_mark(d, NH_SHAPE_SEEN, line->observed, line->observed_frame, "the capture shows that the line was logged");
    if (nh_time_known(line->logged))
        nh_drawing_mark(d, NH_SHAPE_LOGGED, line->logged, 0, line->logged_text ? line->logged_text : "logged");
    if (nh_time_known(at)) {
        char *clock = nh_time_clock(at);
        bool only = !nh_time_known(line->observed) && !nh_time_known(line->logged);
        nh_drawing_labelf(d, nh_scale_x(d->scale, at), "\"%s\"%s %s", short_line(line),
                          only && line->latest > line->earliest ? " from" : "", clock);
        g_free(clock);
    }
}

static int
by_line_time(const void *a, const void *b)
{
    const nh_kernel_line *x = *(nh_kernel_line *const *)a, *y = *(nh_kernel_line *const *)b;
    return x->earliest < y->earliest ? -1 : x->earliest > y->earliest;
}

static void
draw_log(nh_drawing *d, bool of_server)
{
    GPtrArray *lines = g_ptr_array_new();
    char host[NH_ADDR_TEXT];

    for (unsigned i = 0; i < d->incident->kernel_lines->len; i++) {
        nh_kernel_line *line = d->incident->kernel_lines->pdata[i];
        if (line->of_server == of_server)
            g_ptr_array_add(lines, line);
    }
    g_ptr_array_sort(lines, by_line_time);
    if (lines->len) {
        nh_drawing_begin_lane(d, of_server ? "The server's kernel log" : "The client's kernel log",
                              nh_addr_text(of_server ? &d->incident->server : &d->incident->client, host), NULL);
        for (unsigned i = 0; i < lines->len; i++)
            put_line(d, lines->pdata[i]);
        nh_drawing_end_lane(d, 1);
    }
    g_ptr_array_unref(lines);
}

/* --- connections ---------------------------------------------------------------------------- */

static nh_shape
shape_of(nh_sign_kind kind)
{
    switch (kind) {
    case NH_SIGN_SYNACK:
    case NH_SIGN_ACK:
    case NH_SIGN_REPLY:
        return NH_SHAPE_ANSWER;
    case NH_SIGN_RESENT:
        return NH_SHAPE_RESENT;
    case NH_SIGN_RESET:
        return NH_SHAPE_RESET;
    case NH_SIGN_ICMP:
        return NH_SHAPE_ICMP;
    default:
        return NH_SHAPE_SENT;
    }
}

static int
by_mark_time(const void *a, const void *b)
{
    const nh_sign *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* What follows from the mark before, as its answer. */
static bool
needs_label(const nh_sign *mark)
{
    return mark->kind != NH_SIGN_SYNACK && !(mark->kind == NH_SIGN_FIN && mark->by_server);
}

/* Marks of one kind that follow each other, or stand so close that nobody can tell them apart: they share a label. */
typedef struct {
    const nh_sign *first;
    unsigned n;
    int left, right, drawn; /* columns of the first and the last one, and of the last that is drawn */
} mark_group;

static void
label_group(nh_drawing *d, const mark_group *group)
{
    const nh_sign *mark = group->first;
    const char *again = mark->kind == NH_SIGN_RESENT && !strstr(mark->what, "again") && !strstr(mark->what, "resent") ? " again" : "";

    if (!needs_label(mark))
        return;
    if (group->n > 1)
        nh_drawing_labelf(d, group->left, "%s%s, %u times", mark->what, again, group->n);
    else
        nh_drawing_labelf(d, group->left, "%s%s", mark->what, again);
}

/* The group that a mark belongs to: the last one, or one of the last few of its kind that ends beside it; NULL: none. */
static mark_group *
group_for(GArray *groups, const nh_sign *mark, int x)
{
    for (unsigned i = groups->len, back = 0; i-- > 0 && back < MARK_KINDS; back++) {
        mark_group *group = &g_array_index(groups, mark_group, i);
        if (group->first->kind == mark->kind && g_strcmp0(group->first->what, mark->what) == 0)
            return back == 0 || x - group->right < SAME_GROUP ? group : NULL;
    }
    return NULL;
}

static void
put_mark(nh_drawing *d, GArray *groups, const nh_sign *mark)
{
    int x = nh_scale_x(d->scale, mark->time);
    mark_group *group = group_for(groups, mark, x);

    if (!group) {
        mark_group made = { mark, 0, x, x, x - APART };
        g_array_append_val(groups, made);
        group = &g_array_index(groups, mark_group, groups->len - 1);
    }
    group->n += mark->count;
    group->right = x;
    if (x - group->drawn >= APART)
        group->drawn = nh_drawing_mark(d, shape_of(mark->kind), mark->time, mark->frame, mark->what);
}

/* Marks from left to right, then their labels. */
static void
put_marks(nh_drawing *d, const GArray *unsorted)
{
    GArray *marks = g_array_sized_new(false, false, sizeof(nh_sign), unsorted->len);
    GArray *groups = g_array_new(false, false, sizeof(mark_group));

    if (unsorted->len)
        g_array_append_vals(marks, unsorted->data, unsorted->len);
    g_array_sort(marks, by_mark_time);
    for (unsigned i = 0; i < marks->len; i++)
        if (nh_drawing_in_range(d, g_array_index(marks, nh_sign, i).time))
            put_mark(d, groups, &g_array_index(marks, nh_sign, i));
    for (unsigned i = 0; i < groups->len; i++)
        label_group(d, &g_array_index(groups, mark_group, i));
    g_array_unref(groups);
    g_array_unref(marks);
}

static void
put_span(nh_drawing *d, const nh_span *span)
{
    static const struct {
        nh_shape shape;
        const char *title;
    } kinds[] = {
        [NH_SPAN_OPENING] = { NH_SHAPE_OPENING, "being opened" },
        [NH_SPAN_OPEN] = { NH_SHAPE_OPEN, "open" },
        [NH_SPAN_CLOSING] = { NH_SHAPE_CLOSING, "being closed" },
        [NH_SPAN_TROUBLE] = { NH_SHAPE_TROUBLE, "in trouble" },
    };
    const nh_finding_row *trouble = nh_finding_get(span->finding);

    if (nh_time_known(span->to) && !nh_drawing_in_range(d, span->to))
        return; /* before the picture begins */
    nh_drawing_bar(d, kinds[span->kind].shape, span->from, span->to, trouble ? trouble->title : kinds[span->kind].title);
}

static const char *
lane_name(const nh_flow *flow, unsigned nth)
{
    if (flow->callback)
        return flow->service == NH_SERVICE_PORTMAP ? "Server looks up the client" : "Callback to the client";
    switch (flow->service) {
    case NH_SERVICE_STATD:
        return "statd (restart notices)";
    case NH_SERVICE_PROBABLE:
        return "Probably lockd";
    default:
        return nth == 0 ? "Lock connection" : nth == 1 ? "Next lock connection" : "Later lock connection";
    }
}

static void
draw_flow(nh_drawing *d, const nh_flow *flow, unsigned nth)
{
    char *to = g_strdup_printf("\xe2\x86\x92 %s", flow->server ? flow->server : "?");
    char *from = flow->connections > 1 ? g_strdup_printf("%u connections", flow->connections) : g_strdup(flow->client);

    nh_drawing_begin_lane(d, flow->connections > 1 ? "Further connections" : lane_name(flow, nth), from, to);
    for (unsigned i = 0; i < flow->spans->len; i++)
        put_span(d, &g_array_index(flow->spans, nh_span, i));
    put_marks(d, flow->marks);
    nh_drawing_end_lane(d, 2);
    g_free(from);
    g_free(to);
}

/* Look-ups are many and short: all of one side share a lane. */
static bool
is_lookup(const nh_flow *flow)
{
    return flow->service == NH_SERVICE_PORTMAP && !flow->callback;
}

static void
draw_flows(nh_drawing *d)
{
    unsigned nth = 0;

    for (unsigned i = 0; i < d->incident->flows->len; i++) {
        const nh_flow *flow = d->incident->flows->pdata[i];
        if (!is_lookup(flow))
            draw_flow(d, flow, flow->callback ? 0 : nth++);
    }
}

/* Where a look-up asks, only that and the answer are of interest. */
static bool
is_of_lookup(const nh_flow *flow, const nh_sign *mark)
{
    bool asks = false;

    for (unsigned i = 0; i < flow->marks->len && !asks; i++)
        asks = g_array_index(flow->marks, nh_sign, i).kind == NH_SIGN_CALL;
    return mark->kind != NH_SIGN_FIN && mark->kind != NH_SIGN_ACK && !(asks && (mark->kind == NH_SIGN_SYN || mark->kind == NH_SIGN_SYNACK));
}

static void
draw_portmap(nh_drawing *d)
{
    for (unsigned i = 0; i < d->incident->flows->len; i++) {
        const nh_flow *flow = d->incident->flows->pdata[i];
        if (!is_lookup(flow))
            continue;
        GArray *marks = g_array_new(false, false, sizeof(nh_sign));
        for (unsigned j = 0; j < flow->marks->len; j++)
            if (is_of_lookup(flow, &g_array_index(flow->marks, nh_sign, j)))
                g_array_append_vals(marks, &g_array_index(flow->marks, nh_sign, j), 1);
        char *from = flow->connections > 1 ? g_strdup_printf("%u connections, one a look-up", flow->connections) : g_strdup(flow->client);
        char *to = g_strdup_printf("\xe2\x86\x92 %s", flow->server);
        nh_drawing_begin_lane(d, "Port mapper", from, to);
        put_marks(d, marks);
        nh_drawing_end_lane(d, 2);
        g_free(from);
        g_free(to);
        g_array_unref(marks);
    }
}

/* --- is the server alive? -------------------------------------------------------------------- */

static void
draw_alive(nh_drawing *d)
{
    char server[NH_ADDR_TEXT];
    unsigned n = 0;
    int drawn = -10;

    nh_drawing_begin_lane(d, "Is the server alive?", "every packet of it that shows it", nh_addr_text(&d->incident->server, server));
    if (d->incident->other_answers) {
        nh_drawing_bar(d, NH_SHAPE_SERVED, d->incident->other_first, d->incident->other_last, "answers to the client's NFS calls");
        nh_drawing_labelf(d, nh_scale_x(d->scale, d->incident->other_first), "%u answer%s to NFS calls", d->incident->other_answers,
                          nh_plural(d->incident->other_answers));
        n++;
    }
    for (unsigned i = 0; i < d->incident->flows->len; i++) {
        const nh_flow *flow = d->incident->flows->pdata[i];
        for (unsigned j = 0; j < flow->marks->len; j++) {
            const nh_sign *mark = &g_array_index(flow->marks, nh_sign, j);
            if (mark->by_server == flow->callback || mark->kind == NH_SIGN_ICMP || !nh_drawing_in_range(d, mark->time))
                continue;
            n++;
            if (ABS(nh_scale_x(d->scale, mark->time) - drawn) >= APART)
                drawn = nh_drawing_mark(d, NH_SHAPE_ANSWER, mark->time, mark->frame, mark->what);
        }
    }
    if (!n)
        nh_drawing_label(d, NH_DRAWING_LEFT, "nothing from it while this lasts");
    nh_drawing_end_lane(d, 2);
}

/* --- the frame around ---------------------------------------------------------------------------- */

static void
add_time(GArray *times, nh_time t)
{
    if (nh_time_known(t))
        g_array_append_val(times, t);
}

/* Every time at which something is drawn. */
static GArray *
collect_times(const nh_incident *incident)
{
    GArray *times = g_array_new(false, false, sizeof(nh_time));

    add_time(times, incident->start);
    add_time(times, nh_time_known(incident->end) ? incident->end : incident->start + incident->duration);
    for (unsigned i = 0; i < incident->calls->len; i++) {
        const nh_story_call *call = incident->calls->pdata[i];
        add_time(times, call->issued_earliest);
        add_time(times, call->issued_latest);
        add_time(times, call->sent);
        add_time(times, nh_story_call_answered(call));
    }
    for (unsigned i = 0; i < incident->locks->len; i++) {
        const nh_story_lock *lock = incident->locks->pdata[i];
        add_time(times, lock->waiting ? lock->since : NH_TIME_NONE);
    }
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        add_time(times, line->earliest);
        add_time(times, line->latest);
        add_time(times, line->logged);
    }
    for (unsigned i = 0; i < incident->timeline->len; i++)
        add_time(times, ((const nh_event *)incident->timeline->pdata[i])->time);
    return times;
}

/* A little air on both sides. */
static void
pad_times(GArray *times)
{
    nh_time first = G_MAXINT64, last = G_MININT64;

    for (unsigned i = 0; i < times->len; i++) {
        first = MIN(first, g_array_index(times, nh_time, i));
        last = MAX(last, g_array_index(times, nh_time, i));
    }
    nh_time pad = MAX((last - first) / 40, NH_MSEC / 10);
    add_time(times, first - pad);
    add_time(times, last + pad);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static char *
headline(const nh_incident *incident)
{
    char *duration = nh_duration_text(incident->duration);
    char *text = g_strdup_printf("Incident %u: %s%s", incident->id, duration,
                                 nh_time_known(incident->end) ? "" : " so far, not over when the capture ends");
    g_free(duration);
    return text;
}

static char *
subline(const nh_incident *incident)
{
    const nh_finding_row *cause = nh_finding_get(incident->cause);
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *date = nh_time_date(incident->start);
    char *text = g_strdup_printf("%s, %s \xe2\x86\x92 %s, UTC. %s", date, nh_addr_text(&incident->client, client),
                                 nh_addr_text(&incident->server, server), cause ? cause->title : "Cause unknown");
    g_free(date);
    return text;
}

static void
draw_lanes(nh_drawing *d)
{
    if (d->incident->kind == NH_INCIDENT_LOCK) {
        nh_picture_owners(d);
        draw_log(d, false);
        draw_log(d, true);
        return;
    }
    GPtrArray *requests = nh_requests_by_wait(d->incident);
    draw_application(d, requests);
    draw_blocked(d, requests);
    g_ptr_array_unref(requests);
    draw_log(d, false);
    draw_flows(d);
    draw_portmap(d);
    draw_log(d, true);
    draw_alive(d);
}

void
nh_picture_append(GString *out, const nh_incident *incident, nh_picture_target target, const void *data)
{
    GArray *times = collect_times(incident);
    nh_drawing d = { .labels = g_string_new(NULL), .incident = incident, .target = target, .data = data, .y = NH_DRAWING_TOP };
    GString *lanes = d.out = g_string_new(NULL), *grid = g_string_new(NULL);

    pad_times(times);
    nh_scale *scale = nh_scale_new(times, NH_DRAWING_LEFT, NH_DRAWING_RIGHT);
    d.scale = scale;
    draw_lanes(&d);
    int bottom = d.y;
    d.out = grid;
    nh_drawing_grid(&d, NH_DRAWING_TOP, bottom);
    d.out = lanes;
    nh_drawing_folds(&d, NH_DRAWING_TOP, bottom);
    nh_drawing_legend(&d);

    char *title = headline(incident), *what = subline(incident), *fit = nh_markup_fit(what, 12, NH_DRAWING_WIDTH - 20);
    g_string_append_printf(
        out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nh\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">",
        NH_DRAWING_WIDTH, d.y, NH_DRAWING_WIDTH, d.y);
    nh_svg_title(out, title);
    g_string_append(out, "<desc>");
    nh_markup_text(out, incident->summary);
    g_string_append(out, "</desc>\n");
    nh_svg_text(out, 10, 22, "h", title);
    nh_svg_text(out, 10, 42, "t", fit);
    g_string_append_printf(out, "%s<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"axis\"/>\n%s%s</svg>\n", grid->str,
                           NH_DRAWING_LEFT, NH_DRAWING_TOP, NH_DRAWING_RIGHT, NH_DRAWING_TOP, lanes->str, d.labels->str);
    g_free(title);
    g_free(what);
    g_free(fit);
    g_string_free(lanes, true);
    g_string_free(d.labels, true);
    g_string_free(grid, true);
    nh_scale_free(scale);
    g_array_unref(times);
}

char *
nh_picture_svg(const nh_incident *incident)
{
    GString *out = g_string_new(NULL);
    char *end, *text;

    nh_picture_append(out, incident, NULL, NULL);
    end = strchr(out->str, '>') + 1;
    text = g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%.*s<style>%s</style>%s", (int)(end - out->str), out->str,
                           nh_drawing_style(), end);
    g_string_free(out, true);
    return text;
}
