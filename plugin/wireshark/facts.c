/* facts.c
 * TCP, UDP and ICMP as Wireshark meets them, handed to the core as plain structs.
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

static void
read_addr(const address *addr, nh_addr *plain)
{
    *plain = (nh_addr){ .len = 0 };
    if (addr->type == AT_IPv4 && addr->len == 4) {
        plain->len = 4;
        memcpy(plain->bytes, addr->data, 4);
    } else if (addr->type == AT_IPv6 && addr->len == 16) {
        plain->len = 16;
        memcpy(plain->bytes, addr->data, 16);
    }
}

static nh_travel
travel_of(const packet_info *pinfo)
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

enum { NOT_ASKED, FREE, CLAIMED };
static uint8_t owners[2][65536]; /* of TCP and of UDP ports */
static bool any_asked;

/*
 * Whether a dissector other than RPC's owns a port (TCP 988 is LNet's, UDP 698
 * OLSR's): looked up once per port and file, as "Decode As" may change it.
 */
bool
nh_facts_port_is_claimed(nh_l4 l4, uint16_t port)
{
    uint8_t *answer = &owners[l4 == NH_L4_UDP][port];

    if (*answer == NOT_ASKED) {
        dissector_handle_t owner = dissector_get_uint_handle(l4 == NH_L4_UDP ? udp_ports : tcp_ports, port);
        any_asked = true;
        *answer = owner && owner != (l4 == NH_L4_UDP ? rpc_udp : rpc_tcp) ? CLAIMED : FREE;
    }
    return *answer == CLAIMED;
}

void
nh_facts_begin(void)
{
    if (any_asked) /* memory that nobody needed is not touched */
        memset(owners, 0, sizeof owners);
    any_asked = false;
}

/* What the link layer and the capture file say of a packet. */
static void
read_frame(const packet_info *pinfo, nh_packet *packet)
{
    const wtap_rec *rec = pinfo->rec;

    packet->has_mac = pinfo->dl_src.type == AT_ETHER && pinfo->dl_dst.type == AT_ETHER;
    if (packet->has_mac) {
        memcpy(packet->mac_src, pinfo->dl_src.data, sizeof packet->mac_src);
        memcpy(packet->mac_dst, pinfo->dl_dst.data, sizeof packet->mac_dst);
    } else {
        memset(packet->mac_src, 0, sizeof packet->mac_src);
        memset(packet->mac_dst, 0, sizeof packet->mac_dst);
    }
    packet->has_point = rec->rec_type == REC_TYPE_PACKET && rec->presence_flags & WTAP_HAS_INTERFACE_ID;
    packet->iface = packet->has_point ? rec->rec_header.packet_header.interface_id : 0;
    packet->section = rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? rec->section_number : 0;
}

static void
read_ip(const void *ip, nh_packet *packet)
{
    const ws_ip4 *v4 = WS_IP4_PTR((void *)(uintptr_t)ip);
    const ws_ip6 *v6 = v4 ? NULL : WS_IP6_PTR((void *)(uintptr_t)ip);

    packet->has_hops = v4 || v6;
    packet->ip_id = v4 ? v4->ip_id : 0;
    packet->hops = v4 ? v4->ip_ttl : v6 ? v6->ip6_hop : 0;
}

/* So many bytes of TCP, UDP or ICMP; NULL when there are none. */
static const uint8_t *
bytes_of(tvbuff_t *tvb, unsigned captured)
{
    return captured ? tvb_get_ptr(tvb, 0, captured) : NULL;
}

/* The packet whose transport header these bytes begin with. All of it is written. */
static void
read_packet(nh_packet_kind kind, tvbuff_t *tvb, const packet_info *pinfo, const void *ip, const uint8_t *bytes, unsigned captured,
            nh_packet *packet)
{
    packet->frame = pinfo->num;
    packet->time = nh_facts_time(pinfo);
    packet->kind = kind;
    read_addr(&pinfo->src, &packet->src);
    read_addr(&pinfo->dst, &packet->dst);
    packet->travel = travel_of(pinfo);
    packet->fragment = pinfo->fragmented;
    packet->bytes = bytes;
    packet->captured = captured;
    packet->length = tvb_reported_length(tvb);
    read_frame(pinfo, packet);
    read_ip(ip, packet);
}

