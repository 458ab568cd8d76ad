/* flows.h
 * The connections of an incident as a picture needs them: when each was open or
 * in trouble, and what passed on it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FLOWS_H
#define NLM_HEALTH_FLOWS_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Fill incident->flows from the frames between its first and its last, once those are known; between nh_timeline_begin() and its end. */
void nh_story_flows(nh_incident *incident, const nh_outage *outage);

#endif
