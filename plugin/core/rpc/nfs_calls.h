/* nfs_calls.h
 * NFS between the hosts of a pair: context of an incident, never the subject of a finding.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_NFS_CALLS_H
#define NLM_HEALTH_NFS_CALLS_H

#include "core/model/model.h"
#include "core/wire/records.h"
#include "core/model/story.h"

typedef struct nh_nfs nh_nfs;

nh_nfs *nh_nfs_new(void);
void nh_nfs_free(nh_nfs *nfs);

/* The stream of a segment of a connection that is not followed, if NFS listens there: to be looked through for headers. Else NULL. */
nh_records *nh_nfs_stream(nh_watch *watch, const nh_segment *segment);
/* The header of an RPC message, from whatever connection or datagram; what is no NFS is left alone. */
void nh_nfs_header(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_l4 l4, const nh_rpc_header *header, nh_moment at);
/* What NFS between the two hosts did during an outage: rows of the timeline, and lines of the client's kernel by the mount's timers. */
void nh_nfs_story(nh_incident *incident, const nh_outage *outage);

#endif
