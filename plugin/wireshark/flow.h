/* flow.h
 * Statistics > Flow Graph > NLM Health incidents.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FLOW_H
#define NLM_HEALTH_FLOW_H

/*
 * Register the analysis; also -z flow,nlm_health,standard. Nothing happens where
 * Wireshark's development files lack epan/sequence_analysis.h (NH_FLOW_GRAPH, compat.h).
 */
void nh_flow_register(int proto);

#endif
