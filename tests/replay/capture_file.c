/* capture_file.c
 * Reading capture files without Wireshark: pcap and pcapng.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "capture_file.h"

#include <string.h>

#include <glib.h>

#define SECOND G_GINT64_CONSTANT(1000000000)

typedef struct {
    const uint8_t *bytes;
    size_t size;
    bool swapped; /* the file's byte order is not this machine's */
    captured_frame_cb cb;
    void *data;
} reader;

static uint32_t
get32(const reader *r, size_t at)
{
    uint32_t value;

    memcpy(&value, r->bytes + at, sizeof value);
    return r->swapped ? GUINT32_SWAP_LE_BE(value) : value;
}

static uint16_t
get16(const reader *r, size_t at)
{
    uint16_t value;

    memcpy(&value, r->bytes + at, sizeof value);
    return r->swapped ? GUINT16_SWAP_LE_BE(value) : value;
}

/* --- pcap (draft-ietf-opsawg-pcap) -------------------------------------------------------- */

static const char *
read_pcap(reader *r, bool nanoseconds)
{
    if (r->size < 24)
        return "the file ends in its header";
    uint32_t link = get32(r, 20) & 0xffff;
    for (size_t at = 24; at < r->size;) {
        if (at + 16 > r->size || at + 16 + get32(r, at + 8) > r->size)
            return "the file ends in the middle of a packet";
        captured_frame frame = { .time = get32(r, at) * SECOND + get32(r, at + 4) * (nanoseconds ? 1 : G_GINT64_CONSTANT(1000)),
                                 .link = link,
                                 .bytes = r->bytes + at + 16,
                                 .captured = get32(r, at + 8),
                                 .length = get32(r, at + 12) };
        r->cb(&frame, r->data);
        at += 16 + frame.captured;
    }
    return NULL;
}

/* --- pcapng (draft-ietf-opsawg-pcapng) ------------------------------------------------------ */

enum { SECTION_HEADER = 0x0a0d0d0a, INTERFACE_DESCRIPTION = 1, SIMPLE_PACKET = 3, ENHANCED_PACKET = 6, SAME_ORDER = 0x1a2b3c4d };
enum { END_OF_OPTIONS = 0, PACKET_FLAGS = 2, TIME_RESOLUTION = 9, TIME_OFFSET = 14 };

typedef struct {
    uint32_t link, snaplen;
    uint64_t per_second;
    int64_t offset;
} capture_interface;

/* Where the value of an option lies in a block, 0 when the block has none of this kind. */
static size_t
find_option(const reader *r, size_t from, size_t to, uint16_t code)
{
    while (from + 4 <= to && get16(r, from) != END_OF_OPTIONS) {
        size_t length = get16(r, from + 2);
        if (get16(r, from) == code && from + 4 + length <= to)
            return from + 4;
        from += 4 + (length + 3) / 4 * 4;
    }
    return 0;
}

static capture_interface
read_interface(const reader *r, size_t at, size_t end)
{
    capture_interface i = { get16(r, at + 8), get32(r, at + 12), 1000000, 0 };
    size_t resolution = find_option(r, at + 16, end, TIME_RESOLUTION), offset = find_option(r, at + 16, end, TIME_OFFSET);

    if (resolution) {
        uint8_t value = r->bytes[resolution];
        i.per_second = 1;
        for (unsigned n = 0; n < (value & 0x7f) && i.per_second < G_MAXUINT64 / 10; n++)
            i.per_second *= value & 0x80 ? 2 : 10;
    }
    if (offset)
        memcpy(&i.offset, r->bytes + offset, sizeof i.offset);
    return i;
}

static int64_t
time_of(const capture_interface *i, uint64_t units)
{
    return ((int64_t)(units / i->per_second) + i->offset) * SECOND +
           (int64_t)((double)(units % i->per_second) * (double)SECOND / (double)i->per_second + 0.5);
}

static void
read_enhanced_packet(const reader *r, size_t at, size_t end, const GArray *interfaces, uint32_t section)
{
    uint32_t number = get32(r, at + 8), captured = get32(r, at + 20);

    if (number >= interfaces->len || at + 28 + captured > end)
        return;
    const capture_interface *i = &g_array_index(interfaces, capture_interface, number);
    size_t flags = find_option(r, at + 28 + (captured + 3) / 4 * 4, end, PACKET_FLAGS);
    captured_frame frame = { .time = time_of(i, (uint64_t)get32(r, at + 12) << 32 | get32(r, at + 16)),
                             .link = i->link,
                             .iface = number,
                             .section = section,
                             .has_interface = true,
                             .direction = flags ? get32(r, flags) & 3 : 0,
                             .bytes = r->bytes + at + 28,
                             .captured = captured,
                             .length = get32(r, at + 24) };
    r->cb(&frame, r->data);
}

static const char *
read_pcapng(reader *r)
{
    GArray *interfaces = g_array_new(FALSE, FALSE, sizeof(capture_interface));
    const char *wrong = NULL;
    uint32_t section = 0;

    for (size_t at = 0; at < r->size && !wrong;) {
        if (at + 12 > r->size) {
            wrong = "the file ends in the middle of a block";
            break;
        }
        if (get32(r, at) == SECTION_HEADER) {
            r->swapped = false;
            r->swapped = get32(r, at + 8) != SAME_ORDER;
            section += at > 0;
            g_array_set_size(interfaces, 0);
        }
        uint32_t type = get32(r, at), length = get32(r, at + 4);
        size_t end = at + length - 4; /* the length stands at the end once more */
        if (length < 12 || length % 4 != 0 || at + length > r->size) {
            wrong = "the file ends in the middle of a block";
        } else if (type == INTERFACE_DESCRIPTION && length >= 20) {
            capture_interface i = read_interface(r, at, end);
            g_array_append_val(interfaces, i);
        } else if (type == ENHANCED_PACKET && length >= 32) {
            read_enhanced_packet(r, at, end, interfaces, section);
        } else if (type == SIMPLE_PACKET) {
            wrong = "it has packets without a time";
        }
        at += length;
    }
    g_array_unref(interfaces);
    return wrong;
}

static const char *
read_bytes(reader *r)
{
    if (r->size < 4)
        return "the file is empty";
    uint32_t magic = get32(r, 0);
    r->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
    switch (r->swapped ? GUINT32_SWAP_LE_BE(magic) : magic) {
    case 0xa1b2c3d4:
        return read_pcap(r, false);
    case 0xa1b23c4d:
        return read_pcap(r, true);
    case SECTION_HEADER:
        return read_pcapng(r);
    default:
        return "it is neither pcap nor pcapng";
    }
}

const char *
capture_file_read(const char *path, captured_frame_cb cb, void *data)
{
    GMappedFile *file = g_mapped_file_new(path, FALSE, NULL);
    reader r = { .cb = cb, .data = data };

    if (!file)
        return "the file cannot be read";
    r.bytes = (const uint8_t *)g_mapped_file_get_contents(file);
    r.size = g_mapped_file_get_length(file);
    const char *wrong = read_bytes(&r);
    g_mapped_file_unref(file);
    return wrong;
}
