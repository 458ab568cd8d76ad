/* folds.h
 * The timeline as rows that can be read: one for each port look-up, for each
 * call that was sent again, for each connection that was opened or got stuck;
 * with what is no packet, the question of the application and the kernel's lines.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FOLDS_H
#define NLM_HEALTH_FOLDS_H

#include "core/model/story.h"

typedef struct {
    uint32_t first, last; /* frames; 0 for what is no packet */
    nh_time time, until;  /* of the first and of the last event */
    unsigned count;       /* rows of the same kind that stand for one */
    bool mixed;           /* others lie between */
    char *text;
} nh_row;

/* Of a long timeline people see the beginning and the end. */
#define NH_ROWS_SHOWN 34
#define NH_ROWS_LAST  12 /* of these */

/* The rows of an incident by time; caller unrefs (array of nh_row*). */
GPtrArray *nh_rows_of(const nh_incident *incident);

/* The first row that a frame is told by; its index, or -1. */
int nh_row_of_frame(const GPtrArray *rows, uint32_t frame);

#endif
