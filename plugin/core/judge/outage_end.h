/* outage_end.h
 * When an outage is over: with an answer, when all is quiet again, or when nobody tries any more.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OUTAGE_END_H
#define NLM_HEALTH_OUTAGE_END_H

#include "core/model/model.h"

/* An RPC answer of this service; returns the outage that it ends, or NULL. */
nh_outage *nh_outage_answer(nh_pair *pair, nh_way way, nh_service service, nh_call *call, nh_moment at);
/* Trouble on a connection is over: when nothing else is wrong the outage settles. */
void nh_outage_settle(nh_pair *pair, nh_moment at);
/* Time passes: an outage that settled long ago is closed. */
void nh_outage_tick(nh_pair *pair, nh_moment at);
/* The capture ends: an outage that has settled is over. */
void nh_outage_conclude(nh_pair *pair);
/* The symptom of an outage that its call's answer had ended before it was noticed, or that lasts; time has passed for it (nh_outage_tick()). */
void nh_outage_in_hindsight(nh_call *call, const nh_symptom *symptom);
/* End the trouble that lasts, if any (finding: only that one, or NH_FINDING_NONE for any). */
void nh_trouble_end(nh_conn *conn, nh_finding finding, nh_moment at);

#endif
