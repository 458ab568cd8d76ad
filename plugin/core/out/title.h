/* title.h
 * The first line of what people read: what a whole capture comes to, and of which time that is said.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TITLE_H
#define NLM_HEALTH_TITLE_H

#include "core/model/story.h"

/* The first line: what was seen, or that nothing was. */
void nh_report_append_title(GString *out, const nh_story *story, unsigned width);

#endif
