/* lock_story.h
 * The lock table as the story tells it: lists, wait chains, holders that went away.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_STORY_H
#define NLM_HEALTH_LOCK_STORY_H

#include "core/model/model.h"
#include "core/model/story.h"

/* The locks at the end of the capture, and in messages what is wrong with them. */
void nh_lock_story(nh_watch *watch, nh_story *story);
/* Locks (nh_lock, which this sorts) into a list of the story. */
void nh_lock_story_list(GPtrArray *list, GArray *locks);
/* The locks when an outage began. */
void nh_lock_story_incident(const nh_outage *outage, nh_incident *incident);

#endif
