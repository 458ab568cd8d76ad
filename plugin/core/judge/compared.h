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

typedef enum {
    NH_OUTCOME_UNDECIDED,
    NH_OUTCOME_LOST_ASKING,   /* what was sent never came to where it was to be answered */
    NH_OUTCOME_LOST_ANSWERS,  /* it was answered, and no answer came back */
    NH_OUTCOME_NOT_ANSWERED,  /* it came, and nothing was sent back, or nothing that acknowledges it */
    NH_OUTCOME_NOT_TAKEN,     /* the SYN-ACK came, and its receiver did not take it */
    NH_OUTCOME_ANSWER_FORGED, /* the answer was sent on the way */
    NH_OUTCOME_ANSWER_OWN     /* it was sent by whom it names */
} nh_outcome;

/* What the points say of an outage with this cause. */
nh_outcome nh_compared_outcome(const nh_outage *outage, nh_finding cause);
/* Count the packets that the outage is about at both points; outage->compared is known afterwards, if both captures cover it. */
void nh_compared_fill(nh_outage *outage);
/* Better the judgement that one view allows. */
void nh_compared_judge(const nh_outage *outage, nh_judgement *judgement);

#endif
