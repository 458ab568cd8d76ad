/* facts.c
 * TCP, UDP and ICMP as Wireshark dissects them, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/facts.h"

#include <epan/conversation.h>
#include <epan/dissectors/packet-ip.h>
#include <epan/ipproto.h>
#include <epan/proto.h>

#include "core/model/ports.h"
#include "core/wire/records.h"

static nh_facts_sink sink;
static const wsbool *decode_as_rpc;
static dissector_table_t tcp_ports, udp_ports;
static dissector_handle_t rpc_tcp, rpc_udp;

/* The handles that stood in "ip.proto" before ours. */
static dissector_handle_t tcp_before, udp_before, icmp_before, icmpv6_before;

/* --- a packet ------------------------------------------------------------------- */

nh_time
nh_facts_time(const packet_info *pinfo)
{
    return nh_time_of(pinfo->abs_ts.secs, pinfo->abs_ts.nsecs);
}

nh_addr
nh_facts_addr(const address *addr)
{
    nh_addr plain;

    memset(&plain, 0, sizeof plain);
    if (addr->type == AT_IPv4 && addr->len == 4) {
        plain.len = 4;
        memcpy(plain.bytes, addr->data, 4);
    } else if (addr->type == AT_IPv6 && addr->len == 16) {
        plain.len = 16;
        memcpy(plain.bytes, addr->data, 16);
    }
    return plain;
}

nh_travel
nh_facts_travel(const packet_info *pinfo)
{
    switch (pinfo->p2p_dir) {
    case P2P_DIR_SENT:
        return NH_TRAVEL_SENT;
    case P2P_DIR_RECV:
        return NH_TRAVEL_RECEIVED;
    default:
        return NH_TRAVEL_UNKNOWN;
    }
}

/* The frame of the followed segment that passed last, 0 when nothing is left to do for it. */
static uint32_t followed;

enum { NOT_ASKED, FREE, CLAIMED };
static uint8_t owners[2][65536]; /* of TCP and of UDP ports */

/*
 * Whether a dissector other than RPC's owns a port (TCP 988 is LNet's, UDP 698
 * OLSR's): looked up once per port and file, as "Decode As" may change it.
 */
static bool
port_is_claimed(nh_l4 l4, uint16_t port)
{
    uint8_t *answer = &owners[l4 == NH_L4_UDP][port];

    if (*answer == NOT_ASKED) {
        dissector_handle_t owner = dissector_get_uint_handle(l4 == NH_L4_UDP ? udp_ports : tcp_ports, port);
        *answer = owner && owner != (l4 == NH_L4_UDP ? rpc_udp : rpc_tcp) ? CLAIMED : FREE;
    }
    return *answer == CLAIMED;
}

void
nh_facts_begin(void)
{
    memset(owners, 0, sizeof owners);
    followed = 0;
}

/* --- TCP -------------------------------------------------------------------------- */

#define TCP_HEADER        20
#define OPTION_END        0
#define OPTION_NOP        1
#define OPTION_TIMESTAMPS 8

static void
take_timestamps(const uint8_t *option, nh_segment *segment)
{
    segment->has_tsval = true;
    segment->tsval = nh_be32(option + 2);
    segment->tsecr = nh_be32(option + 6);
}

/* The options as far as they were captured (RFC 9293 section 3.2): time stamps (RFC 7323). */
static void
read_options(const uint8_t *bytes, unsigned end, nh_segment *segment)
{
    static const uint8_t usual[] = { OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMPS, 10 }; /* RFC 7323 appendix A */
    unsigned offset = TCP_HEADER;

    if (end == TCP_HEADER + 12 && memcmp(bytes + TCP_HEADER, usual, sizeof usual) == 0) {
        take_timestamps(bytes + TCP_HEADER + 2, segment);
        return;
    }
    while (offset + 1 < end) {
        const uint8_t *option = bytes + offset;
        uint8_t kind = option[0], length = kind == OPTION_NOP ? 1 : option[1];
        if (kind == OPTION_END || length == 0 || offset + length > end)
            return;
        if (kind == OPTION_TIMESTAMPS && length == 10)
            take_timestamps(option, segment);
        offset += length;
    }
}

static void
read_ip(const void *ip, nh_segment *segment)
{
    const ws_ip4 *v4 = WS_IP4_PTR((void *)(guintptr)ip);

    if (v4)
        segment->ip_id = v4->ip_id;
}

/* What was captured of a segment; NULL when that is less than a header. */
static const uint8_t *
bytes_of(tvbuff_t *tvb, unsigned *captured)
{
    *captured = tvb_captured_length(tvb);
    return *captured < TCP_HEADER ? NULL : tvb_get_ptr(tvb, 0, *captured);
}

