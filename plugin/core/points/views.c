/* views.c
 * Which of two capture points saw which packet, and when by which clock.
 *
 * What is on its way from x to y passes the point near x first: by packets of both directions the clocks can be compared.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/views.h"

#include "core/base/limits.h"
#include "core/points/points.h"

/* --- what the twins tell -------------------------------------------------------------------- */

/* Gaps between the copies of what a direction sent, view 1 minus view 0. */
typedef struct {
    GArray *gaps[2]; /* nh_gap; by low */
    unsigned twins, other_interface, other_hops;
} survey;

static int
compare_gaps(const void *a, const void *b)
{
    nh_time x = ((const nh_gap *)a)->gap, y = ((const nh_gap *)b)->gap;
    return x < y ? -1 : x > y;
}

static nh_time
median(const GArray *gaps)
{
    GArray *sorted = g_array_sized_new(FALSE, FALSE, sizeof(nh_gap), gaps->len);

    g_array_append_vals(sorted, gaps->data, gaps->len);
    g_array_sort(sorted, compare_gaps);
    nh_time value = sorted->len ? g_array_index(sorted, nh_gap, (sorted->len - 1) / 2).gap : 0;
    g_array_unref(sorted);
    return value;
}

static void
survey_begin(survey *s)
{
    *s = (survey){ .twins = 0 };
    for (int low = 0; low < 2; low++)
        s->gaps[low] = g_array_new(FALSE, FALSE, sizeof(nh_gap));
}

static void
survey_end(survey *s)
{
    for (int low = 0; low < 2; low++)
        g_array_unref(s->gaps[low]);
}

static void
survey_add(survey *s, const nh_mark_row *in_0, const nh_mark_row *in_1)
{
    nh_gap gap = { in_0->time, in_1->time - in_0->time };

    g_array_append_val(s->gaps[in_0->low], gap);
    s->twins++;
    s->other_interface += in_0->iface != in_1->iface;
    s->other_hops += in_0->hops != in_1->hops;
}

/* The copy of a packet on an iface, or NULL. */
static const nh_mark_row *
copy_on(const nh_points *points, const nh_mark_row *m, uint32_t iface)
{
    for (unsigned n = 0; n < NH_POINTS_ALIKE_MAX; n++, m = nh_mark_at(points->marks, m->next)) {
        if (m->iface == iface)
            return m;
        if (m->next == NH_NO_MARK)
            break;
    }
    return NULL;
}

static void
survey_interfaces(const nh_points *points, survey *s, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->hosts != points->main_hosts || !m->head || !m->has_id || m->kind == NH_MARK_QUOTE || m->next == NH_NO_MARK)
            continue;
        const nh_mark_row *in_0 = copy_on(points, m, a), *in_1 = copy_on(points, m, b);
        if (in_0 && in_1)
            survey_add(s, in_0, in_1);
    }
}

/* The copies as they come: the first, the second; or, by hops, the one near the lower address and the other. */
static void
survey_pairs(const nh_points *points, survey *s, bool by_hops)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->hosts != points->main_hosts || m->kind == NH_MARK_QUOTE || !nh_mark_is_pair(points->marks, m))
            continue;
        const nh_mark_row *twin = nh_mark_at(points->marks, m->next);
        if (by_hops && twin->hops == m->hops)
            continue;
        if (by_hops && (m->hops > twin->hops) != m->low)
            survey_add(s, twin, m);
        else
            survey_add(s, m, twin);
    }
}

/* Copies of one packet at one host: a bond and its member, "any", a mirror port. */
static bool
is_one_host(const survey *s, nh_time limit)
{
    if (s->other_hops * 2 > s->twins)
        return false;
    return ABS(median(s->gaps[0])) < limit && ABS(median(s->gaps[1])) < limit;
}

static void
find_main_hosts(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->head && m->has_id && m->next != NH_NO_MARK && m->kind != NH_MARK_QUOTE)
            nh_mark_hosts(points->marks, m->hosts)->twins++;
    }
    for (uint32_t i = 1; i < points->marks->hosts->len; i++)
        if (nh_mark_hosts(points->marks, i)->twins > nh_mark_hosts(points->marks, points->main_hosts)->twins)
            points->main_hosts = i;
}

