/* picture.h
 * An incident as a drawing: one lane each for the application, the kernel's log,
 * every connection, the port mapper and the server's signs of life, true to time.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PICTURE_H
#define NLM_HEALTH_PICTURE_H

#include "core/model/story.h"

/* The incident as an SVG file of its own; caller frees. */
char *nh_picture_svg(const nh_incident *incident);

/* Where a mark of a frame leads, into buf of this size; false: nowhere. */
typedef bool (*nh_picture_target)(const void *data, uint32_t frame, char *buf, size_t size);

/* Append the drawing for a page that has nh_drawing_style() in its head; marks are links to what target names (may be NULL). */
void nh_picture_append(GString *out, const nh_incident *incident, nh_picture_target target, const void *data);

#endif
