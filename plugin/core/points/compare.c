/* compare.c
 * What left one capture point and never came to the other, and what passed meanwhile.
 *
 * Only what both captures covered counts: while both ran, and of ports and senders of which the other one has anything
 * (a capture that was filtered proves nothing about the rest).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/compare.h"

#include "core/base/limits.h"
#include "core/base/search.h"
#include "core/points/twins.h"

/* --- what can be compared at all ---------------------------------------------------------------- */

static uint16_t
port_of(const nh_mark_row *m)
{
    return m->kind == NH_MARK_SEGMENT ? m->conn->server.port : m->asked_by_low == m->low ? m->dst : m->src;
}

/* A port of two hosts, as a view has it, over TCP or UDP. */
static uint64_t
port_key(const nh_mark_row *m, uint16_t port, uint8_t view)
{
    return 1 | (uint64_t)port << 8 | (uint64_t)view << 1 | (uint64_t)m->kind << 2 | (uint64_t)m->hosts << 32;
}

/* What one of two hosts sends, as a view has it. */
static uint64_t
sender_key(const nh_mark_row *m, uint8_t view)
{
    return (uint64_t)m->low << 8 | (uint64_t)view << 1 | (uint64_t)m->hosts << 32;
}

static void
add_key(const nh_points *points, uint64_t key)
{
    if (!g_hash_table_contains(points->seen, &key))
        g_hash_table_add(points->seen, g_memdup2(&key, sizeof key));
}

static bool
has_port(const nh_points *points, const nh_mark_row *m, uint16_t port, uint8_t view)
{
    uint64_t key = port_key(m, port, view);

    return g_hash_table_contains(points->seen, &key);
}

/*
 * The point near its receiver has something of that port, and something of that sender: its capture is not filtered. A
 * datagram that a service sends by itself (*_RES) has the port of the service, whatever port it goes to.
 */
static bool
is_captured_there(const nh_points *points, const nh_mark_row *m)
{
    uint8_t view = !nh_view_of_sender(points, m);
    uint64_t sender = sender_key(m, view);
    bool port = has_port(points, m, port_of(m), view) || (m->kind == NH_MARK_DATAGRAM && has_port(points, m, m->src, view));

    return port && g_hash_table_contains(points->seen, &sender);
}

static bool
both_ran(const nh_points *points, nh_time time)
{
    nh_time edge = MAX(points->clocks.margin, 0) * 2;

    return points->ran[0] && points->ran[1] && time >= MAX(points->began[0], points->began[1]) - edge &&
           time <= MIN(points->ended[0], points->ended[1]) - edge;
}

static bool
is_lost(const nh_mark_row *m)
{
    return m->twin == NH_NO_MARK && !m->missed;
}

/* A copy at the point near its sender. */
static bool
left_its_host(const nh_points *points, const nh_mark_row *m)
{
    return m->hosts == points->main_hosts && m->view == nh_view_of_sender(points, m) && m->kind != NH_MARK_QUOTE;
}

/* --- the marks by time --------------------------------------------------------------------------------- */

typedef struct {
    nh_time time;
    uint32_t mark;
} timed_mark;

/* The time of the copy that the story has. */
static nh_time
time_in_story(const nh_points *points, const nh_mark_row *m)
{
    bool came_here = m->twin != NH_NO_MARK && m->view != nh_view_main(points);

    return nh_mark_time(points, came_here ? nh_mark_at(points->marks, m->twin) : m);
}

static int
compare_times(const void *x, const void *y)
{
    const timed_mark *a = x, *b = y;

    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->mark < b->mark ? -1 : a->mark > b->mark;
}

/* An incident asks of a short time: it does not go through the whole capture. */
static void
list_by_time(nh_points *points)
{
    uint32_t n = points->marks->rows->len;

    points->by_time = g_array_sized_new(FALSE, FALSE, sizeof(timed_mark), n);
    for (uint32_t i = 0; i < n; i++) {
        timed_mark row = { time_in_story(points, nh_mark_at(points->marks, i)), i };
        g_array_append_val(points->by_time, row);
    }
    g_array_sort(points->by_time, compare_times);
}

/* The place of the first mark that is not before this time. */
static unsigned
place_of(const nh_points *points, nh_time from)
{
    unsigned place;

    NH_SEARCH(place, points->by_time->len, g_array_index(points->by_time, timed_mark, place).time < from);
    return place;
}

