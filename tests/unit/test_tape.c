/* test_tape.c
 * Unit tests of core/points/tape.c: what is read from a tape is what was written.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/tape.h"

#define PACKETS 3000
#define CONNS   150 /* more than are remembered at a time */

static nh_conn conns[CONNS];

static nh_end
end_of(unsigned host, uint16_t port)
{
    nh_end end = { .addr = { .len = 4, .bytes = { 10, 0, 0, (uint8_t)host } }, .port = port };
    return end;
}

/* The same numbers on each run: a tape is written from them, and compared with them. */
static nh_segment
segment_of(GRand *rand, uint32_t frame, uint8_t *payload, nh_conn **conn)
{
    *conn = &conns[g_rand_int_range(rand, 0, CONNS)];
    bool back = g_rand_boolean(rand), wild = g_rand_int_range(rand, 0, 20) == 0;
    nh_segment s = { .frame = frame, .time = frame * NH_MSEC - (wild ? NH_SECOND * 4000 : 0) };

    s.src = back ? (*conn)->server : (*conn)->client;
    s.dst = back ? (*conn)->client : (*conn)->server;
    s.seq = wild ? g_rand_int(rand) : 1000 + frame;
    s.ack = wild ? g_rand_int(rand) : 5000 + frame;
    s.flags = wild ? (uint16_t)(g_rand_int(rand) & 0xfff) : NH_TH_ACK;
    s.window = wild ? g_rand_int(rand) & 0xffff : 502;
    s.ip_id = (uint16_t)g_rand_int(rand);
    s.hops = wild ? 63 : 64;
    s.interface = wild ? 70000 : 1;
    s.has_tsval = g_rand_boolean(rand);
    s.tsval = s.has_tsval ? g_rand_int(rand) : 0;
    s.tsecr = s.has_tsval ? g_rand_int(rand) : 0;
    s.captured = wild ? (unsigned)g_rand_int_range(rand, 0, 2000) : back ? 40 : 200;
    s.len = s.captured + (wild ? 100 : 0);
    s.fragment = wild;
    for (unsigned i = 0; i < s.captured; i++)
        payload[i] = (uint8_t)(i * 7 + (g_rand_int_range(rand, 0, 30) == 0 ? frame : 0));
    s.payload = s.captured ? payload : NULL;
    return s;
}

static void
compare(const nh_segment *a, const nh_segment *b)
{
    g_assert_cmpuint(a->frame, ==, b->frame);
    g_assert_cmpint(a->time, ==, b->time);
    g_assert_true(nh_addr_equal(&a->src.addr, &b->src.addr) && nh_addr_equal(&a->dst.addr, &b->dst.addr));
    g_assert_cmpuint(a->src.port, ==, b->src.port);
    g_assert_cmpuint(a->dst.port, ==, b->dst.port);
    g_assert_cmpuint(a->seq, ==, b->seq);
    g_assert_cmpuint(a->ack, ==, b->ack);
    g_assert_cmpuint(a->len, ==, b->len);
    g_assert_cmpuint(a->flags, ==, b->flags);
    g_assert_cmpuint(a->window, ==, b->window);
    g_assert_cmpuint(a->ip_id, ==, b->ip_id);
    g_assert_cmpuint(a->hops, ==, b->hops);
    g_assert_cmpuint(a->interface, ==, b->interface);
    g_assert_cmpuint(a->has_tsval, ==, b->has_tsval);
    g_assert_cmpuint(a->tsval, ==, b->tsval);
    g_assert_cmpuint(a->tsecr, ==, b->tsecr);
    g_assert_cmpuint(a->fragment, ==, b->fragment);
    g_assert_cmpmem(a->payload, a->captured, b->payload, b->captured);
}

