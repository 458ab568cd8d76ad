/* points.c
 * Two capture points in one file: the same packets twice, by two clocks.
 *
 * A packet is known by its addresses, ports, numbers, time stamps and IP identification; a retransmission has another
 * identification. What is on its way from x to y passes the point near x first: by the two directions the clocks can be
 * compared as NTP does (RFC 5905 section 8).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/points.h"

#include "core/base/crc32.h"

/* Fewer twins than this are chance. */
#define TWINS_MIN 4
/* Copies at one host (a bond and its member, "any") follow each other within this time, those of a mirror port within the second. */
#define SAME_HOST   (50 * 1000)
#define SAME_MIRROR (2 * NH_MSEC)
/* A packet waits on its way at most this much longer than most do. */
#define WAY_MAX (400 * NH_MSEC)
#define NONE    UINT32_MAX

/* A packet on the tape. */
typedef struct {
    uint64_t key;
    nh_time time;
    uint32_t frame, iface;
    uint32_t next; /* with the same key */
    uint32_t twin;
    uint32_t hosts; /* which two */
    const nh_conn *conn;
    struct {
        uint16_t port;
    } src, dst; /* over UDP */
    uint32_t seq_end, ack;
    uint8_t hops, view;
    bool low;    /* sent by the lower address of the two */
    bool has_id; /* its IP identification or time stamp tells copies from retransmissions */
    bool segment, has_ack, takes_sequence;
} mark;

/* Two hosts, the lower address first. */
typedef struct {
    nh_addr low, high;
    unsigned twins;
} two_hosts;

struct nh_points {
    GArray *marks;       /* mark */
    GArray *hosts;       /* two_hosts */
    GArray *frames;      /* nh_point_frame, by frame */
    uint32_t main_hosts; /* those with the most twins */
    bool low_is_client;
    bool labelled; /* the points are two interfaces */
    uint32_t iface[2];
    bool sender_first;   /* the clocks differ by less than the way takes */
    bool first_near_low; /* else: the point whose copies come first is the one near the lower address */
    nh_time gap[2];      /* between the copies of what the higher and the lower address sent; of two interfaces: second minus first */
    nh_time offset;      /* clock of view 1 minus clock of view 0 */
    uint8_t near_low;    /* the view near the lower address */
    nh_time covered_from, covered_to; /* both captures ran, by the clock of the story's view */
    unsigned both, all;
};

static mark *
mark_at(const nh_points *points, uint32_t i)
{
    return &g_array_index(points->marks, mark, i);
}

static two_hosts *
hosts_at(const nh_points *points, uint32_t i)
{
    return &g_array_index(points->hosts, two_hosts, i);
}

/* --- what is on the tape ------------------------------------------------------------------ */

static uint64_t
mix(uint64_t key, uint64_t value)
{
    key = (key ^ value) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return key ^ key >> 29;
}

static uint32_t
intern_hosts(nh_points *points, GHashTable *index, const nh_addr *src, const nh_addr *dst, bool *low)
{
    int order = memcmp(src, dst, sizeof *src);
    two_hosts hosts = { order <= 0 ? *src : *dst, order <= 0 ? *dst : *src, 0 };
    uint64_t key = mix(nh_addr_hash(&hosts.low), nh_addr_hash(&hosts.high)); /* g_int64_hash() looks at the lower half alone */
    void *known = g_hash_table_lookup(index, &key);

    *low = order <= 0;
    if (known)
        return GPOINTER_TO_UINT(known) - 1;
    g_array_append_val(points->hosts, hosts);
    g_hash_table_insert(index, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(points->hosts->len));
    return points->hosts->len - 1;
}

