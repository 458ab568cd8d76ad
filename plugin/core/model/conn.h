/* conn.h
 * One connection: its ends, and who sends which half of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CONN_H
#define NLM_HEALTH_CONN_H

#include "core/model/model.h"

/* Whether these are its ends. */
bool nh_conn_joins(const nh_conn *conn, const nh_end *client, const nh_end *server);
/* Index of the half that this end sends: 0 the client's (who sent the SYN), 1 the server's. */
int nh_conn_half(const nh_conn *conn, const nh_end *end);
/* Which of the pair sends that half, 0 the lock client, 1 the server: callbacks are opened by the server. */
int nh_conn_role(const nh_conn *conn, int half);
/* Of watch->conn_list: what a connection has beside the arena. */
void nh_conn_free(void *conn);

#endif
