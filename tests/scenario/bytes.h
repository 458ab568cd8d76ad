/* bytes.h
 * Big-endian numbers at the end of a byte array, and the checksum over them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef BYTES_H
#define BYTES_H

#include "scenario.h"

#include <string.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40 };

static inline void
put8(GByteArray *out, uint8_t value)
{
    g_byte_array_append(out, &value, 1);
}

static inline void
put16(GByteArray *out, uint16_t value)
{
    uint16_t wire = g_htons(value);
    g_byte_array_append(out, (uint8_t *)&wire, 2);
}

static inline void
put32(GByteArray *out, uint32_t value)
{
    uint32_t wire = g_htonl(value);
    g_byte_array_append(out, (uint8_t *)&wire, 4);
}

static inline void
put_array(GByteArray *out, const GByteArray *bytes)
{
    if (bytes)
        g_byte_array_append(out, bytes->data, bytes->len);
}

static inline void
set16(GByteArray *out, unsigned offset, uint16_t value)
{
    out->data[offset] = value >> 8;
    out->data[offset + 1] = value & 0xff;
}

/* The Internet checksum (RFC 1071), to be folded at the end */
static inline uint32_t
sum_bytes(uint32_t sum, const uint8_t *bytes, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        sum += i % 2 ? bytes[i] : bytes[i] << 8;
    return sum;
}

static inline uint16_t
sum_fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

#endif
