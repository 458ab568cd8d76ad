/* steps.h
 * What the timelines of the present story say of single packets, kept while that story lasts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STEPS_CACHE_H
#define NLM_HEALTH_STEPS_CACHE_H

#include "core/model/story.h"

/* What the timeline of an incident (its number in the story) says of a frame; NULL when it does not name it. */
const char *nh_step_of(const nh_story *story, unsigned id, uint32_t frame);
/* The story ends. */
void nh_steps_forget(void);

#endif
