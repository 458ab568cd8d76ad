/* compared_text.h
 * What two capture points say of an outage, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMPARED_TEXT_H
#define NLM_HEALTH_COMPARED_TEXT_H

#include "core/judge/cause.h"

/* What the judgement rests on, as one or two sentences; NULL when the points decide nothing. Caller frees. */
char *nh_compared_text(const nh_outage *outage, const nh_judgement *judgement);

#endif