static void
mark_segment(mark *m, const nh_taped *item)
{
    const nh_segment *s = &item->segment;
    uint64_t key = mix((uint64_t)s->seq << 32 | s->ack, (uint64_t)s->flags << 48 | (uint64_t)s->ip_id << 32 | s->len);

    m->key = mix(mix(key, (uint64_t)s->tsval << 32 | s->tsecr), (uint64_t)s->src.port << 16 | s->dst.port);
    m->has_id = s->ip_id != 0 || s->has_tsval;
    m->segment = true;
    m->takes_sequence = s->len > 0 || s->flags & (NH_TH_SYN | NH_TH_FIN);
    m->seq_end = s->seq + s->len + (s->flags & (NH_TH_SYN | NH_TH_FIN) ? 1 : 0);
    m->ack = s->ack;
    m->has_ack = s->flags & NH_TH_ACK;
}

static void
mark_datagram(mark *m, const nh_taped *item)
{
    const nh_packet *d = &item->datagram;

    m->key = mix(nh_crc32(d->bytes, d->captured), (uint64_t)d->ip_id << 32 | d->length);
    m->has_id = d->ip_id != 0;
    if (d->captured >= 4) {
        m->src.port = nh_be16(d->bytes);
        m->dst.port = nh_be16(d->bytes + 2);
    }
}

static void
take_item(nh_points *points, GHashTable *index, const nh_taped *item)
{
    mark m = { .conn = item->conn, .next = NONE, .twin = NONE, .view = 2 };

    if (item->kind == NH_TAPED_SEGMENT) {
        const nh_segment *s = &item->segment;
        m.time = s->time, m.frame = s->frame, m.iface = s->iface, m.hops = s->hops;
        m.hosts = intern_hosts(points, index, &s->src.addr, &s->dst.addr, &m.low);
        mark_segment(&m, item);
    } else if (item->kind == NH_TAPED_DATAGRAM) {
        const nh_packet *d = &item->datagram;
        m.time = d->time, m.frame = d->frame, m.iface = d->iface, m.hops = d->hops;
        m.hosts = intern_hosts(points, index, &d->src, &d->dst, &m.low);
        mark_datagram(&m, item);
    } else {
        m.time = item->quote.time, m.frame = item->quote.frame;
        m.hosts = intern_hosts(points, index, &item->quote.src.addr, &item->quote.dst.addr, &m.low);
        m.key = mix(m.frame, 1); /* none is another's twin */
    }
    m.key = mix(m.key, (uint64_t)m.hosts << 1 | m.low);
    g_array_append_val(points->marks, m);
}

/* Chain those with the same key, the earlier first; the chains' heads are returned. */
static GHashTable *
chain_keys(nh_points *points)
{
    GHashTable *heads = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (uint32_t i = points->marks->len; i-- > 0;) {
        mark *m = mark_at(points, i);
        mark *later = g_hash_table_lookup(heads, &m->key);
        if (later)
            m->next = (uint32_t)(later - mark_at(points, 0));
        g_hash_table_replace(heads, &m->key, m);
    }
    return heads;
}

/* --- what the twins tell -------------------------------------------------------------------- */

/* Gaps between the copies of what a direction sent. */
typedef struct {
    GArray *gaps[2]; /* nh_time; by low */
    unsigned twins, two_interfaces, other_hops;
    uint32_t iface[2];
} survey;

static int
compare_times(const void *a, const void *b)
{
    nh_time x = *(const nh_time *)a, y = *(const nh_time *)b;
    return x < y ? -1 : x > y;
}

static nh_time
quantile(const GArray *sorted, double part)
{
    return sorted->len ? g_array_index(sorted, nh_time, (unsigned)((sorted->len - 1) * part)) : 0;
}

/* A key that stands on the tape exactly twice. */
static bool
is_pair(const nh_points *points, const mark *m)
{
    return m->has_id && m->next != NONE && mark_at(points, m->next)->next == NONE;
}

static void
count_hosts(nh_points *points, GHashTable *heads)
{
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, heads);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const mark *m = value;
        if (is_pair(points, m))
            hosts_at(points, m->hosts)->twins++;
    }
    for (uint32_t i = 1; i < points->hosts->len; i++)
        if (hosts_at(points, i)->twins > hosts_at(points, points->main_hosts)->twins)
            points->main_hosts = i;
}

