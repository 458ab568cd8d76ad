/* single_copies.c
 * Which of two capture points saw a packet of which there is but one copy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/single_copies.h"

#include "core/base/limits.h"
#include "core/points/points.h"

/* Only one of the points sees its packets with that TTL. */
static uint8_t
view_by_hops(const nh_points *points, const nh_mark_row *m)
{
    const uint8_t *usual = m->low ? points->usual_hops : points->usual_back;

    if (points->told_by != NH_BY_HOPS || m->kind == NH_MARK_QUOTE || m->hops == 0 || usual[0] == usual[1])
        return NH_NO_VIEW;
    return m->hops == usual[0] ? 0 : m->hops == usual[1] ? 1 : NH_NO_VIEW;
}

/* The latest packet of a direction that both points saw. */
typedef struct {
    nh_time time[2];
    uint32_t tsval;
    bool known;
} stamp;

/* Of a connection, or of two hosts: the key is an address in memory. */
static stamp *
stamp_of(GHashTable *stamps, const void *whose, bool low)
{
    stamp *both = g_hash_table_lookup(stamps, whose);

    if (!both) {
        both = g_new0(stamp, 2);
        g_hash_table_insert(stamps, (void *)whose, both);
    }
    return &both[low];
}

static uint8_t
view_after(const stamp *last, const nh_mark_row *m)
{
    nh_time since = (int32_t)(m->tsval - last->tsval) * NH_POINTS_TICK, distance = ABS(last->time[1] - last->time[0]);
    nh_time off_0 = ABS(m->time - last->time[0] - since), off_1 = ABS(m->time - last->time[1] - since);

    if (!last->known || MIN(off_0, off_1) > distance / 4) /* clocks may be decades apart */
        return NH_NO_VIEW;
    return off_0 < off_1 ? 0 : 1;
}

/*
 * TCP's time stamp says how long after that packet this one was sent, and so by whose clock its time is. Linux counts
 * for all connections of two hosts alike (secure_tcp_ts_off, net/core/secure_seq.c); where others do not, nothing fits.
 */
static uint8_t
view_by_stamp(const nh_points *points, GHashTable *stamps, const nh_mark_row *m)
{
    uint8_t view = view_after(stamp_of(stamps, m->conn, m->low), m);

    return view != NH_NO_VIEW ? view : view_after(stamp_of(stamps, nh_mark_hosts(points->marks, m->hosts), m->low), m);
}

/* A RST or SYN-ACK that answers what never came to its sender was sent on the way, and seen where the question was. */
static uint8_t
view_of_question(const nh_points *points, GHashTable *single, const nh_mark_row *m)
{
    const uint32_t *question = g_hash_table_lookup(single, m->conn);
    bool answers = m->flags & NH_TH_RST || (m->flags & (NH_TH_SYN | NH_TH_ACK)) == (NH_TH_SYN | NH_TH_ACK);

    if (!question || !answers)
        return NH_NO_VIEW;
    const nh_mark_row *asked = nh_mark_at(points->marks, *question);
    return asked->low != m->low && m->ack == asked->seq_end ? asked->view : NH_NO_VIEW;
}

/* Going through the marks in either direction. */
typedef struct {
    GHashTable *stamps; /* nh_conn*, or nh_two_hosts*, to stamp[2] */
    GHashTable *single; /* nh_conn* to the latest mark without a twin */
    nh_time from, to;   /* of all twins, by the first clock */
} search;

static bool
is_between_twins_of(const nh_points *points, const search *out, const nh_mark_row *m, uint8_t view)
{
    nh_time time = view == 0 ? m->time : nh_clocks_first(&points->clocks, m->time);

    return time >= out->from - NH_WAY_MAX && time <= out->to + NH_WAY_MAX;
}

/* Within the time of the twins a packet that only one saw was lost on its way, or sent there; outside of it one point may not have captured. */
static bool
is_between_twins(const nh_points *points, const search *out, const nh_mark_row *m)
{
    return is_between_twins_of(points, out, m, nh_view_of_sender(points, m));
}

static void
tell_by_stamp(nh_points *points, search *out, uint32_t i)
{
    nh_mark_row *m = nh_mark_at(points->marks, i);

    if (m->kind != NH_MARK_SEGMENT)
        return;
    if (m->twin != NH_NO_MARK && m->has_tsval) {
        stamp now = { .tsval = m->tsval, .known = true };
        now.time[m->view] = m->time;
        now.time[!m->view] = nh_mark_at(points->marks, m->twin)->time;
        *stamp_of(out->stamps, m->conn, m->low) = *stamp_of(out->stamps, nh_mark_hosts(points->marks, m->hosts), m->low) = now;
        return;
    }
    if (m->twin == NH_NO_MARK && m->view == NH_NO_VIEW && m->has_tsval)
        m->view = view_by_stamp(points, out->stamps, m);
}

static void
tell_by_question(nh_points *points, search *out, uint32_t i)
{
    nh_mark_row *m = nh_mark_at(points->marks, i);

    if (m->twin != NH_NO_MARK || m->kind == NH_MARK_QUOTE)
        return;
    uint8_t asked_in = m->kind == NH_MARK_SEGMENT ? view_of_question(points, out->single, m) : NH_NO_VIEW;
    if (asked_in != NH_NO_VIEW)
        m->view = asked_in;
    if (m->view == NH_NO_VIEW && is_between_twins(points, out, m)) {
        m->view = nh_view_of_sender(points, m);
        m->missed = points->cut && !is_between_twins_of(points, out, m, !m->view); /* as well as lost it may be of the point that went on */
    }
    if (m->kind == NH_MARK_SEGMENT)
        g_hash_table_replace(out->single, (void *)m->conn, g_memdup2(&i, sizeof i));
}

