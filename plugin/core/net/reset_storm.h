/* reset_storm.h
 * Resets by the thousand: from the third within a second on they are only counted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RESET_STORM_H
#define NLM_HEALTH_RESET_STORM_H

#include "core/model/model.h"

/* One more reset of the pair: true when it is folded into a storm. Begins the storm at the third within a second. */
bool nh_storm_takes(nh_conn *conn, nh_moment at);

#endif
