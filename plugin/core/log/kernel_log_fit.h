/* kernel_log_fit.h
 * How well the lines of a log meet the lines that the capture predicts, when
 * the log's clock is moved. Pure arithmetic.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LOG_FIT_H
#define NLM_HEALTH_KERNEL_LOG_FIT_H

#include "core/base/limits.h"
#include "core/log/kernel_log.h"

/*
 * When the capture predicts a line of each kind: event, program and server. A
 * line that names its server by a host name may be of any server.
 */
typedef struct nh_log_predictions nh_log_predictions;

typedef struct {
    nh_time low, high;
} nh_log_range;

typedef struct {
    unsigned met;    /* lines inside a window */
    double distance; /* their mean distance from the likeliest time */
} nh_log_fit;

/* How far the clock may be moved, and how far beside its window a line still meets it. */
typedef struct {
    nh_time slack, low, high;
} nh_log_freedom;

/* Also sets the kind of all lines of the log. */
nh_log_predictions *nh_log_predictions_new(const nh_kernel_log *log, const nh_log_expectation *expected, unsigned n_expected);
void nh_log_predictions_free(nh_log_predictions *p);
/* A line of its kind is predicted somewhere from low to high. */
bool nh_log_predicted(const nh_log_predictions *p, const nh_log_line *line, nh_time low, nh_time high);
/* The line is predicted where shift brings it. */
bool nh_log_meets(const nh_log_predictions *p, const nh_log_line *line, nh_time shift, nh_time slack);
/* shifts: one for each of the lines, or NULL: shift is for all. */
nh_log_fit nh_log_measure(const nh_log_predictions *p, const GPtrArray *lines, const nh_time *shifts, nh_time shift, nh_time slack);
/* How many windows have a line; several lines in one count once. */
unsigned nh_log_windows_met(const nh_log_predictions *p, const GPtrArray *lines, const nh_time *shifts, nh_time shift, nh_time slack);
/* Ranges (nh_log_range) of shifts under which most lines are met. A long log is sampled, so that this stays linear. */
GArray *nh_log_best_ranges(const nh_log_predictions *p, const GPtrArray *lines, const nh_log_freedom *freedom);
/* Within a range of equally good shifts, the one that brings the middle line to its likeliest time. */
nh_time nh_log_settle(const nh_log_predictions *p, const GPtrArray *lines, nh_log_range r, nh_time slack);

#endif
