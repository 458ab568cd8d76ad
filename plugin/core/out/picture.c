/* picture.c
 * An incident as a drawing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/picture.h"

#include "core/base/text.h"
#include "core/out/markup.h"
#include "core/out/request.h"
#include "core/out/scale.h"

/* Columns and rows are pixels of the view box; a page scales it to its width. */
#define WIDTH      1160
#define LEFT       218 /* of the time axis; what the lanes are called stands before */
#define RIGHT      (WIDTH - 16)
#define TRACK      16 /* height of a bar */
#define LABEL      14 /* of a row of labels */
#define MAX_LABELS 3
#define SIZE       11 /* of labels */
#define GAP        10 /* between two labels of a row */

/* More of a kind would be too small to see; the table of calls and the timeline have them. */
#define MAX_REQUESTS 6

/* What stands in the legend: that alone which is drawn. */
typedef enum {
    SHOWN_ASKED,
    SHOWN_WAITS,
    SHOWN_PREDICTED,
    SHOWN_SEEN,
    SHOWN_LOGGED,
    SHOWN_OPEN,
    SHOWN_OPENING,
    SHOWN_TROUBLE,
    SHOWN_SENT,
    SHOWN_ANSWER,
    SHOWN_RESENT,
    SHOWN_RESET,
    SHOWN_ICMP,
    SHOWN_FOLD,
    SHOWN_COUNT
} shown;

typedef struct {
    GString *out;
    const nh_incident *incident;
    const nh_scale *scale;
    nh_picture_target target;
    const void *data;
    int y;          /* the top of the next lane */
    unsigned shown; /* bits */
    unsigned lanes;
    int label_end[MAX_LABELS]; /* in this lane: how far its rows of labels are taken */
    int rows;                  /* of labels in this lane */
    int top;                   /* of its bar */
} drawing;

static const char style[] =
    "svg.nh{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:11px;background:#fff;color:#1c1c1c;max-width:100%;height:auto}"
    ".nh text{fill:#1c1c1c}.nh .h{font-size:15px;font-weight:bold}.nh .b{font-weight:bold;font-size:12px}.nh .s{fill:#5a5a5a;font-size:10px}"
    ".nh .lane{fill:#f6f6f4}.nh .grid{stroke:#d5d5d0;stroke-width:1}.nh .axis{stroke:#777;stroke-width:1}"
    ".nh .open{fill:#e1ecff;stroke:#4a6fa5}.nh .opening{fill:#fff;stroke:#4a6fa5;stroke-dasharray:4 3}"
    ".nh .closing{fill:#f4f4f4;stroke:#888}.nh .trouble{fill:#ffc080;stroke:#a65300}.nh .th{stroke:#a65300;stroke-width:2}"
    ".nh .asked{fill:#fff7c3;stroke:#7a6a00;stroke-dasharray:3 2}.nh .ah{stroke:#7a6a00;stroke-width:1.5}"
    ".nh .waits{fill:#f05050;stroke:#8a1010}.nh .got{fill:#b4ecb4;stroke:#1d6b1d}"
    ".nh .pred{fill:#fff7c3;stroke:#7a6a00;stroke-dasharray:3 2}.nh .seen{fill:#fff;stroke:#8a1010;stroke-width:2}"
    ".nh .logged{fill:#8a1010;stroke:#8a1010}.nh .sent{fill:#4a6fa5;stroke:#1f3f70}.nh .ans{fill:#b4ecb4;stroke:#1d6b1d;stroke-width:1.5}"
    ".nh .resent{stroke:#a65300;stroke-width:2.5}.nh .rst{stroke:#b00020;stroke-width:2.5;fill:none}.nh .icmp{fill:#fff;stroke:#b00020;stroke-width:2}"
    ".nh .fold{fill:#fff;stroke:#777}.nh .foldbg{fill:#fff}.nh a{cursor:pointer}"
    "@media (prefers-color-scheme:dark){svg.nh{background:#1b1d21;color:#e8e8e8}.nh text{fill:#e8e8e8}.nh .s{fill:#b0b0b0}"
    ".nh .lane{fill:#24272c}.nh .grid{stroke:#3b4047}.nh .axis{stroke:#999}.nh .open{fill:#2a3f5f;stroke:#8fb4e8}"
    ".nh .opening{fill:#1b1d21;stroke:#8fb4e8}.nh .closing{fill:#2c2f34;stroke:#999}.nh .trouble{fill:#8a4a00;stroke:#ffc080}"
    ".nh .th{stroke:#ffc080}.nh .asked,.nh .pred{fill:#57500f;stroke:#e8d96a}.nh .ah{stroke:#e8d96a}.nh .waits{fill:#a03030;stroke:#ff9c9c}"
    ".nh .got,.nh .ans{fill:#1f5a1f;stroke:#9be39b}.nh .seen{fill:#1b1d21;stroke:#ff9c9c}.nh .logged{fill:#ff9c9c;stroke:#ff9c9c}"
    ".nh .sent{fill:#8fb4e8;stroke:#cfe0fa}.nh .resent{stroke:#ffc080}.nh .rst,.nh .icmp{stroke:#ff8a9a}.nh .icmp{fill:#1b1d21}"
    ".nh .fold{fill:#1b1d21;stroke:#999}.nh .foldbg{fill:#1b1d21}}"
    "@media print{svg.nh{background:#fff;color:#000}.nh text{fill:#000}}";

