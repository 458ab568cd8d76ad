/* fuzz_core.c
 * The core fed with arbitrary packets: segments of a stream, datagrams, ICMP and
 * RPC messages, from few addresses and ports so that they meet each other.
 * Whatever comes, it must tell a story, view every frame and free everything.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_MAX 4000
#define START      (G_GINT64_CONSTANT(1750000000) * NH_SECOND)

static uint32_t
pick(input *in, const uint32_t *values, unsigned n)
{
    uint8_t choice = byte(in);
    return choice >= 250 ? number(in, 4) : values[choice % n];
}

/* The run so far: time, and where each direction of each port pair stands. */
typedef struct {
    input in;
    nh_watch *watch;
    uint32_t frame;
    nh_time time;
    uint32_t next[8];
} run;

static nh_end
take_end(run *r)
{
    static const uint16_t ports[] = { 111, 700, 988, 2049, 4045, 701, 50000, 0 };
    uint8_t choice = byte(&r->in);
    nh_end end = { .port = ports[choice >> 3 & 7] };

    end.addr.len = choice & 4 ? 16 : 4;
    end.addr.bytes[0] = 10;
    end.addr.bytes[end.addr.len - 1] = choice & 3;
    return end;
}

/* Mostly a little later, sometimes much, sometimes earlier. */
static void
next_frame(run *r)
{
    static const nh_time steps[] = { NH_MSEC, 30 * NH_MSEC, NH_SECOND, 10 * NH_SECOND, 60 * NH_SECOND, 200 * NH_SECOND,
                                     -5 * NH_SECOND, 0 };
    uint8_t choice = byte(&r->in);

    r->frame++;
    r->time += steps[choice & 7] * (choice >> 3 & 3);
    r->time = CLAMP(r->time, nh_time_of(G_MININT64, 0), nh_time_of(G_MAXINT64, 0));
    if (choice >= 254) /* a broken clock: any 64 bits */
        r->time = choice == 254 ? nh_time_of(0, number(&r->in, 4)) : any_time(&r->in);
    nh_watch_frame(r->watch, r->frame, r->time);
}

static void
put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = value >> 8;
    bytes[1] = value & 0xff;
}

static void
put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

static void
take_segment(run *r)
{
    static const uint8_t flags[] = { NH_TH_SYN, NH_TH_SYN | NH_TH_ACK, NH_TH_ACK, NH_TH_ACK | NH_TH_PSH, NH_TH_FIN | NH_TH_ACK,
                                    NH_TH_RST, NH_TH_RST | NH_TH_ACK, 0 };
    input *in = &r->in;
    nh_end src = take_end(r), dst = take_end(r);
    uint8_t how = byte(in), shape = byte(in), bytes[NH_TCP_HEADER + 64] = { 0 };
    uint32_t *next = &r->next[src.port % 7], ack = r->next[dst.port % 7];
    unsigned captured = shape & 1 ? (unsigned)MIN((size_t)(shape >> 2), in->size) : 0, len = captured + (shape & 2 ? shape >> 2 : 0);
    uint32_t seq = how & 8 ? *next - len : how & 16 ? *next + byte(in) : *next;

    put16(bytes, src.port);
    put16(bytes + 2, dst.port);
    put32(bytes + 4, seq);
    put32(bytes + 8, how & 32 ? ack : ack + byte(in) - 64);
    bytes[12] = NH_TCP_HEADER / 4 << 4;
    bytes[13] = how >= 248 ? byte(in) : flags[how & 7];
    put16(bytes + 14, how & 64 ? 0 : 512);
    for (unsigned i = 0; i < captured; i++)
        bytes[NH_TCP_HEADER + i] = byte(in);
    if (!(how & 8))
        *next = seq + len + ((bytes[13] & (NH_TH_SYN | NH_TH_FIN)) != 0);
    nh_packet packet = { .frame = r->frame, .time = r->time, .kind = NH_PACKET_SEGMENT, .src = src.addr, .dst = dst.addr,
                         .ip_id = how & 128 ? byte(in) : 0, .bytes = bytes, .captured = NH_TCP_HEADER + captured,
                         .length = NH_TCP_HEADER + len };
    nh_packet_take(r->watch, &packet);
}

/* A datagram of whatever bytes come, or an ICMP message of such. */
static void
take_bytes(run *r, nh_packet_kind kind)
{
    input *in = &r->in;
    nh_end src = take_end(r), dst = take_end(r);
    unsigned captured = count(in, 1, UINT8_MAX);
    uint8_t *bytes = captured ? g_memdup2(in->data, captured) : NULL; /* of its own, so that a byte too much is noticed */

    in->data += captured;
    in->size -= captured;
    if (kind == NH_PACKET_DATAGRAM && captured >= 4) {
        put16(bytes, src.port);
        put16(bytes + 2, dst.port);
    }
    nh_packet packet = { .frame = r->frame, .time = r->time, .kind = kind, .src = src.addr, .dst = dst.addr, .bytes = bytes,
                         .captured = captured, .length = captured };
    nh_packet_take(r->watch, &packet);
    g_free(bytes);
}

