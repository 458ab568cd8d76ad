/* points_text.h
 * What the report says of two capture points.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POINTS_TEXT_H
#define NLM_HEALTH_POINTS_TEXT_H

#include "core/points/points.h"

/* "Two capture points: ..."; caller frees. */
char *nh_points_text(const nh_points *points);

#endif
