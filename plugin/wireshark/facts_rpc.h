/* facts_rpc.h
 * Calls and replies of the followed RPC programs, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FACTS_RPC_H
#define NLM_HEALTH_FACTS_RPC_H

#include "wireshark/facts.h"

/* Own handles stand before Wireshark's for each followed procedure, as nh_facts_handoff() does for the layers below. Call once, in the handoff. */
void nh_facts_rpc_handoff(nh_facts_sink sink);

#endif
