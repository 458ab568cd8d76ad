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

/*
 * What the core remembers is led to its end: when calls were issued, whose line came when, faults that waited for a proof.
 * Each such step starts from what those before it left, so that it is taken once for the same packets.
 */
void nh_story_conclude(nh_watch *watch);
/* Remarks on earlier frames. They follow from what is remembered, and change nothing else. */
void nh_story_complete(nh_watch *watch);

#endif
