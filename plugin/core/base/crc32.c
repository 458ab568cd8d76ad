/* crc32.c
 * CRC-32 as zlib and Wireshark have it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/crc32.h"

#define POLYNOMIAL 0xedb88320u

/* Four bytes at a time: ahead[n][b] is what byte b does when n bytes follow it. Each lock call has a file handle to be hashed. */
static uint32_t ahead[4][256];

static void
make_tables(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        ahead[0][b] = crc;
    }
    for (unsigned n = 1; n < 4; n++)
        for (unsigned b = 0; b < 256; b++)
            ahead[n][b] = ahead[n - 1][b] >> 8 ^ ahead[0][ahead[n - 1][b] & 0xff];
}

uint32_t
nh_crc32(const uint8_t *bytes, unsigned length)
{
    uint32_t crc = 0xffffffff;

    if (!ahead[0][1])
        make_tables();
    for (; length >= 4; bytes += 4, length -= 4) {
        crc ^= bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        crc = ahead[3][crc & 0xff] ^ ahead[2][crc >> 8 & 0xff] ^ ahead[1][crc >> 16 & 0xff] ^ ahead[0][crc >> 24];
    }
    for (; length > 0; bytes++, length--)
        crc = crc >> 8 ^ ahead[0][(crc ^ *bytes) & 0xff];
    return ~crc;
}
