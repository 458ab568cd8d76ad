/* faults.h
 * Faults of the locks themselves as incidents.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STORY_FAULTS_H
#define NLM_HEALTH_STORY_FAULTS_H

#include "core/locks/fault.h"
#include "core/model/story.h"

/* One more incident of the story. */
void nh_fault_story(nh_story *story, const nh_fault *fault);
/* One sentence; caller frees. */
char *nh_fault_summary(const nh_fault *fault);

#endif
