/* flow.c
 * What connections send: sequence numbers, acknowledgments, time stamps and retransmissions that need not be written down.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <string.h>

enum { WINDOW_SCALE = 7, MICROSECOND = 1000, MILLISECOND = 1000000 };

/* What a line says about the way of its frames */
typedef struct {
    gint64   seq, ack, win, tsval, tsecr, split, fragment;      /* -1: not said */
    gboolean lost;          /* sent, not captured, did not arrive */
    gboolean unseen;        /* arrived, but was not captured */
    gboolean dropped;       /* captured, but did not arrive */
    gboolean twice, old, sack;
    guint32  sack_range[2];
} manner;

static void
manner_read_sack(line_reader *line, manner *how)
{
    const char *range = line_value(line, "sack");
    gint64 from, to;
    char **parts;

    if (!range)
        return;
    how->sack = TRUE;
    if (strcmp(range, "late") == 0)
        return;
    parts = g_strsplit(range, "-", 2);
    if (!parts[1])
        line_fail(line, "sack needs 'late' or a range such as 100-200");
    from = line_parse_number(line, parts[0]);
    to = line_parse_number(line, parts[1]);
    how->sack_range[0] = (guint32)from;
    how->sack_range[1] = (guint32)to;
    g_strfreev(parts);
}

static manner
manner_read(line_reader *line)
{
    manner how = {
        .seq = line_number(line, "seq", -1), .ack = line_number(line, "ack", -1), .win = line_number(line, "win", -1),
        .tsval = line_number(line, "tsval", -1), .tsecr = line_number(line, "tsecr", -1),
        .split = line_number(line, "split", -1), .fragment = line_number(line, "fragment", -1),
        .lost = line_word(line, "lost"), .unseen = line_word(line, "unseen"), .dropped = line_word(line, "dropped"),
        .twice = line_word(line, "twice"), .old = line_word(line, "old"),
    };
    manner_read_sack(line, &how);
    return how;
}

/* Sending */

static void
keep_frame(scenario *sc, GByteArray *ip, const host *src, const host *dst, gboolean twice)
{
    link_layer link = sc->link;

    link.outgoing = src == g_ptr_array_index(sc->hosts, 0);
    if (sc->only >= 0 && link.outgoing != (sc->only == 0))
        return;
    for (int copy = 0; copy < (twice || sc->frames_twice ? 2 : 1); copy++) {
        frame *f = g_new(frame, 1);
        f->time = sc->now + sc->shift + copy * MICROSECOND;
        f->bytes = link_wrap(&link, ip, src, dst);
        g_ptr_array_add(sc->frames, f);
    }
}

/* Takes the packet. */
static void
emit(scenario *sc, connection *conn, int direction, GByteArray *ip, const manner *how)
{
    if (!how->lost && !how->unseen)
        keep_frame(sc, ip, conn->end[direction], conn->end[!direction], how->twice);
    if (conn->last_packet[direction])
        g_byte_array_unref(conn->last_packet[direction]);
    conn->last_packet[direction] = ip;
}

static guint32
segment_end(const segment *seg)
{
    guint32 control = (seg->flags & TCP_SYN ? 1 : 0) + (seg->flags & TCP_FIN ? 1 : 0);
    return seg->seq + control + (seg->data ? seg->data->len : 0);
}

static guint32
host_clock(const scenario *sc, const host *h)
{
    return h->clock + (guint32)((sc->latest - sc->start) / MILLISECOND);
}

static void
fill_sack(tcp_header *tcp, const half *theirs, const manner *how)
{
    const guint32 *range = how->sack_range[1] ? how->sack_range : theirs->late;

    if (!how->sack)
        return;
    tcp->sacks = 1;
    tcp->sack[0] = theirs->isn + range[0];
    tcp->sack[1] = theirs->isn + range[1];
}

static guint16
window_field(const half *mine, const segment *seg, int direction)
{
    if (seg->flags & TCP_SYN)
        return direction == FORWARD ? 64240 : 65160;    /* not scaled yet */
    if (seg->flags == TCP_RST || !mine->started)
        return 0;                                       /* a RST from where there is no socket */
    return (guint16)(mine->window >> WINDOW_SCALE);
}

