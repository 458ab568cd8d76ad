/* owners.h
 * Whom an incident of the locks themselves is about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OWNERS_H
#define NLM_HEALTH_OWNERS_H

#include "core/model/story.h"

/* Somebody who asks for a lock: a process of a host, as NLM names it, and the file. */
typedef struct {
    const char *host, *file; /* of the story; may be NULL; of the lock table: "host, svid 7" */
    uint32_t svid;
    uint64_t offset, length;
    nh_time holds_since; /* a lock that it held when the incident began; NH_TIME_NONE: none */
    GPtrArray *calls;    /* const nh_story_call*: its own, in the order of the incident */
} nh_owner;

/* Whoever held a lock when it began, then whoever called (nh_owner*, each once). Caller unrefs. */
GPtrArray *nh_owners_of(const nh_incident *incident);

/* "process (svid) 41 of one"; caller frees. */
char *nh_owner_text(const nh_owner *owner);

#endif
