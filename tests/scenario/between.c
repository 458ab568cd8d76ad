/* between.c
 * What a box between two capture points does to the packets that pass it: a router, address translation, a firewall that
 * lowers the MSS or gives sequence numbers of its own.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "bytes.h"

#include <netinet/in.h>
#include <string.h>

#define TCP_HEADER 20
#define OPTION_MSS 2

static uint32_t
get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint16_t
get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void
add32(GByteArray *packet, unsigned offset, int64_t value)
{
    uint32_t sum = get32(packet->data + offset) + (uint32_t)value;

    set16(packet, offset, sum >> 16);
    set16(packet, offset + 2, sum & 0xffff);
}

/* The headers of a packet. */
typedef struct {
    bool v6;
    unsigned src, dst, address, hops, transport;
    uint8_t proto;
} layout;

static layout
layout_of(const GByteArray *packet)
{
    if (packet->data[0] >> 4 == 6)
        return (layout){ true, 8, 24, 16, 7, IPV6_HEADER, packet->data[6] };
    return (layout){ false, 12, 16, 4, 8, (unsigned)(packet->data[0] & 15) * 4, packet->data[9] };
}

static void
set_checksums(GByteArray *packet, const layout *at)
{
    unsigned sum_at = at->proto == IPPROTO_TCP ? 16 : 6, length = packet->len - at->transport;

    if (!at->v6) {
        set16(packet, 10, 0);
        set16(packet, 10, sum_fold(sum_bytes(0, packet->data, at->transport)));
    }
    if (at->proto != IPPROTO_TCP && at->proto != IPPROTO_UDP)
        return;
    set16(packet, at->transport + sum_at, 0);
    uint32_t sum = sum_bytes(at->proto + length, packet->data + at->src, 2 * at->address);
    set16(packet, at->transport + sum_at, sum_fold(sum_bytes(sum, packet->data + at->transport, length)));
}

static void
translate(const way_box *box, GByteArray *packet, const layout *at, bool from_client)
{
    unsigned port_at = at->transport + (from_client ? 0 : 2);

    memcpy(packet->data + (from_client ? at->src : at->dst), box->nat_addr.bytes, at->address);
    set16(packet, port_at, 20000 + get16(packet->data + port_at) % 10000);
}

static void
lower_mss(GByteArray *packet, unsigned tcp, int64_t mss)
{
    unsigned end = tcp + (unsigned)(packet->data[tcp + 12] >> 4) * 4;

    for (unsigned i = tcp + TCP_HEADER; i + 3 < end && packet->data[i] != 0; i += packet->data[i] == 1 ? 1 : MAX(packet->data[i + 1], 2))
        if (packet->data[i] == OPTION_MSS && get16(packet->data + i + 2) > mss)
            set16(packet, i + 2, (unsigned)mss);
}

GByteArray *
between_pass(const way_box *box, const GByteArray *ip, bool from_client, bool at_server)
{
    GByteArray *packet = g_byte_array_append(g_byte_array_new(), ip->data, ip->len);
    layout at = layout_of(packet);
    bool arrives = from_client == at_server, tcp = at.proto == IPPROTO_TCP;

    if (arrives)
        packet->data[at.hops] = (uint8_t)(packet->data[at.hops] - box->hops);
    if (at_server && box->nat && (tcp || at.proto == IPPROTO_UDP))
        translate(box, packet, &at, from_client);
    if (at_server && box->renumber && tcp && (from_client || packet->data[at.transport + 13] & TCP_ACK))
        add32(packet, at.transport + (from_client ? 4 : 8), box->renumber);
    if (arrives && box->mss && tcp && packet->data[at.transport + 13] & TCP_SYN)
        lower_mss(packet, at.transport, box->mss);
    set_checksums(packet, &at);
    return packet;
}
