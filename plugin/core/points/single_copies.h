/* single_copies.h
 * Which of two capture points saw a packet of which there is but one copy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SINGLE_COPIES_H
#define NLM_HEALTH_SINGLE_COPIES_H

#include "core/points/views.h"

/* Tell who saw which packet; it must be known by then which host is the client. */
void nh_views_tell(nh_points *points);

#endif
