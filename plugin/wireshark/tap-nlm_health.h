/* tap-nlm_health.h
 * The tap "nlm_health" and what listens to it: -z nlm_health,report and its
 * sisters, the statistics tree and the tables.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TAP_H
#define NLM_HEALTH_TAP_H

#include "core/base/core.h"

#define NH_TAP_NAME "nlm_health"

/* A tap into which nothing is ever put: its listeners cost no packet anything, and are drawn at the end. */
#define NH_TAP_NO_PACKETS "nlm_health_output"

/*
 * Queued once per frame that the plugin speaks about; lives until the frame's
 * end (pinfo->pool). Counts are those of this frame: it may hold several
 * messages. What the frame has not is 0, answered_in NH_TIME_NONE.
 */
typedef struct {
    nh_service service;
    nh_addr client, server; /* the pair; the lock client first, also for callbacks */
    uint64_t findings;      /* bit 1 << nh_finding for each finding raised on this frame */
    unsigned calls;         /* NLM calls seen for the first time */
    unsigned resent;        /* NLM calls seen again */
    unsigned answers;       /* first answers to NLM calls */
    unsigned denied;        /* of these: refusals */
    nh_time answered_in;    /* of the slowest of these answers, since its call's first transmission */
    uint32_t incident;      /* 0 = none */
    const char *words;      /* what the packet is in the story, and its connection; or NULL */
    const char *connection;
} nh_tap_info;

/* Register everything that listens; call once, in the handoff, after register_tap(NH_TAP_NAME). */
void nlm_health_register_taps(void);

/* The statistics tree and the tables; called by the above. */
void nlm_health_register_tree(void);
void nlm_health_register_pairs(void);
void nlm_health_register_incidents(void);

#endif
