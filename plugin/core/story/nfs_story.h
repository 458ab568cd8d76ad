/* nfs_story.h
 * NFS between the hosts of an incident, in its timeline.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_NFS_STORY_H
#define NLM_HEALTH_NFS_STORY_H

#include "core/model/model.h"
#include "core/model/story.h"

/* What NFS between the two hosts did during an outage: rows of the timeline, and lines of the client's kernel by the mount's timers. */
void nh_nfs_story(nh_incident *incident, const nh_outage *outage);

#endif