static void
survey_pairs(const nh_points *points, survey *s, bool labelled)
{
    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        if (m->hosts != points->main_hosts || !is_pair(points, m))
            continue;
        const mark *twin = mark_at(points, m->next);
        nh_time gap = twin->time - m->time;
        if (labelled && twin->iface == m->iface)
            continue;
        if (labelled && twin->iface < m->iface)
            gap = -gap;
        g_array_append_val(s->gaps[m->low], gap);
        s->twins++;
        if (twin->iface != m->iface && s->two_interfaces++ == 0) {
            s->iface[0] = MIN(m->iface, twin->iface);
            s->iface[1] = MAX(m->iface, twin->iface);
        }
        s->other_hops += twin->hops != m->hops;
    }
    for (int low = 0; low < 2; low++)
        g_array_sort(s->gaps[low], compare_times);
}

static void
survey_begin(survey *s)
{
    *s = (survey){ .twins = 0 };
    for (int low = 0; low < 2; low++)
        s->gaps[low] = g_array_new(FALSE, FALSE, sizeof(nh_time));
}

static void
survey_end(survey *s)
{
    for (int low = 0; low < 2; low++)
        g_array_unref(s->gaps[low]);
}

/* Copies of one packet at one host: a bond and its member, "any", a mirror port. */
static bool
is_one_host(const nh_points *points, const survey *s)
{
    nh_time limit = points->labelled ? SAME_HOST : SAME_MIRROR;

    if (s->other_hops * 2 > s->twins)
        return false;
    return ABS(quantile(s->gaps[0], 0.5)) < limit && ABS(quantile(s->gaps[1], 0.5)) < limit;
}

/*
 * Whether an answer was captured for the first time before what it answers for the second time. Then the copies that
 * come first are of one point, and its clock is behind; else each packet's first copy is its sender's.
 */
static bool
answers_overtake(const nh_points *points)
{
    unsigned overtaken = 0;
    const mark *last[2] = { NULL, NULL }; /* the latest first copy of each direction that takes sequence numbers */

    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        if (m->hosts != points->main_hosts || !m->segment || !is_pair(points, m))
            continue;
        const mark *asked = last[!m->low];
        if (asked && asked->conn == m->conn && m->has_ack && m->ack == asked->seq_end && mark_at(points, asked->next)->time > m->time)
            overtaken++;
        if (m->takes_sequence)
            last[m->low] = m;
    }
    return overtaken >= 2;
}

/* Two interfaces: which is near the lower address, and what the clocks' distance is. */
static void
learn_labelled(nh_points *points, const survey *s)
{
    /* near low: what low sends is on its way to the second interface, what high sends comes from there */
    bool near_low = points->gap[1] >= points->gap[0];

    points->near_low = near_low ? 0 : 1;
    if (near_low)
        points->offset = (quantile(s->gaps[1], 0) + quantile(s->gaps[0], 1)) / 2;
    else
        points->offset = (quantile(s->gaps[1], 1) + quantile(s->gaps[0], 0)) / 2;
}

/* One interface: view 0 is near the lower address. */
static void
learn_single(nh_points *points, const survey *s)
{
    points->near_low = 0;
    points->sender_first = !answers_overtake(points);
    points->first_near_low = points->gap[1] >= points->gap[0];
    if (points->sender_first)
        points->offset = (quantile(s->gaps[1], 0) - quantile(s->gaps[0], 0)) / 2;
    else if (points->first_near_low)
        points->offset = (quantile(s->gaps[1], 0) + quantile(s->gaps[0], 1)) / 2;
    else
        points->offset = -(quantile(s->gaps[1], 1) + quantile(s->gaps[0], 0)) / 2;
}

static bool
learn(nh_points *points, GHashTable *heads)
{
    survey s;

    count_hosts(points, heads);
    survey_begin(&s);
    survey_pairs(points, &s, false);
    points->labelled = s.two_interfaces * 10 > s.twins * 9;
    memcpy(points->iface, s.iface, sizeof points->iface);
    if (points->labelled) {
        survey_end(&s);
        survey_begin(&s);
        survey_pairs(points, &s, true);
    }
    for (int low = 0; low < 2; low++)
        points->gap[low] = quantile(s.gaps[low], 0.5);
    bool found = s.twins >= TWINS_MIN && s.gaps[0]->len > 0 && s.gaps[1]->len > 0 && !is_one_host(points, &s);
    if (found && points->labelled)
        learn_labelled(points, &s);
    else if (found)
        learn_single(points, &s);
    survey_end(&s);
    return found;
}

