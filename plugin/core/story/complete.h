/* complete.h
 * What earlier frames show can be said only when the end is known.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMPLETE_H
#define NLM_HEALTH_COMPLETE_H

#include "core/model/model.h"

/* Remarks on earlier frames. They follow from what was concluded, and change nothing else. */
void nh_story_complete(nh_watch *watch);

#endif
