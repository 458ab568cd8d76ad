/* tape.c
 * What passed on followed connections, kept small, so that it can be told again in another order.
 *
 * Numbers are kept as their distance from what the last packet of the connection lets expect, seven bits a byte, and not at
 * all where they are as expected; payloads as what differs from an earlier one of the same length (lock calls of a client
 * differ in a few numbers). Writer and reader keep the same memory of what was before.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/tape.h"

#define BLOCK     (64u << 10)
#define TAPE_MAX  (48u << 20) /* of bytes: one and a half million lock calls with their answers */
#define KEEP_MAX  2048        /* bytes of a payload: more than any message that is read has */
#define ENTRY_MAX 512         /* of bytes that an entry may take beside twice its payload */
#define FLOWS     128         /* so many connections are remembered, the latest */
#define LENGTHS   8           /* for each of them payloads of so many lengths, by hash */
#define NO_FLOW   FLOWS

typedef struct {
    uint32_t length;
    uint16_t flags;
} segment_kind;

/* What is expected of a direction: the same as last. */
typedef struct {
    uint32_t window, tsval, tsecr, iface; /* in the order of a segment, so that they are copied at once */
    uint32_t next;
    uint16_t ip_id;
    uint8_t hops;
    segment_kind kind[2]; /* without data, and with data */
} expected;

/* What writer and reader remember alike. */
typedef struct {
    nh_time time;
    uint32_t frame;
    struct {
        nh_conn *conn;
        expected half[2];
    } flow[FLOWS];
    unsigned n_flows; /* the writer's: so many had a place */
    struct {
        uint8_t *bytes; /* zero where nothing was yet */
        unsigned room;
    } payload[(FLOWS + 1) * LENGTHS]; /* the last one of a connection and length, and behind it what longer ones left */
} memory;

struct nh_tape {
    GPtrArray *blocks; /* of BLOCK bytes; an entry lies in one */
    GArray *used;      /* uint32_t: bytes of each, but for the latest */
    uint8_t *latest;   /* block, and how many of its bytes are used */
    size_t end;
    bool given_up;
    memory before;
};

struct nh_tape_reader {
    const nh_tape *tape;
    unsigned block;
    uint32_t at;
    memory before;
    uint8_t bytes[KEEP_MAX];
};

enum { FLAG_HALF = 4, FLAG_NEW = 8, FLAG_TIMESTAMPS = 16, FLAG_PAYLOAD = 32, FLAG_POINT = 64, FLAG_FRAGMENT = 128 }; /* below: the kind */

#define SLOT_FAR 128 /* beside the place of the connection: the time is no less than four seconds after the last one, or before it */

/* Which numbers of a segment are not as expected, in the order in which they follow. */
enum {
    OTHER_FRAME = 1, /* not the next one */
    OTHER_SEQ = 2,
    OTHER_ACK = 4,
    OTHER_FLAGS = 8,
    OTHER_WINDOW = 16,
    OTHER_IP_ID = 32,
    OTHER_LENGTH = 64,
    OTHER_CAPTURED = 128
};

nh_tape *
nh_tape_new(void)
{
    nh_tape *tape = g_new0(nh_tape, 1);

    tape->blocks = g_ptr_array_new_with_free_func(g_free);
    tape->used = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return tape;
}

static void
forget(memory *before)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(before->payload); i++)
        g_free(before->payload[i].bytes);
}

void
nh_tape_free(nh_tape *tape)
{
    if (!tape)
        return;
    g_ptr_array_unref(tape->blocks);
    g_array_unref(tape->used);
    forget(&tape->before);
    g_free(tape);
}

/* --- numbers --------------------------------------------------------------------------- */

/* Not inlined: most numbers that are put have one byte, and each of those would pay for this. */
static uint8_t *G_GNUC_NO_INLINE
put_large(uint8_t *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *out++ = (uint8_t)(value | 0x80);
    *out++ = (uint8_t)value;
    return out;
}

