/* holder.h
 * Who holds the lock for which a call waits without an answer.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_HOLDER_H
#define NLM_HEALTH_HOLDER_H

#include "core/model/model.h"

/* Who stands, or stood, in the way of the blocking LOCK that got no answer: outage->hindsight.holder, none when nobody is known. */
void nh_holder_find(nh_outage *outage);

#endif
