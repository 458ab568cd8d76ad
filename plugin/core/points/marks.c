/* marks.c
 * The packets of a tape, each in a few words: enough to know it again where another capture point saw it.
 *
 * A packet is known by its addresses, ports, numbers, time stamps and IP identification; a retransmission has another
 * identification, and another time stamp. Where addresses and ports are translated on the way (RFC 3022), numbers, time
 * stamps and identification are not: by these a connection finds the one that it is at the other point. Where a firewall gives
 * sequence numbers of its own (its SYNs show it), time stamps and identification are left.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/marks.h"

#include "core/base/limits.h"
#include "core/base/crc32.h"
#include "core/base/hash.h"
#include "core/points/points.h"

#define UDP_HEADER 8
#define RPC_REPLY  1

static uint64_t
mix(uint64_t key, uint64_t value)
{
    key = (key ^ value) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return key ^ key >> 29;
}

/* What no translation of addresses changes. */
static uint64_t
segment_key(const nh_segment *s, uint32_t seq, uint32_t ack)
{
    uint64_t key = mix((uint64_t)seq << 32 | ack, (uint64_t)s->flags << 48 | (uint64_t)s->ip_id << 32 | s->len);

    return mix(key, (uint64_t)s->tsval << 32 | s->tsecr);
}

static uint64_t
datagram_key(const nh_packet *d)
{
    unsigned from = MIN(d->captured, UDP_HEADER);

    return mix(nh_crc32(d->bytes + from, d->captured - from), (uint64_t)d->ip_id << 32 | d->length);
}

uint64_t
nh_mark_segment_key(const nh_segment *s)
{
    return mix(segment_key(s, s->seq, s->ack), (uint64_t)s->src.port << 16 | s->dst.port);
}

uint64_t
nh_mark_datagram_key(const nh_packet *d)
{
    return mix(datagram_key(d), d->captured >= 4 ? nh_be32(d->bytes) : 0);
}

/* --- are there copies at all? --------------------------------------------------------------- */

/*
 * A key, and where the packet was seen. What has no identification (UDP over IPv6) may have been sent again with the same
 * bytes: it is a copy where it came by another interface, has another hop limit, or came too soon.
 */
typedef struct {
    uint64_t key;
    nh_time time;
    uint32_t iface;
    uint8_t hops;
    bool has_id;
} sighting;

static void
add_sighting(GArray *sightings, uint64_t key, nh_time time, uint32_t iface, uint8_t hops, bool has_id)
{
    sighting s = { key | 1, time, iface, hops, has_id };

    g_array_append_val(sightings, s);
}

/* Some keys, to ask how many of them stand there twice. */
static void
add_keys(GArray *sightings, const nh_taped *item)
{
    const nh_segment *s = &item->segment;
    const nh_packet *d = &item->datagram;

    if (item->kind == NH_TAPED_DATAGRAM) {
        add_sighting(sightings, datagram_key(d), d->time, d->iface, d->hops, d->ip_id != 0);
    } else if (item->kind == NH_TAPED_SEGMENT && (s->ip_id != 0 || s->has_tsval)) {
        add_sighting(sightings, segment_key(s, s->seq, s->ack), s->time, s->iface, s->hops, true);
        if (s->flags & NH_TH_SYN) /* without the numbers, which a firewall may rewrite */
            add_sighting(sightings, mix(segment_key(s, 0, 0), (uint64_t)s->src.port << 16 | s->dst.port), s->time, s->iface, s->hops, true);
    }
}

static GArray *
keys_of(const nh_tape *tape)
{
    nh_tape_reader *reader = nh_tape_read(tape);
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(sighting));
    nh_taped item = { 0 };

    while (reader && nh_tape_next(reader, &item))
        add_keys(keys, &item);
    nh_tape_reader_free(reader);
    return keys;
}

/* Either clock may be ahead. */
static bool
is_too_soon(nh_time a, nh_time b)
{
    return a > b - NH_POINTS_COPY_TIME && a < b + NH_POINTS_COPY_TIME;
}

static bool
is_copy(const sighting *a, const sighting *b)
{
    return a->has_id || a->iface != b->iface || a->hops != b->hops || is_too_soon(a->time, b->time);
}

