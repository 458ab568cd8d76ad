/* transport.c
 * The headers of TCP, UDP and ICMP.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/transport.h"

/* --- TCP (RFC 9293 section 3.1) ---------------------------------------------------- */

#define OPTION_END        0
#define OPTION_NOP        1
#define OPTION_MSS        2
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
    unsigned offset = NH_TCP_HEADER;

    if (end == NH_TCP_HEADER + 12 && memcmp(bytes + NH_TCP_HEADER, usual, sizeof usual) == 0) {
        take_timestamps(bytes + NH_TCP_HEADER + 2, segment);
        return;
    }
    while (offset + 1 < end) {
        const uint8_t *option = bytes + offset;
        uint8_t kind = option[0], length = kind == OPTION_NOP ? 1 : option[1];
        if (kind == OPTION_END || length == 0 || offset + length > end)
            return;
        if (kind == OPTION_TIMESTAMPS && length == 10)
            take_timestamps(option, segment);
        else if (kind == OPTION_MSS && length == 4)
            segment->mss = nh_be16(option + 2);
        offset += length;
    }
}

bool
nh_segment_read(const nh_packet *packet, nh_segment *segment)
{
    const uint8_t *bytes = packet->bytes;
    unsigned header = packet->captured >= NH_TCP_HEADER ? (unsigned)(bytes[12] >> 4) * 4 : 0;

    if (header < NH_TCP_HEADER || header > packet->length)
        return false;
    /* each by itself: to clear the whole first would cost as much again */
    segment->time = packet->time;
    segment->frame = packet->frame;
    segment->seq = nh_be32(bytes + 4);
    segment->ack = nh_be32(bytes + 8);
    segment->len = packet->length - header;
    segment->window = nh_be16(bytes + 14);
    segment->tsval = segment->tsecr = 0;
    segment->iface = packet->iface;
    segment->flags = nh_be16(bytes + 12) & 0x0fff;
    segment->ip_id = packet->ip_id;
    segment->mss = 0;
    segment->hops = packet->hops;
    memcpy(segment->mac, packet->mac_src, sizeof segment->mac);
    segment->travel = packet->travel;
    segment->has_tsval = segment->quoted = false;
    segment->has_mac = packet->has_mac;
    segment->fragment = packet->fragment;
    segment->src = (nh_end){ packet->src, nh_be16(bytes) };
    segment->dst = (nh_end){ packet->dst, nh_be16(bytes + 2) };
    segment->captured = 0;
    segment->payload = NULL;
    read_options(bytes, MIN(header, packet->captured), segment);
    if (packet->captured > header) {
        segment->captured = MIN(packet->captured - header, segment->len);
        segment->payload = bytes + header;
    }
    return segment->src.addr.len > 0 && segment->dst.addr.len > 0;
}

/* --- ICMP ---------------------------------------------------------------------------- */

#define ICMP_HEADER 8
#define IPV4_HEADER 20
#define IPV6_HEADER 40

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60 };

/* Destination unreachable, source quench, redirect, time exceeded, parameter problem */
static bool
is_error(const nh_packet *packet)
{
    uint8_t type = packet->bytes[0];

    if (packet->kind == NH_PACKET_ICMPV6)
        return type >= 1 && type <= 4;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* Where the payload of a quoted IPv4 packet begins; 0 when it has none (a later fragment). */
static unsigned
read_ipv4(const uint8_t *ip, unsigned length, nh_quote *quote, uint8_t *protocol)
{
    if (length < IPV4_HEADER || nh_be16(ip + 6) & 0x1fff)
        return 0;
    quote->src.addr.len = quote->dst.addr.len = 4;
    memcpy(quote->src.addr.bytes, ip + 12, 4);
    memcpy(quote->dst.addr.bytes, ip + 16, 4);
    *protocol = ip[9];
    return MAX((unsigned)(ip[0] & 15) * 4, IPV4_HEADER);
}

/* The same of IPv6, behind its extension headers (RFC 8200 section 4). */
static unsigned
read_ipv6(const uint8_t *ip, unsigned length, nh_quote *quote, uint8_t *protocol)
{
    unsigned offset = IPV6_HEADER;

    if (length < IPV6_HEADER)
        return 0;
    quote->src.addr.len = quote->dst.addr.len = 16;
    memcpy(quote->src.addr.bytes, ip + 8, 16);
    memcpy(quote->dst.addr.bytes, ip + 24, 16);
    for (*protocol = ip[6]; offset + 8 <= length;) {
        const uint8_t *header = ip + offset;
        if (*protocol == FRAGMENT && nh_be16(header + 2) & ~7)
            return 0;
        if (*protocol == HOP_BY_HOP || *protocol == ROUTING || *protocol == DESTINATION)
            offset += (header[1] + 1u) * 8;
        else if (*protocol == AUTHENTICATION)
            offset += (header[1] + 2u) * 4;
        else if (*protocol == FRAGMENT)
            offset += 8;
        else
            break;
        *protocol = header[0];
    }
    return offset;
}

static void
read_quoted_ports(const uint8_t *bytes, unsigned captured, nh_quote *quote)
{
    quote->src.port = nh_be16(bytes);
    quote->dst.port = nh_be16(bytes + 2);
    quote->has_seq = quote->l4 == NH_L4_TCP && captured >= 8;
    if (quote->has_seq)
        quote->seq = nh_be32(bytes + 4);
    quote->has_flags = quote->l4 == NH_L4_TCP && captured >= 14;
    if (quote->has_flags)
        quote->flags = nh_be16(bytes + 12) & 0x0fff;
}

bool
nh_quote_read(const nh_packet *packet, nh_quote *quote)
{
    uint8_t protocol = 0;

    if (packet->captured <= ICMP_HEADER || !is_error(packet) || packet->src.len == 0)
        return false;
    const uint8_t *ip = packet->bytes + ICMP_HEADER;
    unsigned length = packet->captured - ICMP_HEADER;
    *quote = (nh_quote){ .frame = packet->frame,
                         .time = packet->time,
                         .iface = packet->iface,
                         .ip_id = packet->ip_id,
                         .sender = packet->src,
                         .type = packet->bytes[0],
                         .code = packet->bytes[1],
                         .v6 = packet->kind == NH_PACKET_ICMPV6 };
    unsigned offset = ip[0] >> 4 == 6   ? read_ipv6(ip, length, quote, &protocol)
                      : ip[0] >> 4 == 4 ? read_ipv4(ip, length, quote, &protocol)
                                        : 0;
    if (offset == 0 || offset + 4 > length || (protocol != NH_L4_TCP && protocol != NH_L4_UDP))
        return false;
    quote->l4 = (nh_l4)protocol;
    read_quoted_ports(ip + offset, length - offset, quote);
    return true;
}
