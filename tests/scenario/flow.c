/* flow.c
 * Segments on their way: sequence numbers, acknowledgments and time stamps that need not be written down.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "flow.h"

#include <string.h>

enum { WINDOW_SCALE = 7, MILLISECOND = 1000000 };

static void
manner_read_sack(line_reader *line, manner *how)
{
    const char *range = line_value(line, "sack");
    int64_t from, to;
    char **parts;

    if (!range)
        return;
    how->sack = true;
    if (strcmp(range, "late") == 0)
        return;
    parts = g_strsplit(range, "-", 2);
    if (!parts[1])
        line_fail(line, "sack needs 'late' or a range such as 100-200");
    from = line_parse_number(line, parts[0]);
    to = line_parse_number(line, parts[1]);
    how->sack_range[0] = (uint32_t)from;
    how->sack_range[1] = (uint32_t)to;
    g_strfreev(parts);
}

manner
manner_read(line_reader *line)
{
    manner how = {
        .seq = line_number(line, "seq", -1), .ack = line_number(line, "ack", -1), .win = line_number(line, "win", -1),
        .tsval = line_number(line, "tsval", -1), .tsecr = line_number(line, "tsecr", -1),
        .split = line_number(line, "split", -1), .fragment = line_number(line, "fragment", -1),
        .hops = line_number(line, "hops", -1), .machine = line_number(line, "machine", -1), .lost = line_word(line, "lost"), .unseen = line_word(line, "unseen"), .dropped = line_word(line, "dropped"),
        .twice = line_word(line, "twice"), .old = line_word(line, "old"),
    };
    manner_read_sack(line, &how);
    return how;
}

/* Sending */

static void
keep_at(scenario *sc, int64_t time, const link_layer *link, const GByteArray *ip, const host *src, const host *dst)
{
    frame *f = g_new(frame, 1);

    f->time = time + sc->shift;
    f->bytes = link_wrap(link, ip, src, dst);
    g_ptr_array_add(sc->frames, f);
}

/* At the server's point: its clock, and what the packet looks like there. */
static void
keep_there(scenario *sc, int64_t time, const link_layer *link, const GByteArray *ip, const host *src, const host *dst)
{
    GByteArray *seen = between_pass(&sc->between, ip, src != g_ptr_array_index(sc->hosts, 1), true);

    keep_at(sc, time + sc->offset + (int64_t)(sc->drift * (double)(time - sc->start)), link, seen, src, dst);
    g_byte_array_unref(seen);
}

/* At the client's host, or at the server's, too: each sees what it sends and what comes to it. */
static void
keep_copy(scenario *sc, int64_t time, const link_layer *link, const GByteArray *ip, const host *src, const host *dst, bool dropped)
{
    const host *server = g_ptr_array_index(sc->hosts, 1);

    if (!sc->two_points) {
        keep_at(sc, time, link, ip, src, dst);
        return;
    }
    if (src != server || !dropped) {
        GByteArray *seen = between_pass(&sc->between, ip, src != server, false);
        keep_at(sc, time, link, seen, src, dst);
        g_byte_array_unref(seen);
    }
    if (src == server)
        keep_there(sc, time - sc->way, link, ip, src, dst);
    else if (dst == server && !dropped)
        keep_there(sc, time + sc->way, link, ip, src, dst);
}

/* Its fragments leave one right behind the other. */
void
flow_keep_frame(scenario *sc, GByteArray *ip, const host *src, const host *dst, bool twice, bool dropped)
{
    GPtrArray *fragments = packet_fragments(ip, sc->link.mtu, ++sc->last_fragmented);
    unsigned copies = twice || sc->frames_twice ? 2 : 1;
    link_layer link = sc->link;

    link.outgoing = src == g_ptr_array_index(sc->hosts, 0);
    for (unsigned i = 0; i < fragments->len * copies && (sc->only < 0 || link.outgoing == (sc->only == 0)); i++)
        keep_copy(sc, sc->now + i % copies * MICROSECOND, &link, g_ptr_array_index(fragments, i / copies), src, dst, dropped);
    g_ptr_array_unref(fragments);
}

/* Takes the packet. */
void
flow_emit(scenario *sc, connection *conn, int direction, GByteArray *ip, const manner *how)
{
    host *src = conn->end[direction];
    uint16_t own = src->machine;

    if (how->machine >= 0)
        src->machine = (uint16_t)how->machine;
    host_set_mac(src);
    if (!how->lost && !how->unseen)
        flow_keep_frame(sc, ip, src, conn->end[!direction], how->twice, how->dropped);
    src->machine = own;
    host_set_mac(src);
    if (conn->last_packet[direction])
        g_byte_array_unref(conn->last_packet[direction]);
    conn->last_packet[direction] = ip;
}

static uint32_t
segment_end(const segment *seg)
{
    uint32_t control = (seg->flags & TCP_SYN ? 1 : 0) + (seg->flags & TCP_FIN ? 1 : 0);
    return seg->seq + control + (seg->data ? seg->data->len : 0);
}