static void
test_segments(void)
{
    nh_tape *tape = nh_tape_new();
    GRand *writes = g_rand_new_with_seed(1), *reads = g_rand_new_with_seed(1);
    uint8_t payload[2000];
    nh_conn *conn;
    nh_taped item;

    for (unsigned i = 0; i < CONNS; i++) {
        conns[i].client = end_of(i, (uint16_t)(700 + i));
        conns[i].server = end_of(200, 2052);
    }
    for (uint32_t frame = 1; frame <= PACKETS; frame++) {
        nh_segment segment = segment_of(writes, frame, payload, &conn);
        nh_tape_segment(tape, conn, &segment);
    }
    nh_tape_reader *reader = nh_tape_read(tape);
    for (uint32_t frame = 1; frame <= PACKETS; frame++) {
        nh_segment segment = segment_of(reads, frame, payload, &conn);
        g_assert_true(nh_tape_next(reader, &item));
        g_assert_cmpint(item.kind, ==, NH_TAPED_SEGMENT);
        g_assert_true(item.conn == conn);
        compare(&item.segment, &segment);
    }
    g_assert_false(nh_tape_next(reader, &item));
    nh_tape_reader_free(reader);
    nh_tape_free(tape);
    g_rand_free(writes);
    g_rand_free(reads);
}

static void
test_others(void)
{
    nh_tape *tape = nh_tape_new();
    uint8_t bytes[] = { 0x9c, 0xb0, 0, 111, 0, 12, 0, 0, 1, 2, 3, 4 };
    nh_packet datagram = { .frame = 7, .time = 3 * NH_SECOND, .kind = NH_PACKET_DATAGRAM, .src = end_of(1, 0).addr, .dst = end_of(2, 0).addr,
                           .has_hops = true, .hops = 63, .interface = 2, .ip_id = 99, .bytes = bytes, .captured = 12, .length = 300 };
    nh_quote quote = { .frame = 8, .time = 4 * NH_SECOND, .sender = end_of(3, 0).addr, .type = 3, .code = 1, .l4 = NH_L4_UDP,
                       .src = end_of(1, 40112), .dst = end_of(2, 111) };
    nh_taped item;

    nh_tape_datagram(tape, &datagram);
    nh_tape_quote(tape, &quote);
    nh_tape_reader *reader = nh_tape_read(tape);
    g_assert_true(nh_tape_next(reader, &item));
    g_assert_cmpint(item.kind, ==, NH_TAPED_DATAGRAM);
    g_assert_cmpuint(item.datagram.frame, ==, 7);
    g_assert_cmpint(item.datagram.time, ==, 3 * NH_SECOND);
    g_assert_true(nh_addr_equal(&item.datagram.src, &datagram.src) && nh_addr_equal(&item.datagram.dst, &datagram.dst));
    g_assert_cmpuint(item.datagram.hops, ==, 63);
    g_assert_cmpuint(item.datagram.interface, ==, 2);
    g_assert_cmpuint(item.datagram.ip_id, ==, 99);
    g_assert_cmpuint(item.datagram.length, ==, 300);
    g_assert_cmpmem(item.datagram.bytes, item.datagram.captured, bytes, sizeof bytes);
    g_assert_true(nh_tape_next(reader, &item));
    g_assert_cmpint(item.kind, ==, NH_TAPED_QUOTE);
    g_assert_cmpmem(&item.quote, sizeof quote, &quote, sizeof quote);
    g_assert_false(nh_tape_next(reader, &item));
    nh_tape_reader_free(reader);
    nh_tape_free(tape);
}

/* Nothing on it, or none at all */
static void
test_empty(void)
{
    nh_tape *tape = nh_tape_new();
    nh_segment segment = { .frame = 1 };

    g_assert_null(nh_tape_read(tape));
    nh_tape_segment(NULL, &conns[0], &segment);
    nh_tape_free(tape);
    nh_tape_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tape/segments", test_segments);
    g_test_add_func("/tape/others", test_others);
    g_test_add_func("/tape/empty", test_empty);
    return g_test_run();
}
