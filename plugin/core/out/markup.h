/* markup.h
 * Pieces of SVG and HTML: escaped, and with an idea of how wide a text will be.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MARKUP_H
#define NLM_HEALTH_MARKUP_H

#include "core/base/core.h"

/* Append a text as it may stand between tags and in attributes. NULL is nothing. */
void nh_markup_text(GString *out, const char *text);

/* Columns that a text takes at a size in pixels: no font that a browser puts in place of ours takes more. */
int nh_markup_width(const char *text, int size);

/* The text, or as much of its ends as fits, with "..." between; caller frees. */
char *nh_markup_fit(const char *text, int size, int width);

/* <text> at a baseline, with a class. */
void nh_svg_text(GString *out, int x, int y, const char *class, const char *text);

/* <title>: what a browser shows over a shape. */
void nh_svg_title(GString *out, const char *text);

#endif