/* --- by interface ---------------------------------------------------------------------------------- */

static unsigned
list_interfaces(const nh_points *points, uint32_t list[NH_POINTS_INTERFACES_MAX])
{
    unsigned n = 0;

    for (uint32_t i = 0; i < points->marks->rows->len && n < NH_POINTS_INTERFACES_MAX; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        bool known = m->hosts != points->main_hosts || m->kind == NH_MARK_QUOTE;
        for (unsigned j = 0; j < n && !known; j++)
            known = list[j] == m->iface;
        if (!known)
            list[n++] = m->iface;
    }
    return n;
}

/* Two interfaces: which is near the lower address, and what the clocks' distance is. The right answer leaves room between the directions. */
static void
fit_interfaces(nh_points *points, const survey *s)
{
    nh_clocks straight = nh_clocks_fit(s->gaps[1], s->gaps[0]), crossed = nh_clocks_fit(s->gaps[0], s->gaps[1]);
    bool near_low = !straight.bounded ? points->iface[0] < points->iface[1] : straight.margin >= crossed.margin;

    points->near_low = near_low ? 0 : 1;
    points->clocks = near_low ? straight : crossed;
}

/* Of several interfaces the two between which packets are the longest on their way, with nearly all twins. */
static bool
learn_interfaces(nh_points *points)
{
    uint32_t list[NH_POINTS_INTERFACES_MAX];
    unsigned n = list_interfaces(points, list), most = 0;
    nh_points best = *points;
    bool found = false;

    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned k = 0; k < n * n; k++) {
            unsigned i = k / n, j = k % n;
            if (list[i] >= list[j])
                continue;
            survey s;
            survey_begin(&s);
            survey_interfaces(points, &s, list[i], list[j]);
            most = MAX(most, s.twins);
            if (pass == 1 && s.twins >= NH_TWINS_MIN && s.twins * 10 >= most * 8 && !is_one_host(&s, NH_SAME_HOST_TIME)) {
                nh_points tried = *points;
                tried.iface[0] = list[i];
                tried.iface[1] = list[j];
                fit_interfaces(&tried, &s);
                if (!found || tried.clocks.margin > best.clocks.margin)
                    best = tried;
                found = true;
            }
            survey_end(&s);
        }
    *points = best;
    points->told_by = NH_BY_INTERFACE;
    return found;
}

/* --- in one interface -------------------------------------------------------------------------------- */

/*
 * Whether an answer was captured for the first time before what it answers for the second time. Then the copies that
 * come first are of one point, and its clock is behind; else each packet's first copy is its sender's.
 */
static bool
answers_overtake(const nh_points *points)
{
    unsigned overtaken = 0;
    const nh_mark_row *last[2] = { NULL, NULL }; /* the latest first copy of each direction that takes sequence numbers */

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->hosts != points->main_hosts || m->kind != NH_MARK_SEGMENT || !nh_mark_is_pair(points->marks, m))
            continue;
        const nh_mark_row *asked = last[!m->low];
        if (asked && asked->conn == m->conn && m->flags & NH_TH_ACK && m->ack == asked->seq_end &&
            nh_mark_at(points->marks, asked->next)->time > m->time)
            overtaken++;
        if (m->len > 0 || m->flags & (NH_TH_SYN | NH_TH_FIN))
            last[m->low] = m;
    }
    return overtaken >= 2;
}

/* The gaps with the other sign: of view 0, when the copies of view 1 come first. */
static GArray *
turned(const GArray *gaps)
{
    GArray *result = g_array_sized_new(FALSE, FALSE, sizeof(nh_gap), gaps->len);

    for (unsigned i = 0; i < gaps->len; i++) {
        nh_gap gap = g_array_index(gaps, nh_gap, i);
        gap = (nh_gap){ gap.at + gap.gap, -gap.gap };
        g_array_append_val(result, gap);
    }
    return result;
}

