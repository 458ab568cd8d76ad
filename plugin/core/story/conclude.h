/* conclude.h
 * What the whole capture tells of calls, clients and faults, when a story is to be told: the memory of the core is led to its end.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CONCLUDE_H
#define NLM_HEALTH_CONCLUDE_H

#include "core/model/model.h"

/* Outages end as far as they have, and what calls that still wait did not do tells of their client. First of all; what was before is kept. */
void nh_story_end(nh_watch *watch);
/*
 * When calls were issued, whose line came when, faults that waited for a proof. Each such step starts from what those before it
 * left, so that it is taken once for the same packets.
 */
void nh_story_conclude(nh_watch *watch);
/*
 * Further packets come after a story was told: calls, attempts, clients, proofs and remarks are again as the packets left them,
 * since what was concluded without the rest of the capture would mislead what looks at the rest.
 */
void nh_story_reopen(nh_watch *watch);
/* Frees what nh_story_reopen() would need. */
void nh_story_forget_before(nh_watch *watch);
/* A call of which its client's kernel may log a line. */
bool nh_story_may_be_logged(const nh_call *call);

#endif
