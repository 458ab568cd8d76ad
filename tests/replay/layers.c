/* layers.c
 * From a frame to the packets in it: link layers, IP, tunnels.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "layers.h"

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_VLAN = 0x8100, ETHERTYPE_IPV6 = 0x86dd, ETHERTYPE_SERVICE_VLAN = 0x88a8 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_GRE = 47, PROTO_ICMPV6 = 58 };
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60 };
enum { VXLAN_PORT = 4789, IPV4_HEADER = 20, IPV6_HEADER = 40, SLL_HEADER = 16, SLL2_HEADER = 20, OUTGOING = 4 };

/* Bytes of a layer: what was captured, and how many there were. */
typedef struct {
    const uint8_t *at;
    unsigned captured, length;
} bytes;

typedef struct {
    nh_watch *watch;
    nh_packet packet; /* what is known so far */
} passage;

static bool
skip(bytes *b, unsigned n)
{
    if (n > b->captured)
        return false;
    b->at += n;
    b->captured -= n;
    b->length -= MIN(n, b->length);
    return true;
}

static void
limit(bytes *b, unsigned length)
{
    b->length = MIN(b->length, length);
    b->captured = MIN(b->captured, b->length);
}

static void take_ip(const passage *p, bytes b);
static void take_ethernet(const passage *p, bytes b);

/* GRE (RFC 2784, RFC 2890) with IP in it */
static void
take_gre(const passage *p, bytes b)
{
    if (b.captured < 4)
        return;
    uint16_t flags = nh_be16(b.at), type = nh_be16(b.at + 2);
    unsigned header = 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
    if (skip(&b, header) && (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6))
        take_ip(p, b);
}

static void
take_transport(const passage *p, uint8_t protocol, bytes b)
{
    nh_packet packet = p->packet;

    packet.bytes = b.at;
    packet.captured = b.captured;
    packet.length = b.length;
    switch (protocol) {
    case PROTO_TCP:
        packet.kind = NH_PACKET_SEGMENT;
        break;
    case PROTO_UDP:
        packet.kind = NH_PACKET_DATAGRAM;
        break;
    case PROTO_ICMP:
        packet.kind = NH_PACKET_ICMP;
        break;
    case PROTO_ICMPV6:
        packet.kind = NH_PACKET_ICMPV6;
        break;
    case PROTO_GRE:
        take_gre(p, b);
        return;
    default:
        return;
    }
    nh_packet_take(p->watch, &packet);
    if (protocol == PROTO_UDP && b.captured >= 8 && nh_be16(b.at + 2) == VXLAN_PORT && skip(&b, 16))
        take_ethernet(p, b);
}

static void
take_ipv4(passage p, bytes b)
{
    const uint8_t *ip = b.at;
    unsigned header = (unsigned)(ip[0] & 15) * 4;

    if (b.captured < IPV4_HEADER || header < IPV4_HEADER || nh_be16(ip + 6) & 0x3fff)
        return;
    limit(&b, nh_be16(ip + 2) ? nh_be16(ip + 2) : b.length); /* zero: left to the network card */
    p.packet.src.len = p.packet.dst.len = 4;
    memcpy(p.packet.src.bytes, ip + 12, 4);
    memcpy(p.packet.dst.bytes, ip + 16, 4);
    p.packet.ip_id = nh_be16(ip + 4);
    p.packet.hops = ip[8];
    p.packet.has_hops = true;
    if (skip(&b, header))
        take_transport(&p, ip[9], b);
}

static void
take_ipv6(passage p, bytes b)
{
    const uint8_t *ip = b.at;

    if (b.captured < IPV6_HEADER)
        return;
    limit(&b, IPV6_HEADER + nh_be16(ip + 4));
    uint8_t protocol = ip[6];
    p.packet.src.len = p.packet.dst.len = 16;
    memcpy(p.packet.src.bytes, ip + 8, 16);
    memcpy(p.packet.dst.bytes, ip + 24, 16);
    p.packet.hops = ip[7];
    p.packet.has_hops = true;
    skip(&b, IPV6_HEADER);
    while ((protocol == HOP_BY_HOP || protocol == ROUTING || protocol == DESTINATION || protocol == AUTHENTICATION) && b.captured >= 8) {
        unsigned length = protocol == AUTHENTICATION ? (b.at[1] + 2u) * 4 : (b.at[1] + 1u) * 8;
        protocol = b.at[0];
        if (!skip(&b, length))
            return;
    }
    take_transport(&p, protocol, b);
}

static void
take_ip(const passage *p, bytes b)
{
    passage inner = *p;

    if (b.captured == 0)
        return;
    memset(&inner.packet.src, 0, sizeof inner.packet.src);
    memset(&inner.packet.dst, 0, sizeof inner.packet.dst);
    inner.packet.ip_id = 0;
    if (b.at[0] >> 4 == 4)
        take_ipv4(inner, b);
    else if (b.at[0] >> 4 == 6)
        take_ipv6(inner, b);
}

static void
take_ethertype(const passage *p, uint16_t type, bytes b)
{
    while ((type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN) && b.captured >= 4) {
        type = nh_be16(b.at + 2);
        skip(&b, 4);
    }
    if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6)
        take_ip(p, b);
}

static void
take_ethernet(const passage *p, bytes b)
{
    passage inner = *p;
    const uint8_t *header = b.at;

    if (!skip(&b, 14))
        return;
    inner.packet.has_mac = true;
    memcpy(inner.packet.mac_dst, header, 6);
    memcpy(inner.packet.mac_src, header + 6, 6);
    take_ethertype(&inner, nh_be16(header + 12), b);
}

void
layers_take(nh_watch *watch, uint32_t number, const captured_frame *frame)
{
    passage p = { watch, { .frame = number, .time = frame->time, .has_point = frame->has_interface, .iface = frame->iface,
                           .section = frame->section, .travel = frame->direction == 2   ? NH_TRAVEL_SENT
                                                                : frame->direction == 1 ? NH_TRAVEL_RECEIVED
                                                                                        : NH_TRAVEL_UNKNOWN } };
    bytes b = { frame->bytes, frame->captured, frame->length };
    const uint8_t *header = b.at;

    switch (frame->link) {
    case LINKTYPE_ETHERNET:
        take_ethernet(&p, b);
        break;
    case LINKTYPE_SLL:
    case LINKTYPE_SLL2: {
        bool second = frame->link == LINKTYPE_SLL2;
        if (!skip(&b, second ? SLL2_HEADER : SLL_HEADER))
            return;
        p.packet.travel = (second ? header[10] : nh_be16(header)) == OUTGOING ? NH_TRAVEL_SENT : NH_TRAVEL_RECEIVED;
        take_ethertype(&p, nh_be16(header + (second ? 0 : 14)), b);
        break;
    }
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
        if (skip(&b, 4))
            take_ip(&p, b);
        break;
    case LINKTYPE_RAW:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
        take_ip(&p, b);
        break;
    default:
        break;
    }
}
