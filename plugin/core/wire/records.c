/* records.c
 * RPC messages in a byte stream: record marks (RFC 5531 section 11) and message headers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/records.h"

#define RPCSEC_GSS 6          /* RFC 2203: arguments and results may be wrapped */
#define AUTH_TLS   7          /* RFC 9289 section 4.1 */
#define RECORD_MAX (4u << 20) /* larger marks are no marks */

/*
 * The service of RPCSEC_GSS credentials for data: 1 none, 2 integrity, 3 privacy; 0 for other credentials (RFC 2203
 * section 5: flavor, length, version, procedure, sequence, service).
 */
static uint32_t
gss_service(const uint8_t *bytes, unsigned length)
{
    return length >= 48 && nh_be32(bytes + 24) == RPCSEC_GSS && nh_be32(bytes + 36) == 0 ? nh_be32(bytes + 44) : 0;
}

/* An accepted reply whose verifier is AUTH_NONE with these 8 bytes (RFC 9289 section 4.1) */
static bool
starts_tls(const uint8_t *bytes, unsigned length)
{
    return length >= 28 && nh_be32(bytes + 8) == 0 && nh_be32(bytes + 12) == 0 && nh_be32(bytes + 16) == 8 &&
           memcmp(bytes + 20, "STARTTLS", 8) == 0;
}

/* Where the opaque_auth at this offset ends (RFC 5531 section 8.2); 0 when it was not captured or is none. */
static unsigned
behind_auth(const uint8_t *bytes, unsigned length, unsigned offset)
{
    if (offset == 0 || offset + 8 > length || nh_be32(bytes + offset + 4) > 400)
        return 0;
    unsigned end = offset + 8 + ((nh_be32(bytes + offset + 4) + 3) & ~3u);
    return end <= length ? end : 0;
}

void
nh_rpc_unwrap(nh_rpc_header *header)
{
    const uint8_t *wrapped = header->body;
    unsigned length = header->body_length;

    if (!wrapped || length < 8 || nh_be32(wrapped) < 4) {
        header->body = NULL;
        header->body_length = 0;
        return;
    }
    header->body = wrapped + 8; /* length and sequence number */
    header->body_length = MIN(length - 8, nh_be32(wrapped) - 4);
}

/* Arguments begin behind credentials and verifier. */
static void
find_arguments(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    unsigned start = behind_auth(bytes, length, behind_auth(bytes, length, 24));
    bool context = start && nh_be32(bytes + 24) == RPCSEC_GSS && length >= 48 && nh_be32(bytes + 36) != 0;

    if (!start || header->privacy || context) /* a context is being made: a token, and no arguments */
        return;
    header->body = bytes + start;
    header->body_length = length - start;
    if (header->integrity)
        nh_rpc_unwrap(header);
}

/* Results begin behind verifier and accept_stat SUCCESS. */
static void
find_results(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    unsigned start = nh_be32(bytes + 8) == 0 ? behind_auth(bytes, length, 12) : 0;

    if (!start || start + 4 > length || nh_be32(bytes + start) != 0)
        return;
    header->gss_verifier = nh_be32(bytes + 12) == RPCSEC_GSS;
    header->body = bytes + start + 4;
    header->body_length = length - start - 4;
}

static bool
read_call(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    if (length < 24 || nh_be32(bytes + 8) != 2)
        return false;
    header->prog = nh_be32(bytes + 12);
    header->vers = nh_be32(bytes + 16);
    header->proc = nh_be32(bytes + 20);
    header->privacy = gss_service(bytes, length) == 3;
    header->integrity = gss_service(bytes, length) == 2;
    header->tls_probe = length >= 28 && nh_be32(bytes + 24) == AUTH_TLS;
    find_arguments(bytes, length, header);
    return header->vers < 100 && header->proc < 1000;
}

static bool
read_reply(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    if (nh_be32(bytes + 8) > 1)
        return false;
    header->reply = true;
    header->refused = nh_refusal_read(bytes, length);
    header->starttls = starts_tls(bytes, length);
    find_results(bytes, length, header);
    return true;
}

bool
nh_rpc_header_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    if (length < 12)
        return false;
    *header = (nh_rpc_header){ .xid = nh_be32(bytes) };
    switch (nh_be32(bytes + 4)) {
    case 0:
        return read_call(bytes, length, header);
    case 1:
        return read_reply(bytes, length, header);
    default:
        return false;
    }
}