/* false when the header is none. */
static bool
read_segment(const uint8_t *bytes, unsigned captured, unsigned reported, packet_info *pinfo, const void *ip, nh_segment *segment)
{
    unsigned header = (unsigned)(bytes[12] >> 4) * 4;

    if (header < TCP_HEADER || header > reported)
        return false;
    memset(segment, 0, sizeof *segment);
    segment->frame = pinfo->num;
    segment->time = nh_facts_time(pinfo);
    segment->src.addr = nh_facts_addr(&pinfo->src);
    segment->src.port = nh_be16(bytes);
    segment->dst.addr = nh_facts_addr(&pinfo->dst);
    segment->dst.port = nh_be16(bytes + 2);
    segment->seq = nh_be32(bytes + 4);
    segment->ack = nh_be32(bytes + 8);
    segment->flags = nh_be16(bytes + 12) & 0x0fff;
    segment->window = nh_be16(bytes + 14);
    segment->len = reported - header;
    segment->travel = nh_facts_travel(pinfo);
    segment->src_claimed = port_is_claimed(NH_L4_TCP, segment->src.port);
    segment->dst_claimed = port_is_claimed(NH_L4_TCP, segment->dst.port);
    read_ip(ip, segment);
    read_options(bytes, MIN(header, captured), segment);
    if (captured > header) {
        segment->captured = MIN(captured - header, segment->len);
        segment->payload = bytes + header;
    }
    return segment->src.addr.len > 0 && segment->dst.addr.len > 0;
}

/* The conversation of a packet; made when there is none, so that its dissector can be set before TCP or UDP runs. */
static conversation_t *
conversation_of(packet_info *pinfo, nh_l4 l4, uint16_t src, uint16_t dst)
{
    conversation_type type = l4 == NH_L4_UDP ? CONVERSATION_UDP : CONVERSATION_TCP;
    conversation_t *conversation = find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, type, src, dst, 0);

    return conversation ? conversation : conversation_new(pinfo->num, &pinfo->src, &pinfo->dst, type, src, dst, 0);
}

static bool
carries_lock_call(const nh_segment *segment)
{
    nh_rpc_header header;
    uint32_t size;

    return segment->captured >= 28 && nh_record_read(segment->payload, segment->captured, &header, &size) && !header.reply &&
           header.prog == NH_PROG_NLM;
}

/* A connection met in the middle whose port belongs to another dissector: its first lock call shows what it is. */
static void
decode_middle_as_rpc(packet_info *pinfo, const nh_segment *segment)
{
    if (*decode_as_rpc && (segment->src_claimed || segment->dst_claimed) && carries_lock_call(segment))
        conversation_set_dissector(conversation_of(pinfo, NH_L4_TCP, segment->src.port, segment->dst.port), rpc_tcp);
}

