/* datagrams.h
 * Calls over UDP: copies, silence and ICMP errors, which no connection tells of.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DATAGRAMS_H
#define NLM_HEALTH_DATAGRAMS_H

#include "core/model/model.h"

/* Whether this message is a frame captured twice and no retransmission. */
bool nh_datagram_copied(const nh_call *call, const nh_message *message);
/* RPC sent the call again over UDP. */
void nh_datagram_resent(nh_call *call, nh_moment at);
/* An ICMP error that quotes a UDP datagram: the calls that it carried cannot arrive. */
void nh_datagram_quote(nh_watch *watch, const nh_quote *quote);

#endif