bool
nh_record_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header, uint32_t *size)
{
    if (length < 4)
        return false;
    *size = nh_be32(bytes) & 0x7fffffff;
    return *size >= 12 && *size <= RECORD_MAX && nh_rpc_header_read(bytes + 4, MIN(length - 4, *size), header);
}

/* --- the stream ------------------------------------------------------------------------ */

#define KEEP_MAX   8192        /* of a message that comes in pieces: more than arguments and results that are read have */
#define HEADER_MAX 48          /* so much of a message tells all that its header says, but for the body */
#define FAR        (1 << 24)   /* a jump by more bytes is no hole: these are other numbers */
#define HELD_MAX   16          /* so many segments wait for a hole to be filled */
#define HELD_BYTES (64u << 10) /* and so many bytes */

/* A record whose end has not come. */
struct nh_partial {
    bool active;
    bool last;       /* this fragment is the record's last */
    bool delivered;  /* its header was handed on */
    bool wanted;     /* its bytes are kept */
    bool cut;        /* the next bytes do not follow what is kept: too much, or not captured */
    uint8_t mark[4]; /* the record mark as far as it came */
    unsigned n_mark;
    uint32_t left;  /* of this fragment */
    uint32_t total; /* of the fragments so far */
    GByteArray *bytes;
};

/* Consecutive bytes of the stream. */
typedef struct {
    uint32_t seq;
    unsigned length, captured;
    const uint8_t *bytes;
} piece;

typedef struct {
    const nh_record_sink *sink;
    void *data;
} listener;

static void
skip(piece *p, unsigned n)
{
    n = MIN(n, p->length);
    p->seq += n;
    p->length -= n;
    p->bytes += MIN(n, p->captured);
    p->captured -= MIN(n, p->captured);
}

static void
position_clear(nh_position *position)
{
    if (position->partial) {
        if (position->partial->bytes)
            g_byte_array_unref(position->partial->bytes);
        g_free(position->partial);
    }
    *position = (nh_position){ .synced = false };
}

/* The marks are lost: what was read so far is of no use. */
static unsigned
lose(nh_position *position, unsigned n)
{
    position->synced = false;
    if (position->partial)
        position->partial->active = false;
    return n;
}

/* The whole message lies in these bytes. */
static void
deliver_message(const uint8_t *bytes, unsigned length, uint32_t end, const listener *to)
{
    nh_rpc_header header;

    if (!nh_rpc_header_read(bytes, length, &header))
        return;
    to->sink->begins(&header, to->data);
    to->sink->ends(&header, end, to->data);
}

/* Tell the header once there is enough of it. */
static void
deliver_header(struct nh_partial *partial, const uint8_t *bytes, unsigned length, const listener *to)
{
    nh_rpc_header header;
    bool readable = nh_rpc_header_read(bytes, length, &header);

    partial->delivered = true;
    if (readable)
        to->sink->begins(&header, to->data);
    partial->wanted = readable && to->sink->wanted(&header, to->data);
}

static void
finish(nh_position *position, uint32_t end, const listener *to)
{
    struct nh_partial *partial = position->partial;
    nh_rpc_header header;

    partial->active = false;
    if (!partial->delivered)
        deliver_header(partial, partial->bytes->data, partial->bytes->len, to);
    if (partial->wanted && nh_rpc_header_read(partial->bytes->data, partial->bytes->len, &header))
        to->sink->ends(&header, end, to->data);
}

static void
keep(struct nh_partial *partial, const piece *p, unsigned n, const listener *to)
{
    unsigned room = KEEP_MAX - partial->bytes->len, there = MIN(n, p->captured);

    if ((partial->delivered && !partial->wanted) || partial->cut)
        return;
    g_byte_array_append(partial->bytes, p->bytes, MIN(there, room));
    partial->cut = there < n || there > room;
    if (!partial->delivered && (partial->bytes->len >= HEADER_MAX || partial->cut))
        deliver_header(partial, partial->bytes->data, partial->bytes->len, to);
}

