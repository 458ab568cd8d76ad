/* scenario.h
 * A text scenario on its way to a capture file: what the parts of the compiler share.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define SECOND G_GINT64_CONSTANT(1000000000)

/* One line of the scenario. Whoever understands a token marks it as used; what remains unused is a mistake. */
typedef struct {
    char     *text;
    bool  used;
} token;

typedef struct {
    const char *file;
    unsigned       number;
    GArray     *tokens;     /* of token */
    unsigned       from, to;   /* part of the line that is being read */
} line_reader;

line_reader *line_new(const char *file, unsigned number, const char *text);
void line_free(line_reader *line);
void line_rewind(line_reader *line);
G_NORETURN void line_fail(const line_reader *line, const char *format, ...) G_GNUC_PRINTF(2, 3);
const char *line_peek(const line_reader *line);
const char *line_next(line_reader *line, const char *expected);
bool line_word(line_reader *line, const char *word);
const char *line_value(line_reader *line, const char *name);
int64_t line_number(line_reader *line, const char *name, int64_t otherwise);
int64_t line_parse_number(const line_reader *line, const char *text);
int64_t line_parse_seconds(const line_reader *line, const char *text);
int64_t line_parse_date(const line_reader *line, const char *text);
int64_t line_parse_clock(const line_reader *line, const char *text, int64_t start);
void line_finish(line_reader *line);

/* Addresses, frames and the capture file (packet.c, link.c, capture.c) */
typedef struct {
    uint8_t bytes[16];
    uint8_t len;
} address;

typedef struct {
    char    *name;
    address  addr;
    uint8_t   mac[6];
    uint16_t  machine;       /* which one has the address, for its MAC address; 0: one made from the address itself */
    uint16_t  ip_id;
    uint8_t   hops;          /* TTL or hop limit of its next packet; 0: 64 */
    uint32_t  clock;         /* TCP timestamp at the start of the scenario; one tick is a millisecond */
} host;

enum { LINK_ETHERNET, LINK_SLL, LINK_SLL2, LINK_RAW, LINK_NULL, LINK_COUNT };

typedef struct {
    int      kind;
    int64_t   vlan, vxlan, gre;  /* -1: none */
    unsigned    mtu;           /* larger packets travel in fragments; 0: none does */
    bool outgoing;      /* sent by the host that captures (SLL2 says so) */
} link_layer;

typedef struct {
    int64_t      time;
    GByteArray *bytes;
} frame;

typedef struct {
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t  flags;
    uint16_t window;
    uint32_t tsval, tsecr;
    bool timestamps;
    unsigned   sacks;
    uint32_t sack[2];
    const GByteArray *data;
} tcp_header;

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128 };

int address_parse(const char *text, bool as_ipv6, address *addr);
char *address_text(const address *addr);
void host_set_mac(host *h);
int link_parse(const char *name);
/* Takes the payload. */
GByteArray *packet_ip(host *src, const host *dst, uint8_t proto, GByteArray *payload);
GByteArray *packet_tcp(host *src, const host *dst, const tcp_header *tcp);
GByteArray *packet_udp(host *src, const host *dst, uint16_t sport, uint16_t dport, const GByteArray *data);
GByteArray *packet_icmp(host *src, const host *dst, const char *what, const GByteArray *quoted, unsigned quote_len);
/* The packet itself where it needs no fragments; id: IPv6 names a packet's fragments so, IPv4 has it in the header */
GPtrArray *packet_fragments(GByteArray *ip, unsigned mtu, uint32_t id);
GByteArray *link_wrap(const link_layer *link, const GByteArray *ip, const host *src, const host *dst);
void capture_init(void);
const char *capture_write(const char *path, const GPtrArray *frames, const link_layer *link, unsigned snaplen);

/* What a box between the two capture points does to packets (between.c). */
typedef struct {
    int64_t hops, mss, renumber; /* routers passed; what the MSS is lowered to, 0: not; added to the client's sequence numbers */
    bool nat;
    address nat_addr;       /* what the client is called behind it; its ports become others, too */
} way_box;

/* A packet as the other point has it; from_client: who sent it, at_server: whether it is the server's point that has it. Caller frees. */
GByteArray *between_pass(const way_box *box, const GByteArray *ip, bool from_client, bool at_server);

/* Connections (connection.c, flow.c, action.c) */
enum { FORWARD, BACKWARD };     /* sent by the left or the right side of "a -> b" */

typedef struct {
    uint32_t     seq;        /* relative to the initial sequence number, as all numbers below */
    uint8_t      flags;
    GByteArray *data;
} segment;

typedef struct {
    uint32_t    isn;
    bool   started;         /* the initial sequence number is on the wire */
    uint32_t    next;            /* next to send */
    uint32_t    arrived;         /* the peer has everything before it: its ACK number */
    uint32_t    acked;           /* the sender knows of everything before it */
    uint32_t    late[2];         /* what arrived out of order */
    uint32_t    last_tsval;      /* last time stamp that arrived at the peer */
    int64_t     window;
    GPtrArray *segments;        /* sent, of segment */
} half;

typedef struct {
    char       *name;
    bool    udp, timestamps;
    host       *end[2];
    uint16_t     port[2];
    half        now[2], old[2];
    unsigned       incarnation;
    GByteArray *last_packet[2];     /* for ICMP errors to quote */
} connection;

typedef struct {
    bool ipv6, frames_twice, link_fixed;
    int64_t   client_port, server_port, shift, only;     /* -1: as written */
    link_layer link;
    unsigned    snaplen;
    bool two_points;             /* captured at the server's host, too */
    int64_t   way, offset;          /* from host to host; its clock minus the client's */
    double  drift;               /* and what that grows by in a second */
    way_box between;             /* what stands on the way */
    int64_t   start, now;
    int64_t   latest;                /* like now, but never goes back: time stamps of TCP do not */
    GPtrArray *hosts, *connections, *frames;
    GHashTable *calls;              /* XID -> call */
    uint32_t  next_xid, last_xid, last_cookie, last_fragmented;
    uint16_t  port_from[2];          /* the ports that --client-port and --server-port replace */
} scenario;

/* The compiler's options, for a command line; and the frames of a scenario with them. A mistake ends the program with a message. */
extern const GOptionEntry scenario_options[];
void scenario_load(scenario *sc, const char *path);
host *scenario_host(scenario *sc, const line_reader *line, const char *name);
uint16_t scenario_port(const scenario *sc, int side, int64_t port);
connection *connection_new(scenario *sc, line_reader *line, bool udp);
void connection_open_anew(connection *conn, bool keep_numbers);
void connection_act(scenario *sc, connection *conn, line_reader *line);
void icmp_act(scenario *sc, line_reader *line);

/* Remote procedure calls (message.c, message_nlm.c, message_other.c) */
GByteArray *message_build(scenario *sc, const connection *conn, int direction, line_reader *line);

#endif
