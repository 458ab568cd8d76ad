/* dtls.h
 * RPC over DTLS (RFC 9289 section 4.1): datagrams that cannot be read, judged by whether anything answers them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DTLS_H
#define NLM_HEALTH_DTLS_H

#include "core/model/model.h"
#include "core/wire/records.h"

/* An RPC header over UDP; true when it is the reply after which everything between these ends is encrypted. */
bool nh_dtls_header(nh_watch *watch, const nh_message *message, const nh_rpc_header *header);
/* A datagram in which no RPC header can be read. */
void nh_dtls_datagram(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_moment at);
/* An ICMP error quotes a datagram. false when that is none of an encrypted flow. */
bool nh_dtls_quote(nh_watch *watch, const nh_quote *quote);

#endif