const char *
nh_picture_style(void)
{
    return style;
}

/* --- lanes ------------------------------------------------------------------------- */

static void
begin_lane(drawing *d, const char *name, const char *first, const char *second)
{
    const char *subs[] = { first, second };

    d->top = d->y + 5;
    d->rows = 0;
    for (unsigned i = 0; i < MAX_LABELS; i++)
        d->label_end[i] = LEFT;
    char *fit = nh_markup_fit(name, 12, LEFT - 20);
    nh_svg_text(d->out, 10, d->top + 12, "b", fit);
    g_free(fit);
    for (int i = 0; i < 2; i++) {
        fit = subs[i] ? nh_markup_fit(subs[i], 10, LEFT - 20) : NULL;
        if (fit)
            nh_svg_text(d->out, 10, d->top + 25 + 12 * i, "s", fit);
        g_free(fit);
    }
}

static void
end_lane(drawing *d, int sub_lines)
{
    int by_labels = d->top + TRACK + 4 + d->rows * LABEL, by_name = d->top + 16 + 12 * sub_lines;

    d->y = MAX(by_labels, by_name) + 6;
    d->lanes++;
    g_string_append_printf(d->out, "<line x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"grid\"/>\n", d->y, WIDTH, d->y);
}

/* A text under its mark, in the first row that has room on either side of it; else none: the mark tells it when pointed at. */
static void
put_label(drawing *d, int x, const char *text)
{
    int width = nh_markup_width(text, SIZE);

    if (width > RIGHT - LEFT)
        return;
    for (int row = 0; row < MAX_LABELS; row++) {
        int start = MIN(x - 3, RIGHT - width);
        start = MAX(start, LEFT);
        if (start < d->label_end[row])
            continue;
        nh_svg_text(d->out, start, d->top + TRACK + 13 + row * LABEL, "l", text);
        d->label_end[row] = start + width + GAP;
        d->rows = MAX(d->rows, row + 1);
        return;
    }
}

static void G_GNUC_PRINTF(3, 4) put_labelf(drawing *d, int x, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = g_strdup_vprintf(format, args);
    va_end(args);
    put_label(d, x, text);
    g_free(text);
}

/* --- shapes -------------------------------------------------------------------------- */

/* What is drawn until close_shape() says this when pointed at, and leads to the frame's row. */
static bool
open_shape(drawing *d, uint32_t frame, const char *title)
{
    char target[64];
    bool link = frame && d->target && d->target(d->data, frame, target, sizeof target);

    if (link)
        g_string_append_printf(d->out, "<a href=\"#%s\">", target);
    g_string_append(d->out, "<g>");
    nh_svg_title(d->out, title);
    return link;
}

static void
close_shape(drawing *d, bool link)
{
    g_string_append(d->out, link ? "</g></a>\n" : "</g>\n");
}

static void
put_rect(GString *out, int x, int y, int width, int height, const char *class)
{
    g_string_append_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"/>", x, y, width, height, class);
}

