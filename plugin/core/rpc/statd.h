/* statd.h
 * What status monitors (NSM) say of restarts, and whom they mean.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STATD_H
#define NLM_HEALTH_STATD_H

#include "core/model/model.h"

/* A call to a status monitor. */
void nh_statd_call(nh_call *call, const nh_message *message);
/* The call is sent again under its XID: SM_NOTIFY, or the look-up of statd. */
void nh_statd_again(nh_call *call, nh_moment at);
/* It is answered. */
void nh_statd_answered(nh_call *call, nh_moment at);
/* The client asks for a lock back: it heeded the notice. */
void nh_statd_reclaimed(nh_pair *pair);
/* A look-up of statd, as it precedes SM_NOTIFY, and its answer. */
void nh_statd_looks_up(nh_call *lookup, nh_moment at);
void nh_statd_looked_up(nh_call *lookup, bool registered, nh_moment at);
/* Whether the client heeded the server's SM_NOTIFY stands at it. */
void nh_statd_complete(nh_pair *pair);

#endif
