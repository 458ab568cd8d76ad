/* incident.h
 * Which outages are incidents.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_INCIDENT_H
#define NLM_HEALTH_INCIDENT_H

#include "core/model/model.h"

/* Nobody wants a lock: a tool asks the port mapper now and then, and is told of no lockd. */
bool nh_outage_is_watching(const nh_outage *outage);
/* Two symptoms or a second without an answer; probable connections need lock traffic of their pair. */
bool nh_outage_is_incident(const nh_outage *outage, nh_time now);

/* Whether the call, answered now, had to wait because of the outage; one that had another way to the server had not. */
bool nh_outage_held_up(const nh_outage *outage, const nh_call *call, nh_moment at);
/* Whether the server answered meanwhile, and refused: grace period, no locks, RPC. */
bool nh_outage_has_refusals(const nh_outage *outage);

#endif
