/* log_match.h
 * The lines of a real kernel log beside those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_MATCH_H
#define NLM_HEALTH_LOG_MATCH_H

#include "core/log/kernel_log.h"
#include "core/log/kernel_log_skew.h"
#include "core/model/model.h"
#include "core/model/story.h"

/* Read the log that the preference names, NULL without one. */
nh_kernel_log *nh_log_match_read(nh_watch *watch);
/* Find the clock of its lines by what the story predicts, and whose they are; how wrong that clock is: set right if that is certain. */
nh_log_skew nh_log_match_align(const nh_watch *watch, nh_story *story, nh_kernel_log *log);
/* Match the lines of the log (may be NULL) with those of the story. */
void nh_log_match(nh_watch *watch, nh_story *story, nh_kernel_log *log);

#endif
