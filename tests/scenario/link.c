/* link.c
 * What a packet travels in: fragments, tunnels and the link layers of a capture.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "bytes.h"

#include <netinet/in.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_VLAN = 0x8100, ETHERTYPE_IPV6 = 0x86dd, VXLAN_PORT = 4789, FRAGMENT_HEADER = 8 };

static uint16_t
ethertype(const host *src)
{
    return src->addr.len == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/* Fragments (RFC 791, RFC 8200 section 4.5) */

/* Bytes [from, to) of the payload as a packet of their own. */
static GByteArray *
fragment_ipv4(const GByteArray *ip, unsigned from, unsigned to)
{
    GByteArray *out = g_byte_array_new();
    bool last = IPV4_HEADER + to == ip->len;

    g_byte_array_append(out, ip->data, IPV4_HEADER);
    g_byte_array_append(out, ip->data + IPV4_HEADER + from, to - from);
    set16(out, 2, out->len);
    set16(out, 6, from / 8 | (last ? 0 : 0x2000));
    set16(out, 10, 0);
    set16(out, 10, sum_fold(sum_bytes(0, out->data, IPV4_HEADER)));
    return out;
}

static GByteArray *
fragment_ipv6(const GByteArray *ip, unsigned from, unsigned to, uint32_t id)
{
    GByteArray *out = g_byte_array_new();
    bool last = IPV6_HEADER + to == ip->len;

    g_byte_array_append(out, ip->data, IPV6_HEADER);
    put8(out, ip->data[6]);
    put8(out, 0);
    put16(out, from | (last ? 0 : 1));
    put32(out, id);
    g_byte_array_append(out, ip->data + IPV6_HEADER + from, to - from);
    set16(out, 4, out->len - IPV6_HEADER);
    out->data[6] = IPPROTO_FRAGMENT;
    return out;
}

GPtrArray *
packet_fragments(GByteArray *ip, unsigned mtu, uint32_t id)
{
    GPtrArray *fragments = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    bool v6 = ip->data[0] >> 4 == 6;
    unsigned header = v6 ? IPV6_HEADER : IPV4_HEADER;

    if (mtu == 0 || ip->len <= mtu) {
        g_ptr_array_add(fragments, g_byte_array_ref(ip));
        return fragments;
    }
    unsigned piece = (mtu - header - (v6 ? FRAGMENT_HEADER : 0)) & ~7u;
    for (unsigned from = 0; from < ip->len - header; from += piece) {
        unsigned to = MIN(from + piece, ip->len - header);
        g_ptr_array_add(fragments, v6 ? fragment_ipv6(ip, from, to, id) : fragment_ipv4(ip, from, to));
    }
    return fragments;
}

/* Tunnels */

/* The packet inside Ethernet and VXLAN (RFC 7348) */
static GByteArray *
vxlan_packet(host *from, host *to, int64_t network, const GByteArray *ip, const host *src, const host *dst)
{
    GByteArray *inner = g_byte_array_new();

    put32(inner, 0x08000000);
    put32(inner, (uint32_t)network << 8);
    g_byte_array_append(inner, dst->mac, 6);
    g_byte_array_append(inner, src->mac, 6);
    put16(inner, ethertype(src));
    put_array(inner, ip);
    GByteArray *outer = packet_udp(from, to, 49152, VXLAN_PORT, inner);
    g_byte_array_unref(inner);
    return outer;
}

/* The packet inside GRE with a key (RFC 2890) */
static GByteArray *
gre_packet(host *from, host *to, int64_t key, const GByteArray *ip, const host *src)
{
    GByteArray *inner = g_byte_array_new();

    put16(inner, 0x2000);
    put16(inner, ethertype(src));
    put32(inner, (uint32_t)key);
    put_array(inner, ip);
    return packet_ip(from, to, IPPROTO_GRE, inner);
}

