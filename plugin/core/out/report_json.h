/* report_json.h
 * A story as one JSON document; its schema is docs/nlm_health.schema.json. GLib writes none, and Wireshark's json_dumper
 * is not at hand in the core.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REPORT_JSON_H
#define NLM_HEALTH_REPORT_JSON_H

#include "core/model/story.h"

/* The document, ending in a newline; caller frees. Times RFC 3339 in UTC, durations in seconds, unknown values null. */
char *nh_report_json(const nh_story *story);

#endif
