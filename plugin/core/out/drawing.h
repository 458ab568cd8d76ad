/* drawing.h
 * The canvas of a picture: lanes over time with bars, marks and labels in them, an axis above and a legend below. What a shape
 * means stands in one table (drawing.c), so that the legend has what is drawn and nothing else.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DRAWING_H
#define NLM_HEALTH_DRAWING_H

#include "core/out/picture.h"
#include "core/out/scale.h"

/* Columns and rows are pixels of the view box; a page scales it to its width. */
#define NH_DRAWING_WIDTH 1160
#define NH_DRAWING_LEFT  218 /* of the time axis; what the lanes are called stands before */
#define NH_DRAWING_RIGHT (NH_DRAWING_WIDTH - 16)
#define NH_DRAWING_TOP   74 /* of the first lane */

typedef enum {
    /* bars */
    NH_SHAPE_ASKED,
    NH_SHAPE_WAITS,
    NH_SHAPE_HOLDS,
    NH_SHAPE_PREDICTED,
    NH_SHAPE_OPEN,
    NH_SHAPE_OPENING,
    NH_SHAPE_CLOSING,
    NH_SHAPE_TROUBLE,
    NH_SHAPE_SERVED,
    /* marks */
    NH_SHAPE_SEEN,
    NH_SHAPE_LOGGED,
    NH_SHAPE_SENT,
    NH_SHAPE_ANSWER,
    NH_SHAPE_RESENT,
    NH_SHAPE_RESET,
    NH_SHAPE_ICMP,
    NH_SHAPE_WRONG,
    NH_SHAPE_FOLD,
    NH_SHAPES
} nh_shape;

#define NH_DRAWING_LABEL_ROWS 3

typedef struct {
    GString *out;    /* shapes */
    GString *labels; /* texts that stand above all shapes */
    const nh_incident *incident;
    const nh_scale *scale;
    nh_picture_target target;
    const void *data;
    int y;                                /* the top of the next lane */
    unsigned shown;                       /* bits of nh_shape */
    int label_end[NH_DRAWING_LABEL_ROWS]; /* in this lane: how far its rows of labels are taken */
    int rows;                             /* of labels in this lane */
    int top;                              /* of its bar */
} nh_drawing;

/* Style sheet of every picture; static. */
const char *nh_drawing_style(void);

/* A lane with its name and up to two lines under it (NULL: none), and its end. */
void nh_drawing_begin_lane(nh_drawing *d, const char *name, const char *first, const char *second);
void nh_drawing_end_lane(nh_drawing *d, int sub_lines);
/* "... and 3 more owners" in the place of lanes that are too many; nothing for none. */
void nh_drawing_more(nh_drawing *d, unsigned n, const char *of);

/* A text under its mark, in the first row that has room; else none: the mark tells it when pointed at. */
void nh_drawing_label(nh_drawing *d, int x, const char *text);
void nh_drawing_labelf(nh_drawing *d, int x, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A bar from one time to another, at least wide enough to be seen; an unknown time is the edge. title: said when pointed at. */
void nh_drawing_bar(nh_drawing *d, nh_shape what, nh_time from, nh_time to, const char *title);
/* A mark at a time; its column. It leads to the frame's row (0: none), what is said when pointed at. */
int nh_drawing_mark(nh_drawing *d, nh_shape what, nh_time at, uint32_t frame, const char *says);

/* Whether a time lies between the first and the last that is drawn. */
bool nh_drawing_in_range(const nh_drawing *d, nh_time t);

/* Around the lanes: the axis' marks, the folded stretches, the legend of what was drawn. */
void nh_drawing_grid(nh_drawing *d, int top, int bottom);
void nh_drawing_folds(nh_drawing *d, int top, int bottom);
void nh_drawing_legend(nh_drawing *d);

#endif
