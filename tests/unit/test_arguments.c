/* test_arguments.c
 * Arguments and results as bytes, and answers that no dissector reads.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "nlm_talk.h"

#include "core/wire/arguments.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"

/* Big-endian words, of which a string or handle takes as many as it needs. */
typedef struct {
    uint8_t bytes[256];
    unsigned length;
} wire;

static void
put(wire *w, uint32_t value)
{
    uint32_t big = g_htonl(value);

    memcpy(w->bytes + w->length, &big, 4);
    w->length += 4;
}

static void
put_opaque(wire *w, const char *text)
{
    put(w, (uint32_t)strlen(text));
    memcpy(w->bytes + w->length, text, strlen(text));
    w->length += ((unsigned)strlen(text) + 3) & ~3u;
}

/* nlm4_lockargs: cookie, block, exclusive, caller, fh, oh, svid, l_offset, l_len, reclaim, state */
static wire
lock_arguments(void)
{
    wire w = { .length = 0 };

    put_opaque(&w, "\x01\x02");
    put(&w, 1);
    put(&w, 1);
    put_opaque(&w, "alice");
    put_opaque(&w, "123456789"); /* CRC-32 0xcbf43926, the check value of its definition */
    put_opaque(&w, "7@alice");
    put(&w, 7);
    put(&w, 1);
    put(&w, 2);
    put(&w, 0);
    put(&w, 100);
    put(&w, 1);
    put(&w, 3);
    return w;
}

static void
test_lock(void)
{
    nh_message m = { .prog = NH_PROG_NLM, .vers = 4, .proc = NH_NLM_LOCK };
    wire w = lock_arguments();

    nh_arguments_read(&m, w.bytes, w.length);
    g_assert_true(m.nlm.has_cookie && m.nlm.has_lock && m.nlm.block && m.nlm.exclusive && m.nlm.reclaim);
    g_assert_cmphex(m.nlm.cookie, ==, 0x0102);
    g_assert_cmpstr(m.caller, ==, "alice");
    g_assert_cmphex(m.nlm.file, ==, 0xcbf43926);
    g_assert_cmpuint(m.nlm.svid, ==, 7);
    g_assert_cmphex(m.nlm.offset, ==, G_GUINT64_CONSTANT(0x100000002));
    g_assert_cmpuint(m.nlm.length, ==, 100);
}

/* Cut anywhere (each length has a block of its own, so that a sanitizer sees what lies behind it): no lock unless it is complete. */
static void
test_cut(void)
{
    wire w = lock_arguments();

    for (unsigned length = 0; length < w.length - 4; length++) {
        nh_message m = { .prog = NH_PROG_NLM, .vers = 4, .proc = NH_NLM_LOCK };
        uint8_t *cut = g_memdup2(w.bytes, length);
        nh_arguments_read(&m, cut, length);
        g_assert_cmpint(m.nlm.has_lock, ==, length >= w.length - 8);
        g_assert_false(m.nlm.reclaim);
        g_free(cut);
    }
}

static void
test_portmap(void)
{
    nh_message query = { .prog = NH_PROG_PORTMAP, .vers = 4, .proc = 3 };
    nh_message answer = { .prog = NH_PROG_PORTMAP, .vers = 4, .proc = 3, .reply = true };
    wire w = { .length = 0 }, r = { .length = 0 };

    put(&w, NH_PROG_NLM);
    put(&w, 4);
    put_opaque(&w, "tcp6");
    nh_arguments_read(&query, w.bytes, w.length);
    g_assert_cmpuint(query.n_mappings, ==, 1);
    g_assert_cmpuint(query.mappings[0].prog, ==, NH_PROG_NLM);
    g_assert_cmpuint(query.mappings[0].prot, ==, NH_L4_TCP);
    put_opaque(&r, "::1.156.64");
    nh_arguments_read(&answer, r.bytes, r.length);
    g_assert_cmpuint(answer.mappings[0].port, ==, 156 * 256 + 64);
}

/* --- segments that no dissector reads ----------------------------------------------------- */

static void
pass(talk *t, const nh_end *src, const nh_end *dst, uint16_t flags, uint32_t seq, uint32_t ack, const wire *payload)
{
    nh_segment s = { .frame = ++t->frame,
                     .time = t->now,
                     .src = *src,
                     .dst = *dst,
                     .flags = flags,
                     .seq = seq,
                     .ack = ack,
                     .window = 500,
                     .payload = payload ? payload->bytes : NULL,
                     .captured = payload ? payload->length : 0,
                     .len = payload ? payload->length : 0 };

    t->now += NH_MSEC;
    nh_watch_segment(t->watch, &s);
    nh_watch_frame(t->watch, s.frame, s.time);
}

/* A record of one fragment around a message that begins with these words. */
static wire
record(const uint32_t *words, unsigned n, const wire *body)
{
    wire w = { .length = 0 };

    put(&w, 0x80000000 | (4 * n + body->length));
    for (unsigned i = 0; i < n; i++)
        put(&w, words[i]);
    memcpy(w.bytes + w.length, body->bytes, body->length);
    w.length += body->length;
    return w;
}

static void
test_undissected(void)
{
    const uint32_t call[] = { 77, 0, 2, NH_PROG_NLM, 4, NH_NLM_LOCK, 0, 0, 0, 0 }, reply[] = { 77, 1, 0, 0, 0, 0 };
    nh_end client = { alice, 700 }, lockd = { server, 4045 };
    wire arguments = lock_arguments(), results = { .length = 0 };
    talk t = talk_begin();

    put_opaque(&results, "\x01\x02");
    put(&results, 0); /* LCK_GRANTED */
    wire ask = record(call, G_N_ELEMENTS(call), &arguments), answer = record(reply, G_N_ELEMENTS(reply), &results);
    nh_port_learn(t.watch, &server, NH_L4_TCP, lockd.port, NH_PROG_NLM);
    pass(&t, &client, &lockd, NH_TH_SYN, 0, 0, NULL);
    pass(&t, &lockd, &client, NH_TH_SYN | NH_TH_ACK, 0, 1, NULL);
    pass(&t, &client, &lockd, NH_TH_ACK, 1, 1, NULL);
    pass(&t, &client, &lockd, NH_TH_ACK, 1, 1, &ask);
    pass(&t, &lockd, &client, NH_TH_ACK, 1, 1 + ask.length, &answer);
    talk_expect(&t, "alice 7 holds 4294967298-4294967397");
    nh_watch_free(t.watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arguments/lock", test_lock);
    g_test_add_func("/arguments/cut", test_cut);
    g_test_add_func("/arguments/portmap", test_portmap);
    g_test_add_func("/arguments/undissected", test_undissected);
    return g_test_run();
}
