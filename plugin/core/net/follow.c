/* follow.c
 * Which connections are followed, and their incarnations.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/follow.h"

#include "core/base/limits.h"
#include "core/base/hash.h"
#include "core/model/call.h"
#include "core/model/conn.h"
#include "core/model/losses.h"
#include "core/clock/attempt.h"
#include "core/net/wrong_source.h"
#include "core/judge/outage_end.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"
#include "core/judge/raise.h"

#define MOUNTD_PORT 20048 /* IANA; others are known by their look-up */

/* Both directions of a 4-tuple have one hash. */
static uint32_t
hash_ends(const nh_end *a, const nh_end *b)
{
    bool turned = a->port != b->port ? a->port > b->port : memcmp(&a->addr, &b->addr, sizeof a->addr) > 0;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, turned ? &b->addr : &a->addr);
    nh_hash_addr(&hash, turned ? &a->addr : &b->addr);
    nh_hash_word(&hash, turned ? (uint32_t)b->port << 16 | a->port : (uint32_t)a->port << 16 | b->port);
    return nh_hash_end(&hash);
}

static bool
is_between(const nh_conn *conn, const nh_end *a, const nh_end *b)
{
    return nh_conn_joins(conn, a, b) || nh_conn_joins(conn, b, a);
}

/* Where a connection of these ports is kept while it is in use: the next packet is nearly always of one of those. */
static nh_conn **
place_of(nh_watch *watch, const nh_end *a, const nh_end *b)
{
    uint32_t host_a = a->addr.bytes[3] + a->addr.bytes[15], host_b = b->addr.bytes[3] + b->addr.bytes[15]; /* of IPv4, of IPv6 */
    uint32_t place = (uint32_t)(a->port ^ b->port) * 37 + host_a + host_b; /* the same both ways; ports and hosts may go up together */

    return &watch->recent_conns[place % G_N_ELEMENTS(watch->recent_conns)];
}

static nh_conn *
find(nh_watch *watch, const nh_end *a, const nh_end *b, uint32_t hash)
{
    for (nh_link *link = nh_table_first(&watch->conns, hash); link; link = link->next)
        if (is_between((nh_conn *)link, a, b))
            return (nh_conn *)link;
    return NULL;
}

nh_conn *
nh_follow_find(nh_watch *watch, const nh_end *a, const nh_end *b)
{
    nh_conn **recent = place_of(watch, a, b);

    if (*recent && is_between(*recent, a, b))
        return *recent;
    nh_conn *conn = find(watch, a, b, hash_ends(a, b));
    if (conn)
        *recent = conn;
    return conn;
}

/* --- what a connection is -------------------------------------------------------- */

nh_service
nh_follow_service(const nh_watch *watch, const nh_end *server)
{
    uint32_t prog = nh_port_program(watch, &server->addr, NH_L4_TCP, server->port);

    if (prog)
        return nh_service_of_program(prog);
    if (server->port == NH_PORTMAP_PORT)
        return NH_SERVICE_PORTMAP;
    return NH_SERVICE_NONE;
}

/* NFS and mountd are no lock service, and their clients use reserved ports, too: no dissector claims these by number. */
static bool
is_nfs(uint16_t port)
{
    return port == NH_NFS_PORT || port == MOUNTD_PORT;
}

/* What may be a lock connection, though nothing has said so: a reserved client port, and nobody else's server. */
static bool
is_probable(const nh_watch *watch, const nh_end *client, const nh_end *server)
{
    return watch->options.reserved_ports && nh_port_is_reserved(client->port) && !is_nfs(server->port) &&
           !nh_port_is_claimed(watch, server->port) && nh_port_program(watch, &server->addr, NH_L4_TCP, server->port) == 0;
}

/* Who is the client of a connection met in the middle, and what service is it? */
static nh_service
judge_middle(const nh_watch *watch, const nh_segment *segment, bool *from_client)
{
    nh_service service = nh_follow_service(watch, &segment->dst);

    *from_client = true;
    if (service != NH_SERVICE_NONE)
        return service;
    *from_client = false;
    service = nh_follow_service(watch, &segment->src);
    if (service != NH_SERVICE_NONE || nh_port_is_reserved(segment->src.port) == nh_port_is_reserved(segment->dst.port))
        return service;
    *from_client = nh_port_is_reserved(segment->src.port);
    const nh_end *client = *from_client ? &segment->src : &segment->dst, *server = *from_client ? &segment->dst : &segment->src;
    return is_probable(watch, client, server) && !nh_port_is_claimed(watch, client->port) ? NH_SERVICE_PROBABLE : NH_SERVICE_NONE;
}