bool
nh_marks_have_copies(const nh_tape *tape)
{
    GArray *keys = keys_of(tape);
    size_t size = 16;
    unsigned copies = 0;

    while (size < keys->len * 2u)
        size *= 2;
    const sighting **table = g_new0(const sighting *, size);
    for (unsigned i = 0; i < keys->len && copies < NH_TWINS_MIN; i++) {
        const sighting *seen = &g_array_index(keys, sighting, i);
        size_t at = (size_t)(seen->key >> 20) & (size - 1);
        while (table[at] && table[at]->key != seen->key)
            at = (at + 1) & (size - 1);
        copies += table[at] && is_copy(table[at], seen);
        table[at] = seen;
    }
    g_free(table);
    g_array_unref(keys);
    return copies >= NH_TWINS_MIN;
}

/* --- connections that are others at the other point ----------------------------------------------- */

/* A connection that has packets in common with an earlier one. */
typedef struct {
    const nh_conn *first, *other;
    unsigned common;
} meeting;

static bool
same_ends(const nh_conn *a, const nh_conn *b)
{
    return a->client.port == b->client.port && a->server.port == b->server.port && nh_addr_equal(&a->client.addr, &b->client.addr) &&
           nh_addr_equal(&a->server.addr, &b->server.addr);
}

static void
count_meeting(GHashTable *meetings, const nh_conn *first, const nh_conn *other)
{
    if (first->first.frame > other->first.frame) { /* what the server sends is seen behind the translation first */
        const nh_conn *earlier = other;
        other = first;
        first = earlier;
    }
    meeting *known = g_hash_table_lookup(meetings, other);

    if (first == other || (known && known->first != first) || same_ends(first, other))
        return;
    if (!known) {
        known = g_new(meeting, 1);
        *known = (meeting){ first, other, 0 };
        g_hash_table_insert(meetings, (void *)other, known);
    }
    known->common++;
}

/* What the first look at the tape notes. */
typedef struct {
    GHashTable *meetings; /* by the later connection */
    GHashTable *packets;  /* by key without addresses: whose it was first */
    GHashTable *syns;     /* by key without numbers: its sequence number + 1 */
    bool renumbered;
} first_look;

static void
look_at(first_look *look, const nh_taped *item)
{
    const nh_segment *s = &item->segment;
    uint64_t key = mix(segment_key(s, s->seq, s->ack), (uint64_t)item->half);
    const nh_conn *first = g_hash_table_lookup(look->packets, &key);

    if (first)
        count_meeting(look->meetings, first, item->conn);
    else
        g_hash_table_insert(look->packets, g_memdup2(&key, sizeof key), (void *)item->conn);
    if (!(s->flags & NH_TH_SYN) || s->flags & NH_TH_ACK)
        return;
    key = mix(segment_key(s, 0, 0), (uint64_t)s->src.port << 16 | s->dst.port);
    const uint32_t *seq = g_hash_table_lookup(look->syns, &key);
    if (!seq)
        g_hash_table_insert(look->syns, g_memdup2(&key, sizeof key), g_memdup2(&s->seq, sizeof s->seq));
    else if (*seq != s->seq)
        look->renumbered = true;
}

static void
take_meetings(nh_marks *marks, GHashTable *meetings)
{
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, meetings);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const meeting *m = value;
        if (m->common >= NH_POINTS_COMMON_MIN && !g_hash_table_contains(meetings, m->first)) {
            g_hash_table_insert(marks->translations, (void *)m->other, (void *)m->first);
            g_hash_table_insert(marks->translated, (void *)m->first, (void *)m->other);
        }
    }
}

static void
find_translations(nh_marks *marks, const nh_tape *tape)
{
    first_look look = { g_hash_table_new_full(NULL, NULL, NULL, g_free), g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free), false };
    nh_tape_reader *reader = nh_tape_read(tape);
    nh_taped item = { 0 };

    while (reader && nh_tape_next(reader, &item))
        if (item.kind == NH_TAPED_SEGMENT && (item.segment.ip_id != 0 || item.segment.has_tsval))
            look_at(&look, &item);
    nh_tape_reader_free(reader);
    take_meetings(marks, look.meetings);
    marks->renumbered = look.renumbered;
    g_hash_table_unref(look.meetings);
    g_hash_table_unref(look.packets);
    g_hash_table_unref(look.syns);
}

/* --- the rows ----------------------------------------------------------------------------------- */

