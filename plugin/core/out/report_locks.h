/* report_locks.h
 * The lock table as plain text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REPORT_LOCKS_H
#define NLM_HEALTH_REPORT_LOCKS_H

#include "core/model/story.h"

/* Append nh_story_lock's, by client and server, at most so many of them (0 = all). */
void nh_report_append_locks(GString *out, unsigned width, unsigned indent, const GPtrArray *locks, unsigned most);

/* The lock table alone, or a line that says there is none; caller frees. */
char *nh_report_locks(const nh_story *story);
char *nh_report_locks_at(const nh_story *story, unsigned width);

#endif
