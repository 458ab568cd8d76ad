/* text.h
 * Text that is safe to print: what came from packets and logs may hold anything.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TEXT_H
#define NLM_HEALTH_TEXT_H

#include "core/base/core.h"

#define NH_TEXT_WIDTH 110
/* For a window beside others. */
#define NH_TEXT_NARROW 72

/*
 * A copy that is valid UTF-8 on one line: control characters (also those of a
 * terminal) become spaces, spaces at the end go. Caller frees; "" for NULL.
 */
char *nh_text_clean(const char *text);

/*
 * The same for a text that the caller owns: takes it over and gives it back, or
 * a clean copy in its stead. What almost always is clean costs no copy. NULL for NULL.
 */
char *nh_text_tidy(char *text);

/*
 * Append cleaned text and a newline to out, broken at spaces so that no line is
 * wider than NH_TEXT_WIDTH characters (a longer word stands alone, unbroken).
 * The caller has written the first line up to column; the others start at indent.
 */
void nh_text_wrap(GString *out, unsigned column, unsigned indent, const char *text);
/* The same for lines of another width. */
void nh_text_wrap_at(GString *out, unsigned width, unsigned column, unsigned indent, const char *text);

/* "s" unless n is 1. */
const char *nh_plural(unsigned n);

/* YYYY-MM-DD in UTC; caller frees. "-" for NH_TIME_NONE. */
char *nh_time_date(nh_time t);

/* YYYY-MM-DD HH:MM:SS.mmm in UTC; caller frees. "-" for NH_TIME_NONE. */
char *nh_time_date_clock(nh_time t);

/* Are both on one day in UTC? An unknown time is on any day. */
bool nh_same_day(nh_time a, nh_time b);

#endif
