/* compared.h
 * What two capture points say of an outage: the path, or one of its ends.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMPARED_H
#define NLM_HEALTH_COMPARED_H

#include "core/judge/cause.h"

/* Count the packets that the outage is about at both points; outage->compared is known afterwards, if both captures cover it. */
void nh_compared_fill(nh_outage *outage);
/* Better the judgement that one view allows. */
void nh_compared_judge(const nh_outage *outage, nh_judgement *judgement);
/* What it rests on, as one or two sentences; NULL when the points decide nothing. Caller frees. */
char *nh_compared_text(const nh_outage *outage, const nh_judgement *judgement);

#endif