/* The mark at this place, and the time that the story has of it; NULL: it is later than that, or there is none. */
static const nh_mark_row *
mark_until(const nh_points *points, unsigned place, nh_time to, nh_time *time)
{
    if (place >= points->by_time->len || g_array_index(points->by_time, timed_mark, place).time > to)
        return NULL;
    *time = g_array_index(points->by_time, timed_mark, place).time;
    return nh_mark_at(points->marks, g_array_index(points->by_time, timed_mark, place).mark);
}

void
nh_compare_learn(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind == NH_MARK_QUOTE || m->view > 1)
            continue;
        add_key(points, port_key(m, port_of(m), m->view));
        add_key(points, sender_key(m, m->view));
        if (left_its_host(points, m))
            *(m->low ? &points->low_left : &points->high_left) = true;
    }
    list_by_time(points);
}

/* --- what the receiver acknowledges though its capture does not have it ---------------------------- */

/* Acknowledged, and not captured. */
typedef struct {
    uint32_t from, to;
    nh_time at;
} hole;

/* Of what a host receives on a connection, as its own point saw it. */
typedef struct {
    bool begun;
    uint32_t arrived; /* sequence number behind all of it */
    GArray *holes;    /* hole; NULL while there is none */
} received;

static void
received_free(void *data)
{
    received *both = data;

    for (int i = 0; i < 2; i++)
        if (both[i].holes)
            g_array_unref(both[i].holes);
    g_free(both);
}

static received *
received_of(const nh_points *points, GHashTable *all, const nh_mark_row *m, bool low)
{
    const nh_conn *conn = nh_view_conn(points, m->conn);
    received *both = g_hash_table_lookup(all, conn);

    if (!both) {
        both = g_new0(received, 2);
        g_hash_table_insert(all, (void *)conn, both);
    }
    return &both[low];
}

static void
take_arrival(received *r, const nh_mark_row *m)
{
    const hole *last = r->holes && r->holes->len ? &g_array_index(r->holes, hole, r->holes->len - 1) : NULL;

    if (last && m->seq_end == last->to && m->time - last->at < NH_POINTS_LATE_MAX)
        g_array_set_size(r->holes, r->holes->len - 1);
    if (!r->begun || m->flags & NH_TH_SYN || (int32_t)(m->seq_end - r->arrived) > 0)
        r->arrived = m->seq_end;
    r->begun = true;
}

static void
take_acknowledgment(received *r, const nh_mark_row *m)
{
    if (!(m->flags & NH_TH_ACK) || m->flags & (NH_TH_RST | NH_TH_SYN) || !r->begun || (int32_t)(m->ack - r->arrived) <= 0)
        return;
    hole new_hole = { r->arrived, m->ack, m->time };
    if (!r->holes)
        r->holes = g_array_new(FALSE, FALSE, sizeof(hole));
    g_array_append_val(r->holes, new_hole);
    r->arrived = m->ack;
}

static bool
is_in_hole(const received *r, const nh_mark_row *m)
{
    for (unsigned i = 0; r->holes && i < r->holes->len; i++) {
        const hole *h = &g_array_index(r->holes, hole, i);
        if ((int32_t)(m->seq_end - h->from) > 0 && (int32_t)(h->to - m->seq_end) >= 0)
            return true;
    }
    return false;
}

void
nh_compare_find_missed(nh_points *points)
{
    GHashTable *all = g_hash_table_new_full(NULL, NULL, NULL, received_free);

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind != NH_MARK_SEGMENT || m->view > 1)
            continue;
        if (m->view == nh_view_of_sender(points, m))
            take_acknowledgment(received_of(points, all, m, !m->low), m);
        else
            take_arrival(received_of(points, all, m, m->low), m);
    }
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind == NH_MARK_SEGMENT && m->twin == NH_NO_MARK && m->view == nh_view_of_sender(points, m))
            m->missed |= is_in_hole(received_of(points, all, m, m->low), m);
    }
    g_hash_table_unref(all);
}

/* --- counting ------------------------------------------------------------------------------------------ */

static bool
has_ports(uint16_t a, uint16_t b, const nh_points_query *query)
{
    return (a == query->a && b == query->b) || (a == query->b && b == query->a);
}

static bool
is_conn(const nh_conn *conn, const nh_points_query *query)
{
    return conn && has_ports(conn->client.port, conn->server.port, query);
}

