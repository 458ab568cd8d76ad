/* tcp_fin.h
 * The close of a connection (RFC 9293 section 3.6): a FIN, and one that comes again because nobody acknowledges it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TCP_FIN_H
#define NLM_HEALTH_TCP_FIN_H

#include "core/net/tcp_open.h"

/* A segment with a FIN passes on an open connection. */
void nh_fin_take(nh_segment_context *p);

#endif
