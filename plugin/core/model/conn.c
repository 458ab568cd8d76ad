/* conn.c
 * One connection: its ends, and who sends which half of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/conn.h"

int
nh_conn_half(const nh_conn *conn, const nh_end *end)
{
    return conn->client.port == end->port && nh_addr_equal(&conn->client.addr, &end->addr) ? 0 : 1;
}

int
nh_conn_role(const nh_conn *conn, int half)
{
    return (half == 0) == (conn->way == NH_FORWARD) ? 0 : 1;
}

bool
nh_conn_joins(const nh_conn *conn, const nh_end *client, const nh_end *server)
{
    return conn->client.port == client->port && conn->server.port == server->port && nh_addr_equal(&conn->client.addr, &client->addr) &&
           nh_addr_equal(&conn->server.addr, &server->addr);
}

void
nh_conn_free(void *data)
{
    nh_conn *conn = data;
    if (conn->troubles)
        g_array_unref(conn->troubles);
    nh_list_clear(&conn->waiting);
    nh_list_clear(&conn->replied);
    nh_records_clear(&conn->half[0].records);
    nh_records_clear(&conn->half[1].records);
}