/* By the ports of either point. */
static bool
is_asked_for(const nh_points *points, const nh_points_query *query, const nh_mark_row *m)
{
    if (query->a == 0)
        return true;
    if ((m->kind == NH_MARK_SEGMENT) != query->tcp)
        return false;
    return has_ports(m->src, m->dst, query) || is_conn(m->conn, query) ||
           (m->conn && is_conn(g_hash_table_lookup(points->marks->translated, m->conn), query));
}

static int
sender_of(const nh_points *points, const nh_mark_row *m)
{
    return m->low != points->low_is_client;
}

static void
count_one(const nh_points *points, const nh_mark_row *m, nh_time time, nh_compared *count)
{
    int server = sender_of(points, m);

    count->left[server]++;
    if (is_lost(m)) {
        if (count->lost[server]++ == 0)
            count->first_lost[server] = (nh_moment){ m->frame, time };
        count->last_lost[server] = (nh_moment){ m->frame, time };
        return;
    }
    count->heard_from[server] = count->heard_to[server] ? MIN(count->heard_from[server], time) : time;
    count->heard_to[server] = count->heard_to[server] ? MAX(count->heard_to[server], time) : time;
    if (!count->first_left[server] && m->twin != NH_NO_MARK) {
        const nh_mark_row *twin = nh_mark_at(points->marks, m->twin);
        count->first_left[server] = m->frame;
        count->first_arrived[server] = twin->frame;
        count->took[server] = nh_mark_time(points, twin) - nh_mark_time(points, m);
    }
}

/* What the host that is asked sends of its own on a connection, and how much of what it was asked it has, as that says. */
typedef struct {
    unsigned sent;  /* segments */
    uint32_t acked; /* the most that they acknowledge */
    bool asked;     /* data of the asker was seen at its point */
    uint32_t first; /* sequence number of the earliest of that */
} own_data;

static bool
is_data(const nh_mark_row *m)
{
    return m->kind == NH_MARK_SEGMENT && (m->len > 0 || m->flags & NH_TH_FIN) &&
           (m->flags & (NH_TH_SYN | NH_TH_RST | NH_TH_ACK)) == NH_TH_ACK;
}

/* Both by the numbers of the point near whoever is asked; they may be others at the other one. */
static void
take_own_data(own_data *own, const nh_mark_row *m, bool by_asker)
{
    uint32_t first = m->seq_end - m->len - (m->flags & NH_TH_FIN ? 1 : 0);

    if (by_asker) {
        own->first = own->asked && (int32_t)(own->first - first) < 0 ? own->first : first;
        own->asked = true;
    } else {
        own->acked = own->sent && (int32_t)(own->acked - m->ack) > 0 ? own->acked : m->ack;
        own->sent++;
    }
}

/* What it sends again, or by itself, is no answer as long as it acknowledges nothing of what it was asked. */
static void
count_own_data(const own_data *own, nh_compared *count)
{
    if (own->asked && (int32_t)(own->acked - own->first) <= 0)
        count->resent = own->sent;
    else
        count->sent[!count->asker] += own->sent;
}

static void
count_mark(const nh_points *points, const nh_points_query *query, const nh_mark_row *m, nh_time time, nh_compared *count, own_data *own)
{
    bool asked_for = is_asked_for(points, query, m), by_asker = sender_of(points, m) == query->asker;
    bool here = m->view == nh_view_of_sender(points, m);

    if (m->hosts != points->main_hosts || m->kind == NH_MARK_QUOTE || m->view > 1)
        return;
    if (asked_for && here != by_asker && is_data(m))
        take_own_data(own, m, by_asker);
    else
        count->sent[sender_of(points, m)] += asked_for && here;
    if (!here)
        count->forged[sender_of(points, m)] += asked_for && m->twin == NH_NO_MARK && both_ran(points, time);
    else if (!both_ran(points, time))
        count->outside += asked_for && m->twin == NH_NO_MARK;
    else if (!is_captured_there(points, m))
        count->unheard_of += asked_for;
    else if (asked_for)
        count_one(points, m, time, count);
    else
        count->meanwhile += m->twin != NH_NO_MARK;
}

/* --- which packets pass ----------------------------------------------------------------------------------- */

/* What became of the packets of one sender while some were lost. */
typedef struct {
    unsigned lost, passed, back_lost, back_passed;
    unsigned lost_here, passed_here;                    /* to or from the port at hand */
    unsigned passed_conn;                               /* of the connection itself */
    unsigned lost_synacks, passed_else;                 /* and passed that are no SYN-ACK */
    uint32_t least_lost, most_passed, most_passed_here; /* bytes of payload */
} tally;

