/* ports.h
 * Which program listens where, and which ports are worth a look.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PORTS_H
#define NLM_HEALTH_PORTS_H

#include "core/model/model.h"

#define NH_PORTMAP_PORT 111
#define NH_NFS_PORT     2049 /* RFC 1813 section 6, unless a port mapper names another */

/* No program is known yet: by address, transport and port. */
GHashTable *nh_ports_new(void);
/* A port that lock clients bind to, and few others. */
bool nh_port_is_reserved(uint16_t port);
/*
 * Ports of which a segment must have one to be followed: most segments have none,
 * and need not be looked at any further.
 */
void nh_port_mark(nh_watch *watch, uint16_t port);
/* Mark what the rules and the options name. */
void nh_port_mark_known(nh_watch *watch);
static inline bool
nh_port_may_matter(const nh_watch *watch, uint16_t src, uint16_t dst)
{
    return (watch->tcp_ports[src >> 3] >> (src & 7) & 1) || (watch->tcp_ports[dst >> 3] >> (dst & 7) & 1);
}

/* Remember that this program listens there (portmap answer, RPC message). */
void nh_port_learn(nh_watch *watch, const nh_addr *addr, nh_l4 l4, uint16_t port, uint32_t prog);
/* The program that listens there, as packets or the preferences tcp_ports and udp_ports tell; 0 when unknown. */
uint32_t nh_port_program(const nh_watch *watch, const nh_addr *addr, nh_l4 l4, uint16_t port);
/* Whether a dissector other than RPC's owns a TCP port. */
static inline bool
nh_port_is_claimed(const nh_watch *watch, uint16_t port)
{
    return watch->options.is_claimed && watch->options.is_claimed(NH_L4_TCP, port);
}
/* The followed service of a program, NH_SERVICE_NONE for others. */
nh_service nh_service_of_program(uint32_t prog);
/* The service of a connection by what is known now. */
nh_service nh_conn_service(const nh_conn *conn);
/* Whether lock calls or callbacks go over it, as far as is known: neither look-ups nor notices do. */
bool nh_conn_carries_locks(const nh_conn *conn);

/* The client sent bytes to lockd of which no call could be read: frames that are cut. */
bool nh_calls_unread(const nh_pair *pair);

#endif