/* --- twins, and who saw what ----------------------------------------------------------------------- */

/* Whether two marks with one key are the same packet: as far apart as others are. */
static bool
are_twins(const nh_points *points, const mark *a, const mark *b)
{
    nh_time gap = b->time - a->time;

    if (points->labelled && a->iface == b->iface)
        return false;
    if (points->labelled && b->iface < a->iface)
        gap = -gap;
    return ABS(gap - points->gap[a->low]) <= WAY_MAX;
}

static void
find_twins(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->len; i++) {
        mark *m = mark_at(points, i);
        if (m->twin != NONE)
            continue;
        for (uint32_t j = m->next; j != NONE; j = mark_at(points, j)->next) {
            mark *other = mark_at(points, j);
            if (other->twin != NONE || !are_twins(points, m, other))
                continue;
            m->twin = j;
            other->twin = i;
            break;
        }
    }
}

/* The view near the sender of a packet. */
static uint8_t
near_sender(const nh_points *points, const mark *m)
{
    return m->low ? points->near_low : !points->near_low;
}

/* The view of an earlier copy on one interface. */
static uint8_t
view_of_first(const nh_points *points, const mark *m)
{
    return points->sender_first ? near_sender(points, m) : points->first_near_low ? points->near_low : !points->near_low;
}

static void
describe_views(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->len; i++) {
        mark *m = mark_at(points, i);
        if (points->labelled)
            m->view = m->iface == points->iface[0] ? 0 : m->iface == points->iface[1] ? 1 : 2;
        else if (m->twin != NONE)
            m->view = m->twin > i ? view_of_first(points, m) : !mark_at(points, m->twin)->view;
        else
            m->view = near_sender(points, m);
    }
}

static uint8_t
main_view(const nh_points *points)
{
    return points->low_is_client ? points->near_low : !points->near_low;
}

/* The time by the clock of the story's view. */
static nh_time
story_time(const nh_points *points, const mark *m)
{
    uint8_t view = main_view(points);

    if (m->view == view || m->view > 1)
        return m->time;
    return view == 0 ? m->time - points->offset : m->time + points->offset;
}

static void
count_twins(nh_points *points)
{
    bool any = false;

    for (uint32_t i = 0; i < points->hosts->len; i++)
        hosts_at(points, i)->twins = 0;
    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        hosts_at(points, m->hosts)->twins += m->twin != NONE && m->twin > i;
        if (m->hosts != points->main_hosts)
            continue;
        points->all += m->twin == NONE || m->twin > i;
        if (m->twin == NONE)
            continue;
        points->both += m->twin > i;
        nh_time time = story_time(points, m);
        points->covered_from = any ? MIN(points->covered_from, time) : time;
        points->covered_to = any ? MAX(points->covered_to, time) : time;
        any = true;
    }
}

static int
compare_frames(const void *a, const void *b)
{
    const nh_point_frame *x = a, *y = b;
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* The number of a view: interfaces in their order, else the story's view is the first. */
static uint8_t
point_of_view(const nh_points *points, uint8_t view)
{
    if (view > 1)
        return 0;
    return points->labelled ? view + 1 : view == main_view(points) ? 1 : 2;
}

static void
list_frames(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        nh_point_frame frame = { m->frame, point_of_view(points, m->view), m->twin == NONE ? 0 : mark_at(points, m->twin)->frame };
        g_array_append_val(points->frames, frame);
    }
    g_array_sort(points->frames, compare_frames);
}

