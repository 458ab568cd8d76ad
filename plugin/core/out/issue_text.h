/* issue_text.h
 * What tells when a call was issued, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ISSUE_TEXT_H
#define NLM_HEALTH_ISSUE_TEXT_H

#include "core/model/timers.h"

/* "after the FIN ... (frame 12), before ..."; NULL where the interval says it all. Caller frees. */
char *nh_issue_text(const nh_issue *issue);

#endif
