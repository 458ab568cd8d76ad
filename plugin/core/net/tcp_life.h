/* tcp_life.h
 * The life of each followed connection (RFC 9293), from raw sequence numbers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TCP_LIFE_H
#define NLM_HEALTH_TCP_LIFE_H

#include "core/model/model.h"

/* A TCP segment passes. Returns what it did; conn is NULL when its connection is not followed. */
nh_segment_effect nh_tcp_segment(nh_watch *watch, const nh_segment *segment);
/* Something else than a segment of TCP passes between two hosts: a SYN between them that was put aside is followed first. true: there was one. */
bool nh_tcp_wake(nh_watch *watch, const nh_addr *a, const nh_addr *b);
/* The same of a connection that is followed only now, because a message was found in the segment. */
nh_segment_effect nh_tcp_pass(nh_conn *conn, const nh_segment *segment);
/* TCP's acknowledgement of bytes up to end, sent by this half. */
bool nh_tcp_acked(const nh_half *half, uint32_t end);

#endif