static tcp_header
header_of(scenario *sc, const connection *conn, int direction, const segment *seg, const manner *how)
{
    const half *halves = how->old ? conn->old : conn->now;
    const half *mine = &halves[direction], *theirs = &halves[!direction];
    const host *src = conn->end[direction];
    gboolean first = (seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    guint32 ack = how->ack >= 0 ? (guint32)how->ack : theirs->arrived;
    tcp_header tcp = {
        .sport = conn->port[direction], .dport = conn->port[!direction], .flags = seg->flags, .data = seg->data,
        .seq = mine->started || seg->flags & TCP_SYN ? mine->isn + seg->seq : 0,
        .ack = seg->flags & TCP_ACK ? theirs->isn + ack : 0,
        .window = window_field(mine, seg, direction),
        .timestamps = conn->timestamps && !(seg->flags & TCP_RST),
        .tsval = how->tsval >= 0 ? (guint32)how->tsval : host_clock(sc, src),
        .tsecr = how->tsecr >= 0 ? (guint32)how->tsecr : first ? 0 : theirs->last_tsval,
    };

    fill_sack(&tcp, theirs, how);
    return tcp;
}

static gboolean
before(guint32 a, guint32 b)
{
    return (gint32)(a - b) < 0;
}

/* The peer gets [from, to): it advances its ACK number, or keeps one block that came too early. */
static void
arrive(half *h, guint32 from, guint32 to)
{
    if (before(h->arrived, from)) {
        gboolean none = h->late[0] == h->late[1];
        h->late[0] = none || before(from, h->late[0]) ? from : h->late[0];
        h->late[1] = none || before(h->late[1], to) ? to : h->late[1];
        return;
    }
    if (before(h->arrived, to))
        h->arrived = to;
    if (!before(h->arrived, h->late[0]) && before(h->arrived, h->late[1]))
        h->arrived = h->late[1];
}

static void
account(half *mine, half *theirs, const segment *seg, const tcp_header *tcp, const manner *how)
{
    mine->started = TRUE;
    if (before(mine->next, segment_end(seg)))
        mine->next = segment_end(seg);
    if (how->lost || how->dropped)
        return;
    mine->last_tsval = tcp->tsval;
    arrive(mine, seg->seq, segment_end(seg));
    guint32 acked = tcp->ack - theirs->isn;
    if (seg->flags & TCP_ACK && before(theirs->acked, acked) && !before(theirs->next, acked))
        theirs->acked = acked;
}

static void
transmit(scenario *sc, connection *conn, int direction, const segment *seg, const manner *how)
{
    half *mine = &conn->now[direction];

    if (how->win >= 0)
        mine->window = how->win;
    tcp_header tcp = header_of(sc, conn, direction, seg, how);
    emit(sc, conn, direction, packet_tcp(conn->end[direction], conn->end[!direction], &tcp), how);
    if (!how->old && !(seg->flags & TCP_RST))
        account(mine, &conn->now[!direction], seg, &tcp, how);
}

/* The numbers of the incarnation before: a server that still holds it acknowledges what it had; the RST takes that number. */
static guint32
old_sequence(const connection *conn, int direction, guint8 flags)
{
    const half *mine = &conn->old[direction];
    return flags & TCP_RST ? mine->arrived : mine->next;
}

static void
send_segment(scenario *sc, connection *conn, int direction, guint8 flags, GByteArray *data, const manner *how)
{
    half *mine = &conn->now[direction];
    segment *seg = g_new0(segment, 1);

    seg->flags = flags;
    seg->data = data;
    seg->seq = how->seq >= 0 ? (guint32)how->seq : how->old ? old_sequence(conn, direction, flags) : mine->next;
    if (segment_end(seg) != seg->seq)
        g_ptr_array_add(mine->segments, seg);
    transmit(sc, conn, direction, seg, how);
}

/* "FIN,ACK" as bits; 0 when the word is not made of flags */
static guint8
parse_flags(const char *text)
{
    static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
    char **parts = g_strsplit(text, ",", 0);
    guint8 flags = 0;

    for (guint i = 0; parts[i]; i++) {
        guint bit = 0;
        while (bit < G_N_ELEMENTS(names) && strcmp(parts[i], names[bit]) != 0)
            bit++;
        if (bit == G_N_ELEMENTS(names)) {
            flags = 0;
            break;
        }
        flags |= 1u << bit;
    }
    g_strfreev(parts);
    return flags;
}

/* What a line may send, apart from flags and messages */

static void
send_retransmission(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    half *mine = &conn->now[direction];
    segment *chosen = NULL;

    for (guint i = 0; i < mine->segments->len && !chosen; i++) {
        segment *seg = g_ptr_array_index(mine->segments, i);
        guint32 wanted = how->seq >= 0 ? (guint32)how->seq : mine->acked;
        if (!before(seg->seq, wanted))
            chosen = seg;
    }
    if (!chosen && mine->segments->len && how->seq < 0)    /* all is acknowledged: the sender does not know it yet */
        chosen = g_ptr_array_index(mine->segments, mine->segments->len - 1);
    if (!chosen)
        line_fail(line, "there is nothing to retransmit");
    transmit(sc, conn, direction, chosen, how);
}

static void
send_keep_alive(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    segment probe = { .seq = conn->now[direction].next - 1, .flags = TCP_ACK };
    transmit(sc, conn, direction, &probe, how);
}

static void
send_data(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    gint64 len = line_parse_number(line, line_next(line, "a number of bytes"));
    GByteArray *data = g_byte_array_new();

    if (len < 1 || len > 60000)
        line_fail(line, "data takes 1 to 60000 bytes");
    g_byte_array_set_size(data, (guint)len);
    memset(data->data, 0, (gsize)len);
    send_segment(sc, conn, direction, TCP_PSH | TCP_ACK, data, how);
}

static void
send_text(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    const char *text = line_next(line, "a text");
    GByteArray *data = g_byte_array_new();

    g_byte_array_append(data, (const guint8 *)text, (guint)strlen(text));
    send_segment(sc, conn, direction, TCP_PSH | TCP_ACK, data, how);
}

static void
wait_for(scenario *sc, gint64 duration)
{
    sc->now += duration;
    sc->latest = MAX(sc->latest, sc->now);
}

/* A SYN that follows another life of the port pair starts a new one. */
static void
send_flags(scenario *sc, connection *conn, int direction, guint8 flags, line_reader *line, const manner *how)
{
    gboolean opening = (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && direction == FORWARD;

    if (opening && conn->now[direction].started)
        connection_open_anew(conn, line_word(line, "same-isn"));
    send_segment(sc, conn, direction, flags, NULL, how);
}

/* The three steps of a handshake, or of a close that this side begins, with a round trip of 0.2 ms */
static void
send_three(scenario *sc, connection *conn, int direction, guint8 first, guint8 second, line_reader *line, const manner *how)
{
    send_flags(sc, conn, direction, first, line, how);
    wait_for(sc, 200 * MICROSECOND);
    send_flags(sc, conn, !direction, second, line, how);
    wait_for(sc, 10 * MICROSECOND);
    send_flags(sc, conn, direction, TCP_ACK, line, how);
}

static void
send_open(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    send_three(sc, conn, direction, TCP_SYN, TCP_SYN | TCP_ACK, line, how);
}

static void
send_close(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    send_three(sc, conn, direction, TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, line, how);
}

static const struct {
    const char *name;
    void      (*send)(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how);
} verbs[] = {
    { "open", send_open },
    { "close", send_close },
    { "retransmit", send_retransmission },
    { "keep-alive", send_keep_alive },
    { "data", send_data },
    { "text", send_text },
};

/* Messages: one or more, as a datagram or as records of a stream */

static void
append_record(GByteArray *out, const guint8 *bytes, guint len, gboolean last)
{
    guint32 mark = g_htonl(len | (last ? 0x80000000u : 0));
    g_byte_array_append(out, (guint8 *)&mark, 4);
    g_byte_array_append(out, bytes, len);
}

static GByteArray *
read_messages(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    GByteArray *out = g_byte_array_new();
    guint end = line->tokens->len, begin = line->from;

    do {
        for (line->to = line->from; line->to < end; line->to++)
            if (strcmp(g_array_index(line->tokens, token, line->to).text, "also") == 0)
                break;
        GByteArray *message = message_build(sc, conn, direction, line);
        guint head = how->fragment > 0 ? MIN((guint)how->fragment, message->len) : 0;
        if (conn->udp)
            g_byte_array_append(out, message->data, message->len);
        else if (head)
            append_record(out, message->data, head, FALSE);
        if (!conn->udp)
            append_record(out, message->data + head, message->len - head, TRUE);
        g_byte_array_unref(message);
        if (line->to < end)
            g_array_index(line->tokens, token, line->to).used = TRUE;
        line->from = line->to + 1;
    } while (line->to < end);
    line->from = begin;
    return out;
}

static void
send_messages(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    GByteArray *bytes = read_messages(sc, conn, direction, line, how);

    if (conn->udp) {
        emit(sc, conn, direction,
             packet_udp(conn->end[direction], conn->end[!direction], conn->port[direction], conn->port[!direction], bytes), how);
        return;
    }
    if (how->split > 0 && how->split < bytes->len) {
        GByteArray *head = g_byte_array_new();
        g_byte_array_append(head, bytes->data, (guint)how->split);
        send_segment(sc, conn, direction, TCP_ACK, head, how);
        g_byte_array_remove_range(bytes, 0, (guint)how->split);
        wait_for(sc, 10 * MICROSECOND);
    }
    send_segment(sc, conn, direction, TCP_PSH | TCP_ACK, bytes, how);
}

static int
read_direction(line_reader *line)
{
    const char *sign = line_next(line, "> or <");
    if (strcmp(sign, ">") != 0 && strcmp(sign, "<") != 0)
        line_fail(line, "'%s' should be > (to the right side of the connection) or <", sign);
    return *sign == '>' ? FORWARD : BACKWARD;
}

void
connection_act(scenario *sc, connection *conn, line_reader *line)
{
    int direction = read_direction(line);
    manner how = manner_read(line);
    const char *word = line_peek(line);
    guint8 flags = word && !conn->udp ? parse_flags(word) : 0;

    if (flags) {
        line_next(line, "flags");
        send_flags(sc, conn, direction, flags, line, &how);
        return;
    }
    for (guint i = 0; word && !conn->udp && i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(word, verbs[i].name) == 0) {
            line_next(line, word);
            verbs[i].send(sc, conn, direction, line, &how);
            return;
        }
    }
    send_messages(sc, conn, direction, line, &how);
}

static connection *
find_connection(const scenario *sc, const line_reader *line, const char *name)
{
    for (guint i = 0; name && i < sc->connections->len; i++) {
        connection *conn = g_ptr_array_index(sc->connections, i);
        if (strcmp(conn->name, name) == 0)
            return conn;
    }
    line_fail(line, "an icmp line reads: icmp KIND from HOST quotes CONNECTION >");
}

/* icmp KIND from HOST quotes CONNECTION > [N bytes]: the last packet that way, captured or not */
void
icmp_act(scenario *sc, line_reader *line)
{
    const char *kind = line_next(line, "the kind of error"), *from = line_value(line, "from");
    connection *conn = find_connection(sc, line, line_value(line, "quotes"));
    int direction = read_direction(line);
    gint64 bytes = line_peek(line) ? line_parse_number(line, line_next(line, "a number of bytes")) : 0;
    host router = { .name = NULL }, *src = &router;

    line_word(line, "bytes");
    if (!conn->last_packet[direction])
        line_fail(line, "nothing was sent that way yet");
    if (from && address_parse(from, sc->ipv6, &router.addr))
        host_set_mac(src);
    else
        src = scenario_host(sc, line, from ? from : "server");
    GByteArray *ip = packet_icmp(src, conn->end[direction], kind, conn->last_packet[direction], (guint)bytes);
    if (!ip)
        line_fail(line, "'%s' is no ICMP error that is known here", kind);
    keep_frame(sc, ip, src, conn->end[direction], FALSE);
    g_byte_array_unref(ip);
}
