/* verdict.h
 * What a whole capture comes to.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_VERDICT_H
#define NLM_HEALTH_VERDICT_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Fills verdict and caveats of a story whose incidents and pairs are told. "Healthy" says no more than what was seen. */
void nh_verdict_story(const nh_watch *watch, nh_story *story);

#endif