/* Lines over a bar, so that it is known without its colour, too. */
static void
put_hatch(GString *out, int x, int y, int width, int height, const char *class)
{
    for (int at = x + 2; at < x + width; at += 8) {
        int end = MIN(at + height, x + width);
        g_string_append_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"/>", at, y + height, end,
                               y + height - (end - at), class);
    }
}

static void
put_path(GString *out, const char *class, int x, int y, const char *relative)
{
    g_string_append_printf(out, "<path d=\"M%d %d%s\" class=\"%s\"/>", x, y, relative, class);
}

/* Every shape at its middle; none needs its colour to be known. */
static void
put_mark(drawing *d, shown what, int x, int y)
{
    static const struct {
        const char *class, *path;
    } shapes[SHOWN_COUNT] = {
        [SHOWN_SEEN] = { "seen", "m-5 0l5 -5l5 5l-5 5z" },      /* diamond */
        [SHOWN_LOGGED] = { "logged", "m-5 -4h10l-5 9z" },       /* triangle, point down */
        [SHOWN_SENT] = { "sent", "m-4 -7l8 7l-8 7z" },          /* arrow to the right: to the server */
        [SHOWN_ANSWER] = { "ans", "m4 -7l-8 7l8 7z" },          /* arrow to the left */
        [SHOWN_RESENT] = { "resent", "m0 -8v16" },              /* tick */
        [SHOWN_RESET] = { "rst", "m-5 -5l10 10m0 -10l-10 10" }, /* cross */
        [SHOWN_ICMP] = { "icmp", "m0 -7l7 13h-14z" },           /* triangle, point up */
    };

    d->shown |= 1u << what;
    put_path(d->out, shapes[what].class, x, y, shapes[what].path);
}

/* A bar from one time to another; one that lasts goes to the edge. At least wide enough to be seen. */
static int
put_bar(drawing *d, nh_time from, nh_time to, const char *class, const char *hatch, const char *title)
{
    int left = nh_time_known(from) ? nh_scale_x(d->scale, from) : LEFT;
    int right = nh_time_known(to) ? nh_scale_x(d->scale, to) : RIGHT;
    int width = MAX(right - left, 3);

    left = MIN(left, RIGHT - 3);
    open_shape(d, 0, title);
    put_rect(d->out, left, d->top, width, TRACK, class);
    if (hatch)
        put_hatch(d->out, left, d->top, width, TRACK, hatch);
    close_shape(d, false);
    return left;
}

/* "LOCK, 12:31:53.329, frame 191"; caller frees. */
static char *
title_of(const char *what, nh_time at, uint32_t frame)
{
    char *clock = nh_time_clock(at);
    char *title = frame ? g_strdup_printf("%s, %s UTC, frame %u", what, clock, frame) : g_strdup_printf("%s, %s UTC", what, clock);
    g_free(clock);
    return title;
}

static int
put_mark_at(drawing *d, shown kind, nh_time at, uint32_t frame, const char *what)
{
    int x = nh_scale_x(d->scale, at);
    char *title = title_of(what, at, frame);
    bool link = open_shape(d, frame, title);

    /* a line that is seen and logged has both, one above the other */
    put_mark(d, kind, x, d->top + TRACK / 2 + (kind == SHOWN_SEEN ? -5 : kind == SHOWN_LOGGED ? 6 : 0));
    close_shape(d, link);
    g_free(title);
    return x;
}

/* --- the application ------------------------------------------------------------------ */

static void
put_wait(drawing *d, const nh_story_call *call)
{
    nh_time asked = nh_story_call_asked(call), surely = nh_time_known(call->issued_latest) ? call->issued_latest : asked;
    nh_time answered = nh_story_call_answered(call);
    char *waited = nh_time_known(answered) ? nh_duration_text(answered - asked) : NULL;
    const char *outcome = call->status ? call->status : nh_time_known(answered) ? "answered" : "no answer in the capture";
    bool window = nh_time_known(call->issued_earliest) && surely > asked;

    put_bar(d, surely, answered, "waits", NULL, "the application waits");
    d->shown |= 1u << SHOWN_WAITS;
    if (window) {
        put_bar(d, asked, surely, "asked", "ah", "the application asked at some moment of this");
        d->shown |= 1u << SHOWN_ASKED;
    }
    put_labelf(d, nh_scale_x(d->scale, asked), "%s %s", call->procedure ? call->procedure : "lock call",
               window ? "asked for in here" : "asked for");
    if (waited) {
        put_labelf(d, nh_scale_x(d->scale, answered), "%s%s: %s", window ? "up to " : "", waited, outcome);
        put_mark_at(d, SHOWN_ANSWER, answered, call->reply_frame, outcome);
    } else
        put_label(d, RIGHT, outcome);
    g_free(waited);
}

