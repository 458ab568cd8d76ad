/* points.c
 * Two capture points in one file: the same packets twice, by two clocks.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/points.h"

#include "core/points/compare.h"
#include "core/points/single_copies.h"
#include "core/points/twins.h"
#include "core/points/views.h"

/* --- what was captured when ------------------------------------------------------------------ */

static void
note_running(nh_points *points, const nh_mark_row *m)
{
    nh_time time = nh_mark_time(points, m);

    if (m->view > 1)
        return;
    points->began[m->view] = points->ran[m->view] ? MIN(points->began[m->view], time) : time;
    points->ended[m->view] = points->ran[m->view] ? MAX(points->ended[m->view], time) : time;
    points->ran[m->view] = true;
}

static void
note_connection(nh_points *points, const nh_mark_row *m)
{
    const nh_conn *conn = m->conn ? nh_view_conn(points, m->conn) : NULL;

    if (conn && m->view < 2)
        g_hash_table_insert(points->known_by, (void *)conn,
                            GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(points->known_by, conn)) | 1u << m->view));
}

static void
count_twins(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->hosts->len; i++)
        nh_mark_hosts(points->marks, i)->twins = 0;
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        bool paired = m->twin != NH_NO_MARK;
        nh_mark_hosts(points->marks, m->hosts)->twins += paired && m->twin > i;
        note_running(points, m);
        note_connection(points, m);
        if (m->translated && m->view < 2)
            points->translated_view = m->view;
        if (m->hosts != points->main_hosts || m->view > 1)
            continue;
        points->all += !paired || m->twin > i;
        points->both += paired && m->twin > i;
    }
}

/* --- frames ------------------------------------------------------------------------------------ */

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
    return points->told_by == NH_BY_INTERFACE ? view + 1 : view == nh_view_main(points) ? 1 : 2;
}

/* Clock of point 2 minus that of point 1, at a time of a view. */
static nh_time
offset_at(const nh_points *points, uint8_t view, nh_time time)
{
    nh_time offset = nh_clocks_offset(&points->clocks, view == 1 ? nh_clocks_first(&points->clocks, time) : time);

    return point_of_view(points, 0) == 1 ? offset : -offset;
}

static void
list_frames(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        nh_point_frame frame = { m->frame, point_of_view(points, m->view),
                                 m->twin == NH_NO_MARK ? 0 : nh_mark_at(points->marks, m->twin)->frame,
                                 offset_at(points, m->view, m->time) };
        g_array_append_val(points->frames, frame);
    }
    g_array_sort(points->frames, compare_frames);
}

/* --- finding --------------------------------------------------------------------------------------- */

nh_points *
nh_points_find(const nh_tape *tape, bool (*is_client)(const nh_addr *a, const nh_addr *b, void *data), void *data)
{
    nh_marks *marks = nh_marks_have_copies(tape) ? nh_marks_read(tape) : NULL;

    if (!marks)
        return NULL;
    nh_points *points = g_new0(nh_points, 1);
    points->marks = marks;
    points->frames = g_array_new(FALSE, FALSE, sizeof(nh_point_frame));
    points->translated_view = NH_NO_VIEW;
    points->same = g_hash_table_new(NULL, NULL);
    points->known_by = g_hash_table_new(NULL, NULL);
    points->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    if (marks->rows->len == 0 || !nh_views_learn(points)) {
        nh_points_free(points);
        return NULL;
    }
    const nh_two_hosts *hosts = nh_mark_hosts(marks, points->main_hosts);
    points->low_is_client = is_client(&hosts->low, &hosts->high, data);
    nh_views_tell(points);
    count_twins(points);
    nh_compare_learn(points);
    nh_compare_find_missed(points);
    list_frames(points);
    return points;
}

void
nh_points_free(nh_points *points)
{
    if (!points)
        return;
    nh_marks_free(points->marks);
    g_array_unref(points->frames);
    g_hash_table_unref(points->same);
    g_hash_table_unref(points->known_by);
    g_hash_table_unref(points->seen);
    if (points->by_time)
        g_array_unref(points->by_time);
    g_free(points);
}

/* --- the story's packets ------------------------------------------------------------------------------- */

/* Whether the point whose view a packet's flow is told by could not have it. */
static bool
was_not_captured(const nh_points *points, const nh_mark_row *m, uint8_t view)
{
    nh_time time = nh_mark_time(points, m);
    const nh_conn *conn = m->conn ? nh_view_conn(points, m->conn) : NULL;

    if (!points->ran[view] || time < points->began[view] || time > points->ended[view])
        return true;
    return conn && !(GPOINTER_TO_UINT(g_hash_table_lookup(points->known_by, conn)) >> view & 1);
}

