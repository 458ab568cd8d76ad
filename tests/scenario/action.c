/* action.c
 * What a line can make a connection do: flags, messages, retransmissions; and the ICMP errors that others send about it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "flow.h"

#include <string.h>

/* "FIN,ACK" as bits; 0 when the word is not made of flags */
static uint8_t
parse_flags(const char *text)
{
    static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
    char **parts = g_strsplit(text, ",", 0);
    uint8_t flags = 0;

    for (unsigned i = 0; parts[i]; i++) {
        unsigned bit = 0;
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

    for (unsigned i = 0; i < mine->segments->len && !chosen; i++) {
        segment *seg = g_ptr_array_index(mine->segments, i);
        uint32_t wanted = how->seq >= 0 ? (uint32_t)how->seq : mine->acked;
        if (!flow_before(seg->seq, wanted))
            chosen = seg;
    }
    if (!chosen && mine->segments->len && how->seq < 0)    /* all is acknowledged: the sender does not know it yet */
        chosen = g_ptr_array_index(mine->segments, mine->segments->len - 1);
    if (!chosen)
        line_fail(line, "there is nothing to retransmit");
    flow_transmit(sc, conn, direction, chosen, how);
}

static void
send_keep_alive(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    segment probe = { .seq = conn->now[direction].next - 1, .flags = TCP_ACK };
    flow_transmit(sc, conn, direction, &probe, how);
}

/* Takes the bytes: as a datagram or as a segment. */
static void
send_bytes(scenario *sc, connection *conn, int direction, GByteArray *bytes, const manner *how)
{
    if (conn->udp)
        flow_emit(sc, conn, direction,
                  packet_udp(conn->end[direction], conn->end[!direction], conn->port[direction], conn->port[!direction], bytes), how);
    else
        flow_send(sc, conn, direction, TCP_PSH | TCP_ACK, bytes, how);
}

static void
send_data(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    int64_t len = line_parse_number(line, line_next(line, "a number of bytes"));
    GByteArray *data = g_byte_array_new();

    if (len < 1 || len > 60000)
        line_fail(line, "data takes 1 to 60000 bytes");
    g_byte_array_set_size(data, (unsigned)len);
    memset(data->data, 0, (size_t)len);
    send_bytes(sc, conn, direction, data, how);
}

static void
send_text(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    const char *text = line_next(line, "a text");
    GByteArray *data = g_byte_array_new();

    g_byte_array_append(data, (const uint8_t *)text, (unsigned)strlen(text));
    send_bytes(sc, conn, direction, data, how);
}

static void
wait_for(scenario *sc, int64_t duration)
{
    sc->now += duration;
    sc->latest = MAX(sc->latest, sc->now);
}

/* A SYN that follows another life of the port pair starts a new one. */
static void
send_flags(scenario *sc, connection *conn, int direction, uint8_t flags, line_reader *line, const manner *how)
{
    bool opening = (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && direction == FORWARD;

    if (opening && conn->now[direction].started)
        connection_open_anew(conn, line_word(line, "same-isn"));
    flow_send(sc, conn, direction, flags, NULL, how);
}

/* The three steps of a handshake, or of a close that this side begins, with a round trip of 0.2 ms */
static void
send_three(scenario *sc, connection *conn, int direction, uint8_t first, uint8_t second, line_reader *line, const manner *how)
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
    bool    over_udp;
} verbs[] = {
    { "open", send_open, false },
    { "close", send_close, false },
    { "retransmit", send_retransmission, false },
    { "keep-alive", send_keep_alive, false },
    { "data", send_data, true },
    { "text", send_text, true },
};

/* Messages: one or more, as a datagram or as records of a stream */

static void
append_record(GByteArray *out, const uint8_t *bytes, unsigned len, bool last)
{
    uint32_t mark = g_htonl(len | (last ? 0x80000000u : 0));
    g_byte_array_append(out, (uint8_t *)&mark, 4);
    g_byte_array_append(out, bytes, len);
}

static GByteArray *
read_messages(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    GByteArray *out = g_byte_array_new();
    unsigned end = line->tokens->len, begin = line->from;

    do {
        for (line->to = line->from; line->to < end; line->to++)
            if (strcmp(g_array_index(line->tokens, token, line->to).text, "also") == 0)
                break;
        GByteArray *message = message_build(sc, conn, direction, line);
        unsigned head = how->fragment > 0 ? MIN((unsigned)how->fragment, message->len) : 0;
        if (conn->udp)
            g_byte_array_append(out, message->data, message->len);
        else if (head)
            append_record(out, message->data, head, false);
        if (!conn->udp)
            append_record(out, message->data + head, message->len - head, true);
        g_byte_array_unref(message);
        if (line->to < end)
            g_array_index(line->tokens, token, line->to).used = true;
        line->from = line->to + 1;
    } while (line->to < end);
    line->from = begin;
    return out;
}

static void
send_messages(scenario *sc, connection *conn, int direction, line_reader *line, const manner *how)
{
    GByteArray *bytes = read_messages(sc, conn, direction, line, how);

    if (!conn->udp && how->split > 0 && how->split < bytes->len) {
        GByteArray *head = g_byte_array_new();
        g_byte_array_append(head, bytes->data, (unsigned)how->split);
        flow_send(sc, conn, direction, TCP_ACK, head, how);
        g_byte_array_remove_range(bytes, 0, (unsigned)how->split);
        wait_for(sc, 10 * MICROSECOND);
    }
    send_bytes(sc, conn, direction, bytes, how);
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
    uint8_t flags = word && !conn->udp ? parse_flags(word) : 0;

    if (flags) {
        line_next(line, "flags");
        send_flags(sc, conn, direction, flags, line, &how);
        return;
    }
    for (unsigned i = 0; word && i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(word, verbs[i].name) == 0 && (verbs[i].over_udp || !conn->udp)) {
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
    for (unsigned i = 0; name && i < sc->connections->len; i++) {
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
    int64_t bytes = line_peek(line) ? line_parse_number(line, line_next(line, "a number of bytes")) : 0;
    host router = { .name = NULL }, *src = &router;

    line_word(line, "bytes");
    if (!conn->last_packet[direction])
        line_fail(line, "nothing was sent that way yet");
    if (from && address_parse(from, sc->ipv6, &router.addr))
        host_set_mac(src);
    else
        src = scenario_host(sc, line, from ? from : "server");
    GByteArray *ip = packet_icmp(src, conn->end[direction], kind, conn->last_packet[direction], (unsigned)bytes);
    if (!ip)
        line_fail(line, "'%s' is no ICMP error that is known here", kind);
    flow_keep_frame(sc, ip, src, conn->end[direction], false, false);
    g_byte_array_unref(ip);
}
