/* icmp.c
 * What an ICMP or ICMPv6 error says of the packet that it quotes.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "icmp.h"

#define V4_UNREACHABLE 3
#define V6_UNREACHABLE 1

/* Codes of RFC 792 (with RFC 1122, RFC 1812) and RFC 4443 that end or hinder a flow, or NULL. */
static const char *
words_of_code(const nh_quote *quote)
{
    static const char *const v4[] = {
        "network unreachable", "host unreachable", "protocol unreachable", "port unreachable", NULL,
        "source route failed", "network unknown", "host unknown", "source host isolated", "network administratively prohibited",
        "host administratively prohibited", "network unreachable for this service", "host unreachable for this service",
        "communication administratively prohibited",
    };
    static const char *const v6[] = { "no route", "administratively prohibited", "beyond scope", "address unreachable",
                                      "port unreachable", "source address failed policy", "route rejected" };

    if (quote->v6)
        return quote->type == V6_UNREACHABLE && quote->code < G_N_ELEMENTS(v6) ? v6[quote->code] : NULL;
    /* fragmentation needed: path MTU discovery at work, the packet comes again in smaller pieces */
    return quote->type == V4_UNREACHABLE && quote->code < G_N_ELEMENTS(v4) ? v4[quote->code] : NULL;
}

char *
nh_icmp_text(const nh_quote *quote)
{
    gboolean own = nh_addr_equal(&quote->sender, &quote->src.addr);
    const char *what = words_of_code(quote);
    char sender[NH_ADDR_TEXT];

    if (!what)
        return NULL;
    return g_strdup_printf("ICMP: %s, says %s%s", what, nh_addr_text(&quote->sender, sender),
                           own ? " (the sender's own host: no answer to ARP or neighbour discovery)" : "");
}
