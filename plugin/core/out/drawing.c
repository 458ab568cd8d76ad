/* drawing.c
 * The lanes, bars, marks and labels of a picture, its axis and its legend.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/drawing.h"

#include "core/base/text.h"
#include "core/out/markup.h"

#define TRACK 16 /* height of a bar */
#define LABEL 14 /* of a row of labels */
#define SIZE  11 /* of labels */
#define GAP   10 /* between two labels of a row */

static const char style[] =
    "svg.nh{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:11px;background:#fff;color:#1c1c1c;max-width:100%;height:auto}"
    ".nh text{fill:#1c1c1c}.nh .h{font-size:15px;font-weight:bold}.nh .b{font-weight:bold;font-size:12px}.nh .s{fill:#5a5a5a;font-size:10px}"
    ".nh .lane{fill:#f6f6f4}.nh .grid{stroke:#d5d5d0;stroke-width:1}.nh .axis{stroke:#777;stroke-width:1}.nh .torn{stroke:#777;fill:none}"
    ".nh .open{fill:#e1ecff;stroke:#4a6fa5}.nh .opening{fill:#fff;stroke:#4a6fa5;stroke-dasharray:4 3}"
    ".nh .closing{fill:#f4f4f4;stroke:#888}.nh .trouble{fill:#ffc080;stroke:#a65300}.nh .th{stroke:#a65300;stroke-width:2}"
    ".nh .asked{fill:#fff7c3;stroke:#7a6a00;stroke-dasharray:3 2}.nh .ah{stroke:#7a6a00;stroke-width:1.5}"
    ".nh .waits{fill:#f05050;stroke:#8a1010}.nh .got{fill:#b4ecb4;stroke:#1d6b1d}"
    ".nh .pred{fill:#fff7c3;stroke:#7a6a00;stroke-dasharray:3 2}.nh .seen{fill:#fff;stroke:#8a1010;stroke-width:2}"
    ".nh .logged{fill:#8a1010;stroke:#8a1010}.nh .sent{fill:#4a6fa5;stroke:#1f3f70}.nh .ans{fill:#b4ecb4;stroke:#1d6b1d;stroke-width:1.5}"
    ".nh .resent{stroke:#a65300;stroke-width:2.5}.nh .rst{stroke:#b00020;stroke-width:2.5;fill:none}.nh .icmp{fill:#fff;stroke:#b00020;stroke-width:2}"
    ".nh .l{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}.nh .fold{fill:#fff;stroke:#777}.nh .foldbg{fill:#fff}.nh a{cursor:pointer}"
    "@media (prefers-color-scheme:dark){svg.nh{background:#1b1d21;color:#e8e8e8}.nh text{fill:#e8e8e8}.nh .s{fill:#b0b0b0}"
    ".nh .lane{fill:#24272c}.nh .grid{stroke:#3b4047}.nh .axis{stroke:#999}.nh .open{fill:#2a3f5f;stroke:#8fb4e8}"
    ".nh .opening{fill:#1b1d21;stroke:#8fb4e8}.nh .closing{fill:#2c2f34;stroke:#999}.nh .trouble{fill:#8a4a00;stroke:#ffc080}"
    ".nh .th{stroke:#ffc080}.nh .asked,.nh .pred{fill:#57500f;stroke:#e8d96a}.nh .ah{stroke:#e8d96a}.nh .waits{fill:#a03030;stroke:#ff9c9c}"
    ".nh .got,.nh .ans{fill:#1f5a1f;stroke:#9be39b}.nh .seen{fill:#1b1d21;stroke:#ff9c9c}.nh .logged{fill:#ff9c9c;stroke:#ff9c9c}"
    ".nh .sent{fill:#8fb4e8;stroke:#cfe0fa}.nh .resent{stroke:#ffc080}.nh .rst,.nh .icmp{stroke:#ff8a9a}.nh .icmp{fill:#1b1d21}"
    ".nh .l{stroke:#1b1d21}.nh .fold{fill:#1b1d21;stroke:#999}.nh .foldbg{fill:#1b1d21}}"
    "@media print{svg.nh{background:#fff;color:#000}.nh text{fill:#000}}";

