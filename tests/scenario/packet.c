/* packet.c
 * Packets: TCP, UDP and ICMP with right checksums in IPv4 and IPv6.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void
set_transport_checksum(GByteArray *bytes, unsigned offset, const host *src, const host *dst, uint8_t proto)
{
    uint32_t sum = sum_bytes(0, src->addr.bytes, src->addr.len);

    sum = sum_bytes(sum, dst->addr.bytes, dst->addr.len) + proto + bytes->len;
    uint16_t checksum = sum_fold(sum_bytes(sum, bytes->data, bytes->len));
    /* zero means "none" to UDP */
    set16(bytes, offset, checksum == 0 && proto == IPPROTO_UDP ? 0xffff : checksum);
}

/* Addresses */

/* An IPv4 address in an IPv6 run keeps its digits, so that the reader recognises the host. */
int
address_parse(const char *text, bool as_ipv6, address *addr)
{
    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET6, text, addr->bytes) == 1) {
        addr->len = 16;
        return 1;
    }
    if (inet_pton(AF_INET, text, addr->bytes) != 1)
        return 0;
    addr->len = 4;
    if (as_ipv6) {
        static const uint8_t documentation[12] = { 0x20, 0x01, 0x0d, 0xb8 };
        memcpy(addr->bytes + 12, addr->bytes, 4);
        memcpy(addr->bytes, documentation, 12);
        addr->len = 16;
    }
    return 1;
}

char *
address_text(const address *addr)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(addr->len == 4 ? AF_INET : AF_INET6, addr->bytes, text, sizeof text);
    return g_strdup(text);
}

void
host_set_mac(host *h)
{
    h->mac[0] = 2;  /* locally administered */
    h->mac[1] = h->machine ? 1 : 0;
    memcpy(h->mac + 2, h->addr.bytes + h->addr.len - 4, 4);
    if (h->machine) {
        memset(h->mac + 2, 0, 2);
        h->mac[4] = (uint8_t)(h->machine >> 8);
        h->mac[5] = (uint8_t)h->machine;
    }
}

/* IP */

static GByteArray *
ipv4_wrap(host *src, const host *dst, uint8_t proto, const GByteArray *payload)
{
    GByteArray *out = g_byte_array_new();

    put16(out, 0x4500);
    put16(out, IPV4_HEADER + payload->len);
    put16(out, ++src->ip_id);
    put16(out, 0x4000);     /* don't fragment */
    put8(out, src->hops ? src->hops : 64);
    put8(out, proto);
    put16(out, 0);
    g_byte_array_append(out, src->addr.bytes, 4);
    g_byte_array_append(out, dst->addr.bytes, 4);
    set16(out, 10, sum_fold(sum_bytes(0, out->data, IPV4_HEADER)));
    put_array(out, payload);
    return out;
}

static GByteArray *
ipv6_wrap(const host *src, const host *dst, uint8_t proto, const GByteArray *payload)
{
    GByteArray *out = g_byte_array_new();

    put32(out, 0x60000000);
    put16(out, payload->len);
    put8(out, proto);
    put8(out, src->hops ? src->hops : 64);
    g_byte_array_append(out, src->addr.bytes, 16);
    g_byte_array_append(out, dst->addr.bytes, 16);
    put_array(out, payload);
    return out;
}

GByteArray *
packet_ip(host *src, const host *dst, uint8_t proto, GByteArray *payload)
{
    GByteArray *out = src->addr.len == 4 ? ipv4_wrap(src, dst, proto, payload) : ipv6_wrap(src, dst, proto, payload);
    g_byte_array_unref(payload);
    return out;
}

/* TCP, UDP, ICMP */

static void
put_tcp_options(GByteArray *out, const tcp_header *tcp, const host *src)
{
    if (tcp->flags & TCP_SYN) {
        put32(out, 0x02040000 | (src->addr.len == 4 ? 1460 : 1440));    /* MSS */
        put16(out, tcp->timestamps ? 0x0402 : 0x0101);                  /* SACK permitted takes the place of padding */
        if (!tcp->timestamps)
            put16(out, 0x0402);
    } else if (tcp->timestamps) {
        put16(out, 0x0101);
    }
    if (tcp->timestamps) {
        put16(out, 0x080a);
        put32(out, tcp->tsval);
        put32(out, tcp->tsecr);
    }
    if (tcp->flags & TCP_SYN)
        put32(out, 0x01030307);     /* window scale 7 */
    if (tcp->sacks) {
        put32(out, 0x01010502 + 8);
        put32(out, tcp->sack[0]);
        put32(out, tcp->sack[1]);
    }
}

GByteArray *
packet_tcp(host *src, const host *dst, const tcp_header *tcp)
{
    GByteArray *out = g_byte_array_new();

    put16(out, tcp->sport);
    put16(out, tcp->dport);
    put32(out, tcp->seq);
    put32(out, tcp->ack);
    put8(out, 0);
    put8(out, tcp->flags);
    put16(out, tcp->window);
    put32(out, 0);
    put_tcp_options(out, tcp, src);
    out->data[12] = (out->len / 4) << 4;
    put_array(out, tcp->data);
    set_transport_checksum(out, 16, src, dst, IPPROTO_TCP);
    return packet_ip(src, dst, IPPROTO_TCP, out);
}

GByteArray *
packet_udp(host *src, const host *dst, uint16_t sport, uint16_t dport, const GByteArray *data)
{
    GByteArray *out = g_byte_array_new();

    put16(out, sport);
    put16(out, dport);
    put16(out, 8 + data->len);
    put16(out, 0);
    put_array(out, data);
    set_transport_checksum(out, 6, src, dst, IPPROTO_UDP);
    return packet_ip(src, dst, IPPROTO_UDP, out);
}

/* The same news in both families (RFC 792, RFC 4443) */
static const struct {
    const char *name;
    uint16_t     v4, v6;     /* type and code */
} icmp_errors[] = {
    { "net-unreachable", 0x0300, 0x0100 },
    { "host-unreachable", 0x0301, 0x0103 },
    { "port-unreachable", 0x0303, 0x0104 },
    { "frag-needed", 0x0304, 0x0200 },
    { "admin-prohibited", 0x030d, 0x0101 },
    { "ttl-exceeded", 0x0b00, 0x0300 },
};

/* NULL when the error has no such name */
GByteArray *
packet_icmp(host *src, const host *dst, const char *what, const GByteArray *quoted, unsigned quote_len)
{
    bool v6 = src->addr.len == 16;
    unsigned header = v6 ? IPV6_HEADER : IPV4_HEADER;

    for (unsigned i = 0; i < G_N_ELEMENTS(icmp_errors); i++) {
        if (strcmp(what, icmp_errors[i].name) != 0)
            continue;
        GByteArray *out = g_byte_array_new();
        put16(out, v6 ? icmp_errors[i].v6 : icmp_errors[i].v4);
        put16(out, 0);
        put32(out, 0);
        g_byte_array_append(out, quoted->data, quote_len ? MIN(header + quote_len, quoted->len) : MIN(quoted->len, 548));
        if (v6)
            set_transport_checksum(out, 2, src, dst, IPPROTO_ICMPV6);
        else
            set16(out, 2, sum_fold(sum_bytes(0, out->data, out->len)));
        return packet_ip(src, dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, out);
    }
    return NULL;
}
