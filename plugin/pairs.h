/* pairs.h
 * Pairs of lock client and lock server, and who listens on which port.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PAIRS_H
#define NLM_HEALTH_PAIRS_H

#include "model.h"

#define NH_PORTMAP_PORT 111

/*
 * The pair whose client opened the flow from -> to, or whose server did (*way
 * tells). Unless the procedure of a message tells the roles, the first who
 * opens a flow is taken for the client. Made when there is none.
 */
nh_pair *nh_pair_of_flow(nh_watch *watch, const nh_addr *from, const nh_addr *to, nh_way *way);
/* The pair with these roles, or NULL. */
nh_pair *nh_pair_find(const nh_watch *watch, const nh_addr *client, const nh_addr *server);
/* The pair of a message whose roles its procedure tells; corrects a guess made earlier. */
nh_pair *nh_pair_of_roles(nh_watch *watch, const nh_addr *client, const nh_addr *server);
/*
 * The pair of a host that restarted and the one that its status monitor tells: a
 * lock server and its client, unless the pair is known with the other roles. The
 * way is that of the message.
 */
nh_pair *nh_pair_of_restart(nh_watch *watch, const nh_addr *restarted, const nh_addr *told, nh_way *way);
/* A packet of the pair came from this address. */
void nh_pair_seen(nh_pair *pair, const nh_addr *from);
void nh_pair_free(gpointer pair);

/* Remember that this program listens there (portmap answer, RPC message). */
void nh_port_learn(nh_watch *watch, const nh_addr *addr, nh_l4 l4, guint16 port, guint32 prog);
/* The program that listens there, as packets or the preferences tcp_ports and udp_ports tell; 0 when unknown. */
guint32 nh_port_program(const nh_watch *watch, const nh_addr *addr, nh_l4 l4, guint16 port);
/* The followed service of a program, NH_SERVICE_NONE for others. */
nh_service nh_service_of_program(guint32 prog);

#endif