/* A lock was given back for which this client waits: its server calls back at once, also at a port that nobody has looked up. */
static bool
is_callback(const nh_watch *watch, const nh_segment *syn)
{
    const nh_pair *pair = watch->waiters > 0 ? nh_pair_find(watch, &syn->dst.addr, &syn->src.addr) : NULL;

    return pair && pair->waiters > 0 && pair->freed.frame && syn->time - pair->freed.time <= NH_CALLBACK_TIME &&
           !nh_port_is_claimed(watch, syn->dst.port) && !is_nfs(syn->dst.port) && !nh_pair_find(watch, &syn->src.addr, &syn->dst.addr);
}

/* Whether and as what a connection is followed whose first packet this is. */
static nh_service
judge(const nh_watch *watch, const nh_segment *segment, bool *from_client)
{
    bool syn = segment->flags & NH_TH_SYN, ack = segment->flags & NH_TH_ACK;
    nh_service service;

    if (!syn)
        return segment->flags & NH_TH_RST ? NH_SERVICE_NONE : judge_middle(watch, segment, from_client);
    *from_client = !ack;
    const nh_end *client = ack ? &segment->dst : &segment->src, *server = ack ? &segment->src : &segment->dst;
    service = nh_follow_service(watch, server);
    if (service == NH_SERVICE_NONE && is_probable(watch, client, server))
        service = NH_SERVICE_PROBABLE;
    if (service == NH_SERVICE_NONE && !ack && is_callback(watch, segment))
        service = NH_SERVICE_PROBABLE;
    return service;
}

static nh_conn *
new_conn(nh_watch *watch, const nh_end *client, const nh_end *server, nh_service service, nh_moment at)
{
    nh_conn *conn = nh_arena_take(watch->arena, sizeof *conn);
    uint32_t hash = hash_ends(client, server);

    conn->client = *client;
    conn->server = *server;
    conn->service = service;
    conn->first = conn->last = at;
    conn->previous = find(watch, client, server, hash);
    conn->pair = nh_pair_of_flow(watch, &client->addr, &server->addr, &conn->way);
    nh_pair_own_conn(conn->pair, conn);
    nh_asks_by_conn(watch, conn);
    nh_table_put(&watch->conns, &conn->link, hash, conn->previous ? &conn->previous->link : NULL);
    *place_of(watch, client, server) = conn;
    g_ptr_array_add(watch->conn_list, conn);
    nh_port_mark(watch, server->port);
    return conn;
}

void
nh_conn_move(nh_conn *conn, nh_pair *pair, nh_way way)
{
    nh_raise_take_back(conn);
    conn->pair = pair;
    conn->way = way;
    nh_pair_own_conn(pair, conn);
}

/* Another attempt to open a connection that never opened: the same story goes on. */
static void
restart(nh_conn *conn)
{
    bool unanswered = conn->state == NH_TCP_SYN_SENT && conn->half[1].packets == 0;

    conn->attempts_unanswered = unanswered ? conn->attempts_unanswered + 1 : 0;
    conn->state = NH_TCP_SYN_SENT;
    conn->syn_count = conn->synack_count = 0;
    conn->synack.frame = 0;
    nh_records_clear(&conn->half[0].records);
    nh_records_clear(&conn->half[1].records);
    memset(conn->half, 0, sizeof conn->half);
}

