/* follow.h
 * Which connections are followed, and their incarnations.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FOLLOW_H
#define NLM_HEALTH_FOLLOW_H

#include "core/model/conn.h"

/* The service behind a server's port as portmap, its number or the preferences tell; NH_SERVICE_NONE when nothing is known. */
nh_service nh_follow_service(const nh_watch *watch, const nh_end *server);
/* The connection of a segment, NULL when it is not followed. Makes it (a SYN opens a new incarnation) where one of the rules says so. */
nh_conn *nh_follow(nh_watch *watch, const nh_segment *segment);
/* The same where it is known that nh_follow_find() has its connection, and which that is, or that it has none. */
nh_conn *nh_follow_known(nh_watch *watch, nh_conn *conn, const nh_segment *segment);
nh_conn *nh_follow_new(nh_watch *watch, const nh_segment *segment);
/* The latest connection between two ends, whichever opened it, or NULL. */
nh_conn *nh_follow_find(nh_watch *watch, const nh_end *a, const nh_end *b);
/* Follow a connection on which a message of a followed program was seen: client is the end that called. */
nh_conn *nh_follow_message(nh_watch *watch, const nh_end *client, const nh_end *server, nh_service service, nh_moment at);
/* Its calls show that it belongs to another pair than it was taken for (hosts that mount from each other). */
void nh_conn_move(nh_conn *conn, nh_pair *pair, nh_way way);

#endif