static void
tally_forward(const nh_points *points, const nh_points_query *query, uint16_t port, const nh_mark_row *m, tally *t)
{
    bool synack = (m->flags & (NH_TH_SYN | NH_TH_ACK)) == (NH_TH_SYN | NH_TH_ACK), here = port_of(m) == port;

    if (is_lost(m)) {
        t->least_lost = t->lost ? MIN(t->least_lost, m->len) : m->len;
        t->lost++;
        t->lost_here += here;
        t->lost_synacks += synack;
        return;
    }
    t->passed++;
    t->passed_here += here;
    t->passed_conn += is_asked_for(points, query, m);
    t->passed_else += !synack;
    t->most_passed = MAX(t->most_passed, m->len);
    if (here)
        t->most_passed_here = MAX(t->most_passed_here, m->len);
}

static tally
count_passing(const nh_points *points, const nh_points_query *query, int sender, uint16_t port, nh_time from, nh_time to)
{
    const nh_mark_row *m;
    nh_time time;
    tally t = { 0 };

    for (unsigned place = place_of(points, from); (m = mark_until(points, place, to, &time)); place++) {
        if (!left_its_host(points, m) || !both_ran(points, time) || !is_captured_there(points, m))
            continue;
        if (sender_of(points, m) == sender)
            tally_forward(points, query, port, m, &t);
        else if (is_lost(m))
            t.back_lost++;
        else
            t.back_passed++;
    }
    return t;
}

/* The narrowest description that all packets fit. */
static nh_lost_kind
kind_of_loss(const tally *t)
{
    if (t->passed == 0)
        return t->back_passed > 0 ? NH_LOST_ONE_WAY : t->lost > 1 ? NH_LOST_ALL : NH_LOST_SOME;
    if (t->lost_synacks == t->lost && t->passed_else > 0)
        return NH_LOST_SYNACKS;
    bool by_size = t->least_lost > t->most_passed, by_port = t->lost_here == t->lost && t->passed_here == 0;
    if (by_size && by_port)
        return NH_LOST_PORT_OR_LARGE;
    if (by_size)
        return NH_LOST_LARGE;
    if (by_port)
        return NH_LOST_PORT;
    return t->lost_here == t->lost && t->passed_conn == 0 ? NH_LOST_CONNECTION : NH_LOST_SOME;
}

/* The port of lockd, or of the port mapper, in a query. */
static uint16_t
asked_port(const nh_points *points, const nh_points_query *query)
{
    const nh_mark_row *m;
    nh_time time;

    for (unsigned place = place_of(points, query->from); (m = mark_until(points, place, query->to, &time)); place++)
        if (m->kind != NH_MARK_QUOTE && m->hosts == points->main_hosts && is_asked_for(points, query, m))
            return port_of(m);
    return query->b;
}

static void
describe_loss(const nh_points *points, const nh_points_query *query, nh_compared *count)
{
    int sender = count->lost[query->asker] > 0 ? query->asker : !query->asker;

    if (count->lost[sender] == 0 || query->a == 0)
        return;
    count->port = asked_port(points, query);
    tally t = count_passing(points, query, sender, count->port, count->first_lost[sender].time, count->last_lost[sender].time);
    count->kind = kind_of_loss(&t);
    count->least_lost = t.least_lost;
    count->most_passed = t.most_passed;
}

void
nh_points_compare(const nh_points *points, const nh_points_query *query, nh_compared *count)
{
    own_data own = { .sent = 0 };
    const nh_mark_row *m;
    nh_time time;

    *count = (nh_compared){ .asker = query->asker };
    for (unsigned place = place_of(points, query->from); (m = mark_until(points, place, query->to, &time)); place++)
        count_mark(points, query, m, time, count, &own);
    count_own_data(&own, count);
    count->known = count->left[0] + count->left[1] > 0;
    /* the client is 0, the server 1 */
    count->asked_seen = points->low_is_client == (query->asker != 0) ? points->low_left : points->high_left;
    describe_loss(points, query, count);
}

void
nh_points_lost(const nh_points *points, void (*lost)(nh_moment at, unsigned seen, unsigned unseen, void *data), void *data)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        nh_time time = nh_mark_time(points, m);
        if (!left_its_host(points, m) || !is_lost(m) || !both_ran(points, time) || !is_captured_there(points, m))
            continue;
        unsigned seen = m->view == nh_view_main(points) ? nh_points_main(points) : 3 - nh_points_main(points);
        lost((nh_moment){ m->frame, time }, seen, 3 - seen, data);
    }
}