/* A record begins that does not lie in these bytes as a whole. */
static void
begin_partial(nh_position *position)
{
    struct nh_partial *partial = position->partial;

    if (!partial)
        position->partial = partial = g_new0(struct nh_partial, 1);
    GByteArray *bytes = partial->bytes ? partial->bytes : g_byte_array_new();
    g_byte_array_set_size(bytes, 0);
    *partial = (struct nh_partial){ .active = true, .bytes = bytes };
}

/* false when the mark is none. */
static bool
read_mark(struct nh_partial *partial)
{
    uint32_t mark = nh_be32(partial->mark);

    partial->last = mark >> 31;
    partial->left = mark & 0x7fffffff;
    if (partial->left > RECORD_MAX)
        return false;
    partial->total += partial->left;
    return partial->total <= RECORD_MAX;
}

/* Behind the last byte of a fragment: another one follows, or the record ends. */
static void
end_fragment(nh_position *position, uint32_t end, const listener *to)
{
    if (position->partial->left > 0)
        return;
    if (position->partial->last)
        finish(position, end, to);
    else
        position->partial->n_mark = 0;
}

/* The next bytes of a record that comes in pieces; how many were used. */
static unsigned
read_partial(nh_position *position, const piece *p, const listener *to)
{
    struct nh_partial *partial = position->partial;
    unsigned n;

    if (partial->n_mark < 4) {
        n = MIN(4 - partial->n_mark, p->length);
        if (n > p->captured)
            return lose(position, p->length);
        memcpy(partial->mark + partial->n_mark, p->bytes, n);
        partial->n_mark += n;
        if (partial->n_mark < 4)
            return n;
        if (!read_mark(partial))
            return lose(position, p->length);
    } else {
        n = MIN(partial->left, p->length);
        keep(partial, p, n, to);
        partial->left -= n;
    }
    end_fragment(position, p->seq + n, to);
    return n;
}

/* Most records lie in one segment and are read where they are; how many bytes were used. */
static unsigned
read_record(nh_position *position, const piece *p, const listener *to)
{
    uint32_t mark = p->captured >= 4 ? nh_be32(p->bytes) : 0, size = mark & 0x7fffffff;

    if (mark >> 31 && size <= RECORD_MAX && 4 + size <= p->length) {
        deliver_message(p->bytes + 4, MIN(p->captured - 4, size), p->seq + 4 + size, to);
        return 4 + size;
    }
    begin_partial(position);
    return 0;
}

/* What of a piece was not read yet, which begins at the position or before it. */
static void
read_piece(nh_position *position, piece p, const listener *to)
{
    skip(&p, position->next - p.seq);
    while (position->synced && p.length > 0) {
        bool inside = position->partial && position->partial->active;
        unsigned used = inside ? read_partial(position, &p, to) : read_record(position, &p, to);
        skip(&p, used);
        position->next += used;
    }
}

/* No more of this record will be seen: what there is of it must do, and the marks are lost. */
static void
break_off(nh_position *position, const listener *to)
{
    if (position->partial && position->partial->active && position->partial->n_mark == 4)
        finish(position, position->next, to);
    lose(position, 0);
}

/* --- out of order ------------------------------------------------------------------------- */

/* A hole that may be filled yet, and what waits for that. */
struct nh_aside {
    nh_position before; /* reading goes on behind the hole; here it would have gone on */
    uint32_t end;       /* of the hole */
    unsigned n, bytes;
    piece held[HELD_MAX]; /* own copies */
};

static void
drop_held(struct nh_aside *aside, unsigned i)
{
    aside->bytes -= aside->held[i].captured;
    g_free((void *)(uintptr_t)aside->held[i].bytes);
    aside->held[i] = aside->held[--aside->n];
}

static void
aside_clear(nh_records *records)
{
    struct nh_aside *aside = records->aside;

    if (!aside)
        return;
    while (aside->n > 0)
        drop_held(aside, 0);
    position_clear(&aside->before);
    g_free(aside);
    records->aside = NULL;
}

static void
hold(nh_records *records, const piece *p)
{
    struct nh_aside *aside = records->aside;

    if (aside && (aside->n == HELD_MAX || aside->bytes + p->captured > HELD_BYTES))
        aside_clear(records); /* that hole will not be filled */
    if (!records->aside)
        records->aside = g_new0(struct nh_aside, 1);
    aside = records->aside;
    aside->held[aside->n] = *p;
    aside->held[aside->n++].bytes = g_memdup2(p->bytes, p->captured);
    aside->bytes += p->captured;
}

