/* summary.h
 * A story as a table: one line per incident.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SUMMARY_H
#define NLM_HEALTH_SUMMARY_H

#include "core/model/story.h"

/* The table alone, or the report's first line when there is no incident; caller frees. */
char *nh_report_summary(const nh_story *story);

/* Head and rows, each indented; at most this many rows and a line that counts the rest; 0 = all. */
void nh_summary_append(GString *out, unsigned indent, const nh_story *story, unsigned most);

#endif
