/* cause.h
 * What explains an outage, on which side, and how sure that is.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CAUSE_H
#define NLM_HEALTH_CAUSE_H

#include "core/model/model.h"

typedef struct {
    nh_finding cause; /* NH_FINDING_NONE: nothing explains it */
    nh_side side;
    nh_confidence confidence;
    const char *clause;         /* why there was no lock service; static */
    unsigned each;              /* the clause speaks of each connection: so many; else 0 */
    const nh_symptom *evidence; /* first symptom of the cause; owned by the outage */
    unsigned symptoms;          /* of the cause, folded ones included */
} nh_judgement;

/* What explains an outage that lasts, as far as it is known by now, and since when that was seen; NH_FINDING_NONE: nothing. */
nh_finding nh_cause_so_far(const nh_outage *outage, nh_moment *since);
/* What explains an outage, on which side, and how sure that is. */
nh_judgement nh_judge(const nh_outage *outage);
/* The cause that the rows give explains this finding, too: it asks for nothing of its own. */
bool nh_is_explained(const nh_outage *outage, nh_finding finding, nh_finding cause);
/* What to check next because of a finding in the outage; static; NULL = nothing. */
const char *nh_advice(const nh_outage *outage, nh_finding finding);

#endif