static GArray *
keys_of(const nh_tape *tape)
{
    nh_tape_reader *reader = nh_tape_read(tape);
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    nh_taped item = { 0 };

    while (reader && nh_tape_next(reader, &item)) {
        mark m = { .conn = item.conn };
        if (item.kind == NH_TAPED_QUOTE)
            continue;
        (item.kind == NH_TAPED_SEGMENT ? mark_segment : mark_datagram)(&m, &item);
        uint64_t key = mix(m.key, (uintptr_t)m.conn + (uint64_t)item.half) | 1;
        if (m.has_id)
            g_array_append_val(keys, key);
    }
    nh_tape_reader_free(reader);
    return keys;
}

/* Whether packets stand on the tape twice: most tapes hold each once, and nothing more need be asked. */
static bool
has_copies(const nh_tape *tape)
{
    GArray *keys = keys_of(tape);
    size_t size = 16;
    unsigned copies = 0;

    while (size < keys->len * 2u)
        size *= 2;
    uint64_t *table = g_new0(uint64_t, size);
    for (unsigned i = 0; i < keys->len && copies < TWINS_MIN; i++) {
        uint64_t key = g_array_index(keys, uint64_t, i);
        size_t at = (size_t)(key >> 20) & (size - 1);
        while (table[at] != 0 && table[at] != key)
            at = (at + 1) & (size - 1);
        copies += table[at] == key;
        table[at] = key;
    }
    g_free(table);
    g_array_unref(keys);
    return copies >= TWINS_MIN;
}

nh_points *
nh_points_find(const nh_tape *tape, bool (*is_client)(const nh_addr *a, const nh_addr *b, void *data), void *data)
{
    if (!has_copies(tape))
        return NULL;
    nh_tape_reader *reader = nh_tape_read(tape);
    GHashTable *index = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    nh_points *points = g_new0(nh_points, 1);
    nh_taped item = { 0 };

    points->marks = g_array_new(FALSE, FALSE, sizeof(mark));
    points->hosts = g_array_new(FALSE, FALSE, sizeof(two_hosts));
    points->frames = g_array_new(FALSE, FALSE, sizeof(nh_point_frame));
    while (reader && nh_tape_next(reader, &item))
        take_item(points, index, &item);
    nh_tape_reader_free(reader);
    g_hash_table_unref(index);
    GHashTable *heads = chain_keys(points);
    bool found = points->marks->len > 0 && learn(points, heads);
    g_hash_table_unref(heads);
    if (!found) {
        nh_points_free(points);
        return NULL;
    }
    const two_hosts *hosts = hosts_at(points, points->main_hosts);
    points->low_is_client = is_client(&hosts->low, &hosts->high, data);
    find_twins(points);
    describe_views(points);
    count_twins(points);
    list_frames(points);
    return points;
}

void
nh_points_free(nh_points *points)
{
    if (!points)
        return;
    g_array_unref(points->marks);
    g_array_unref(points->hosts);
    g_array_unref(points->frames);
    g_free(points);
}

/* --- answers ------------------------------------------------------------------------------------------- */

bool
nh_points_keeps(const nh_points *points, uint32_t number, nh_time *move)
{
    const mark *m = mark_at(points, number);

    *move = story_time(points, m) - m->time;
    if (m->view == main_view(points) || m->view > 1)
        return true;
    return hosts_at(points, m->hosts)->twins == 0; /* other hosts, whom only this point sees */
}

nh_time
nh_points_offset(const nh_points *points)
{
    return point_of_view(points, 0) == 1 ? points->offset : -points->offset;
}

const nh_addr *
nh_points_host(const nh_points *points, unsigned point)
{
    const two_hosts *hosts = hosts_at(points, points->main_hosts);
    bool low = point_of_view(points, points->near_low) == point;

    return low ? &hosts->low : &hosts->high;
}

unsigned
nh_points_main(const nh_points *points)
{
    return point_of_view(points, main_view(points));
}

/* What only one point saw before or behind all that both did. */
static void
add_not_compared(const nh_points *points, GString *text)
{
    nh_time first = points->covered_from, last = points->covered_to;
    char *from = nh_time_clock(first), *to = nh_time_clock(last);

    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        if (m->hosts == points->main_hosts) {
            first = MIN(first, story_time(points, m));
            last = MAX(last, story_time(points, m));
        }
    }
    if (points->covered_from - first > WAY_MAX)
        g_string_append_printf(text, " What was captured before %s could not be compared: one of them has nothing of it.", from);
    if (last - points->covered_to > WAY_MAX)
        g_string_append_printf(text, " What was captured after %s could not be compared: one of them has nothing of it.", to);
    g_free(from);
    g_free(to);
}