/* Whether a piece waits for another position: it lies in the hole, and reading goes on behind it. */
static bool
is_of_hole(const nh_records *records, const nh_position *position, const piece *p)
{
    return position == &records->now && records->aside->before.synced && (int32_t)(p->seq - records->aside->end) < 0;
}

/* What was held and follows now, in its turn. */
static void
read_held(nh_records *records, nh_position *position, const listener *to)
{
    struct nh_aside *aside = records->aside;

    for (unsigned i = 0; i < aside->n && position->synced;) {
        if ((int32_t)(aside->held[i].seq - position->next) > 0 || is_of_hole(records, position, &aside->held[i])) {
            i++;
            continue;
        }
        if ((int32_t)(aside->held[i].seq + aside->held[i].length - position->next) > 0)
            read_piece(position, aside->held[i], to);
        drop_held(aside, i);
        i = 0;
    }
}

/* Whether the marks can be found here. */
static bool
begins_record(const piece *p)
{
    nh_rpc_header header;
    uint32_t size;

    return nh_record_read(p->bytes, p->captured, &header, &size);
}

/* A record begins behind a hole: it is read now, and the hole remembered. */
static void
jump(nh_records *records, const piece *p)
{
    struct nh_aside *aside = records->aside;

    if (!aside)
        records->aside = aside = g_new0(struct nh_aside, 1);
    position_clear(&aside->before);
    aside->before = records->now;
    aside->end = p->seq;
    records->now = (nh_position){ .synced = true, .next = p->seq };
}

/* Bytes from before the position: read long ago, or those of the hole. */
static void
fill_hole(nh_records *records, piece p, const listener *to)
{
    struct nh_aside *aside = records->aside;

    if (!aside || !aside->before.synced || (int32_t)(p.seq - aside->end) >= 0)
        return;
    p.length = MIN(p.length, aside->end - p.seq);
    p.captured = MIN(p.captured, p.length);
    if ((int32_t)(p.seq - aside->before.next) > 0) {
        hold(records, &p);
        return;
    }
    if ((int32_t)(p.seq + p.length - aside->before.next) > 0)
        read_piece(&aside->before, p, to);
    read_held(records, &aside->before, to);
    if (aside->before.next == aside->end)
        aside_clear(records);
}

void
nh_records_start(nh_records *records, bool synced, uint32_t next)
{
    nh_records_clear(records);
    records->now = (nh_position){ .synced = synced, .next = next };
}

void
nh_records_clear(nh_records *records)
{
    aside_clear(records);
    position_clear(&records->now);
}

/* Nearly all segments: one record as a whole, where one is expected. */
static bool
is_one_record(const nh_records *records, const nh_segment *segment)
{
    const nh_position *now = &records->now;

    return now->synced && !(now->partial && now->partial->active) && !records->aside && !segment->fragment && segment->captured > 4 &&
           segment->captured == segment->len && nh_be32(segment->payload) == (0x80000000 | (segment->len - 4)) &&
           segment->len - 4 <= RECORD_MAX;
}

void
nh_records_feed(nh_records *records, const nh_segment *segment, const nh_record_sink *sink, void *data)
{
    piece p = { segment->seq, segment->len, segment->captured, segment->payload };
    listener to = { sink, data };
    int32_t ahead = (int32_t)(p.seq - records->now.next);

    if (ahead == 0 && is_one_record(records, segment)) {
        records->now.next += p.length;
        deliver_message(p.bytes + 4, p.captured - 4, records->now.next, &to);
        return;
    }
    if (!records->now.synced || ahead > FAR || ahead < -FAR) {
        if (!begins_record(&p))
            return;
        nh_records_start(records, true, p.seq);
    } else if (ahead > 0 && !begins_record(&p)) {
        hold(records, &p);
        return;
    } else if (ahead > 0) {
        jump(records, &p);
    } else if (ahead + (int32_t)p.length <= 0) {
        fill_hole(records, p, &to);
        return;
    }
    read_piece(&records->now, p, &to);
    if (segment->fragment)
        break_off(&records->now, &to);
    if (!records->aside)
        return;
    read_held(records, &records->now, &to);
    if (records->aside->n == 0 && !records->aside->before.synced)
        aside_clear(records);
}
