/* parts.h
 * The parts of a wait: what kept the client from its answer, one after the other.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PARTS_H
#define NLM_HEALTH_PARTS_H

#include "core/model/model.h"
#include "core/model/story.h"

/*
 * Fill the parts of an incident from its outage: they follow each other without a gap from its start to its end. Between
 * nh_timeline_begin() and nh_timeline_end(), once the incident has its range of frames.
 */
void nh_parts_story(nh_incident *incident, const nh_outage *outage);

#endif