static uint32_t
host_clock(const scenario *sc, const host *h)
{
    return h->clock + (uint32_t)((sc->latest - sc->start) / MILLISECOND);
}

static void
fill_sack(tcp_header *tcp, const half *theirs, const manner *how)
{
    const uint32_t *range = how->sack_range[1] ? how->sack_range : theirs->late;

    if (!how->sack)
        return;
    tcp->sacks = 1;
    tcp->sack[0] = theirs->isn + range[0];
    tcp->sack[1] = theirs->isn + range[1];
}

static uint16_t
window_field(const half *mine, const segment *seg, int direction)
{
    if (seg->flags & TCP_SYN)
        return direction == FORWARD ? 64240 : 65160;    /* not scaled yet */
    if (seg->flags == TCP_RST || !mine->started)
        return 0;                                       /* a RST from where there is no socket */
    return (uint16_t)(mine->window >> WINDOW_SCALE);
}

static tcp_header
header_of(scenario *sc, const connection *conn, int direction, const segment *seg, const manner *how)
{
    const half *halves = how->old ? conn->old : conn->now;
    const half *mine = &halves[direction], *theirs = &halves[!direction];
    const host *src = conn->end[direction];
    bool first = (seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    uint32_t ack = how->ack >= 0 ? (uint32_t)how->ack : theirs->arrived;
    tcp_header tcp = {
        .sport = conn->port[direction], .dport = conn->port[!direction], .flags = seg->flags, .data = seg->data,
        .seq = mine->started || seg->flags & TCP_SYN ? mine->isn + seg->seq : 0,
        .ack = seg->flags & TCP_ACK ? theirs->isn + ack : 0,
        .window = window_field(mine, seg, direction),
        .timestamps = conn->timestamps && !(seg->flags & TCP_RST),
        .tsval = how->tsval >= 0 ? (uint32_t)how->tsval : host_clock(sc, src),
        .tsecr = how->tsecr >= 0 ? (uint32_t)how->tsecr : first ? 0 : theirs->last_tsval,
    };

    fill_sack(&tcp, theirs, how);
    return tcp;
}

bool
flow_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* The peer gets [from, to): it advances its ACK number, or keeps one block that came too early. */
static void
arrive(half *h, uint32_t from, uint32_t to)
{
    if (flow_before(h->arrived, from)) {
        bool none = h->late[0] == h->late[1];
        h->late[0] = none || flow_before(from, h->late[0]) ? from : h->late[0];
        h->late[1] = none || flow_before(h->late[1], to) ? to : h->late[1];
        return;
    }
    if (flow_before(h->arrived, to))
        h->arrived = to;
    if (!flow_before(h->arrived, h->late[0]) && flow_before(h->arrived, h->late[1]))
        h->arrived = h->late[1];
}

static void
account(half *mine, half *theirs, const segment *seg, const tcp_header *tcp, const manner *how)
{
    mine->started = true;
    if (flow_before(mine->next, segment_end(seg)))
        mine->next = segment_end(seg);
    if (how->lost || how->dropped)
        return;
    mine->last_tsval = tcp->tsval;
    arrive(mine, seg->seq, segment_end(seg));
    uint32_t acked = tcp->ack - theirs->isn;
    if (seg->flags & TCP_ACK && flow_before(theirs->acked, acked) && !flow_before(theirs->next, acked))
        theirs->acked = acked;
}

void
flow_transmit(scenario *sc, connection *conn, int direction, const segment *seg, const manner *how)
{
    half *mine = &conn->now[direction];

    if (how->win >= 0)
        mine->window = how->win;
    tcp_header tcp = header_of(sc, conn, direction, seg, how);
    conn->end[direction]->hops = how->hops > 0 ? (uint8_t)how->hops : 0;
    flow_emit(sc, conn, direction, packet_tcp(conn->end[direction], conn->end[!direction], &tcp), how);
    if (!how->old && !(seg->flags & TCP_RST))
        account(mine, &conn->now[!direction], seg, &tcp, how);
}

/* The numbers of the incarnation before: a server that still holds it acknowledges what it had; the RST takes that number. */
static uint32_t
old_sequence(const connection *conn, int direction, uint8_t flags)
{
    const half *mine = &conn->old[direction];
    return flags & TCP_RST ? mine->arrived : mine->next;
}

void
flow_send(scenario *sc, connection *conn, int direction, uint8_t flags, GByteArray *data, const manner *how)
{
    half *mine = &conn->now[direction];
    segment *seg = g_new0(segment, 1);

    seg->flags = flags;
    seg->data = data;
    seg->seq = how->seq >= 0 ? (uint32_t)how->seq : how->old ? old_sequence(conn, direction, flags) : mine->next;
    if (segment_end(seg) != seg->seq)
        g_ptr_array_add(mine->segments, seg);
    flow_transmit(sc, conn, direction, seg, how);
}