/* What reading needs beside the marks. */
typedef struct {
    nh_marks *marks;
    GHashTable *hosts; /* by both addresses: number + 1 */
    GHashTable *alias; /* nh_addr of a translated host to that of the other point */
} reading;

static const nh_addr *
host_of(const reading *r, const nh_addr *addr)
{
    const nh_addr *known = r->alias ? g_hash_table_lookup(r->alias, addr) : NULL;
    return known ? known : addr;
}

/* Datagrams have no connection: their hosts are translated as those of the connections are. */
static void
learn_aliases(reading *r)
{
    GHashTableIter iter;
    void *key, *value;

    if (g_hash_table_size(r->marks->translations) == 0)
        return;
    r->alias = g_hash_table_new(nh_addr_hash_key, nh_addr_equal_keys);
    g_hash_table_iter_init(&iter, r->marks->translations);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const nh_conn *conn = key;
        const nh_conn *as = value;
        if (!nh_addr_equal(&conn->client.addr, &as->client.addr))
            g_hash_table_insert(r->alias, (void *)&conn->client.addr, (void *)&as->client.addr);
        if (!nh_addr_equal(&conn->server.addr, &as->server.addr))
            g_hash_table_insert(r->alias, (void *)&conn->server.addr, (void *)&as->server.addr);
    }
}

static uint32_t
intern_hosts(reading *r, const nh_addr *src, const nh_addr *dst, bool *low)
{
    int order = memcmp(src, dst, sizeof *src);
    nh_two_hosts hosts = { order <= 0 ? *src : *dst, order <= 0 ? *dst : *src, 0 };
    uint64_t key = mix(nh_addr_hash(&hosts.low), nh_addr_hash(&hosts.high)); /* g_int64_hash() looks at the lower half alone */
    void *known = g_hash_table_lookup(r->hosts, &key);

    *low = order <= 0;
    if (known)
        return GPOINTER_TO_UINT(known) - 1;
    g_array_append_val(r->marks->hosts, hosts);
    g_hash_table_insert(r->hosts, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(r->marks->hosts->len));
    return r->marks->hosts->len - 1;
}

static void
mark_segment(reading *r, nh_mark_row *m, const nh_taped *item)
{
    const nh_segment *s = &item->segment;
    const nh_conn *as = g_hash_table_lookup(r->marks->translations, item->conn), *conn = as ? as : item->conn;
    const nh_end *src = item->half == 0 ? &conn->client : &conn->server, *dst = item->half == 0 ? &conn->server : &conn->client;
    bool counts = s->flags & (NH_TH_SYN | NH_TH_FIN);

    *m = (nh_mark_row){ .time = s->time, .frame = s->frame, .iface = s->iface, .conn = conn, .src = s->src.port, .dst = s->dst.port };
    m->translated = as != NULL;
    m->flags = s->flags;
    m->ip_id = s->ip_id;
    m->mss = s->mss;
    m->hops = s->hops;
    m->seq_end = s->seq + s->len + counts;
    m->ack = s->ack;
    m->len = s->len;
    m->tsval = s->tsval;
    m->tsecr = s->tsecr;
    m->has_tsval = s->has_tsval;
    m->has_id = s->ip_id != 0 || s->has_tsval;
    m->hosts = intern_hosts(r, &src->addr, &dst->addr, &m->low);
    m->asked_by_low = m->low == (item->half == 0);
    m->key = r->marks->renumbered ? segment_key(s, 0, 0) : segment_key(s, s->seq, s->ack);
    m->key = mix(m->key, (uint64_t)src->port << 16 | dst->port);
}

static void
mark_datagram(reading *r, nh_mark_row *m, const nh_taped *item)
{
    const nh_packet *d = &item->datagram;
    const uint8_t *rpc = d->bytes + UDP_HEADER;

    *m = (nh_mark_row){ .kind = NH_MARK_DATAGRAM, .time = d->time, .frame = d->frame, .iface = d->iface, .hops = d->hops };
    m->ip_id = d->ip_id;
    m->has_id = d->ip_id != 0;
    m->len = d->length;
    m->hosts = intern_hosts(r, host_of(r, &d->src), host_of(r, &d->dst), &m->low);
    m->asked_by_low = m->low;
    m->key = datagram_key(d);
    if (d->captured >= 4) {
        m->src = nh_be16(d->bytes);
        m->dst = nh_be16(d->bytes + 2);
        if (!r->alias)
            m->key = mix(m->key, (uint64_t)m->src << 16 | m->dst);
    }
    if (d->captured >= UDP_HEADER + 8 && nh_be32(rpc + 4) == RPC_REPLY)
        m->asked_by_low = !m->low;
}