const char *
nh_drawing_style(void)
{
    return style;
}

/* Every shape is known without its colour: bars by their hatch or border, marks by their form. */
static const struct {
    const char *class, *hatch; /* of a bar */
    const char *path;          /* of a mark, from its middle */
    const char *words;         /* in the legend; NULL: what it is, its lane tells */
} shapes[NH_SHAPES] = {
    [NH_SHAPE_ASKED] = { "asked", "ah", NULL, "application asks (in here)" },
    [NH_SHAPE_WAITS] = { "waits", NULL, NULL, "waits" },
    [NH_SHAPE_HOLDS] = { "got", NULL, NULL, "holds the lock" },
    [NH_SHAPE_PREDICTED] = { "pred", "ah", NULL, "line predicted" },
    [NH_SHAPE_OPEN] = { "open", NULL, NULL, "open" },
    [NH_SHAPE_OPENING] = { "opening", NULL, NULL, "being opened" },
    [NH_SHAPE_CLOSING] = { "closing", NULL, NULL, NULL },
    [NH_SHAPE_TROUBLE] = { "trouble", "th", NULL, "in trouble" },
    [NH_SHAPE_SERVED] = { "got", NULL, NULL, NULL },
    [NH_SHAPE_SEEN] = { "seen", NULL, "m-5 0l5 -5l5 5l-5 5z", "line: the capture shows it" }, /* diamond */
    [NH_SHAPE_LOGGED] = { "logged", NULL, "m-5 -4h10l-5 9z", "line logged" },                 /* triangle, point down */
    [NH_SHAPE_SENT] = { "sent", NULL, "m-4 -7l8 7l-8 7z", "sent" },                           /* arrow to the server */
    [NH_SHAPE_ANSWER] = { "ans", NULL, "m4 -7l-8 7l8 7z", "answer" },                         /* arrow to the client */
    [NH_SHAPE_RESENT] = { "resent", NULL, "m0 -8v16", "sent again" },                         /* tick */
    [NH_SHAPE_RESET] = { "rst", NULL, "m-5 -5l10 10m0 -10l-10 10", "reset" },                 /* cross */
    [NH_SHAPE_ICMP] = { "icmp", NULL, "m0 -7l7 13h-14z", "ICMP error" },                      /* triangle, point up */
    [NH_SHAPE_WRONG] = { "icmp", NULL, "m-3 -8h6v10h-6zm0 12h6v4h-6z", "what went wrong" },   /* exclamation mark */
    [NH_SHAPE_FOLD] = { "torn", NULL, "m-2 -7l4 4l-4 4l4 4", "nothing happens: folded" },
};

/* --- lanes ------------------------------------------------------------------------- */

void
nh_drawing_begin_lane(nh_drawing *d, const char *name, const char *first, const char *second)
{
    const char *subs[] = { first, second };

    d->top = d->y + 5;
    d->rows = 0;
    for (unsigned i = 0; i < NH_DRAWING_LABEL_ROWS; i++)
        d->label_end[i] = NH_DRAWING_LEFT;
    char *fit = nh_markup_fit(name, 12, NH_DRAWING_LEFT - 20);
    nh_svg_text(d->out, 10, d->top + 12, "b", fit);
    g_free(fit);
    for (int i = 0; i < 2; i++) {
        fit = subs[i] ? nh_markup_fit(subs[i], 10, NH_DRAWING_LEFT - 20) : NULL;
        if (fit)
            nh_svg_text(d->out, 10, d->top + 25 + 12 * i, "s", fit);
        g_free(fit);
    }
}

