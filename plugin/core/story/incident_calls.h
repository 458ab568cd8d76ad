/* incident_calls.h
 * Calls as incidents tell them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_INCIDENT_CALLS_H
#define NLM_HEALTH_INCIDENT_CALLS_H

#include "core/model/model.h"
#include "core/model/story.h"

/* One more call of the incident. */
nh_story_call *nh_incident_describe_call(nh_incident *incident, const nh_call *call);

#endif