static void
mark_quote(reading *r, nh_mark_row *m, const nh_taped *item)
{
    const nh_quote *q = &item->quote;

    *m = (nh_mark_row){ .kind = NH_MARK_QUOTE, .time = q->time, .frame = q->frame, .iface = q->iface };
    m->src = q->src.port;
    m->dst = q->dst.port;
    m->hosts = intern_hosts(r, host_of(r, &q->src.addr), host_of(r, &q->dst.addr), &m->low);
    m->asked_by_low = m->low;
    m->ip_id = q->ip_id;
    m->has_id = q->ip_id != 0;
    m->key = mix(mix(nh_addr_hash(&q->sender), (uint64_t)q->type << 40 | (uint64_t)q->code << 32 | q->ip_id), q->seq);
}

static void
take_item(reading *r, const nh_taped *item)
{
    static void (*const take[])(reading *, nh_mark_row *, const nh_taped *) = {
        [NH_TAPED_SEGMENT] = mark_segment, [NH_TAPED_DATAGRAM] = mark_datagram, [NH_TAPED_QUOTE] = mark_quote
    };
    nh_mark_row m;

    take[item->kind](r, &m, item);
    m.key = mix(m.key, (uint64_t)m.kind << 40 | (uint64_t)m.hosts << 1 | m.low);
    m.time = CLAMP(m.time, 0, NH_CLOCK_MAX);
    m.next = m.twin = NH_NO_MARK;
    m.view = NH_NO_VIEW;
    g_array_append_val(r->marks->rows, m);
}

/* Chain those with the same key, the earlier first. */
static void
chain_keys(nh_marks *marks)
{
    GHashTable *heads = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (uint32_t i = marks->rows->len; i-- > 0;) {
        nh_mark_row *m = nh_mark_at(marks, i);
        nh_mark_row *later = g_hash_table_lookup(heads, &m->key);
        m->head = true;
        if (later) {
            m->next = (uint32_t)(later - nh_mark_at(marks, 0));
            later->head = false;
        }
        g_hash_table_replace(heads, &m->key, m);
    }
    g_hash_table_unref(heads);
}

nh_marks *
nh_marks_read(const nh_tape *tape)
{
    nh_tape_reader *reader = nh_tape_read(tape);
    nh_marks *marks = reader ? g_new0(nh_marks, 1) : NULL;
    nh_taped item = { 0 };

    if (!marks)
        return NULL;
    marks->rows = g_array_new(FALSE, FALSE, sizeof(nh_mark_row));
    marks->hosts = g_array_new(FALSE, FALSE, sizeof(nh_two_hosts));
    marks->translations = g_hash_table_new(NULL, NULL);
    marks->translated = g_hash_table_new(NULL, NULL);
    find_translations(marks, tape);
    reading r = { marks, g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL), NULL };
    learn_aliases(&r);
    while (nh_tape_next(reader, &item))
        take_item(&r, &item);
    nh_tape_reader_free(reader);
    g_hash_table_unref(r.hosts);
    if (r.alias)
        g_hash_table_unref(r.alias);
    chain_keys(marks);
    return marks;
}

void
nh_marks_free(nh_marks *marks)
{
    if (!marks)
        return;
    g_array_unref(marks->rows);
    g_array_unref(marks->hosts);
    g_hash_table_unref(marks->translations);
    g_hash_table_unref(marks->translated);
    g_free(marks);
}

bool
nh_mark_is_pair(const nh_marks *marks, const nh_mark_row *m)
{
    const nh_mark_row *other = m->head && m->next != NH_NO_MARK ? nh_mark_at(marks, m->next) : NULL;

    return other && other->next == NH_NO_MARK &&
           (m->has_id || other->iface != m->iface || other->hops != m->hops || is_too_soon(m->time, other->time));
}

bool
nh_mark_has_copies(const nh_marks *marks, const nh_mark_row *m)
{
    return (m->has_id && m->head && m->next != NH_NO_MARK) || nh_mark_is_pair(marks, m);
}
