/* twins.h
 * The copies of one packet at two capture points: which belong together, and which of them is whose.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TWINS_H
#define NLM_HEALTH_TWINS_H

#include "core/points/views.h"

/* Pair the packets; it must be known by then what tells the copies apart. */
void nh_twins_find(nh_points *points);
/* A connection by the name that it has in both views. */
const nh_conn *nh_view_conn(const nh_points *points, const nh_conn *conn);

#endif