/* An ICMP error that quotes a packet between two ends. */
static void
take_quote(run *r)
{
    nh_end src = take_end(r), dst = take_end(r);
    bool v6 = src.addr.len == 16, tcp = byte(&r->in) & 1;
    unsigned header = v6 ? 40 : 20;
    uint8_t bytes[8 + 40 + 8] = { v6 ? 1 : 3, byte(&r->in) & 15 }, *ip = bytes + 8;

    ip[0] = v6 ? 0x60 : 0x45;
    ip[v6 ? 6 : 9] = tcp ? NH_L4_TCP : NH_L4_UDP;
    memcpy(ip + (v6 ? 8 : 12), src.addr.bytes, v6 ? 16 : 4);
    memcpy(ip + (v6 ? 24 : 16), dst.addr.bytes, v6 ? 16 : 4);
    put16(ip + header, src.port);
    put16(ip + header + 2, dst.port);
    nh_packet packet = { .frame = r->frame, .time = r->time, .kind = v6 ? NH_PACKET_ICMPV6 : NH_PACKET_ICMP,
                         .src = byte(&r->in) & 1 ? src.addr : take_end(r).addr, .dst = src.addr, .bytes = bytes,
                         .captured = 8 + header + 8, .length = 8 + header + 8 };
    nh_packet_take(r->watch, &packet);
}

/* A name of whatever bytes come; often none. */
static void
take_name(input *in, char *name, size_t room)
{
    size_t n = count(in, 1, (unsigned)room - 1);

    for (size_t i = 0; i < n; i++)
        name[i] = (char)byte(in);
}

static void
take_nlm(input *in, nh_nlm *nlm)
{
    uint8_t what = byte(in);

    nlm->has_lock = what & 1;
    nlm->has_status = what & 2;
    nlm->has_cookie = what & 4;
    nlm->block = what & 8;
    nlm->exclusive = what & 16;
    nlm->reclaim = what & 32;
    nlm->cookie = byte(in);
    nlm->file = what >> 6;
    nlm->owner = nlm->svid = byte(in) & 3;
    nlm->offset = what & 64 ? G_MAXUINT64 - byte(in) : byte(in);
    nlm->length = what & 128 ? G_MAXUINT64 : byte(in);
    nlm->status = byte(in) & 15;
}

static void
take_message(run *r, bool refused)
{
    static const uint32_t programs[] = { NH_PROG_NLM, NH_PROG_NLM, NH_PROG_PORTMAP, NH_PROG_STAT };
    input *in = &r->in;
    nh_message message = { .frame = r->frame, .time = r->time, .src = take_end(r), .dst = take_end(r) };
    uint8_t how = byte(in);

    message.l4 = how & 1 ? NH_L4_TCP : NH_L4_UDP;
    message.reply = refused || how & 2;
    if (refused || (how & 0x1c) == 0x1c)
        message.refused = (nh_refusal)(1 + byte(in) % (NH_REFUSAL_COUNT - 1));
    message.prog = pick(in, programs, G_N_ELEMENTS(programs));
    message.vers = how >> 5;
    message.proc = byte(in) % 24;
    message.xid = byte(in) & 15;
    take_nlm(in, &message.nlm);
    take_name(in, message.caller, sizeof message.caller);
    message.n_mappings = byte(in) % (NH_MAPPINGS_MAX + 1);
    for (unsigned i = 0; i < message.n_mappings; i++) {
        uint8_t mapping = byte(in);
        message.mappings[i] = (nh_mapping){ programs[mapping & 3], mapping >> 6, mapping & 8 ? 6 : 17, mapping & 16 ? 4045 : 0 };
    }
    take_name(in, message.mon_name, sizeof message.mon_name);
    if (refused)
        nh_watch_datagram(r->watch, &message, &(nh_rpc_header){ .xid = message.xid, .prog = message.prog, .reply = how & 1,
                                                                .refused = how & 2 ? message.refused : NH_REFUSAL_NONE, .starttls = how & 4,
                                                                .tls_probe = how & 8 });
    else
        nh_watch_message(r->watch, &message);
}

static void
step(run *r)
{
    nh_view view;
    uint8_t what = byte(&r->in);

    if (!(what & 0x80)) /* several facts may share a frame */
        next_frame(r);
    switch (what & 15) {
    case 0:
        take_quote(r);
        break;
    case 1:
        take_message(r, true);
        break;
    case 2:
        nh_view_frame(r->watch, r->frame, &view);
        if (what == 0x72) /* rarely: as when the user asks while the capture runs */
            g_free(tell(r->watch, true));
        break;
    case 3: case 4: case 5: case 6:
        take_message(r, false);
        break;
    case 7:
        take_bytes(r, NH_PACKET_DATAGRAM);
        break;
    case 8:
        take_bytes(r, what & 0x10 ? NH_PACKET_ICMP : NH_PACKET_ICMPV6);
        break;
    default:
        take_segment(r);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run r = { .in = { data, size }, .frame = 1, .time = START, .next = { 0, 1000, 0xffffff00 } };
    nh_options options = take_options(&r.in);

    r.watch = nh_watch_new(&options);
    nh_watch_frame(r.watch, r.frame, r.time);
    while (r.in.size > 0 && r.frame < FRAMES_MAX)
        step(&r);
    tell_all(r.watch, r.frame, is_told_whole(data, size));
    nh_watch_free(r.watch);
    return 0;
}