/* A SYN to a port that is known as lockd's, when another dissector owns the client's or the server's port. */
static void
decode_new_as_rpc(nh_watch *watch, packet_info *pinfo, const nh_segment *segment)
{
    bool syn = (segment->flags & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN;

    if (syn && *decode_as_rpc && (segment->src_claimed || segment->dst_claimed) &&
        nh_port_program(watch, &segment->dst.addr, NH_L4_TCP, segment->dst.port) == NH_PROG_NLM)
        conversation_set_dissector(conversation_of(pinfo, NH_L4_TCP, segment->src.port, segment->dst.port), rpc_tcp);
}

/* A lock call over UDP, where another dissector owns a port or the preferences name lockd's. */
static void
decode_datagram_as_rpc(nh_watch *watch, packet_info *pinfo, const nh_message *message)
{
    uint16_t src = message->src.port, dst = message->dst.port;

    if (!*decode_as_rpc || !rpc_udp || message->reply || message->prog != NH_PROG_NLM)
        return;
    if (port_is_claimed(NH_L4_UDP, src) || port_is_claimed(NH_L4_UDP, dst) ||
        nh_port_program(watch, &message->dst.addr, NH_L4_UDP, dst) == NH_PROG_NLM)
        conversation_set_dissector(conversation_of(pinfo, NH_L4_UDP, src, dst), rpc_udp);
}

/* --- ICMP --------------------------------------------------------------------------- */

/* The ICMP error whose quoted packet is being dissected; of this frame only. */
static struct {
    uint32_t frame;
    uint8_t type, code;
    bool v6;
    nh_addr sender;
} error;

static void
quote(nh_watch *watch, tvbuff_t *tvb, packet_info *pinfo, nh_l4 l4)
{
    if (error.frame != pinfo->num || tvb_captured_length(tvb) < 4)
        return;
    nh_quote quoted = {
        .frame = pinfo->num,
        .time = nh_facts_time(pinfo),
        .sender = error.sender,
        .type = error.type,
        .code = error.code,
        .v6 = error.v6,
        .l4 = l4,
        .src = { nh_facts_addr(&pinfo->src), tvb_get_ntohs(tvb, 0) },
        .dst = { nh_facts_addr(&pinfo->dst), tvb_get_ntohs(tvb, 2) },
    };
    quoted.src_claimed = port_is_claimed(l4, quoted.src.port);
    quoted.dst_claimed = port_is_claimed(l4, quoted.dst.port);
    quoted.has_seq = l4 == NH_L4_TCP && tvb_captured_length(tvb) >= 8;
    if (quoted.has_seq)
        quoted.seq = tvb_get_ntohl(tvb, 4);
    quoted.has_flags = l4 == NH_L4_TCP && tvb_captured_length(tvb) >= 14;
    if (quoted.has_flags)
        quoted.flags = tvb_get_ntohs(tvb, 12) & 0x0fff;
    nh_watch_quote(watch, &quoted);
}

static int
dissect_icmp_error(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, bool v6)
{
    if (tvb_captured_length(tvb) >= 2 && !pinfo->flags.in_error_pkt) {
        error.frame = pinfo->num;
        error.type = tvb_get_uint8(tvb, 0);
        error.code = tvb_get_uint8(tvb, 1);
        error.v6 = v6;
        error.sender = nh_facts_addr(&pinfo->src);
    }
    return call_dissector_only(v6 ? icmpv6_before : icmp_before, tvb, pinfo, tree, data);
}

static int
dissect_icmp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_icmp_error(tvb, pinfo, tree, data, false);
}

static int
dissect_icmpv6(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_icmp_error(tvb, pinfo, tree, data, true);
}

/* --- the handles ------------------------------------------------------------------------ */

/* The segment that is being dissected and was not looked at: its frame, 0 for none. */
static struct {
    uint32_t frame;
    tvbuff_t *tvb;
    const void *ip;
} skipped;

/* Whether a segment is worth a look. Most are not, and cost as little as possible. */
static bool
may_matter(const nh_watch *watch, const uint8_t *bytes, unsigned captured)
{
    unsigned header;
    static const uint8_t nlm[] = { NH_PROG_NLM >> 24, NH_PROG_NLM >> 16 & 0xff, NH_PROG_NLM >> 8 & 0xff, NH_PROG_NLM & 0xff };

    if (nh_port_may_matter(watch, nh_be16(bytes), nh_be16(bytes + 2)))
        return true;
    /* a lock call between ports of which nothing is known: record mark, XID, call, RPC version, program */
    header = (unsigned)(bytes[12] >> 4) * 4;
    return header >= TCP_HEADER && header + 28 <= captured && memcmp(bytes + header + 16, nlm, sizeof nlm) == 0;
}

void
nh_facts_late_segment(nh_watch *watch, packet_info *pinfo)
{
    nh_segment segment;
    unsigned captured;
    const uint8_t *bytes = skipped.frame == pinfo->num ? bytes_of(skipped.tvb, &captured) : NULL;

    if (bytes && read_segment(bytes, captured, tvb_reported_length(skipped.tvb), pinfo, skipped.ip, &segment))
        nh_watch_segment(watch, &segment);
    skipped.frame = 0;
}

static int
dissect_skipped(nh_watch *watch, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_addr from = nh_facts_addr(&pinfo->src);

    nh_watch_seen(watch, &from, (nh_moment){ pinfo->num, nh_facts_time(pinfo) });
    skipped.frame = pinfo->num;
    skipped.tvb = tvb;
    skipped.ip = data;
    int used = call_dissector_only(tcp_before, tvb, pinfo, tree, data);
    skipped.frame = 0; /* under a read filter the next frame may have the same number */
    return used;
}

static int
dissect_followed(nh_watch *watch, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, const nh_segment *segment)
{
    nh_watch_segment(watch, segment);
    decode_middle_as_rpc(pinfo, segment);
    followed = pinfo->num;
    return call_dissector_only(tcp_before, tvb, pinfo, tree, data);
}

void
nh_facts_end_frame(nh_watch *watch, packet_info *pinfo)
{
    if (followed != pinfo->num)
        return;
    followed = 0;
    nh_watch_segment_done(watch);
    decode_new_as_rpc(watch, pinfo, &watch->segment);
}