static void
find_twin_times(const nh_points *points, search *out)
{
    bool any = false;

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->twin == NH_NO_MARK || m->view != 0)
            continue;
        out->from = any ? MIN(out->from, m->time) : m->time;
        out->to = any ? MAX(out->to, m->time) : m->time;
        any = true;
    }
}

/* What is left was seen by the point that went on capturing: by most of what is known of that time, else the client's. */
static void
settle_rest(nh_points *points, const search *out, bool before)
{
    unsigned votes[2] = { 0, 0 };

    for (unsigned pass = 0; pass < 2; pass++) {
        uint8_t view = votes[0] == votes[1] ? nh_view_main(points) : votes[1] > votes[0];
        for (uint32_t i = 0; i < points->marks->rows->len; i++) {
            nh_mark_row *m = nh_mark_at(points->marks, i);
            if (m->twin != NH_NO_MARK || (pass == 1 && m->view != NH_NO_VIEW) || is_between_twins(points, out, m) ||
                (m->time < out->from) != before)
                continue;
            if (pass == 1)
                m->view = view;
            else if (m->view != NH_NO_VIEW)
                votes[m->view]++;
        }
    }
}

/* A connection that one point alone saw: packets of either direction answer each other, so that none was lost. */
typedef struct {
    uint32_t end[2]; /* by low: sequence number behind the latest */
    bool sent[2], answered[2];
    nh_time from, to; /* by the clock of whoever saw it */
    bool paired;
} single_conn;

static single_conn *
single_conn_of(GHashTable *conns, const nh_mark_row *m)
{
    single_conn *known = g_hash_table_lookup(conns, m->conn);

    if (!known) {
        known = g_new0(single_conn, 1);
        known->from = known->to = m->time;
        g_hash_table_insert(conns, (void *)m->conn, known);
    }
    return known;
}

static void
take_single(single_conn *c, const nh_mark_row *m)
{
    c->paired |= m->twin != NH_NO_MARK || m->view != NH_NO_VIEW;
    c->from = MIN(c->from, m->time);
    c->to = MAX(c->to, m->time);
    if (m->flags & NH_TH_ACK && !(m->flags & NH_TH_RST) && c->sent[!m->low] && m->ack == c->end[!m->low])
        c->answered[!m->low] = true;
    c->end[m->low] = m->seq_end;
    c->sent[m->low] = true;
}

/* How much of the time of the twins it would have, were it of that view; else, negative, how far it is from that. */
static nh_time
overlap(const nh_points *points, const search *out, const single_conn *c, uint8_t view)
{
    nh_time from = view == 0 ? c->from : nh_clocks_first(&points->clocks, c->from);
    nh_time to = view == 0 ? c->to : nh_clocks_first(&points->clocks, c->to);

    return MIN(to, out->to) - MAX(from, out->from);
}

/* The other point did not capture then: it has none of it, while twins show when both did. */
static void
settle_single_connections(nh_points *points, const search *out)
{
    GHashTable *conns = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind == NH_MARK_SEGMENT)
            take_single(single_conn_of(conns, m), m);
    }
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        nh_mark_row *m = nh_mark_at(points->marks, i);
        const single_conn *c = m->kind == NH_MARK_SEGMENT ? single_conn_of(conns, m) : NULL;
        if (!c || c->paired || !c->answered[0] || !c->answered[1])
            continue;
        bool fits_0 = overlap(points, out, c, 0) < 0, fits_1 = overlap(points, out, c, 1) < 0;
        if (fits_0 != fits_1)
            m->view = fits_0 ? 0 : 1;
        points->cut = true;
    }
    g_hash_table_unref(conns);
}

static void
tell_single_copies(nh_points *points)
{
    search out = { .stamps = g_hash_table_new_full(NULL, NULL, NULL, g_free), .single = g_hash_table_new_full(NULL, NULL, NULL, g_free) };
    uint32_t n = points->marks->rows->len;

    for (uint32_t i = 0; i < n; i++)
        if (nh_mark_at(points->marks, i)->twin == NH_NO_MARK)
            nh_mark_at(points->marks, i)->view = view_by_hops(points, nh_mark_at(points->marks, i));
    find_twin_times(points, &out);
    for (uint32_t i = 0; i < n; i++)
        tell_by_stamp(points, &out, i);
    g_hash_table_remove_all(out.stamps);
    for (uint32_t i = n; i-- > 0;)
        tell_by_stamp(points, &out, i);
    if (points->told_by == NH_BY_TIME)
        settle_single_connections(points, &out);
    for (uint32_t i = 0; i < n; i++)
        tell_by_question(points, &out, i);
    settle_rest(points, &out, true);
    settle_rest(points, &out, false);
    g_hash_table_unref(out.stamps);
    g_hash_table_unref(out.single);
}

static void
tell_interfaces(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        nh_mark_row *m = nh_mark_at(points->marks, i);
        m->view = m->iface == points->iface[0] ? 0 : m->iface == points->iface[1] ? 1 : NH_NO_VIEW;
    }
}

void
nh_views_tell(nh_points *points)
{
    if (points->told_by == NH_BY_INTERFACE)
        tell_interfaces(points);
    else
        tell_single_copies(points);
}