/* --- decode as RPC ------------------------------------------------------------------- */

/* The conversation of a packet; made when there is none, so that its dissector can be set before TCP or UDP runs. */
static conversation_t *
conversation_of(packet_info *pinfo, nh_l4 l4, uint16_t src, uint16_t dst)
{
    conversation_type type = l4 == NH_L4_UDP ? CONVERSATION_UDP : CONVERSATION_TCP;
    conversation_t *conversation = find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, type, src, dst, 0);

    return conversation ? conversation : conversation_new(pinfo->num, &pinfo->src, &pinfo->dst, type, src, dst, 0);
}

/* Whether a dissector other than RPC's owns one of the ports, and would take the packet. */
static bool
is_claimed(nh_l4 l4, const nh_packet *packet)
{
    return nh_facts_port_is_claimed(l4, nh_be16(packet->bytes)) || nh_facts_port_is_claimed(l4, nh_be16(packet->bytes + 2));
}

static bool
is_lock_call(const nh_rpc_header *header)
{
    return !header->reply && header->prog == NH_PROG_NLM;
}

/* Whether a segment begins with what may be a lock call: nearly all that do not are known from the program. */
static bool
may_carry_lock_call(const nh_packet *packet)
{
    unsigned start = (unsigned)(packet->bytes[12] >> 4) * 4;

    return packet->captured >= start + 28 && nh_be32(packet->bytes + start + 16) == NH_PROG_NLM;
}

static bool
carries_lock_call(const nh_packet *packet)
{
    unsigned start = (unsigned)(packet->bytes[12] >> 4) * 4;
    nh_rpc_header header;
    uint32_t size;

    return nh_record_read(packet->bytes + start, packet->captured - start, &header, &size) && is_lock_call(&header);
}

static void
set_dissector(packet_info *pinfo, nh_l4 l4, const nh_packet *packet)
{
    conversation_t *conversation = conversation_of(pinfo, l4, nh_be16(packet->bytes), nh_be16(packet->bytes + 2));
    conversation_set_dissector(conversation, l4 == NH_L4_UDP ? rpc_udp : rpc_tcp);
}

/* A connection met in the middle whose port belongs to another dissector: its first lock call shows what it is. */
static void
decode_middle_as_rpc(packet_info *pinfo, const nh_packet *packet)
{
    if (*decode_as_rpc && may_carry_lock_call(packet) && is_claimed(NH_L4_TCP, packet) && carries_lock_call(packet))
        set_dissector(pinfo, NH_L4_TCP, packet);
}