static void
draw_request(drawing *d, const nh_story_call *call)
{
    char *range = call->request.known ? nh_range_text(call->request.offset, call->request.length) : NULL;
    char *who = call->request.known ? g_strdup_printf("process (svid) %u, %s", call->request.svid, range) : NULL;
    char *file = call->request.known && call->request.file ? g_strdup_printf("file %s", call->request.file) : NULL;

    begin_lane(d, "The application", who, file);
    put_wait(d, call);
    end_lane(d, who ? 2 : 0);
    g_free(range);
    g_free(who);
    g_free(file);
}

/* A note in the place of lanes that are too many. */
static void
draw_more(drawing *d, unsigned n, const char *of)
{
    if (!n)
        return;
    char *text = g_strdup_printf("... and %u more %s", n, of);
    nh_svg_text(d->out, 10, d->y + 15, "s", text);
    d->y += 22;
    g_free(text);
}

/* The requests that waited longest. */
static void
draw_application(drawing *d)
{
    GPtrArray *requests = nh_requests_by_wait(d->incident);
    unsigned drawn = MIN(requests->len, MAX_REQUESTS);
    for (unsigned i = 0; i < drawn; i++)
        draw_request(d, requests->pdata[i]);
    draw_more(d, requests->len - drawn, "calls of applications");
    g_ptr_array_unref(requests);
}

