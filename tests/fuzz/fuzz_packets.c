/* fuzz_packets.c
 * The public face of the core, nh_packet_take(), fed with packets as they are
 * captured. The input is a run of records, which tests/fuzz/seeds makes of captures:
 *
 *   kind and flags (1), time (1, and more for some; not of the same frame), ends (1), hops (1), where (1),
 *   IP's identification (2), bytes not captured (1), length (2), the bytes
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "fuzz.h"

#include "include/nlm_health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_MAX 3000
#define START      (G_GINT64_CONSTANT(1750000000) * NH_SECOND)

enum { MAC = 4, HOPS = 8, POINT = 16, FRAGMENT = 32, SAME_FRAME = 64, LOOK = 128 };

static nh_addr
address(uint8_t choice)
{
    nh_addr addr = { .len = choice & 8 ? 16 : 4 };

    addr.bytes[0] = 10;
    addr.bytes[addr.len - 1] = choice & 7;
    return addr;
}

/* Microseconds later, 16 ms each, or whatever a broken clock shows. */
static nh_time
later(input *in, nh_time time)
{
    uint8_t how = byte(in);

    switch (how) {
    case 255:
        return any_time(in);
    case 254:
        return nh_time_of(0, number(in, 4));
    case 253:
        time -= (nh_time)number(in, 4) * 1000;
        break;
    case 252:
        time += (nh_time)number(in, 4) * 1000;
        break;
    default:
        time += how * 16 * NH_MSEC;
    }
    return CLAMP(time, nh_time_of(G_MININT64, 0), nh_time_of(G_MAXINT64, 0));
}

static void
take_packet(input *in, nh_watch *watch, uint8_t how, uint32_t frame, nh_time time)
{
    uint8_t ends = byte(in), where;
    nh_packet packet = { .frame = frame, .time = time, .kind = (nh_packet_kind)(how & 3), .src = address(ends & 15),
                         .dst = address(ends >> 4), .has_mac = how & MAC, .has_hops = how & HOPS, .has_point = how & POINT,
                         .fragment = how & FRAGMENT };

    packet.hops = byte(in);
    where = byte(in);
    packet.iface = where & 3;
    packet.section = where >> 2 & 1;
    packet.travel = (nh_travel)(where >> 3 & 3) % 3;
    packet.mac_src[5] = where >> 5;
    packet.mac_dst[5] = where >> 6;
    packet.ip_id = number(in, 2);
    packet.length = byte(in);
    packet.captured = count(in, 2, UINT16_MAX);
    packet.length += packet.captured;
    uint8_t *bytes = g_memdup2(in->data, packet.captured); /* of its own, so that a byte too much is noticed */
    packet.bytes = bytes;
    in->data += packet.captured;
    in->size -= packet.captured;
    nh_packet_take(watch, &packet);
    g_free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    nh_options options = take_options(&in);
    nh_watch *watch = nh_watch_new(&options);
    uint32_t frame = 0;
    nh_time time = START;

    while (in.size > 0 && frame < FRAMES_MAX) {
        uint8_t how = byte(&in);
        if (!(how & SAME_FRAME) || frame == 0) {
            time = later(&in, time);
            frame++;
        }
        take_packet(&in, watch, how, frame, time);
        nh_watch_frame(watch, frame, time);
        nh_view view;
        if (how & LOOK)
            nh_view_frame(watch, frame, &view);
    }
    tell_all(watch, frame, is_told_whole(data, size));
    nh_watch_free(watch);
    return 0;
}
