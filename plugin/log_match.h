/* log_match.h
 * The lines of a real kernel log beside those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_MATCH_H
#define NLM_HEALTH_LOG_MATCH_H

#include "model.h"
#include "story.h"

/* Read the log that the preference names, NULL without one; what RPC's debug lines tell of the timers is taken into the watch. */
nh_kernel_log *nh_log_match_read(nh_watch *watch);
/* Match the lines of the log (may be NULL) with those of the story. */
void nh_log_match(nh_watch *watch, nh_story *story, nh_kernel_log *log);

#endif
