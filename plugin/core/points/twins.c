/* twins.c
 * The copies of one packet at two capture points: which belong together, and which of them is whose.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/twins.h"

#include "core/base/limits.h"

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
clock_error(const nh_points *points, const nh_mark_row *a, const nh_mark_row *b, uint8_t view)
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
        return clock_error(points, a, b, 0) <= clock_error(points, a, b, 1) ? 0 : 1;
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
        if (other->twin != NH_NO_MARK || first == NH_NO_VIEW || clock_error(points, m, other, first) > least)
            continue;
        least = clock_error(points, m, other, first);
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

void
nh_twins_find(nh_points *points)
{
    find_twins(points);
    join_connections(points);
}
