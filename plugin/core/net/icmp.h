/* icmp.h
 * What an ICMP or ICMPv6 error says of the packet that it quotes.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ICMP_H
#define NLM_HEALTH_ICMP_H

#include "core/model/model.h"

/* "ICMP: port unreachable, says 192.0.2.1"; NULL for an error that keeps nothing from arriving. Caller frees. */
char *nh_icmp_text(const nh_quote *quote);
/* The host that sent the quoted packet rejects it itself. */
bool nh_icmp_is_own_filter(const nh_quote *quote);
/* An ICMP error that quotes a TCP segment: a verdict on its connection, if that is followed. */
void nh_icmp_quote_tcp(nh_watch *watch, const nh_quote *quote);

#endif