/* View 0 is near the lower address. */
static void
fit_order(nh_points *points, const survey *s)
{
    GArray *low = turned(s->gaps[1]), *high = turned(s->gaps[0]);
    nh_clocks near_low = nh_clocks_fit(s->gaps[1], s->gaps[0]), near_high = nh_clocks_fit(low, high);

    if (!answers_overtake(points)) {
        points->first = NH_FIRST_NEAR_SENDER;
        points->clocks = nh_clocks_fit(s->gaps[1], high);
    } else {
        points->first = near_low.margin >= near_high.margin ? NH_FIRST_NEAR_LOW : NH_FIRST_NEAR_HIGH;
        points->clocks = points->first == NH_FIRST_NEAR_LOW ? near_low : near_high;
    }
    g_array_unref(low);
    g_array_unref(high);
}

static bool
learn_single(nh_points *points)
{
    survey s;

    survey_begin(&s);
    survey_pairs(points, &s, false);
    bool by_hops = s.other_hops * 2 > s.twins, found = s.twins >= NH_TWINS_MIN && !is_one_host(&s, NH_SAME_MIRROR_TIME);
    points->told_by = by_hops ? NH_BY_HOPS : NH_BY_TIME;
    if (found && by_hops) {
        survey_end(&s);
        survey_begin(&s);
        survey_pairs(points, &s, true);
        points->clocks = nh_clocks_fit(s.gaps[1], s.gaps[0]);
    } else if (found) {
        fit_order(points, &s);
    }
    survey_end(&s);
    return found;
}

/* Most twins came by two interfaces */
static bool
has_interfaces(const nh_points *points)
{
    unsigned twins = 0, other = 0;

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->hosts != points->main_hosts || !m->head || !m->has_id || m->next == NH_NO_MARK)
            continue;
        twins++;
        other += nh_mark_at(points->marks, m->next)->iface != m->iface;
    }
    return other * 10 > twins * 9;
}

/* --- twins ----------------------------------------------------------------------------------------------- */

/* The view of the copy that comes first, as the order tells. */
static uint8_t
view_by_order(const nh_points *points, const nh_mark_row *m)
{
    return points->first == NH_FIRST_NEAR_SENDER ? nh_view_of_sender(points, m)
           : points->first == NH_FIRST_NEAR_LOW  ? points->near_low
                                                 : !points->near_low;
}

/* How much longer than the clocks say b came after a. */
static nh_time
strangeness(const nh_points *points, const nh_mark_row *a, const nh_mark_row *b, uint8_t view)
{
    nh_time expected = nh_clocks_offset(&points->clocks, view == 0 ? a->time : b->time);

    return ABS((view == 0 ? b->time - a->time : a->time - b->time) - expected);
}

/* The view of a, if b is its later copy; NH_NO_VIEW: both are of one view. */
static uint8_t
view_of_first(const nh_points *points, const nh_mark_row *a, const nh_mark_row *b)
{
    if (points->told_by == NH_BY_INTERFACE)
        return a->iface == points->iface[0] && b->iface == points->iface[1]   ? 0
               : a->iface == points->iface[1] && b->iface == points->iface[0] ? 1
                                                                              : NH_NO_VIEW;
    if (points->told_by == NH_BY_HOPS && a->hops && a->hops != b->hops)
        return a->hops > b->hops ? nh_view_of_sender(points, a) : !nh_view_of_sender(points, a);
    if (points->told_by == NH_BY_HOPS && a->hops) /* both of one point: a SYN-ACK twice within a tick of its time stamp */
        return NH_NO_VIEW;
    if (points->told_by == NH_BY_HOPS) /* nothing but the clocks tells */
        return strangeness(points, a, b, 0) <= strangeness(points, a, b, 1) ? 0 : 1;
    return view_by_order(points, a);
}

