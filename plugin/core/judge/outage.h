/* outage.h
 * Outages of a pair: what begins one, and what belongs to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OUTAGE_H
#define NLM_HEALTH_OUTAGE_H

#include "core/model/model.h"

/* A symptom: opens an outage or joins the open one; time has passed for that (nh_outage_tick()). */
void nh_outage_symptom(nh_pair *pair, const nh_symptom *symptom);
/* Fold one more symptom into the last one (reset storms). */
void nh_outage_fold(nh_pair *pair, nh_moment at);
/* Somebody waits for an answer since then. */
void nh_outage_waits(nh_pair *pair, nh_time since);
/* A call belongs to the open outage. */
void nh_outage_join(nh_pair *pair, nh_call *call);
/* A call turned out to have no part in its outage. */
void nh_outage_leave(nh_call *call);
/* By now it may prove to be an incident: it has a number then. The story numbers them anew, in capture order. */
void nh_outage_prove(nh_outage *outage, nh_time now);
/* It lasts at least until this frame; by then it may prove to be an incident. */
void nh_outage_touch(nh_outage *outage, nh_moment at);
/* It is over; call: its answer ended it, NULL: none did. */
void nh_outage_close(nh_outage *outage, nh_moment at, nh_call *call);
/* Whether one of its calls has no answer yet. */
bool nh_outage_is_waited_for(const nh_outage *outage);
/* The pair changed its roles: who was taken for the client is the server. */
void nh_outage_turn_round(nh_outage *outage);
/* One symptom, by its place in the list, was none; an open outage without any is none either. */
void nh_outage_retract(nh_outage *outage, unsigned i);
/* A call that was issued during the outage that an answer has just ended. */
void nh_outage_join_late(nh_call *call, nh_moment at);
/* The answer that ended the outage is itself one that explains something: it belongs to it, and reopens nothing. */
void nh_outage_add_ending(nh_outage *outage, nh_finding finding, nh_moment at);
/* A frame of one of its calls follows the outage's end. */
void nh_outage_extend(nh_outage *outage, nh_moment at);
/* Whether a symptom of this way is of such a finding. */
bool nh_outage_has(const nh_outage *outage, nh_way way, bool (*is)(const nh_finding_row *row));
/* Whether all that is known of it is of such findings, on the client's way. */
bool nh_outage_is_all(const nh_outage *outage, bool (*is)(const nh_finding_row *row));
/* The outage that a frame of this pair belongs to, or NULL. */
nh_outage *nh_outage_at(const nh_pair *pair, uint32_t frame);

/* Its calls and connections are the watch's, and stay. */
void nh_outage_free(nh_outage *outage);

#endif
