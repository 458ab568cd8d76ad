/* scenario.h
 * A text scenario on its way to a capture file: what the parts of the compiler share.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SCENARIO_H
#define SCENARIO_H

#include <glib.h>

#define SECOND G_GINT64_CONSTANT(1000000000)

/* One line of the scenario. Whoever understands a token marks it as used; what remains unused is a mistake. */
typedef struct {
    char     *text;
    gboolean  used;
} token;

typedef struct {
    const char *file;
    guint       number;
    GArray     *tokens;     /* of token */
    guint       from, to;   /* part of the line that is being read */
} line_reader;

line_reader *line_new(const char *file, guint number, const char *text);
void line_free(line_reader *line);
void line_rewind(line_reader *line);
G_NORETURN void line_fail(const line_reader *line, const char *format, ...) G_GNUC_PRINTF(2, 3);
const char *line_peek(const line_reader *line);
const char *line_next(line_reader *line, const char *expected);
gboolean line_word(line_reader *line, const char *word);
const char *line_value(line_reader *line, const char *name);
gint64 line_number(line_reader *line, const char *name, gint64 otherwise);
gint64 line_parse_number(const line_reader *line, const char *text);
gint64 line_parse_seconds(const line_reader *line, const char *text);
gint64 line_parse_date(const line_reader *line, const char *text);
gint64 line_parse_clock(const line_reader *line, const char *text, gint64 start);
void line_finish(line_reader *line);

/* Addresses, frames and the capture file (packet.c, link.c, capture.c) */
typedef struct {
    guint8 bytes[16];
    guint8 len;
} address;

typedef struct {
    char    *name;
    address  addr;
    guint8   mac[6];
    guint16  ip_id;
    guint32  clock;         /* TCP timestamp at the start of the scenario; one tick is a millisecond */
} host;

enum { LINK_ETHERNET, LINK_SLL, LINK_SLL2, LINK_RAW, LINK_NULL, LINK_COUNT };

typedef struct {
    int      kind;
    gint64   vlan, vxlan, gre;  /* -1: none */
    guint    mtu;           /* larger packets travel in fragments; 0: none does */
    gboolean outgoing;      /* sent by the host that captures (SLL2 says so) */
} link_layer;

typedef struct {
    gint64      time;
    GByteArray *bytes;
} frame;

typedef struct {
    guint16 sport, dport;
    guint32 seq, ack;
    guint8  flags;
    guint16 window;
    guint32 tsval, tsecr;
    gboolean timestamps;
    guint   sacks;
    guint32 sack[2];
    const GByteArray *data;
} tcp_header;

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128 };

int address_parse(const char *text, gboolean as_ipv6, address *addr);
char *address_text(const address *addr);
void host_set_mac(host *h);
int link_parse(const char *name);
/* Takes the payload. */
GByteArray *packet_ip(host *src, const host *dst, guint8 proto, GByteArray *payload);
GByteArray *packet_tcp(host *src, const host *dst, const tcp_header *tcp);
GByteArray *packet_udp(host *src, const host *dst, guint16 sport, guint16 dport, const GByteArray *data);
GByteArray *packet_icmp(host *src, const host *dst, const char *what, const GByteArray *quoted, guint quote_len);
/* The packet itself where it needs no fragments; id: IPv6 names a packet's fragments so, IPv4 has it in the header */
GPtrArray *packet_fragments(GByteArray *ip, guint mtu, guint32 id);
GByteArray *link_wrap(const link_layer *link, const GByteArray *ip, const host *src, const host *dst);
const char *capture_write(const char *path, const GPtrArray *frames, const link_layer *link, guint snaplen);

/* Connections (connection.c, flow.c, action.c) */
enum { FORWARD, BACKWARD };     /* sent by the left or the right side of "a -> b" */

typedef struct {
    guint32     seq;        /* relative to the initial sequence number, as all numbers below */
    guint8      flags;
    GByteArray *data;
} segment;

typedef struct {
    guint32    isn;
    gboolean   started;         /* the initial sequence number is on the wire */
    guint32    next;            /* next to send */
    guint32    arrived;         /* the peer has everything before it: its ACK number */
    guint32    acked;           /* the sender knows of everything before it */
    guint32    late[2];         /* what arrived out of order */
    guint32    last_tsval;      /* last time stamp that arrived at the peer */
    gint64     window;
    GPtrArray *segments;        /* sent, of segment */
} half;

typedef struct {
    char       *name;
    gboolean    udp, timestamps;
    host       *end[2];
    guint16     port[2];
    half        now[2], old[2];
    guint       incarnation;
    GByteArray *last_packet[2];     /* for ICMP errors to quote */
} connection;

typedef struct {
    gboolean ipv6, frames_twice, link_fixed;
    gint64   client_port, server_port, shift, only;     /* -1: as written */
    link_layer link;
    guint    snaplen;
    gint64   start, now;
    gint64   latest;                /* like now, but never goes back: time stamps of TCP do not */
    GPtrArray *hosts, *connections, *frames;
    GHashTable *calls;              /* XID -> call */
    guint32  next_xid, last_xid, last_cookie, last_fragmented;
    guint16  port_from[2];          /* the ports that --client-port and --server-port replace */
} scenario;

host *scenario_host(scenario *sc, const line_reader *line, const char *name);
guint16 scenario_port(const scenario *sc, int side, gint64 port);
connection *connection_new(scenario *sc, line_reader *line, gboolean udp);
void connection_open_anew(connection *conn, gboolean keep_numbers);
void connection_act(scenario *sc, connection *conn, line_reader *line);
void icmp_act(scenario *sc, line_reader *line);

/* Remote procedure calls (message.c, message_nlm.c, message_other.c) */
GByteArray *message_build(scenario *sc, const connection *conn, int direction, line_reader *line);

#endif