static GByteArray *
tunnel_wrap(const link_layer *link, const GByteArray *ip, const host *src, const host *dst)
{
    static host ends[2] = {
        { .addr = { { 172, 16, 0, 1 }, 4 } },
        { .addr = { { 172, 16, 0, 2 }, 4 } },
    };
    host *from = &ends[link->outgoing ? 0 : 1], *to = &ends[link->outgoing ? 1 : 0];
    GByteArray *outer = link->vxlan >= 0 ? vxlan_packet(from, to, link->vxlan, ip, src, dst) : gre_packet(from, to, link->gre, ip, src);
    link_layer plain = *link;

    plain.vxlan = plain.gre = -1;
    GByteArray *out = link_wrap(&plain, outer, from, to);
    g_byte_array_unref(outer);
    return out;
}

/* Link layers */

static const char *const link_names[LINK_COUNT] = { "ethernet", "sll", "sll2", "raw", "null" };

int
link_parse(const char *name)
{
    for (int i = 0; i < LINK_COUNT; i++)
        if (strcmp(name, link_names[i]) == 0)
            return i;
    return -1;
}

/* Ethertype, after a VLAN tag if there is one */
static void
put_ethertype(GByteArray *out, const host *src, int64_t vlan)
{
    if (vlan >= 0) {
        put16(out, ETHERTYPE_VLAN);
        put16(out, (uint16_t)vlan);
    }
    put16(out, ethertype(src));
}

static void
put_ethernet(GByteArray *out, const link_layer *link, const host *src, const host *dst)
{
    g_byte_array_append(out, dst->mac, 6);
    g_byte_array_append(out, src->mac, 6);
    put_ethertype(out, src, link->vlan);
}

/* Packet type, ARPHRD_ETHER, hardware address: what both Linux "cooked" headers have, in another order */
enum { COOKED_TO_US = 0, COOKED_FROM_US = 4, ARPHRD_ETHER = 1 };

static void
put_sll(GByteArray *out, const link_layer *link, const host *src)
{
    put16(out, link->outgoing ? COOKED_FROM_US : COOKED_TO_US);
    put16(out, ARPHRD_ETHER);
    put16(out, 6);
    g_byte_array_append(out, src->mac, 6);
    put16(out, 0);
    put_ethertype(out, src, link->vlan);
}

/* The tag of a VLAN follows the header. */
static void
put_sll2(GByteArray *out, const link_layer *link, const host *src)
{
    put16(out, link->vlan >= 0 ? ETHERTYPE_VLAN : ethertype(src));
    put16(out, 0);
    put32(out, 2);          /* interface index */
    put16(out, ARPHRD_ETHER);
    put8(out, link->outgoing ? COOKED_FROM_US : COOKED_TO_US);
    put8(out, 6);
    g_byte_array_append(out, src->mac, 6);
    put16(out, 0);
    if (link->vlan >= 0) {
        put16(out, (uint16_t)link->vlan);
        put16(out, ethertype(src));
    }
}

/* BSD loopback: AF_INET or AF_INET6 of macOS, in the byte order of the host that captures */
static void
put_null(GByteArray *out, const host *src)
{
    put8(out, src->addr.len == 4 ? 2 : 30);
    put8(out, 0);
    put16(out, 0);
}

GByteArray *
link_wrap(const link_layer *link, const GByteArray *ip, const host *src, const host *dst)
{
    if (link->vxlan >= 0 || link->gre >= 0)
        return tunnel_wrap(link, ip, src, dst);
    GByteArray *out = g_byte_array_new();
    switch (link->kind) {
    case LINK_ETHERNET:
        put_ethernet(out, link, src, dst);
        break;
    case LINK_SLL:
        put_sll(out, link, src);
        break;
    case LINK_SLL2:
        put_sll2(out, link, src);
        break;
    case LINK_NULL:
        put_null(out, src);
        break;
    default:
        break;
    }
    put_array(out, ip);
    return out;
}
