/* position.h
 * Where the capture was taken.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POSITION_H
#define NLM_HEALTH_POSITION_H

#include "core/model/model.h"

/* As a side: client, server, path (between them), unknown. */
nh_side nh_capture_position(const nh_pair *pair);
/* Whether one direction is missing: nothing may be said of such a pair. */
bool nh_pair_is_one_sided(const nh_pair *pair);

#endif
