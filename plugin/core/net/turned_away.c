/* turned_away.c
 * New connections that the server closes or resets as soon as they are open, one after the other.
 *
 * Whoever listens takes them and gives them up: a limit of connections (svc_check_conn_limits, net/sunrpc/svc_xprt.c), an access list, a proxy whose own server is away.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/turned_away.h"

#include "core/base/limits.h"
#include "core/judge/outage.h"
#include "core/model/ports.h"

/* To lockd, or on the way to it: its port is looked up. */
static bool
is_to_lockd(const nh_conn *conn)
{
    nh_service service = nh_conn_service(conn);

    bool maybe = service == NH_SERVICE_PROBABLE || service == NH_SERVICE_PORTMAP;

    return conn->way == NH_FORWARD && (service == NH_SERVICE_NLM || (maybe && conn->pair->lock_traffic));
}

void
nh_turned_away_opens(nh_conn *conn)
{
    nh_pair *pair = conn->pair;

    if (!is_to_lockd(conn))
        return;
    if (pair->opened && !pair->opened->turned_away)
        pair->turned_away = 0;
    pair->opened = conn;
}

unsigned
nh_turned_away_count(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;
    nh_moment open = conn->established.frame ? conn->established : conn->synack;

    if (conn->turned_away)
        return pair->turned_away; /* the RST after its FIN */
    if (!is_to_lockd(conn) || !conn->syn.frame || !open.frame || at.time - open.time > NH_AT_ONCE || conn->half[0].fin ||
        conn->half[1].newest.frame)
        return 0;
    conn->turned_away = true;
    if (pair->turned_away == 0)
        pair->turned_since = conn->syn;
    return ++pair->turned_away;
}

void
nh_turned_away_to_outage(const nh_conn *conn)
{
    nh_pair *pair = conn->pair;

    if (!pair->open || !conn->turned_away)
        return;
    pair->open->turned_away = pair->turned_away;
    if (pair->turned_away >= NH_TURNED_AWAY_MIN) /* who comes back so often wants something */
        nh_outage_waits(pair, pair->turned_since.time);
}