char *
nh_points_text(const nh_points *points)
{
    unsigned own = nh_points_main(points), other = own == 1 ? 2 : 1;
    nh_time ahead = own == 1 ? nh_points_offset(points) : -nh_points_offset(points);
    char *distance = nh_duration_text(ABS(ahead)), mine[NH_ADDR_TEXT], others[NH_ADDR_TEXT];

    nh_addr_text(nh_points_host(points, own), mine);
    nh_addr_text(nh_points_host(points, other), others);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "Two capture points: %s and %s (%u of %u packets seen at both ends); the clock of %s is %s %s. All times are "
                           "those of %s.",
                           mine, others, points->both, points->all, others, distance, ahead < 0 ? "behind" : "ahead", mine);
    add_not_compared(points, text);
    g_free(distance);
    return g_string_free(text, FALSE);
}

const nh_point_frame *
nh_points_frame(const nh_points *points, uint32_t frame)
{
    nh_point_frame wanted = { .frame = frame };

    return points->frames->len ? bsearch(&wanted, points->frames->data, points->frames->len, sizeof wanted, compare_frames) : NULL;
}

/* --- what was lost ---------------------------------------------------------------------------------------- */

static bool
is_asked_for(const nh_points_query *query, const mark *m)
{
    uint16_t a = m->segment ? m->conn->client.port : m->src.port, b = m->segment ? m->conn->server.port : m->dst.port;

    if (query->a == 0)
        return true;
    return m->segment == query->tcp && ((a == query->a && b == query->b) || (a == query->b && b == query->a));
}

/* A copy at the point near its sender, while both captures ran. */
static bool
left_its_host(const nh_points *points, const mark *m, nh_time time)
{
    return m->hosts == points->main_hosts && m->view == near_sender(points, m) && time >= points->covered_from &&
           time <= points->covered_to;
}

static void
count_one(const nh_points *points, const mark *m, nh_time time, nh_compared *count)
{
    int server = m->low != points->low_is_client;

    count->left[server]++;
    if (m->twin == NONE) {
        if (count->lost[server]++ == 0)
            count->first_lost[server] = (nh_moment){ m->frame, time };
        count->last_lost[server] = (nh_moment){ m->frame, time };
    } else if (!count->first_left[server]) {
        const mark *twin = mark_at(points, m->twin);
        count->first_left[server] = m->frame;
        count->first_arrived[server] = twin->frame;
        count->took[server] = story_time(points, twin) - story_time(points, m);
    }
}

bool
nh_points_compare(const nh_points *points, const nh_points_query *query, nh_compared *count)
{
    *count = (nh_compared){ .known = false };
    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        bool came_here = m->twin != NONE && m->view != main_view(points);
        nh_time time = story_time(points, came_here ? mark_at(points, m->twin) : m); /* as the story has it */
        if (time < query->from || time > query->to)
            continue;
        if (!left_its_host(points, m, time)) {
            count->forged[m->low != points->low_is_client] += is_asked_for(query, m) && m->twin == NONE && m->hosts == points->main_hosts;
            continue;
        }
        if (is_asked_for(query, m))
            count_one(points, m, time, count);
        else
            count->meanwhile += m->twin != NONE;
    }
    count->known = count->left[0] + count->left[1] > 0;
    return count->known;
}

void
nh_points_lost(const nh_points *points, void (*lost)(nh_moment at, void *data), void *data)
{
    for (uint32_t i = 0; i < points->marks->len; i++) {
        const mark *m = mark_at(points, i);
        if (m->twin == NONE && m->view == main_view(points) && left_its_host(points, m, m->time) && (m->segment || m->src.port))
            lost((nh_moment){ m->frame, m->time }, data);
    }
}