/* A SYN to a port that is known as lockd's, when another dissector owns the client's or the server's port. */
static void
decode_new_as_rpc(const nh_watch *watch, packet_info *pinfo, const nh_packet *packet)
{
    bool syn = (packet->bytes[13] & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN;

    if (syn && *decode_as_rpc && is_claimed(NH_L4_TCP, packet) &&
        nh_port_program(watch, &packet->dst, NH_L4_TCP, nh_be16(packet->bytes + 2)) == NH_PROG_NLM)
        set_dissector(pinfo, NH_L4_TCP, packet);
}

/* A lock call over UDP, where another dissector owns a port or the preferences name lockd's. */
static void
decode_datagram_as_rpc(const nh_watch *watch, packet_info *pinfo, const nh_packet *packet)
{
    nh_rpc_header header;

    if (!*decode_as_rpc || !rpc_udp || packet->captured < NH_UDP_HEADER + 24 ||
        nh_be32(packet->bytes + NH_UDP_HEADER + 12) != NH_PROG_NLM ||
        !nh_rpc_header_read(packet->bytes + NH_UDP_HEADER, packet->captured - NH_UDP_HEADER, &header) || !is_lock_call(&header))
        return;
    if (is_claimed(NH_L4_UDP, packet) || nh_port_program(watch, &packet->dst, NH_L4_UDP, nh_be16(packet->bytes + 2)) == NH_PROG_NLM)
        set_dissector(pinfo, NH_L4_UDP, packet);
}

/* --- the handles ------------------------------------------------------------------------ */

/* A segment that may be of a followed connection. Not inlined: most segments are others, and would pay for its room on the stack. */
static int G_GNUC_NO_INLINE
dissect_followed(nh_watch *watch, const uint8_t *bytes, unsigned captured, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_packet packet;

    read_packet(NH_PACKET_SEGMENT, tvb, pinfo, data, bytes, captured, &packet);
    nh_packet_take(watch, &packet);
    decode_middle_as_rpc(pinfo, &packet);
    int used = call_dissector_only(tcp_before, tvb, pinfo, tree, data);
    decode_new_as_rpc(watch, pinfo, &packet);
    return used;
}

/* A segment of no interest shows that its sender lives. */
static void G_GNUC_NO_INLINE
note_life(nh_watch *watch, const packet_info *pinfo)
{
    nh_addr from;

    read_addr(&pinfo->src, &from);
    nh_packet_seen(watch, &from, (nh_moment){ pinfo->num, nh_facts_time(pinfo) });
}

static int
dissect_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_watch *watch = pinfo->flags.in_error_pkt ? NULL : sink(pinfo);
    unsigned captured = watch ? tvb_captured_length(tvb) : 0;

    if (captured < NH_TCP_HEADER)
        return call_dissector_only(tcp_before, tvb, pinfo, tree, data);
    const uint8_t *bytes = tvb_get_ptr(tvb, 0, captured);
    if (nh_packet_may_matter(watch, bytes, captured))
        return dissect_followed(watch, bytes, captured, tvb, pinfo, tree, data);
    if (nh_packets_prove_life(watch))
        note_life(watch, pinfo);
    return call_dissector_only(tcp_before, tvb, pinfo, tree, data);
}

static void G_GNUC_NO_INLINE
take_datagram(nh_watch *watch, const uint8_t *bytes, unsigned captured, tvbuff_t *tvb, packet_info *pinfo, const void *ip)
{
    nh_packet packet;

    read_packet(NH_PACKET_DATAGRAM, tvb, pinfo, ip, bytes, captured, &packet);
    nh_packet_take(watch, &packet);
    decode_datagram_as_rpc(watch, pinfo, &packet);
}

static int
dissect_udp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_watch *watch = pinfo->flags.in_error_pkt ? NULL : sink(pinfo);

    unsigned captured = watch ? tvb_captured_length(tvb) : 0;

    if (captured >= NH_UDP_HEADER) {
        const uint8_t *bytes = tvb_get_ptr(tvb, 0, captured);
        if (nh_datagram_may_matter(watch, bytes, captured))
            take_datagram(watch, bytes, captured, tvb, pinfo, data);
    }
    return call_dissector_only(udp_before, tvb, pinfo, tree, data);
}

static int
dissect_icmp_kind(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, nh_packet_kind kind)
{
    nh_watch *watch = pinfo->flags.in_error_pkt ? NULL : sink(pinfo);

    if (watch) {
        unsigned captured = tvb_captured_length(tvb);
        nh_packet packet;
        read_packet(kind, tvb, pinfo, data, bytes_of(tvb, captured), captured, &packet);
        nh_packet_take(watch, &packet);
    }
    return call_dissector_only(kind == NH_PACKET_ICMPV6 ? icmpv6_before : icmp_before, tvb, pinfo, tree, data);
}

static int
dissect_icmp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_icmp_kind(tvb, pinfo, tree, data, NH_PACKET_ICMP);
}

static int
dissect_icmpv6(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_icmp_kind(tvb, pinfo, tree, data, NH_PACKET_ICMPV6);
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
