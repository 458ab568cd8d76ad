/* connection.c
 * Connections as a scenario declares them, and their lives one after the other.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <string.h>

static void
half_reset(half *h, uint32_t isn, bool client)
{
    memset(h, 0, sizeof *h);    /* the segments live on in the old incarnation */
    h->isn = isn;
    h->window = client ? 64256 : 65024;
    h->segments = g_ptr_array_new();
}

/* Stable from run to run, unlike those of a real host */
static uint32_t
initial_number(const connection *conn, int direction)
{
    return g_str_hash(conn->name) * 2654435761u + conn->incarnation * 64000000u + (direction == FORWARD ? 0 : 0x68000000u);
}

/* The next life of the port pair. The one before is kept: its peer may not have noticed. */
void
connection_open_anew(connection *conn, bool keep_numbers)
{
    memcpy(conn->old, conn->now, sizeof conn->old);
    conn->incarnation++;
    for (int d = FORWARD; d <= BACKWARD; d++)
        half_reset(&conn->now[d], keep_numbers ? conn->old[d].isn : initial_number(conn, d), d == FORWARD);
}

/* [HOST:]PORT; the name of a host has no colon */
static void
read_end(scenario *sc, line_reader *line, connection *conn, int side, const char *default_host)
{
    char **parts = g_strsplit(line_next(line, "a port"), ":", 2);
    const char *name = parts[1] ? parts[0] : default_host;

    conn->end[side] = scenario_host(sc, line, name);
    int64_t port = line_parse_number(line, parts[1] ? parts[1] : parts[0]);
    if (port < 0 || port > 65535)
        line_fail(line, "%" G_GINT64_FORMAT " is no port", port);
    conn->port[side] = (uint16_t)port;
    g_strfreev(parts);
}

static void
connection_read_state(line_reader *line, connection *conn)
{
    bool established = line_word(line, "established");
    int64_t start[2] = { line_number(line, "isn", -1), line_number(line, "isn-back", -1) };
    int64_t next[2] = { line_number(line, "seq", 1), line_number(line, "ack", 1) };

    for (int d = FORWARD; d <= BACKWARD; d++) {
        half *h = &conn->now[d];
        half_reset(h, start[d] >= 0 ? (uint32_t)start[d] : initial_number(conn, d), d == FORWARD);
        if (established) {
            h->started = true;
            h->next = h->arrived = h->acked = (uint32_t)next[d];
            h->last_tsval = conn->end[d]->clock;
        }
    }
}

connection *
connection_new(scenario *sc, line_reader *line, bool udp)
{
    connection *conn = g_new0(connection, 1);

    conn->udp = udp;
    conn->name = g_strdup(line_next(line, "a name"));
    conn->timestamps = !line_word(line, "no-timestamps");
    read_end(sc, line, conn, FORWARD, "client");
    if (strcmp(line_next(line, "->"), "->") != 0)
        line_fail(line, "a connection is written NAME PORT -> PORT");
    read_end(sc, line, conn, BACKWARD, "server");
    if (!sc->port_from[1] && conn->port[1] != 111) {
        sc->port_from[0] = conn->port[0];
        sc->port_from[1] = conn->port[1];
    }
    for (int side = 0; side < 2; side++)
        conn->port[side] = scenario_port(sc, side, conn->port[side]);
    connection_read_state(line, conn);
    return conn;
}