static void
pair_up(const nh_points *points, uint32_t i)
{
    nh_mark_row *m = nh_mark_at(points->marks, i), *best = NULL;
    bool unique = nh_mark_is_pair(points->marks, m) && m->ip_id != 0; /* without identification two may be alike within a tick */
    nh_time least = unique ? NH_POINTS_LIFETIME : NH_WAY_MAX;
    unsigned looked_at = 0;
    uint8_t view = NH_NO_VIEW;

    for (uint32_t j = m->next; j != NH_NO_MARK && looked_at++ < NH_POINTS_ALIKE_MAX; j = nh_mark_at(points->marks, j)->next) {
        nh_mark_row *other = nh_mark_at(points->marks, j);
        uint8_t first = view_of_first(points, m, other);
        if (other->twin != NH_NO_MARK || first == NH_NO_VIEW || strangeness(points, m, other, first) > least)
            continue;
        least = strangeness(points, m, other, first);
        best = other;
        view = first;
    }
    if (!best)
        return;
    m->twin = (uint32_t)(best - nh_mark_at(points->marks, 0));
    best->twin = i;
    m->view = view;
    best->view = !view;
}

static void
find_twins(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++)
        if (nh_mark_at(points->marks, i)->twin == NH_NO_MARK)
            pair_up(points, i);
}

/* What one clock shifts so far that a connection is met again is two connections to the core, and one to the points. */
static void
join_connections(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind != NH_MARK_SEGMENT || m->twin == NH_NO_MARK || m->twin < i)
            continue;
        const nh_conn *a = nh_view_conn(points, m->conn), *b = nh_view_conn(points, nh_mark_at(points->marks, m->twin)->conn);
        if (a != b)
            g_hash_table_insert(points->same, (void *)b, (void *)a);
    }
}

const nh_conn *
nh_view_conn(const nh_points *points, const nh_conn *conn)
{
    const nh_conn *other;

    while ((other = g_hash_table_lookup(points->same, conn)))
        conn = other;
    return conn;
}

/* --- what only one point saw ------------------------------------------------------------------------------- */

static void
learn_hops(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->twin != NH_NO_MARK && m->hosts == points->main_hosts && m->kind != NH_MARK_QUOTE)
            (m->low ? points->usual_hops : points->usual_back)[m->view] = m->hops;
    }
}

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
view_of_question(const nh_points *points, GHashTable *lone, const nh_mark_row *m)
{
    const uint32_t *question = g_hash_table_lookup(lone, m->conn);
    bool answers = m->flags & NH_TH_RST || (m->flags & (NH_TH_SYN | NH_TH_ACK)) == (NH_TH_SYN | NH_TH_ACK);

    if (!question || !answers)
        return NH_NO_VIEW;
    const nh_mark_row *asked = nh_mark_at(points->marks, *question);
    return asked->low != m->low && m->ack == asked->seq_end ? asked->view : NH_NO_VIEW;
}

/* Going through the marks in either direction. */
typedef struct {
    GHashTable *stamps; /* nh_conn*, or nh_two_hosts*, to stamp[2] */
    GHashTable *lone;   /* nh_conn* to the latest mark without a twin */
    nh_time from, to;   /* of all twins, by the first clock */
} lookout;

static bool
is_between_twins_of(const nh_points *points, const lookout *out, const nh_mark_row *m, uint8_t view)
{
    nh_time time = view == 0 ? m->time : nh_clocks_first(&points->clocks, m->time);

    return time >= out->from - NH_WAY_MAX && time <= out->to + NH_WAY_MAX;
}

/* Within the time of the twins a lone packet was lost on its way, or sent there; outside of it one point may not have captured. */
static bool
is_between_twins(const nh_points *points, const lookout *out, const nh_mark_row *m)
{
    return is_between_twins_of(points, out, m, nh_view_of_sender(points, m));
}

