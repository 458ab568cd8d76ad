/* points_text.c
 * What the report says of two capture points.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/points_text.h"

#include "core/points/points.h"
#include "core/base/limits.h"
#include "core/points/views.h"

/* What only one point saw before or behind all that both did. */
static void
add_not_compared(const nh_points *points, GString *text)
{
    nh_time from = MAX(points->began[0], points->began[1]), to = MIN(points->ended[0], points->ended[1]);
    nh_time first = MIN(points->began[0], points->began[1]), last = MAX(points->ended[0], points->ended[1]);
    char *began = nh_time_clock(from), *ended = nh_time_clock(to);

    if (from - first > NH_POINTS_PART_MIN)
        g_string_append_printf(text, " What was captured before %s could not be compared: one of them has nothing of it.", began);
    if (last - to > NH_POINTS_PART_MIN)
        g_string_append_printf(text, " What was captured after %s could not be compared: one of them has nothing of it.", ended);
    g_free(began);
    g_free(ended);
}

static void
add_clocks(const nh_points *points, const char *other, GString *text)
{
    bool own_first = nh_view_main(points) == 0;
    double rate = own_first ? points->clocks.rate : -points->clocks.rate;
    char *margin = nh_duration_text(ABS(points->clocks.margin)), *growth = nh_duration_text((nh_time)(ABS(rate) * NH_HOUR));

    if (points->clocks.bounded && points->clocks.margin > NH_MSEC / 20)
        g_string_append_printf(text, " The distance of the clocks is known to %s.", margin);
    if (!points->clocks.bounded)
        g_string_append(text, " Packets of one direction only passed both: their time on the way is part of that distance.");
    if (rate != 0)
        g_string_append_printf(text, " The clock of %s goes %s: it %s %s an hour, which is taken into account.", other,
                               rate > 0 ? "faster" : "slower", rate > 0 ? "gains" : "loses", growth);
    g_free(margin);
    g_free(growth);
}

/* An end as a point calls it, with its port if that is another at the other point. */
static void
add_end(GString *text, const nh_end *end, const nh_end *other)
{
    char name[NH_ADDR_TEXT];

    g_string_append(text, nh_addr_text(&end->addr, name));
    if (end->port != other->port)
        g_string_append_printf(text, " port %u", end->port);
}

/* The connection of which the earliest packet was seen: tables have no order. */
static const nh_conn *
first_translated(const nh_points *points)
{
    GHashTableIter iter;
    const nh_conn *first = NULL;
    void *key;

    g_hash_table_iter_init(&iter, points->marks->translations);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const nh_conn *conn = key;
        if (!first || conn->first.frame < first->first.frame)
            first = conn;
    }
    return first;
}

static void
add_translation(const nh_points *points, const char *const names[2], GString *text)
{
    const nh_conn *there = first_translated(points);

    if (!there || points->translated_view > 1)
        return;
    const nh_conn *as = g_hash_table_lookup(points->marks->translations, there);
    bool main = points->translated_view == nh_view_main(points);
    const nh_conn *own = main ? there : as, *other = main ? as : there;
    bool client = !nh_addr_equal(&own->client.addr, &other->client.addr) || own->client.port != other->client.port;
    g_string_append(text, " Addresses or ports are translated between them: ");
    add_end(text, client ? &own->client : &own->server, client ? &other->client : &other->server);
    g_string_append_printf(text, " at %s is ", names[0]);
    add_end(text, client ? &other->client : &other->server, client ? &own->client : &own->server);
    g_string_append_printf(text, " at %s; sequence numbers and time stamps are the same.", names[1]);
}

/* What is rewritten in packets on their way: the first example. */
typedef struct {
    const nh_mark_row *ttl, *mss;
} rewritten;

static rewritten
find_rewritten(const nh_points *points)
{
    rewritten found = { NULL, NULL };

    for (uint32_t i = 0; i < points->marks->rows->len && !(found.ttl && found.mss); i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->twin == NH_NO_MARK || m->view != nh_view_of_sender(points, m) || m->kind == NH_MARK_QUOTE)
            continue;
        const nh_mark_row *twin = nh_mark_at(points->marks, m->twin);
        if (!found.ttl && m->hops != twin->hops && m->hops && twin->hops)
            found.ttl = m;
        if (!found.mss && m->mss != twin->mss)
            found.mss = m;
    }
    return found;
}

static void
add_rewritten(const nh_points *points, GString *text)
{
    rewritten found = find_rewritten(points);

    if (found.ttl) {
        unsigned left = found.ttl->hops, arrived = nh_mark_at(points->marks, found.ttl->twin)->hops;
        if (left > arrived)
            g_string_append_printf(text, " %u router%s between them (TTL %u and %u in frames %u and %u).", left - arrived,
                                   left - arrived == 1 ? " stands" : "s stand", left, arrived, found.ttl->frame,
                                   nh_mark_at(points->marks, found.ttl->twin)->frame);
        else
            g_string_append_printf(text, " The TTL is rewritten between them (%u and %u in frames %u and %u).", left, arrived,
                                   found.ttl->frame, nh_mark_at(points->marks, found.ttl->twin)->frame);
    }
    if (found.mss)
        g_string_append_printf(text, " The MSS of SYNs is rewritten on the way (%u and %u in frames %u and %u).", found.mss->mss,
                               nh_mark_at(points->marks, found.mss->twin)->mss, found.mss->frame,
                               nh_mark_at(points->marks, found.mss->twin)->frame);
    if (points->marks->renumbered)
        g_string_append(text, " Sequence numbers are rewritten on the way.");
}

char *
nh_points_text(const nh_points *points)
{
    unsigned own = nh_points_main(points), other = own == 1 ? 2 : 1;
    nh_time ahead = own == 1 ? nh_points_offset(points) : -nh_points_offset(points);
    char *distance = nh_duration_text(ABS(ahead)), mine[NH_ADDR_TEXT], others[NH_ADDR_TEXT];
    const char *const names[2] = { nh_addr_text(nh_points_host(points, own), mine), nh_addr_text(nh_points_host(points, other), others) };

    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "Two capture points: %s and %s (%u of %u packets seen at both ends); the clock of %s is %s %s. All times are "
                           "those of %s.",
                           names[0], names[1], points->both, points->all, names[1], distance, ahead < 0 ? "behind" : "ahead", names[0]);
    add_clocks(points, names[1], text);
    add_translation(points, names, text);
    add_rewritten(points, text);
    add_not_compared(points, text);
    g_free(distance);
    return g_string_free(text, FALSE);
}
