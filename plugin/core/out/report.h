/* report.h
 * A story as plain text that can be pasted into a ticket: at most 110 columns,
 * no trailing spaces, times in UTC, the same on each run.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REPORT_H
#define NLM_HEALTH_REPORT_H

#include "core/model/story.h"

/* The whole report, ending in a newline; caller frees. _at: with lines of that many columns. */
char *nh_report_text(const nh_story *story);
char *nh_report_text_at(const nh_story *story, unsigned width);

/* One incident alone; caller frees. */
char *nh_report_incident(const nh_incident *incident);
char *nh_report_incident_at(const nh_incident *incident, unsigned width);

#endif