static int
dissect_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_watch *watch = sink(pinfo);
    unsigned captured;
    const uint8_t *bytes = watch ? bytes_of(tvb, &captured) : NULL;
    nh_segment segment;

    skipped.frame = 0;
    if (watch && pinfo->flags.in_error_pkt) {
        quote(watch, tvb, pinfo, NH_L4_TCP);
    } else if (watch && !(bytes && may_matter(watch, bytes, captured))) {
        return dissect_skipped(watch, tvb, pinfo, tree, data);
    } else if (watch && read_segment(bytes, captured, tvb_reported_length(tvb), pinfo, data, &segment)) {
        return dissect_followed(watch, tvb, pinfo, tree, data, &segment);
    }
    return call_dissector_only(tcp_before, tvb, pinfo, tree, data);
}

/* The header of RPC in a datagram, if there is one. */
static bool
has_header(tvbuff_t *tvb, nh_rpc_header *header)
{
    unsigned captured = tvb_captured_length(tvb), length = MIN(captured - 8, 1024);

    if (captured < 8 + 24 || tvb_get_ntohl(tvb, 12) > 1 || !nh_rpc_header_read(tvb_get_ptr(tvb, 8, length), length, header))
        return false;
    if (length + 8 < tvb_reported_length(tvb))
        header->body = NULL; /* cut */
    return true;
}

/* Refusals, calls and replies with nothing behind the header, and encrypted ones: Wireshark's RPC dissector hands them to nobody. */
static void
read_datagram(nh_watch *watch, tvbuff_t *tvb, packet_info *pinfo)
{
    nh_rpc_header header = { .reply = false };
    bool readable = has_header(tvb, &header);

    if ((!readable && !watch->sealed) || tvb_captured_length(tvb) < 8)
        return;
    nh_message message = {
        .frame = pinfo->num,
        .time = nh_facts_time(pinfo),
        .l4 = NH_L4_UDP,
        .src = { nh_facts_addr(&pinfo->src), tvb_get_ntohs(tvb, 0) },
        .dst = { nh_facts_addr(&pinfo->dst), tvb_get_ntohs(tvb, 2) },
        .reply = header.reply,
        .refused = header.refused,
        .xid = header.xid,
        .prog = header.prog,
        .vers = header.vers,
        .proc = header.proc,
        .travel = nh_facts_travel(pinfo),
    };
    if (readable) {
        nh_watch_datagram(watch, &message, &header);
        decode_datagram_as_rpc(watch, pinfo, &message);
    } else {
        nh_watch_unreadable(watch, &message.src, &message.dst, (nh_moment){ message.frame, message.time });
    }
}

static int
dissect_udp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_watch *watch = sink(pinfo);

    if (watch && pinfo->flags.in_error_pkt)
        quote(watch, tvb, pinfo, NH_L4_UDP);
    else if (watch)
        read_datagram(watch, tvb, pinfo);
    return call_dissector_only(udp_before, tvb, pinfo, tree, data);
}

/*
 * Stand before the owner of an IP protocol number. The protocol "in name only"
 * adds no layer to frame.protocols and no second "tcp" to the list of protocols.
 */
static dissector_handle_t
stand_before(uint32_t number, const char *protocol, dissector_t dissector, const char *name, const char *abbreviation)
{
    dissector_handle_t before = dissector_get_uint_handle(find_dissector_table("ip.proto"), number);
    int proto = proto_register_protocol_in_name_only(name, name, abbreviation, proto_get_id_by_filter_name(protocol), FT_PROTOCOL);

    if (before)
        dissector_add_uint("ip.proto", number, create_dissector_handle(dissector, proto));
    return before;
}

void
nh_facts_handoff(nh_facts_sink the_sink, const wsbool *decode_as)
{
    sink = the_sink;
    decode_as_rpc = decode_as;
    tcp_ports = find_dissector_table("tcp.port");
    udp_ports = find_dissector_table("udp.port");
    rpc_tcp = find_dissector("rpc-tcp");
    rpc_udp = find_dissector("rpc");
    tcp_before = stand_before(IP_PROTO_TCP, "tcp", dissect_tcp, "TCP seen by NLM Health", "nlm_health.tcp");
    udp_before = stand_before(IP_PROTO_UDP, "udp", dissect_udp, "UDP seen by NLM Health", "nlm_health.udp");
    icmp_before = stand_before(IP_PROTO_ICMP, "icmp", dissect_icmp, "ICMP seen by NLM Health", "nlm_health.icmp");
    icmpv6_before = stand_before(IP_PROTO_ICMPV6, "icmpv6", dissect_icmpv6, "ICMPv6 seen by NLM Health", "nlm_health.icmpv6");
}
