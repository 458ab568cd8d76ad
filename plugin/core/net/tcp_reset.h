/* tcp_reset.h
 * The end of a connection by RST (RFC 9293 section 3.5.2): refused, declined, reset.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TCP_RESET_H
#define NLM_HEALTH_TCP_RESET_H

#include "core/net/tcp_open.h"

/* A segment with RST, in whatever state the connection is. */
void nh_reset_take(nh_segment_context *p);
/* How many calls wait on a connection. */
unsigned nh_conn_outstanding(const nh_conn *conn);

#endif
