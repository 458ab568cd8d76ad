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

typedef struct nh_nfs nh_nfs;

nh_nfs *nh_nfs_new(void);
void nh_nfs_free(nh_nfs *nfs);

/* The stream of a segment of a connection that is not followed, if NFS listens there: to be looked through for headers. Else NULL. */
nh_records *nh_nfs_stream(nh_watch *watch, const nh_segment *segment);
/* The header of an RPC message, from whatever connection or datagram; what is no NFS is left alone. */
void nh_nfs_header(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_l4 l4, const nh_rpc_header *header, nh_moment at);
/* A call without an answer, or with a late one. */
typedef struct {
    nh_moment sent, reply; /* reply.frame 0: none came */
    uint32_t vers, proc;
    unsigned copies;
    nh_l4 l4;
} nh_nfs_call;

/* Slow calls between the two hosts of an outage while it lasted: the one that waits longest, and how many. */
typedef struct {
    nh_nfs_call first; /* sent.frame 0 = none */
    unsigned count;
} nh_nfs_slow;

/* Those of an outage, open or over. */
nh_nfs_slow nh_nfs_slow_of(const nh_outage *outage);

#endif
