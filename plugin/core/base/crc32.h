/* crc32.h
 * CRC-32 as zlib and Wireshark have it. The core is linked with neither: it knows GLib alone, which has none.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CRC32_H
#define NLM_HEALTH_CRC32_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* That of a file handle is what Wireshark shows as its hash (packet-nfs.c, dissect_fhandle_data). */
uint32_t nh_crc32(const uint8_t *bytes, unsigned length);

#endif
