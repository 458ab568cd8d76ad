/* statd.h
 * What status monitors (NSM) say of restarts, and whom they mean.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STATD_H
#define NLM_HEALTH_STATD_H

#include "core/model/model.h"

/* Procedures without results (X/Open NSM, nsm_prot.x). */
enum { NH_NSM_SIMU_CRASH = 5, NH_NSM_NOTIFY = 6 };

/* A call to a status monitor. */
void nh_statd_call(nh_pair *pair, const nh_message *message);
/* Whether the client heeded the server's SM_NOTIFY stands at it. */
void nh_statd_complete(nh_pair *pair);

#endif