/* A lock that waits for a callback, as the lock table has it. */
static void
draw_blocked(drawing *d)
{
    unsigned drawn = 0;

    for (unsigned i = 0; i < d->incident->locks->len && drawn < 2; i++) {
        const nh_story_lock *lock = d->incident->locks->pdata[i];
        if (!lock->waiting)
            continue;
        begin_lane(d, "Blocked lock", lock->owner ? lock->owner : "owner unknown", lock->file);
        put_bar(d, lock->since, NH_TIME_NONE, "waits", NULL, "waits for the lock");
        char *since = nh_time_clock(lock->since);
        put_labelf(d, LEFT, "waits for the lock since %s", since);
        g_free(since);
        d->shown |= 1u << SHOWN_WAITS;
        end_lane(d, lock->file ? 2 : 1);
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
put_line(drawing *d, const nh_kernel_line *line)
{
    nh_time at = nh_time_known(line->observed) ? line->observed : nh_time_known(line->logged) ? line->logged : line->earliest;

    if (nh_time_known(line->earliest)) {
        put_bar(d, line->earliest, line->latest, "pred", "ah", line->text ? line->text : "");
        d->shown |= 1u << SHOWN_PREDICTED;
    }
    if (nh_time_known(line->observed))
        put_mark_at(d, SHOWN_SEEN, line->observed, line->observed_frame, "the capture shows that the line was logged");
    if (nh_time_known(line->logged))
        put_mark_at(d, SHOWN_LOGGED, line->logged, 0, line->logged_text ? line->logged_text : "logged");
    if (nh_time_known(at)) {
        char *clock = nh_time_clock(at);
        bool only = !nh_time_known(line->observed) && !nh_time_known(line->logged);
        put_labelf(d, nh_scale_x(d->scale, at), "\"%s\"%s %s", short_line(line), only && line->latest > line->earliest ? " from" : "",
                   clock);
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
draw_log(drawing *d, bool of_server)
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
        begin_lane(d, of_server ? "The server's kernel log" : "The client's kernel log",
                   nh_addr_text(of_server ? &d->incident->server : &d->incident->client, host), NULL);
        for (unsigned i = 0; i < lines->len; i++)
            put_line(d, lines->pdata[i]);
        end_lane(d, 1);
    }
    g_ptr_array_unref(lines);
}

/* --- connections ---------------------------------------------------------------------------- */

static shown
shape_of(nh_sign_kind kind)
{
    switch (kind) {
    case NH_SIGN_SYNACK:
    case NH_SIGN_ACK:
    case NH_SIGN_REPLY:
        return SHOWN_ANSWER;
    case NH_SIGN_RESENT:
        return SHOWN_RESENT;
    case NH_SIGN_RESET:
        return SHOWN_RESET;
    case NH_SIGN_ICMP:
        return SHOWN_ICMP;
    default:
        return SHOWN_SENT;
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

static bool
in_range(const drawing *d, nh_time t)
{
    const GArray *stretches = d->scale->stretches;
    return t >= g_array_index(stretches, nh_stretch, 0).from && t <= g_array_index(stretches, nh_stretch, stretches->len - 1).to;
}

/* What follows from the mark before, as its answer. */
static bool
needs_label(const nh_sign *mark)
{
    return mark->kind != NH_SIGN_SYNACK && !(mark->kind == NH_SIGN_FIN && mark->by_server);
}

static void
put_mark_label(drawing *d, int x, const nh_sign *mark, unsigned n)
{
    const char *again = mark->kind == NH_SIGN_RESENT && !strstr(mark->what, "again") && !strstr(mark->what, "resent") ? " again" : "";

    if (n > 1)
        put_labelf(d, x, "%s%s, %u times", mark->what, again, n);
    else
        put_labelf(d, x, "%s%s", mark->what, again);
}

/* Marks from left to right; of the same ones side by side the first gets the label, with their number. */
static void
put_marks(drawing *d, const GArray *unsorted)
{
    GArray *marks = g_array_sized_new(false, false, sizeof(nh_sign), unsorted->len);

    if (unsorted->len)
        g_array_append_vals(marks, unsorted->data, unsorted->len);
    g_array_sort(marks, by_mark_time);
    for (unsigned i = 0, end; i < marks->len; i = end) {
        const nh_sign *first = &g_array_index(marks, nh_sign, i);
        int label = -1, drawn = -10;
        unsigned n = 0;
        for (end = i; end < marks->len; end++) {
            const nh_sign *mark = &g_array_index(marks, nh_sign, end);
            if (g_strcmp0(mark->what, first->what) != 0 || mark->kind != first->kind)
                break;
            if (!in_range(d, mark->time))
                continue;
            n += mark->count;
            int x = nh_scale_x(d->scale, mark->time);
            if (x - drawn < 2)
                continue;
            drawn = put_mark_at(d, shape_of(mark->kind), mark->time, mark->frame, mark->what);
            label = label < 0 ? drawn : label;
        }
        if (n && needs_label(first))
            put_mark_label(d, label, first, n);
    }
    g_array_unref(marks);
}

static void
put_span(drawing *d, const nh_span *span)
{
    static const struct {
        shown shows;
        const char *class, *hatch, *title;
    } kinds[] = {
        [NH_SPAN_OPENING] = { SHOWN_OPENING, "opening", NULL, "being opened" },
        [NH_SPAN_OPEN] = { SHOWN_OPEN, "open", NULL, "open" },
        [NH_SPAN_CLOSING] = { SHOWN_COUNT, "closing", NULL, "being closed" },
        [NH_SPAN_TROUBLE] = { SHOWN_TROUBLE, "trouble", "th", NULL },
    };
    const nh_finding_row *trouble = nh_finding_get(span->finding);

    if (nh_time_known(span->to) && !in_range(d, span->to))
        return; /* before the picture begins */
    put_bar(d, span->from, span->to, kinds[span->kind].class, kinds[span->kind].hatch, trouble ? trouble->title : kinds[span->kind].title);
    if (kinds[span->kind].shows != SHOWN_COUNT)
        d->shown |= 1u << kinds[span->kind].shows;
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
draw_flow(drawing *d, const nh_flow *flow, unsigned nth)
{
    char *to = g_strdup_printf("\xe2\x86\x92 %s", flow->server ? flow->server : "?");
    char *from = flow->connections > 1 ? g_strdup_printf("%u connections", flow->connections) : g_strdup(flow->client);

    begin_lane(d, flow->connections > 1 ? "Further connections" : lane_name(flow, nth), from, to);
    for (unsigned i = 0; i < flow->spans->len; i++)
        put_span(d, &g_array_index(flow->spans, nh_span, i));
    put_marks(d, flow->marks);
    end_lane(d, 2);
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
draw_flows(drawing *d)
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
draw_portmap(drawing *d)
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
        begin_lane(d, "Port mapper", from, to);
        put_marks(d, marks);
        end_lane(d, 2);
        g_free(from);
        g_free(to);
        g_array_unref(marks);
    }
}

/* --- is the server alive? -------------------------------------------------------------------- */

static void
draw_alive(drawing *d)
{
    char server[NH_ADDR_TEXT];
    unsigned n = 0;
    int drawn = -10;

    begin_lane(d, "Is the server alive?", "every packet of it that shows it", nh_addr_text(&d->incident->server, server));
    if (d->incident->other_answers) {
        put_bar(d, d->incident->other_first, d->incident->other_last, "got", NULL, "answers to the client's NFS calls");
        put_labelf(d, nh_scale_x(d->scale, d->incident->other_first), "%u answer%s to NFS calls", d->incident->other_answers,
                   nh_plural(d->incident->other_answers));
        n++;
    }
    for (unsigned i = 0; i < d->incident->flows->len; i++) {
        const nh_flow *flow = d->incident->flows->pdata[i];
        for (unsigned j = 0; j < flow->marks->len; j++) {
            const nh_sign *mark = &g_array_index(flow->marks, nh_sign, j);
            if (mark->by_server == flow->callback || mark->kind == NH_SIGN_ICMP || !in_range(d, mark->time))
                continue;
            n++;
            if (ABS(nh_scale_x(d->scale, mark->time) - drawn) >= 2)
                drawn = put_mark_at(d, SHOWN_ANSWER, mark->time, mark->frame, mark->what);
        }
    }
    if (!n)
        put_label(d, LEFT, "nothing from it while this lasts");
    end_lane(d, 2);
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

static void
draw_grid(drawing *d, int top, int bottom)
{
    nh_time step = nh_scale_step(d->scale, 96);
    int label_end = LEFT;

    for (unsigned i = 0; i < d->scale->stretches->len; i++) {
        const nh_stretch *at = &g_array_index(d->scale->stretches, nh_stretch, i);
        for (nh_time t = (at->from / step + 1) * step; !at->folded && t < at->to; t += step) {
            int x = nh_scale_x(d->scale, t);
            char *clock = nh_time_clock(t);
            if (step >= NH_SECOND)
                clock[strlen("HH:MM:SS")] = '\0';
            int width = nh_markup_width(clock, 10);
            g_string_append_printf(d->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"grid\"/>\n", x, top, x, bottom);
            if (x - width / 2 >= label_end && x + width / 2 <= RIGHT) {
                nh_svg_text(d->out, x - width / 2, top - 5, "s", clock);
                label_end = x + width / 2 + GAP;
            }
            g_free(clock);
        }
    }
}

/* A torn strip across all lanes where nothing happens for long. */
static void
draw_folds(drawing *d, int top, int bottom)
{
    for (unsigned i = 0; i < d->scale->stretches->len; i++) {
        const nh_stretch *at = &g_array_index(d->scale->stretches, nh_stretch, i);
        if (!at->folded)
            continue;
        int middle = (at->left + at->right) / 2;
        char *length = nh_duration_text(at->to - at->from);
        char *title = g_strdup_printf("folded: nothing happens for %s", length);
        open_shape(d, 0, title);
        put_rect(d->out, middle - 5, top, 10, bottom - top, "foldbg");
        for (int side = -5; side <= 5; side += 10) {
            g_string_append_printf(d->out, "<path d=\"M%d %d", middle + side, top);
            for (int y = top, k = 0; y < bottom; y += 8, k++)
                g_string_append_printf(d->out, "l%d %d", k % 2 ? -4 : 4, MIN(8, bottom - y));
            g_string_append(d->out, "\" class=\"grid\" fill=\"none\"/>");
        }
        close_shape(d, false);
        int width = nh_markup_width(length, 10);
        nh_svg_text(d->out, CLAMP(middle - width / 2, LEFT, RIGHT - width), bottom + 12, "s", length);
        d->shown |= 1u << SHOWN_FOLD;
        g_free(title);
        g_free(length);
    }
}

/* --- legend ---------------------------------------------------------------------------------------- */

static void
draw_sample(drawing *d, shown what, int x, int y)
{
    static const struct {
        const char *class, *hatch;
    } bars[SHOWN_COUNT] = {
        [SHOWN_ASKED] = { "asked", "ah" }, [SHOWN_WAITS] = { "waits", NULL },     [SHOWN_PREDICTED] = { "pred", "ah" },
        [SHOWN_OPEN] = { "open", NULL },   [SHOWN_OPENING] = { "opening", NULL }, [SHOWN_TROUBLE] = { "trouble", "th" },
    };

    if (bars[what].class) {
        put_rect(d->out, x, y - 10, 20, 11, bars[what].class);
        if (bars[what].hatch)
            put_hatch(d->out, x, y - 10, 20, 11, bars[what].hatch);
    } else if (what == SHOWN_FOLD)
        put_path(d->out, "axis", x + 8, y - 11, "l4 4l-4 4l4 4");
    else
        put_mark(d, what, x + 10, y - 4);
}

static void
draw_legend(drawing *d)
{
    static const char *const words[SHOWN_COUNT] = {
        [SHOWN_ASKED] = "application asks (in here)",
        [SHOWN_WAITS] = "application waits",
        [SHOWN_PREDICTED] = "line predicted",
        [SHOWN_SEEN] = "line: the capture shows it",
        [SHOWN_LOGGED] = "line logged",
        [SHOWN_OPEN] = "open",
        [SHOWN_OPENING] = "being opened",
        [SHOWN_TROUBLE] = "in trouble",
        [SHOWN_SENT] = "sent",
        [SHOWN_ANSWER] = "answer",
        [SHOWN_RESENT] = "sent again",
        [SHOWN_RESET] = "reset",
        [SHOWN_ICMP] = "ICMP error",
        [SHOWN_FOLD] = "nothing happens: folded",
    };
    int x = 10, y = d->y + 16;

    for (unsigned i = 0; i < SHOWN_COUNT; i++) {
        int width = nh_markup_width(words[i], 10) + 24;
        if (!(d->shown & (1u << i)))
            continue;
        if (x + width > RIGHT) {
            x = 10;
            y += 18;
        }
        draw_sample(d, i, x, y);
        nh_svg_text(d->out, x + 25, y, "s", words[i]);
        x += width + 16;
    }
    d->y = y + 12;
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
draw_lanes(drawing *d)
{
    draw_application(d);
    draw_blocked(d);
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
    GString *lanes = g_string_new(NULL), *grid = g_string_new(NULL);
    const int top = 74;

    pad_times(times);
    nh_scale *scale = nh_scale_new(times, LEFT, RIGHT);
    drawing d = { .out = lanes, .incident = incident, .scale = scale, .target = target, .data = data, .y = top };
    draw_lanes(&d);
    int bottom = d.y;
    d.out = grid;
    draw_grid(&d, top, bottom);
    d.out = lanes;
    draw_folds(&d, top, bottom);
    d.y = bottom + 16;
    draw_legend(&d);

    char *title = headline(incident), *what = subline(incident), *fit = nh_markup_fit(what, 12, WIDTH - 20);
    g_string_append_printf(
        out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nh\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">", WIDTH,
        d.y, WIDTH, d.y);
    nh_svg_title(out, title);
    g_string_append(out, "<desc>");
    nh_markup_text(out, incident->summary);
    g_string_append(out, "</desc>\n");
    nh_svg_text(out, 10, 22, "h", title);
    nh_svg_text(out, 10, 42, "t", fit);
    g_string_append_printf(out, "%s<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"axis\"/>\n%s</svg>\n", grid->str, LEFT, top, RIGHT,
                           top, lanes->str);
    g_free(title);
    g_free(what);
    g_free(fit);
    g_string_free(lanes, true);
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
    text = g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%.*s<style>%s</style>%s", (int)(end - out->str), out->str, style,
                           end);
    g_string_free(out, true);
    return text;
}
