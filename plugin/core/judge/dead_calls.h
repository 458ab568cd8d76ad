/* dead_calls.h
 * Calls on connections that cannot carry them, and calls that an outage held back.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DEAD_CALLS_H
#define NLM_HEALTH_DEAD_CALLS_H

#include "core/model/model.h"

/* The call cannot arrive, and why; how: what happens to it in this frame, "is resent on a dead connection". Calls of other programs than NLM are left alone. */
void nh_dead_declare(nh_call *call, nh_finding reason, nh_moment since, uint32_t frame, const char *how);
/* A connection fell into trouble: the calls on it that can no longer be carried. */
void nh_dead_bury(nh_conn *conn, const nh_trouble *trouble);
/* A call's first transmission: was it held back by an outage? */
void nh_dead_deferred(nh_call *call, nh_moment at);
/* A call's first transmission: can its connection carry it? */
void nh_dead_sent(nh_call *call, nh_conn *conn, nh_moment at);

#endif