/* A SYN on a known 4-tuple: resent, another attempt, or the next incarnation? */
static nh_conn *
reopen(nh_watch *watch, nh_conn *conn, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    bool same_client = nh_conn_half(conn, &segment->src) == 0;
    bool from_client;

    bool behind_answer = !conn->syn.frame && conn->synack.frame; /* captured behind its SYN-ACK */

    if (same_client && (conn->syn.frame || behind_answer) && conn->isn == segment->seq && conn->state != NH_TCP_CLOSED)
        return conn;
    if (same_client && conn->syn.frame && !conn->established.frame && at.time - conn->last.time < NH_ATTEMPTS_APART) {
        restart(conn);
        return conn;
    }
    nh_service service = same_client ? conn->service : judge(watch, segment, &from_client);
    if (service == NH_SERVICE_NONE || (same_client && conn->foreign))
        return same_client ? conn : NULL;
    nh_conn *fresh = new_conn(watch, &segment->src, &segment->dst, service, at);
    nh_trouble_end(conn, NH_FINDING_NONE, at);
    return fresh;
}

/* Ahead or behind; numbers turn round (RFC 9293, section 3.4). */
static bool
is_far(const nh_half *half, uint32_t seq)
{
    uint32_t ahead = seq - half->next, behind = half->next - seq;

    return half->has_next && MIN(ahead, behind) > NH_FAR_APART;
}

/* Its SYN was not captured: a SYN-ACK of other numbers answers it, or both hosts go on with others. */
static bool
is_next_incarnation(const nh_conn *conn, const nh_segment *segment)
{
    int half = nh_conn_half(conn, &segment->src);
    const nh_half *from = &conn->half[half], *to = &conn->half[!half];
    bool known = (conn->established.frame || conn->middle) && !(segment->flags & NH_TH_RST) && segment->flags & NH_TH_ACK;

    if (segment->flags & NH_TH_SYN && from == &conn->half[0])
        return false;
    return known && !segment->quoted && is_far(from, segment->seq) && is_far(to, segment->ack);
}

static nh_conn *
next_incarnation(nh_watch *watch, nh_conn *conn, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    nh_conn *fresh = new_conn(watch, &conn->client, &conn->server, conn->service, at);

    nh_trouble_end(conn, NH_FINDING_NONE, at);
    if (segment->flags & NH_TH_SYN)
        return fresh;
    fresh->middle = true;
    fresh->state = NH_TCP_ESTABLISHED;
    fresh->established = at;
    nh_loss_note(fresh->pair, at);
    if (nh_conn_carries_locks(fresh))
        nh_attempt_connect(fresh, at);
    return fresh;
}

nh_conn *
nh_follow_known(nh_watch *watch, nh_conn *conn, const nh_segment *segment)
{
    if ((segment->flags & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN)
        conn = reopen(watch, conn, segment);
    else if (!conn->foreign && is_next_incarnation(conn, segment))
        conn = next_incarnation(watch, conn, segment);
    return conn && !conn->foreign ? conn : NULL;
}

nh_conn *
nh_follow(nh_watch *watch, const nh_segment *segment)
{
    nh_conn *known = nh_follow_find(watch, &segment->src, &segment->dst);

    return known ? nh_follow_known(watch, known, segment) : nh_follow_new(watch, segment);
}

nh_conn *
nh_follow_new(nh_watch *watch, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    nh_conn *conn;
    bool from_client;

    if (nh_wrong_source_segment(watch, segment))
        return NULL;
    nh_service service = judge(watch, segment, &from_client);
    if (service == NH_SERVICE_NONE)
        return NULL;
    conn = from_client ? new_conn(watch, &segment->src, &segment->dst, service, at)
                       : new_conn(watch, &segment->dst, &segment->src, service, at);
    conn->middle = !(segment->flags & NH_TH_SYN);
    if (conn->middle)
        conn->state = NH_TCP_ESTABLISHED;
    if (conn->middle && service == NH_SERVICE_PORTMAP && nh_time_known(watch->first) &&
        nh_elapsed(watch->first, at.time) > NH_LOOKUP_CONNECTION_TIME)
        nh_loss_note(conn->pair, at);
    return conn;
}

nh_conn *
nh_follow_message(nh_watch *watch, const nh_end *client, const nh_end *server, nh_service service, nh_moment at)
{
    nh_conn *conn = nh_follow_find(watch, client, server);

    if (!conn) {
        conn = new_conn(watch, client, server, service, at);
        conn->middle = true;
        conn->state = NH_TCP_ESTABLISHED;
    }
    if (conn->service == NH_SERVICE_PROBABLE)
        conn->service = service;
    return conn;
}