static uint8_t *
put_uint(uint8_t *out, uint64_t value)
{
    if (value >= 0x80)
        return put_large(out, value);
    *out = (uint8_t)value;
    return out + 1;
}

/* Small distances in either direction are small numbers. */
static uint8_t *
put_int(uint8_t *out, int64_t value)
{
    return put_uint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static uint64_t
get_uint(const uint8_t **in)
{
    uint64_t value = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*in)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static int64_t
get_int(const uint8_t **in)
{
    uint64_t value = get_uint(in);
    return (int64_t)(value >> 1 ^ -(value & 1));
}

static uint8_t *
put_bytes(uint8_t *out, const void *bytes, size_t n)
{
    memcpy(out, bytes, n);
    return out + n;
}

static void
get_bytes(const uint8_t **in, void *bytes, size_t n)
{
    memcpy(bytes, *in, n);
    *in += n;
}

/* --- payloads ---------------------------------------------------------------------------- */

/* The payload to compare with: calls of one client are more alike than those of two. */
static uint8_t *
last_payload(memory *before, unsigned flow, unsigned length)
{
    unsigned place = flow * LENGTHS + (length * 2654435761u >> 29), room = before->payload[place].room;

    if (length > room) {
        before->payload[place].room = (length + 63) & ~63u;
        before->payload[place].bytes = g_realloc(before->payload[place].bytes, before->payload[place].room);
        memset(before->payload[place].bytes + room, 0, before->payload[place].room - room);
    }
    return before->payload[place].bytes;
}

/* Eight bytes as one number, the first of them lowest. */
static uint64_t
word_of(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return GUINT64_FROM_LE(word);
}

/* The last one to seven of so many bytes, as the first ones of a word. */
static uint64_t
rest_of(const uint8_t *bytes, unsigned length)
{
    uint64_t word = 0;

    if (length > sizeof word)
        return word_of(bytes + length - sizeof word) >> (64 - length % sizeof word * 8);
    for (unsigned i = length; i-- > 0;)
        word = word << 8 | bytes[i];
    return word;
}

/* Numbers of XDR have four bytes, so that where two messages differ it is in one half of a word, or in both. */
enum { FIRST_HALF = 1, SECOND_HALF = 2, BOTH_HALVES = FIRST_HALF | SECOND_HALF, HALVES_BITS = 2 };

#define ALIKE_MAX 63 /* so many words that are alike are told of in one byte */

/* Behind so many words that are alike: one byte tells how many they are and which halves of the next one are others, these follow. */
static uint8_t *
put_halves(uint8_t *out, unsigned alike, uint64_t word, uint64_t difference)
{
    unsigned which = ((uint32_t)difference ? FIRST_HALF : 0) | (difference >> 32 ? SECOND_HALF : 0);

    for (; alike >= ALIKE_MAX; alike -= ALIKE_MAX)
        *out++ = ALIKE_MAX << HALVES_BITS;
    *out++ = (uint8_t)(alike << HALVES_BITS | which);
    word = GUINT64_TO_LE(which == SECOND_HALF ? word >> 32 : word);
    memcpy(out, &word, sizeof word); /* what this writes too much, the next writes over */
    return out + (which == BOTH_HALVES ? 8 : 4);
}

/* Into a word of which so many bytes belong to the payload. */
static const uint8_t *
get_halves(const uint8_t *in, unsigned which, uint8_t *last, unsigned left)
{
    unsigned start = which == SECOND_HALF ? 4 : 0, n = which == BOTH_HALVES ? 8 : 4;

    memcpy(last + start, in, MIN(n, left - start));
    return in + n;
}

/* What differs from the last payload, which this one becomes; 0 at the end. */
static uint8_t *
put_payload(memory *before, unsigned flow, uint8_t *out, const uint8_t *bytes, unsigned length)
{
    uint8_t *last = last_payload(before, flow, length);
    size_t at = 0, whole = length & ~7u, done = 0; /* the last words are told of up to here */

    for (; at < whole; at += 8) {
        uint64_t difference = word_of(bytes + at) ^ word_of(last + at);
        if (difference == 0) /* most of two calls is alike */
            continue;
        out = put_halves(out, (unsigned)(at - done) / 8, word_of(bytes + at), difference);
        memcpy(last + at, bytes + at, 8);
        done = at + 8;
    }
    if (length > whole) {
        uint64_t word = rest_of(bytes, length), difference = word ^ rest_of(last, length);
        if (difference) {
            out = put_halves(out, (unsigned)(at - done) / 8, word, difference);
            memcpy(last + at, bytes + at, length - whole);
        }
    }
    *out++ = 0;
    return out;
}

static void
get_payload(memory *before, unsigned flow, const uint8_t **in, uint8_t *bytes, unsigned length)
{
    uint8_t *last = last_payload(before, flow, length);
    unsigned at = 0;

    for (uint8_t told; (told = *(*in)++) != 0;) {
        unsigned which = told & BOTH_HALVES;
        at += (unsigned)(told >> HALVES_BITS) * 8;
        if (!which)
            continue;
        *in = get_halves(*in, which, last + at, length - at);
        at += 8;
    }
    memcpy(bytes, last, length);
}

/* --- entries ------------------------------------------------------------------------------- */

static void
give_up(nh_tape *tape)
{
    tape->given_up = true;
    g_ptr_array_set_size(tape->blocks, 0);
    g_array_set_size(tape->used, 0);
    tape->latest = NULL;
}

static void
add_block(nh_tape *tape)
{
    uint32_t used = (uint32_t)tape->end;

    if (tape->latest)
        g_array_append_val(tape->used, used);
    tape->latest = g_malloc(BLOCK);
    tape->end = 0;
    g_ptr_array_add(tape->blocks, tape->latest);
}

/* Where the next entry begins, which has room for this payload; NULL: the tape is too long. */
static uint8_t *
begin_entry(nh_tape *tape, unsigned payload)
{
    if (!tape->latest || tape->end + ENTRY_MAX + 2 * (size_t)payload > BLOCK) {
        if ((size_t)tape->blocks->len * BLOCK >= TAPE_MAX) {
            give_up(tape);
            return NULL;
        }
        add_block(tape);
    }
    return tape->latest + tape->end;
}

static void
end_entry(nh_tape *tape, const uint8_t *out)
{
    tape->end = (size_t)(out - tape->latest);
}

static uint8_t *
put_moment(memory *before, uint8_t *out, uint32_t frame, nh_time time)
{
    out = put_int(out, (int64_t)((uint64_t)time - (uint64_t)before->time));
    out = put_int(out, (int64_t)frame - before->frame);
    before->time = time;
    before->frame = frame;
    return out;
}

static void
get_moment(memory *before, const uint8_t **in, uint32_t *frame, nh_time *time)
{
    before->time = (nh_time)((uint64_t)before->time + (uint64_t)get_int(in));
    before->frame = (uint32_t)(before->frame + get_int(in));
    *time = before->time;
    *frame = before->frame;
}

static void
expect(expected *e, segment_kind *kind, const nh_segment *segment)
{
    e->next = segment->seq + segment->len + (segment->flags & (NH_TH_SYN | NH_TH_FIN) ? 1 : 0);
    e->window = segment->window;
    e->tsval = segment->tsval;
    e->tsecr = segment->tsecr;
    e->iface = segment->iface;
    e->ip_id = (uint16_t)(segment->ip_id + 1);
    e->hops = segment->hops;
    *kind = (segment_kind){ segment->len, segment->flags };
}

/* So many nanoseconds later: four bytes, or eight where these do not do. */
static uint8_t *
put_later(uint8_t *out, uint64_t later, uint8_t *far_bit)
{
    *far_bit = later > G_MAXUINT32 ? SLOT_FAR : 0;
    if (*far_bit)
        return put_bytes(out, &later, sizeof later);
    return put_bytes(out, &(uint32_t){ (uint32_t)later }, sizeof(uint32_t));
}

static uint64_t
get_later(const uint8_t **in, uint8_t far_bit)
{
    uint64_t wide;
    uint32_t narrow;

    if (far_bit)
        get_bytes(in, &wide, sizeof wide);
    else
        get_bytes(in, &narrow, sizeof narrow);
    return far_bit ? wide : narrow;
}

/* A number, if it is not as expected. */
static uint8_t *
put_if_other(uint8_t *out, uint8_t *others, uint8_t which, uint32_t value, uint32_t as_expected)
{
    if (value == as_expected)
        return out;
    *others |= which;
    return put_int(out, (int32_t)(value - as_expected));
}

static uint32_t
get_if_other(const uint8_t **in, uint8_t others, uint8_t which, uint32_t as_expected)
{
    return others & which ? as_expected + (uint32_t)get_int(in) : as_expected;
}

/* What its header says, but for the time; others: which of that is not as expected. */
static uint8_t *
put_header(uint8_t *out, uint8_t *others, const nh_segment *segment, const segment_kind *kind, const expected *e, const expected *other)
{
    out = put_if_other(out, others, OTHER_SEQ, segment->seq, e->next);
    out = put_if_other(out, others, OTHER_ACK, segment->ack, other->next);
    out = put_if_other(out, others, OTHER_FLAGS, segment->flags, kind->flags);
    out = put_if_other(out, others, OTHER_WINDOW, segment->window, e->window);
    out = put_if_other(out, others, OTHER_IP_ID, segment->ip_id, e->ip_id);
    out = put_if_other(out, others, OTHER_LENGTH, segment->len, kind->length);
    return put_if_other(out, others, OTHER_CAPTURED, segment->captured, segment->len);
}

/* What is only there where flags say so. */
static uint8_t *
put_optional(uint8_t *out, uint8_t flags, const nh_segment *segment, const expected *e, const expected *other)
{
    if (flags & FLAG_POINT)
        out = put_uint(put_uint(out, segment->hops), segment->iface);
    if (segment->flags & NH_TH_SYN)
        out = put_uint(out, segment->mss);
    if (flags & FLAG_TIMESTAMPS)
        out = put_int(put_int(out, (int32_t)(segment->tsval - e->tsval)), (int32_t)(segment->tsecr - other->tsval));
    return out;
}

/* The place of a connection in the memory, which is another connection's no more. */
static void
take_flow(memory *before, unsigned slot, nh_conn *conn)
{
    memset(&before->flow[slot], 0, sizeof before->flow[slot]);
    before->flow[slot].conn = conn;
}

/* Of a connection that has none: that of the one that has had its own for longest. */
static unsigned
new_flow(memory *before, nh_conn *conn)
{
    unsigned slot = before->n_flows++ % FLOWS;

    take_flow(before, slot, conn);
    conn->taped_at = (uint8_t)slot;
    return slot;
}

void
nh_tape_segment(nh_tape *tape, nh_conn *conn, int half, const nh_segment *segment)
{
    unsigned kept = MIN(segment->captured, KEEP_MAX);
    uint8_t *entry = tape && !tape->given_up ? begin_entry(tape, kept) : NULL, *out = entry;

    if (!entry)
        return;
    memory *before = &tape->before;
    bool fresh = before->flow[conn->taped_at].conn != conn;
    unsigned slot = fresh ? new_flow(before, conn) : conn->taped_at;
    expected *e = &before->flow[slot].half[half];
    segment_kind *kind = &e->kind[kept ? 1 : 0];
    const expected *other = &before->flow[slot].half[!half];
    bool moved = fresh || e->hops != segment->hops || e->iface != segment->iface;
    uint8_t flags = (uint8_t)(NH_TAPED_SEGMENT | (half ? FLAG_HALF : 0) | (fresh ? FLAG_NEW : 0) |
                              (segment->has_tsval ? FLAG_TIMESTAMPS : 0) | (kept ? FLAG_PAYLOAD : 0) | (moved ? FLAG_POINT : 0) |
                              (segment->fragment ? FLAG_FRAGMENT : 0));
    uint8_t others = 0, far_bit;

    out += 3;
    if (fresh)
        out = put_bytes(out, &conn, sizeof conn);
    out = put_later(out, (uint64_t)segment->time - (uint64_t)before->time, &far_bit);
    out = put_if_other(out, &others, OTHER_FRAME, segment->frame, before->frame + 1);
    out = put_header(out, &others, segment, kind, e, other);
    out = put_optional(out, flags, segment, e, other);
    if (kept)
        out = put_payload(before, slot, out, segment->payload, kept);
    entry[0] = flags;
    entry[1] = (uint8_t)(slot | far_bit);
    entry[2] = others;
    before->time = segment->time;
    before->frame = segment->frame;
    expect(e, kind, segment);
    end_entry(tape, out);
}

void
nh_tape_datagram(nh_tape *tape, const nh_packet *datagram)
{
    unsigned kept = MIN(datagram->captured, KEEP_MAX);
    uint8_t *out = tape && !tape->given_up ? begin_entry(tape, kept) : NULL;

    if (!out)
        return;
    *out++ = NH_TAPED_DATAGRAM;
    out = put_moment(&tape->before, out, datagram->frame, datagram->time);
    out = put_bytes(out, &datagram->src, datagram->src.len + 1u);
    out = put_bytes(out, &datagram->dst, datagram->dst.len + 1u);
    *out++ = datagram->has_hops;
    *out++ = datagram->hops;
    out = put_uint(out, datagram->iface);
    out = put_uint(out, datagram->ip_id);
    out = put_uint(out, datagram->length);
    out = put_uint(out, kept);
    out = put_payload(&tape->before, NO_FLOW, out, datagram->bytes, kept);
    end_entry(tape, out);
}

void
nh_tape_quote(nh_tape *tape, const nh_quote *quote)
{
    uint8_t *out = tape && !tape->given_up ? begin_entry(tape, 0) : NULL;

    if (!out)
        return;
    *out++ = NH_TAPED_QUOTE;
    out = put_moment(&tape->before, out, quote->frame, quote->time);
    out = put_bytes(out, quote, sizeof *quote);
    end_entry(tape, out);
}

/* --- reading ----------------------------------------------------------------------------------- */

nh_tape_reader *
nh_tape_read(const nh_tape *tape)
{
    if (!tape || tape->blocks->len == 0)
        return NULL;
    nh_tape_reader *reader = g_new0(nh_tape_reader, 1);
    reader->tape = tape;
    return reader;
}

void
nh_tape_reader_free(nh_tape_reader *reader)
{
    if (reader)
        forget(&reader->before);
    g_free(reader);
}

static void
get_header(const uint8_t **in, uint8_t others, nh_segment *segment, const segment_kind *kind, const expected *e, const expected *other)
{
    segment->seq = get_if_other(in, others, OTHER_SEQ, e->next);
    segment->ack = get_if_other(in, others, OTHER_ACK, other->next);
    segment->flags = (uint16_t)get_if_other(in, others, OTHER_FLAGS, kind->flags);
    segment->window = get_if_other(in, others, OTHER_WINDOW, e->window);
    segment->ip_id = (uint16_t)get_if_other(in, others, OTHER_IP_ID, e->ip_id);
    segment->len = get_if_other(in, others, OTHER_LENGTH, kind->length);
    segment->captured = get_if_other(in, others, OTHER_CAPTURED, segment->len);
}

static void
get_optional(const uint8_t **in, uint8_t flags, nh_segment *segment, const expected *e, const expected *other)
{
    segment->hops = flags & FLAG_POINT ? (uint8_t)get_uint(in) : e->hops;
    segment->iface = flags & FLAG_POINT ? (uint32_t)get_uint(in) : e->iface;
    segment->mss = segment->flags & NH_TH_SYN ? (uint16_t)get_uint(in) : 0;
    segment->has_tsval = flags & FLAG_TIMESTAMPS;
    if (segment->has_tsval) {
        segment->tsval = e->tsval + (uint32_t)get_int(in);
        segment->tsecr = other->tsval + (uint32_t)get_int(in);
    }
}

static const uint8_t *
get_segment(nh_tape_reader *reader, const uint8_t *in, uint8_t flags, nh_taped *item)
{
    memory *before = &reader->before;
    nh_segment *segment = &item->segment;
    uint8_t far_bit = *in & SLOT_FAR;
    unsigned slot = *in++ & ~SLOT_FAR;
    uint8_t others = *in++;
    int half = flags & FLAG_HALF ? 1 : 0;

    memset(segment, 0, sizeof *segment);
    if (flags & FLAG_NEW) {
        nh_conn *fresh;
        get_bytes(&in, &fresh, sizeof fresh);
        take_flow(before, slot, fresh);
    }
    expected *e = &before->flow[slot].half[half];
    segment_kind *kind = &e->kind[flags & FLAG_PAYLOAD ? 1 : 0];
    const expected *other = &before->flow[slot].half[!half];
    const nh_conn *conn = before->flow[slot].conn;
    item->conn = conn;
    item->half = half;
    segment->time = before->time = (nh_time)((uint64_t)before->time + get_later(&in, far_bit));
    segment->frame = before->frame = get_if_other(&in, others, OTHER_FRAME, before->frame + 1);
    segment->src = half ? conn->server : conn->client;
    segment->dst = half ? conn->client : conn->server;
    segment->fragment = flags & FLAG_FRAGMENT;
    get_header(&in, others, segment, kind, e, other);
    get_optional(&in, flags, segment, e, other);
    if (flags & FLAG_PAYLOAD) {
        segment->captured = MIN(segment->captured, KEEP_MAX);
        get_payload(before, slot, &in, reader->bytes, segment->captured);
        segment->payload = reader->bytes;
    }
    expect(e, kind, segment);
    return in;
}

static void
get_addr(const uint8_t **in, nh_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    get_bytes(in, addr, **in + 1u);
}

static const uint8_t *
get_datagram(nh_tape_reader *reader, const uint8_t *in, nh_taped *item)
{
    nh_packet *datagram = &item->datagram;

    *datagram = (nh_packet){ .kind = NH_PACKET_DATAGRAM };
    get_moment(&reader->before, &in, &datagram->frame, &datagram->time);
    get_addr(&in, &datagram->src);
    get_addr(&in, &datagram->dst);
    datagram->has_hops = *in++;
    datagram->hops = *in++;
    datagram->iface = (uint32_t)get_uint(&in);
    datagram->ip_id = (uint16_t)get_uint(&in);
    datagram->length = (unsigned)get_uint(&in);
    datagram->captured = (unsigned)get_uint(&in);
    get_payload(&reader->before, NO_FLOW, &in, reader->bytes, datagram->captured);
    datagram->bytes = reader->bytes;
    return in;
}

bool
nh_tape_next(nh_tape_reader *reader, nh_taped *item)
{
    const nh_tape *tape = reader->tape;

    bool last = reader->block + 1 == tape->blocks->len;
    if (reader->at == (last ? tape->end : g_array_index(tape->used, uint32_t, reader->block))) {
        if (last)
            return false;
        reader->block++;
        reader->at = 0;
    }
    const uint8_t *start = g_ptr_array_index(tape->blocks, reader->block), *in = start + reader->at;
    uint8_t flags = *in++;
    item->kind = (nh_taped_kind)(flags & 3);
    item->conn = NULL;
    if (item->kind == NH_TAPED_SEGMENT) {
        in = get_segment(reader, in, flags, item);
    } else if (item->kind == NH_TAPED_DATAGRAM) {
        in = get_datagram(reader, in, item);
    } else {
        uint32_t frame;
        nh_time time;
        get_moment(&reader->before, &in, &frame, &time);
        get_bytes(&in, &item->quote, sizeof item->quote);
    }
    reader->at = (uint32_t)(in - start);
    return true;
}
