/* address.h
 * Addresses and their text, without the system's functions: those of Windows need its sockets, and each system writes
 * some IPv6 addresses in its own way, while reports are to be the same everywhere.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ADDRESS_H
#define NLM_HEALTH_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An IPv4 or IPv6 address; unused bytes are zero, so that memcmp() compares keys that have one. */
typedef struct {
    uint8_t len; /* 4, 16, or 0 when unknown */
    uint8_t bytes[16];
} nh_addr;

static inline bool
nh_addr_equal(const nh_addr *a, const nh_addr *b)
{
    if (memcmp(a, b, 8) != 0) /* IPv4 ends here */
        return false;
    return a->len <= 4 || memcmp(a->bytes + 7, b->bytes + 7, sizeof a->bytes - 7) == 0;
}

#define NH_ADDR_TEXT 64
/* Numeric text of an address into buf (NH_ADDR_TEXT bytes); returns buf. */
const char *nh_addr_text(const nh_addr *addr, char *buf);

/* The address that a text is, however it is written; its scope is left out, an IPv4-mapped one is IPv4. false for any other text. */
bool nh_addr_parse(const char *text, nh_addr *addr);

#endif