static void
look_at(nh_points *points, lookout *out, uint32_t i)
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
look_for_questions(nh_points *points, lookout *out, uint32_t i)
{
    nh_mark_row *m = nh_mark_at(points->marks, i);

    if (m->twin != NH_NO_MARK || m->kind == NH_MARK_QUOTE)
        return;
    uint8_t asked_in = m->kind == NH_MARK_SEGMENT ? view_of_question(points, out->lone, m) : NH_NO_VIEW;
    if (asked_in != NH_NO_VIEW)
        m->view = asked_in;
    if (m->view == NH_NO_VIEW && is_between_twins(points, out, m)) {
        m->view = nh_view_of_sender(points, m);
        m->missed = points->cut && !is_between_twins_of(points, out, m, !m->view); /* as well as lost it may be of the point that went on */
    }
    if (m->kind == NH_MARK_SEGMENT)
        g_hash_table_replace(out->lone, (void *)m->conn, g_memdup2(&i, sizeof i));
}

static void
find_twin_times(const nh_points *points, lookout *out)
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
settle_rest(nh_points *points, const lookout *out, bool before)
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
    uint8_t view;
} lone_conn;

static lone_conn *
lone_conn_of(GHashTable *conns, const nh_mark_row *m)
{
    lone_conn *known = g_hash_table_lookup(conns, m->conn);

    if (!known) {
        known = g_new0(lone_conn, 1);
        known->from = known->to = m->time;
        known->view = NH_NO_VIEW;
        g_hash_table_insert(conns, (void *)m->conn, known);
    }
    return known;
}

static void
take_lone(lone_conn *c, const nh_mark_row *m)
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
overlap(const nh_points *points, const lookout *out, const lone_conn *c, uint8_t view)
{
    nh_time from = view == 0 ? c->from : nh_clocks_first(&points->clocks, c->from);
    nh_time to = view == 0 ? c->to : nh_clocks_first(&points->clocks, c->to);

    return MIN(to, out->to) - MAX(from, out->from);
}

/* The other point did not capture then: it has none of it, while twins show when both did. */
static void
settle_lone_connections(nh_points *points, const lookout *out)
{
    GHashTable *conns = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->kind == NH_MARK_SEGMENT)
            take_lone(lone_conn_of(conns, m), m);
    }
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        nh_mark_row *m = nh_mark_at(points->marks, i);
        const lone_conn *c = m->kind == NH_MARK_SEGMENT ? lone_conn_of(conns, m) : NULL;
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
tell_lone(nh_points *points)
{
    lookout out = { .stamps = g_hash_table_new_full(NULL, NULL, NULL, g_free), .lone = g_hash_table_new_full(NULL, NULL, NULL, g_free) };
    uint32_t n = points->marks->rows->len;

    for (uint32_t i = 0; i < n; i++)
        if (nh_mark_at(points->marks, i)->twin == NH_NO_MARK)
            nh_mark_at(points->marks, i)->view = view_by_hops(points, nh_mark_at(points->marks, i));
    find_twin_times(points, &out);
    for (uint32_t i = 0; i < n; i++)
        look_at(points, &out, i);
    g_hash_table_remove_all(out.stamps);
    for (uint32_t i = n; i-- > 0;)
        look_at(points, &out, i);
    if (points->told_by == NH_BY_TIME)
        settle_lone_connections(points, &out);
    for (uint32_t i = 0; i < n; i++)
        look_for_questions(points, &out, i);
    settle_rest(points, &out, true);
    settle_rest(points, &out, false);
    g_hash_table_unref(out.stamps);
    g_hash_table_unref(out.lone);
}

static void
tell_interfaces(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        nh_mark_row *m = nh_mark_at(points->marks, i);
        m->view = m->iface == points->iface[0] ? 0 : m->iface == points->iface[1] ? 1 : NH_NO_VIEW;
    }
}

bool
nh_views_learn(nh_points *points)
{
    find_main_hosts(points);
    if (!(has_interfaces(points) ? learn_interfaces(points) : learn_single(points)))
        return false;
    find_twins(points);
    join_connections(points);
    learn_hops(points);
    return true;
}

void
nh_views_tell(nh_points *points)
{
    if (points->told_by == NH_BY_INTERFACE)
        tell_interfaces(points);
    else
        tell_lone(points);
}