static bool
is_told(const nh_points *points, const nh_mark_row *m)
{
    uint8_t view = nh_view_of_asker(points, m);

    if (nh_mark_hosts(points->marks, m->hosts)->twins == 0)
        return true; /* other hosts, whom only one point sees */
    if (m->view > 1) /* a third point; or an error that nobody can tell where it was seen */
        return m->kind == NH_MARK_QUOTE && points->told_by != NH_BY_INTERFACE;
    if (m->kind == NH_MARK_QUOTE)
        return m->view == nh_view_main(points) || m->twin == NH_NO_MARK;
    return m->view == view || (m->twin == NH_NO_MARK && was_not_captured(points, m, view));
}

/* One view's part of the story, in its order. */
typedef struct {
    const nh_points *points;
    nh_tape_reader *reader;
    nh_taped item;
    uint32_t number; /* of the next packet on the tape */
    bool main, there;
    nh_time time; /* of the packet at hand, by the story's clock */
} strand;

static void
advance(strand *s)
{
    const nh_points *points = s->points;

    s->there = false;
    while (!s->there && nh_tape_next(s->reader, &s->item)) {
        const nh_mark_row *m = nh_mark_at(points->marks, s->number++);
        bool main = m->view > 1 || m->view == nh_view_main(points);
        s->there = main == s->main && is_told(points, m);
        s->time = nh_mark_time(points, m);
    }
}

static void
set_time(nh_taped *item, nh_time time)
{
    if (item->kind == NH_TAPED_SEGMENT)
        item->segment.time = time;
    else if (item->kind == NH_TAPED_DATAGRAM)
        item->datagram.time = time;
    else
        item->quote.time = time;
}

void
nh_points_replay(const nh_points *points, const nh_tape *tape, void (*take)(nh_taped *item, void *data), void *data)
{
    strand *strands = g_new0(strand, 2);

    for (int i = 0; i < 2; i++) {
        strands[i].points = points;
        strands[i].reader = nh_tape_read(tape);
        strands[i].main = i == 0;
        advance(&strands[i]);
    }
    while (strands[0].there || strands[1].there) {
        strand *next = !strands[1].there || (strands[0].there && strands[0].time <= strands[1].time) ? &strands[0] : &strands[1];
        set_time(&next->item, next->time);
        take(&next->item, data);
        advance(next);
    }
    for (int i = 0; i < 2; i++)
        nh_tape_reader_free(strands[i].reader);
    g_free(strands);
}

/* --- answers ------------------------------------------------------------------------------------------- */

nh_time
nh_points_offset(const nh_points *points)
{
    return point_of_view(points, 0) == 1 ? points->clocks.offset : -points->clocks.offset;
}

nh_time
nh_points_uncertainty(const nh_points *points)
{
    return points->clocks.bounded ? MAX(points->clocks.margin, 0) : NH_TIME_NONE;
}

double
nh_points_drift(const nh_points *points)
{
    return point_of_view(points, 0) == 1 ? points->clocks.rate : -points->clocks.rate;
}

/* A host as a view calls it. */
static const nh_addr *
called_there(const nh_points *points, uint8_t view, const nh_addr *usual)
{
    GHashTableIter iter;
    void *key, *value;

    g_hash_table_iter_init(&iter, points->marks->translations);
    while (points->translated_view == view && g_hash_table_iter_next(&iter, &key, &value)) {
        const nh_conn *there = key, *as = value;
        if (nh_addr_equal(&as->client.addr, usual))
            return &there->client.addr;
        if (nh_addr_equal(&as->server.addr, usual))
            return &there->server.addr;
    }
    return usual;
}

const nh_addr *
nh_points_host(const nh_points *points, unsigned point)
{
    const nh_two_hosts *hosts = nh_mark_hosts(points->marks, points->main_hosts);
    bool low = point_of_view(points, points->near_low) == point;
    uint8_t view = low ? points->near_low : !points->near_low;

    return called_there(points, view, low ? &hosts->low : &hosts->high);
}

unsigned
nh_points_main(const nh_points *points)
{
    return point_of_view(points, nh_view_main(points));
}

const nh_point_frame *
nh_points_frame(const nh_points *points, uint32_t frame)
{
    nh_point_frame wanted = { .frame = frame };

    return points->frames->len ? bsearch(&wanted, points->frames->data, points->frames->len, sizeof wanted, compare_frames) : NULL;
}
