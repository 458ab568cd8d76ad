/* capture_file.h
 * Reading capture files without Wireshark: pcap and pcapng.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Link types (LINKTYPE_ of www.tcpdump.org) that are understood */
enum { LINKTYPE_NULL = 0, LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, LINKTYPE_LOOP = 108, LINKTYPE_SLL = 113, LINKTYPE_IPV4 = 228, LINKTYPE_IPV6 = 229, LINKTYPE_SLL2 = 276 };

/* A frame; its bytes only while the callback runs. */
typedef struct {
    int64_t time; /* nanoseconds since 1970 */
    uint32_t link, iface, section;
    bool has_interface;
    uint32_t direction; /* of pcapng's flags: 0 unknown, 1 inbound, 2 outbound */
    const uint8_t *bytes;
    uint32_t captured, length;
} captured_frame;

typedef void (*captured_frame_cb)(const captured_frame *frame, void *data);

/* Each frame of a file in its order; what is wrong with the file (static), or NULL. */
const char *capture_file_read(const char *path, captured_frame_cb cb, void *data);

#endif
