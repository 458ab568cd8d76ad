/* sentence.h
 * One plain sentence on an outage, and what to check next.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SENTENCE_H
#define NLM_HEALTH_SENTENCE_H

#include "core/judge/cause.h"

/*
 * One sentence on the outage, and the side; caller frees. compared: what two capture points add (nh_compared_text()), or
 * NULL. now: the last packet's time, for an outage that lasts.
 */
char *nh_outage_summary(const nh_outage *outage, const nh_judgement *judgement, const char *compared, nh_time now);
/* Where its cause began, as the sentence names it: a frame of the outage. */
nh_moment nh_outage_began(const nh_outage *outage, const nh_judgement *judgement);
/* What to check next: advice on the cause first; strings that the list's owner frees. */
void nh_outage_next_steps(const nh_outage *outage, nh_finding cause, GPtrArray *steps);

#endif
