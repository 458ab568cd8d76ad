/* facts.h
 * What Wireshark knows of a packet, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FACTS_H
#define NLM_HEALTH_FACTS_H

#include "wireshark/compat.h"

#include "core/watch.h"

/*
 * The watch that takes the facts of this packet, or NULL when they were taken
 * before (facts are taken once per frame, on the first pass).
 */
typedef nh_watch *(*nh_facts_sink)(const packet_info *pinfo);

/*
 * Take part in the dissection of TCP, UDP and ICMP: own handles stand before
 * Wireshark's and call them. No protocol tree is needed, and it works on the first
 * pass of every program. Call once, in the handoff. decode_as: preference
 * decode_as_rpc, read at each packet.
 */
void nh_facts_handoff(nh_facts_sink sink, const wsbool *decode_as);

/* A file begins: nothing that an earlier one was told holds. */
void nh_facts_begin(void);

/* Whether a dissector other than RPC's owns a port. */
bool nh_facts_port_is_claimed(nh_l4 l4, uint16_t port);

/* Time of a packet as the core has it. */
nh_time nh_facts_time(const packet_info *pinfo);

#endif
