/* steps.h
 * The packets that tell an incident: those that its timeline names.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STEPS_H
#define NLM_HEALTH_STEPS_H

#include "core/model/story.h"

/*
 * Frame number (GUINT_TO_POINTER) to the row of the report's timeline that names
 * it as its first or last packet (char*, owned by the table); caller unrefs. In a
 * storm these are a few of thousands.
 */
GHashTable *nh_steps_of(const nh_incident *incident);

#endif
