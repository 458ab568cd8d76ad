/* assemble.h
 * The story of a capture, told from what the core remembers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ASSEMBLE_H
#define NLM_HEALTH_ASSEMBLE_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Tell the story of what was seen so far, from one view; also completes what earlier frames show. Caller frees it. */
nh_story *nh_story_assemble(nh_watch *watch);

#endif
