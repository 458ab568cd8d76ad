/* test_records.c
 * Unit tests of core/wire/records.c: RPC messages in a byte stream, in whatever pieces and order it comes.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/records.h"

#define FIRST 1000u /* sequence number of the first byte */

/* A stream, and what its reader told so far: "b1" for the beginning of XID 1, "e1" for its end. */
typedef struct {
    GByteArray *bytes;
    nh_records records;
    GString *read;
    unsigned body; /* length of the latest message's */
} stream;

static void
begins(const nh_rpc_header *header, void *data)
{
    g_string_append_printf(((stream *)data)->read, "b%u ", header->xid);
}

static bool
wanted(const nh_rpc_header *header, void *data)
{
    return header->prog == NH_PROG_NLM || header->reply;
}

static void
ends(const nh_rpc_header *header, uint32_t end, void *data)
{
    stream *s = data;

    g_string_append_printf(s->read, "e%u ", header->xid);
    s->body = header->body_length;
}

static void
put(stream *s, uint32_t word)
{
    uint32_t wire = g_htonl(word);
    g_byte_array_append(s->bytes, (const uint8_t *)&wire, 4);
}

/* 44 bytes and a body of zeros behind a mark; the header is that of a call without credentials. */
static void
put_call(stream *s, uint32_t xid, uint32_t prog, unsigned body)
{
    uint32_t words[] = { 0x80000000 | (40 + body), xid, 0, 2, prog, 4, 2, 0, 0, 0, 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        put(s, words[i]);
    g_byte_array_set_size(s->bytes, s->bytes->len + body);
    memset(s->bytes->data + s->bytes->len - body, 0, body);
}

/* Three calls of 100 bytes each at 0, 100 and 200 */
static stream
three_calls(void)
{
    stream s = { .bytes = g_byte_array_new(), .read = g_string_new(NULL) };

    for (uint32_t xid = 1; xid <= 3; xid++)
        put_call(&s, xid, NH_PROG_NLM, 56);
    nh_records_start(&s.records, true, FIRST);
    return s;
}

static const nh_record_sink sink = { begins, wanted, ends };

/* The bytes from one offset to another pass, of which not all may have been captured. */
static void
pass_cut(stream *s, unsigned from, unsigned to, unsigned captured)
{
    uint8_t *copy = g_memdup2(s->bytes->data + from, captured);
    nh_segment segment = { .seq = FIRST + from, .len = to - from, .payload = copy, .captured = captured };

    nh_records_feed(&s->records, &segment, &sink, s);
    g_free(copy);
}

static void
pass(stream *s, unsigned from, unsigned to)
{
    pass_cut(s, from, to, to - from);
}

/* What was told since the last time. */
static void
expect(stream *s, const char *expected)
{
    g_assert_cmpstr(s->read->str, ==, expected);
    g_string_set_size(s->read, 0);
}

static void
end(stream *s)
{
    nh_records_clear(&s->records);
    g_byte_array_unref(s->bytes);
    g_string_free(s->read, TRUE);
}

static void
test_in_order(void)
{
    stream s = three_calls();

    pass(&s, 0, 100);
    expect(&s, "b1 e1 ");
    g_assert_cmpuint(s.body, ==, 56);
    pass(&s, 0, 100); /* sent again */
    expect(&s, "");
    pass(&s, 100, 300);
    expect(&s, "b2 e2 b3 e3 ");
    end(&s);
}

/* Cut anywhere, a message is told in the segment that completes it. */
static void
test_split(void)
{
    for (unsigned cut = 101; cut < 200; cut++) {
        stream s = three_calls();
        pass(&s, 0, cut);
        expect(&s, cut >= 152 ? "b1 e1 b2 " : "b1 e1 ");
        pass(&s, cut, 300);
        expect(&s, cut >= 152 ? "e2 b3 e3 " : "b2 e2 b3 e3 ");
        g_assert_cmpuint(s.body, ==, 56);
        end(&s);
    }
    stream s = three_calls();
    for (unsigned at = 0; at < 300; at++)
        pass(&s, at, at + 1);
    expect(&s, "b1 e1 b2 e2 b3 e3 ");
    end(&s);
}

/* A retransmission may begin with what was read and go on with what was not. */
static void
test_overlap(void)
{
    stream s = three_calls();

    pass(&s, 0, 150);
    pass(&s, 0, 250);
    pass(&s, 100, 300);
    expect(&s, "b1 e1 b2 e2 b3 e3 ");
    end(&s);
}

/* Neighbours that changed places */
static void
test_swapped(void)
{
    stream s = three_calls();

    pass(&s, 200, 300); /* a record begins here: it is read at once */
    expect(&s, "b3 e3 ");
    pass(&s, 100, 200); /* waits in the hole: nobody knows whether more is missing */
    pass(&s, 0, 100);
    expect(&s, "b1 e1 b2 e2 ");
    pass(&s, 100, 200);
    expect(&s, "");
    end(&s);
    s = three_calls();
    pass(&s, 50, 150); /* in the middle of a record */
    expect(&s, "");
    pass(&s, 0, 50);
    expect(&s, "b1 e1 ");
    pass(&s, 150, 300);
    expect(&s, "b2 e2 b3 e3 ");
    end(&s);
    s = three_calls();
    pass(&s, 150, 200); /* belongs into the hole that the next one leaves */
    pass(&s, 200, 300);
    expect(&s, "b3 e3 ");
    pass(&s, 0, 150);
    expect(&s, "b1 e1 b2 e2 ");
    end(&s);
}

/* A hole that is never filled ends where a record begins. */
static void
test_lost(void)
{
    stream s = three_calls();

    pass(&s, 0, 60);
    pass(&s, 150, 200);
    expect(&s, "b1 ");
    pass(&s, 200, 300);
    expect(&s, "b3 e3 ");
    end(&s);
    s = three_calls();
    nh_records_start(&s.records, false, 0); /* met in the middle */
    pass(&s, 50, 100);
    expect(&s, "");
    pass(&s, 100, 300);
    expect(&s, "b2 e2 b3 e3 ");
    end(&s);
}

/* However many segments wait for a hole, what is kept of them is bounded, and reading goes on. */
static void
test_many_held(void)
{
    stream s = three_calls();

    for (unsigned round = 0; round < 100; round++)
        for (unsigned at = 101; at < 200; at++)
            pass(&s, at, at + 1);
    pass(&s, 200, 300);
    expect(&s, "b3 e3 ");
    end(&s);
}

static void
test_snaplen(void)
{
    stream s = three_calls();

    pass_cut(&s, 0, 100, 60);
    expect(&s, "b1 e1 ");
    g_assert_cmpuint(s.body, ==, 16);
    pass_cut(&s, 100, 150, 48); /* the rest of the header comes later, and bytes between are missing */
    pass(&s, 150, 300);
    expect(&s, "b2 e2 b3 e3 ");
    pass_cut(&s, 0, 300, 60);
    expect(&s, "");
    end(&s);
    s = three_calls();
    pass_cut(&s, 0, 200, 60); /* the second mark was not captured */
    expect(&s, "b1 e1 ");
    pass(&s, 200, 300);
    expect(&s, "b3 e3 ");
    end(&s);
}

/* A message in fragments (RFC 5531 section 11), in segments that are cut elsewhere */
static void
test_fragments(void)
{
    for (unsigned cut = 1; cut < 108; cut++) {
        stream s = { .bytes = g_byte_array_new(), .read = g_string_new(NULL) };
        uint32_t words[] = { 20, 9, 0, 2, NH_PROG_NLM, 4, 0, 0x80000000 | 76, 2 };
        for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
            put(&s, words[i]);
        g_byte_array_set_size(s.bytes, 108);
        memset(s.bytes->data + 40, 0, 68);
        nh_records_start(&s.records, true, FIRST);
        pass(&s, 0, cut);
        g_assert_null(strstr(s.read->str, "e9"));
        pass(&s, cut, 108);
        expect(&s, "b9 e9 ");
        g_assert_cmpuint(s.body, ==, 56);
        end(&s);
    }
}

/* What nobody wants is counted and not kept; so is what is larger than anything that is read. */
static void
test_large(void)
{
    stream s = { .bytes = g_byte_array_new(), .read = g_string_new(NULL) };

    put_call(&s, 1, NH_PROG_NFS, 100000);
    put_call(&s, 2, NH_PROG_NLM, 100000);
    put_call(&s, 3, NH_PROG_NLM, 0);
    nh_records_start(&s.records, true, FIRST);
    for (unsigned at = 0; at < s.bytes->len; at += 1448)
        pass(&s, at, MIN(at + 1448, s.bytes->len));
    expect(&s, "b1 b2 e2 b3 e3 ");
    end(&s);
}

/* Sequence numbers go round; those far from all others are another stream's, and no byte in between is waited for. */
static void
test_numbers(void)
{
    stream s = three_calls();

    nh_records_start(&s.records, true, 0xffffffb0);
    for (unsigned at = 0; at < 300; at += 50) {
        nh_segment segment = { .seq = 0xffffffb0 + at, .len = 50, .payload = s.bytes->data + at, .captured = 50 };
        nh_records_feed(&s.records, &segment, &sink, &s);
    }
    expect(&s, "b1 e1 b2 e2 b3 e3 ");
    nh_segment other = { .seq = 0x40000000, .len = 100, .payload = s.bytes->data, .captured = 100 };
    nh_records_feed(&s.records, &other, &sink, &s);
    expect(&s, "b1 e1 ");
    end(&s);
}

/* RPCSEC_GSS with integrity (RFC 2203 section 5.3.2.2): the arguments lie in a frame of their own. */
static void
test_integrity(void)
{
    uint32_t words[] = { 7, 0, 2, NH_PROG_NLM, 4, 2, 6, 20, 1, 0, 5, 2, 0, 6, 4, 0xaaaaaaaa, 12, 5, 0x11, 0x22, 4, 0xcccccccc };
    nh_rpc_header header;

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        words[i] = g_htonl(words[i]);
    g_assert_true(nh_rpc_header_read((const uint8_t *)words, sizeof words, &header));
    g_assert_true(header.integrity);
    g_assert_cmpuint(header.body_length, ==, 8);
    g_assert_cmphex(nh_be32(header.body), ==, 0x11);
    g_assert_true(nh_rpc_header_read((const uint8_t *)words, sizeof words - 16, &header)); /* cut */
    g_assert_cmpuint(header.body_length, ==, 0);
    words[11] = g_htonl(3);
    g_assert_true(nh_rpc_header_read((const uint8_t *)words, sizeof words, &header));
    g_assert_null(header.body);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/records/in-order", test_in_order);
    g_test_add_func("/records/split", test_split);
    g_test_add_func("/records/overlap", test_overlap);
    g_test_add_func("/records/swapped", test_swapped);
    g_test_add_func("/records/lost", test_lost);
    g_test_add_func("/records/many-held", test_many_held);
    g_test_add_func("/records/snaplen", test_snaplen);
    g_test_add_func("/records/fragments", test_fragments);
    g_test_add_func("/records/large", test_large);
    g_test_add_func("/records/numbers", test_numbers);
    g_test_add_func("/records/integrity", test_integrity);
    return g_test_run();
}