void
nh_drawing_end_lane(nh_drawing *d, int sub_lines)
{
    int by_labels = d->top + TRACK + 4 + d->rows * LABEL, by_name = d->top + 16 + 12 * sub_lines;

    d->y = MAX(by_labels, by_name) + 6;
    g_string_append_printf(d->out, "<line x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"grid\"/>\n", d->y, NH_DRAWING_WIDTH, d->y);
}

/* A text under its mark, in the first row that has room on either side of it; else none: the mark tells it when pointed at. */
void
nh_drawing_label(nh_drawing *d, int x, const char *text)
{
    int width = nh_markup_width(text, SIZE);

    if (width > NH_DRAWING_RIGHT - NH_DRAWING_LEFT)
        return;
    for (int row = 0; row < NH_DRAWING_LABEL_ROWS; row++) {
        int start = MIN(x - 3, NH_DRAWING_RIGHT - width);
        start = MAX(start, NH_DRAWING_LEFT);
        if (start < d->label_end[row])
            continue;
        nh_svg_text(d->labels, start, d->top + TRACK + 13 + row * LABEL, "l", text);
        d->label_end[row] = start + width + GAP;
        d->rows = MAX(d->rows, row + 1);
        return;
    }
}

void
nh_drawing_labelf(nh_drawing *d, int x, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = g_strdup_vprintf(format, args);
    va_end(args);
    nh_drawing_label(d, x, text);
    g_free(text);
}

void
nh_drawing_more(nh_drawing *d, unsigned n, const char *of)
{
    if (!n)
        return;
    char *text = g_strdup_printf("... and %u more %s", n, of);
    nh_svg_text(d->out, 10, d->y + 15, "s", text);
    d->y += 22;
    g_free(text);
}

/* --- shapes -------------------------------------------------------------------------- */

/* What is drawn until close_shape() says this when pointed at, and leads to the frame's row. */
static bool
open_shape(nh_drawing *d, uint32_t frame, const char *title)
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
close_shape(nh_drawing *d, bool link)
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

void
nh_drawing_bar(nh_drawing *d, nh_shape what, nh_time from, nh_time to, const char *title)
{
    int left = nh_time_known(from) ? nh_scale_x(d->scale, from) : NH_DRAWING_LEFT;
    int right = nh_time_known(to) ? nh_scale_x(d->scale, to) : NH_DRAWING_RIGHT;
    int width = MAX(right - left, 3);

    d->shown |= 1u << what;
    left = MIN(left, NH_DRAWING_RIGHT - 3);
    open_shape(d, 0, title);
    put_rect(d->out, left, d->top, width, TRACK, shapes[what].class);
    if (shapes[what].hatch)
        put_hatch(d->out, left, d->top, width, TRACK, shapes[what].hatch);
    close_shape(d, false);
}

/* "LOCK, 12:31:53.329, frame 191"; caller frees. */
static char *
title_of(const char *says, nh_time at, uint32_t frame)
{
    char *clock = nh_time_clock(at);
    char *title = frame ? g_strdup_printf("%s, %s UTC, frame %u", says, clock, frame) : g_strdup_printf("%s, %s UTC", says, clock);
    g_free(clock);
    return title;
}

int
nh_drawing_mark(nh_drawing *d, nh_shape what, nh_time at, uint32_t frame, const char *says)
{
    int x = nh_scale_x(d->scale, at);
    char *title = title_of(says, at, frame);
    bool link = open_shape(d, frame, title);

    d->shown |= 1u << what;
    /* a line that is seen and logged has both, one above the other */
    put_path(d->out, shapes[what].class, x,
             d->top + TRACK / 2 +
                 (what == NH_SHAPE_SEEN     ? -5
                  : what == NH_SHAPE_LOGGED ? 6
                                            : 0),
             shapes[what].path);
    close_shape(d, link);
    g_free(title);
    return x;
}

