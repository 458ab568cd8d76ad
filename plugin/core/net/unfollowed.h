/* unfollowed.h
 * Look-ups that were answered and that nothing followed: what the client sent to the port did not come.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_UNFOLLOWED_H
#define NLM_HEALTH_UNFOLLOWED_H

#include "core/model/model.h"

/* The port mapper told the client lockd's port. */
void nh_unfollowed_answer(const nh_call *lookup, nh_moment at);
/* A packet of the client to lockd passes. */
void nh_unfollowed_end(nh_conn *conn, bool syn, nh_moment at);

/* How many look-ups of the client were answered and not followed at once, in the capture so far. */
unsigned nh_unfollowed_late(const nh_pair *pair);

#endif
