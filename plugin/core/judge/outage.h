/* outage.h
 * Outages of a pair: from the first symptom to the first answer after it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OUTAGE_H
#define NLM_HEALTH_OUTAGE_H

#include "core/model/model.h"

/* A symptom: opens an outage or joins the open one. */
void nh_outage_symptom(nh_pair *pair, const nh_symptom *symptom);
/* Fold one more symptom into the last one (reset storms). */
void nh_outage_fold(nh_pair *pair, nh_moment at);
/* Somebody waits for an answer since then. */
void nh_outage_waits(nh_pair *pair, nh_time since);
/* A call belongs to the open outage. */
void nh_outage_join(nh_pair *pair, nh_call *call);
/* The pair changed its roles: who was taken for the client is the server. */
void nh_outage_turn_round(nh_outage *outage);
/* One symptom, by its place in the list, was none; an open outage without any is none either. */
void nh_outage_retract(nh_outage *outage, unsigned i);
/* The symptom of an outage that its call's answer had ended before it was noticed, or that lasts. */
void nh_outage_in_hindsight(nh_call *call, const nh_symptom *symptom);
/* A call that was issued during the outage that an answer has just ended. */
void nh_outage_join_late(nh_call *call, nh_moment at);
/* Trouble on a connection is over: when nothing else is wrong the outage settles. */
void nh_outage_settle(nh_pair *pair, nh_moment at);
/* An RPC answer of this service; returns the outage that it ends, or NULL. */
nh_outage *nh_outage_answer(nh_pair *pair, nh_way way, nh_service service, nh_call *call, nh_moment at);
/* The answer that ended the outage is itself one that explains something: it belongs to it, and reopens nothing. */
void nh_outage_add_ending(nh_outage *outage, nh_finding finding, nh_moment at);
/* Time passes: an outage that settled long ago is closed. */
void nh_outage_tick(nh_pair *pair, nh_moment at);
/* The capture ends: an outage that has settled is over. */
void nh_outage_conclude(nh_pair *pair);
/* A frame of one of its calls follows the outage's end. */
void nh_outage_extend(nh_outage *outage, nh_moment at);
/* Whether a symptom of this way is of such a finding. */
bool nh_outage_has(const nh_outage *outage, nh_way way, bool (*is)(const nh_finding_row *row));
/* Whether all that is known of it is of such findings, on the client's way. */
bool nh_outage_is_all(const nh_outage *outage, bool (*is)(const nh_finding_row *row));
/* The outage that a frame of this pair belongs to, or NULL. */
nh_outage *nh_outage_at(const nh_pair *pair, uint32_t frame);

void nh_outage_free(nh_outage *outage);

/* End the trouble that lasts, if any (finding: only that one, or NH_FINDING_NONE for any). */
void nh_trouble_end(nh_conn *conn, nh_finding finding, nh_moment at);

#endif