bool
nh_drawing_in_range(const nh_drawing *d, nh_time t)
{
    const GArray *stretches = d->scale->stretches;
    return t >= g_array_index(stretches, nh_stretch, 0).from && t <= g_array_index(stretches, nh_stretch, stretches->len - 1).to;
}

/* --- around the lanes ------------------------------------------------------------------- */

/* Columns up to which the axis has been written on. */
static int
put_axis_time(nh_drawing *d, nh_time t, bool whole_seconds, int top, int taken)
{
    char *clock = nh_time_clock(t);
    int x = nh_scale_x(d->scale, t);

    if (whole_seconds)
        clock[strlen("HH:MM:SS")] = '\0';
    int width = nh_markup_width(clock, 10);
    if (x - width / 2 >= taken && x + width / 2 <= NH_DRAWING_RIGHT) {
        nh_svg_text(d->out, x - width / 2, top - 5, "s", clock);
        taken = x + width / 2 + GAP;
    }
    g_free(clock);
    return taken;
}

void
nh_drawing_grid(nh_drawing *d, int top, int bottom)
{
    nh_time step = nh_scale_step(d->scale, 96);
    int taken = NH_DRAWING_LEFT;

    for (unsigned i = 0; i < d->scale->stretches->len; i++) {
        const nh_stretch *at = &g_array_index(d->scale->stretches, nh_stretch, i);
        for (nh_time t = (at->from / step + 1) * step; !at->folded && t < at->to; t += step) {
            int x = nh_scale_x(d->scale, t);
            g_string_append_printf(d->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"grid\"/>\n", x, top, x, bottom);
            taken = put_axis_time(d, t, step >= NH_SECOND, top, taken);
        }
    }
}

/* A torn strip across all lanes. */
static void
put_fold(nh_drawing *d, int middle, int top, int bottom, const char *length)
{
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
    d->shown |= 1u << NH_SHAPE_FOLD;
    g_free(title);
}

void
nh_drawing_folds(nh_drawing *d, int top, int bottom)
{
    int taken[2] = { NH_DRAWING_LEFT, NH_DRAWING_LEFT }; /* of the two rows of lengths below the lanes */

    for (unsigned i = 0; i < d->scale->stretches->len; i++) {
        const nh_stretch *at = &g_array_index(d->scale->stretches, nh_stretch, i);
        if (!at->folded)
            continue;
        int middle = (at->left + at->right) / 2;
        char *length = nh_duration_text(at->to - at->from);
        put_fold(d, middle, top, bottom, length);
        int width = nh_markup_width(length, 10), x = CLAMP(middle - width / 2, NH_DRAWING_LEFT, NH_DRAWING_RIGHT - width);
        int row = x < taken[0];
        if (x >= taken[row]) {
            nh_svg_text(d->out, x, bottom + 12 * (row + 1), "s", length);
            taken[row] = x + width + GAP;
            d->y = MAX(d->y, bottom + 12 * (row + 1));
        }
        g_free(length);
    }
}

static void
put_sample(nh_drawing *d, nh_shape what, int x, int y)
{
    if (shapes[what].path) {
        put_path(d->out, shapes[what].class, x + 10, y - 4, shapes[what].path);
        return;
    }
    put_rect(d->out, x, y - 10, 20, 11, shapes[what].class);
    if (shapes[what].hatch)
        put_hatch(d->out, x, y - 10, 20, 11, shapes[what].hatch);
}

void
nh_drawing_legend(nh_drawing *d)
{
    int x = 10, y = d->y + 20;

    for (unsigned i = 0; i < NH_SHAPES; i++) {
        if (!(d->shown & (1u << i)) || !shapes[i].words)
            continue;
        int width = nh_markup_width(shapes[i].words, 10) + 24;
        if (x + width > NH_DRAWING_RIGHT) {
            x = 10;
            y += 18;
        }
        put_sample(d, i, x, y);
        nh_svg_text(d->out, x + 25, y, "s", shapes[i].words);
        x += width + 16;
    }
    d->y = y + 12;
}
