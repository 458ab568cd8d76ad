/* transport.h
 * The headers of TCP, UDP and ICMP, from the bytes: what Wireshark makes of them depends on its preferences, and the
 * core is fed without it, too.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TRANSPORT_H
#define NLM_HEALTH_TRANSPORT_H

#include "core/wire/observe.h"

#define NH_TCP_HEADER 20
#define NH_UDP_HEADER 8

/* The segment in a packet; false when its header is none or was not captured. Nothing is known of who claims its ports. */
bool nh_segment_read(const nh_packet *packet, nh_segment *segment);
/* What an ICMP error (RFC 792, RFC 4443) says of the TCP or UDP packet that it quotes; false for every other message. */
bool nh_quote_read(const nh_packet *packet, nh_quote *quote);

#endif
