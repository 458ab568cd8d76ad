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

/* What is said to be unreachable: the connection of the frame, or a datagram: a call that was not captured, an encrypted one, a call. */
typedef enum { NH_ICMP_ABOUT_CONN, NH_ICMP_ABOUT_UNSEEN, NH_ICMP_ABOUT_ENCRYPTED, NH_ICMP_ABOUT_CALL } nh_icmp_about;

/* What an ICMP error says; of a call its name and frame are to be set (values 4 and 5). None for an error that hinders no flow. */
nh_remark nh_icmp_remark(nh_watch *watch, const nh_quote *quote, nh_icmp_about about);
/* The host that sent the quoted packet rejects it itself. */
bool nh_icmp_is_own_filter(const nh_quote *quote);
/* An ICMP error that quotes a TCP segment: a verdict on its connection, if that is followed. */
void nh_icmp_quote_tcp(nh_watch *watch, const nh_quote *quote);

#endif
