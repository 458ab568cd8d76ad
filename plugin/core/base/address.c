/* address.c
 * Addresses and their text, without the system's functions: those of Windows need its sockets, and each system writes
 * some IPv6 addresses in its own way, while reports are to be the same everywhere.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/address.h"

#include "core/base/core.h"

#include <stdio.h>

#define GROUPS 8 /* of 16 bits in an IPv6 address */

/* The longest run of zero groups; RFC 5952 section 4.2: of two equal ones the first, a lone zero is no run. */
static void
longest_zeros(const uint16_t *groups, unsigned *first, unsigned *length)
{
    unsigned run = 0;

    *first = *length = 0;
    for (unsigned i = 0; i < GROUPS; i++) {
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > 1 && run > *length) {
            *length = run;
            *first = i + 1 - run;
        }
    }
}

static unsigned
put_ipv4(char *text, const uint8_t *bytes)
{
    return (unsigned)snprintf(text, NH_ADDR_TEXT / 2, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* Addresses that hold one of IPv4 end in its text: mapped (RFC 4291 section 2.5.5.2) and compatible ones (2.5.5.1). */
static bool
holds_ipv4(const uint16_t *groups, unsigned first, unsigned length)
{
    return first == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff));
}

static void
put_ipv6(char *text, const uint8_t *bytes)
{
    uint16_t groups[GROUPS];
    unsigned first, length, at = 0;

    for (unsigned i = 0; i < GROUPS; i++)
        groups[i] = nh_be16(bytes + 2 * i);
    longest_zeros(groups, &first, &length);
    bool mixed = holds_ipv4(groups, first, length);
    for (unsigned i = 0; i < (mixed ? 6u : GROUPS); i++) {
        if (length > 0 && i == first) {
            at += (unsigned)snprintf(text + at, NH_ADDR_TEXT - at, "::");
            i += length - 1;
            continue;
        }
        /* A run of zeros has its colons already. */
        at += (unsigned)snprintf(text + at, NH_ADDR_TEXT - at, i > 0 && i != first + length ? ":%x" : "%x", groups[i]);
    }
    if (mixed && length == 5)
        text[at++] = ':';
    if (mixed)
        put_ipv4(text + at, bytes + 12);
}

const char *
nh_addr_text(const nh_addr *addr, char *buf)
{
    if (addr->len == 4)
        put_ipv4(buf, addr->bytes);
    else if (addr->len == 16)
        put_ipv6(buf, addr->bytes);
    else
        g_strlcpy(buf, "?", NH_ADDR_TEXT);
    return buf;
}

/* A number of at most that many digits; NULL where none stands, else behind it. */
static const char *
take_number(const char *text, unsigned base, unsigned digits, unsigned *number)
{
    unsigned n = 0;

    for (*number = 0; n < digits; n++, text++) {
        int digit = g_ascii_xdigit_value(*text);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *number = *number * base + (unsigned)digit;
    }
    return n > 0 ? text : NULL;
}

/* Four decimal numbers, without leading zeros: some read those as octal. */
static bool
parse_ipv4(const char *text, uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned number;
        const char *start = text;
        text = take_number(start, 10, 3, &number);
        if (!text || number > 255 || (*start == '0' && text > start + 1))
            return false;
        bytes[i] = (uint8_t)number;
        if (*text++ != (i < 3 ? '.' : '\0'))
            return false;
    }
    return true;
}

/* The groups of one side of "::", up to max bytes of them; how many bytes, or -1 if they are none. */
static int
parse_groups(const char *text, uint8_t *bytes, int max)
{
    int n = 0;

    while (*text) {
        unsigned number;
        const char *end = take_number(text, 16, 4, &number);
        if (end && *end == '.')
            return n + 4 <= max && parse_ipv4(text, bytes + n) ? n + 4 : -1;
        if (!end || n + 2 > max || (*end != ':' && *end != '\0') || (*end == ':' && end[1] == '\0'))
            return -1;
        bytes[n++] = (uint8_t)(number >> 8);
        bytes[n++] = (uint8_t)number;
        text = *end ? end + 1 : end;
    }
    return n;
}

/* RFC 4291 section 2.2; text is changed. */
static bool
parse_ipv6(char *text, uint8_t *bytes)
{
    uint8_t tail[16];
    char *gap = strstr(text, "::");

    if (!gap)
        return parse_groups(text, bytes, 16) == 16;
    *gap = '\0';
    int before = parse_groups(text, bytes, 14);
    int after = before < 0 || strchr(text, '.') ? -1 : parse_groups(gap + 2, tail, 14 - before);
    if (after < 0)
        return false;
    memset(bytes + before, 0, (size_t)(16 - before - after));
    memcpy(bytes + 16 - after, tail, (size_t)after);
    return true;
}

bool
nh_addr_parse(const char *text, nh_addr *addr)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    const char *scope = strchr(text, '%');
    char *plain = g_strndup(text, scope ? (size_t)(scope - text) : strlen(text));
    nh_addr parsed = { 0 };

    *addr = (nh_addr){ 0 };
    if (parse_ipv4(plain, parsed.bytes))
        parsed.len = 4;
    else if (parse_ipv6(plain, parsed.bytes))
        parsed.len = 16;
    if (parsed.len == 16 && memcmp(parsed.bytes, mapped, sizeof mapped) == 0) {
        addr->len = 4;
        memcpy(addr->bytes, parsed.bytes + sizeof mapped, 4);
    } else if (parsed.len > 0) {
        memcpy(addr->bytes, parsed.bytes, parsed.len);
        addr->len = parsed.len;
    }
    g_free(plain);
    return addr->len != 0;
}
