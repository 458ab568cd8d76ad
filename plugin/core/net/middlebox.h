/* middlebox.h
 * Segments that a third machine sends in the server's name.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MIDDLEBOX_H
#define NLM_HEALTH_MIDDLEBOX_H

#include "core/model/model.h"

/* A segment of a connection passes, and is no copy. */
void nh_middlebox_watch(nh_conn *conn, int half, const nh_segment *segment);

#endif
