/* tcp_open.h
 * The opening of a connection (RFC 9293 section 3.5): SYN, SYN-ACK and what answers them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TCP_OPEN_H
#define NLM_HEALTH_TCP_OPEN_H

#include "core/model/model.h"

/* A segment on its way through the state machine. */
typedef struct {
    nh_conn *conn;
    const nh_segment *seg;
    nh_segment_effect *effect;
    int index; /* of the sender's half */
    nh_half *from, *to;
    nh_moment at;
    uint32_t end; /* sequence number after the payload and FIN */
} nh_segment_context;

/* A SYN without ACK: the first, one sent again, or another attempt. */
void nh_open_syn(nh_segment_context *p);
void nh_open_synack(nh_segment_context *p);
/* A packet without SYN while the connection opens; false when it says nothing more. */
bool nh_open_other(nh_segment_context *p);

#endif
