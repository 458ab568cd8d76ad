/* views.c
 * Which two capture points there are, and how their clocks differ: what the packets tell that both of them saw.
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
#include "core/points/twins.h"

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
        if (m->hosts != points->main_hosts || m->kind == NH_MARK_QUOTE || !nh_mark_has_copies(points->marks, m))
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
        if (m->kind != NH_MARK_QUOTE && nh_mark_has_copies(points->marks, m))
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
        if (m->hosts != points->main_hosts || !nh_mark_has_copies(points->marks, m))
            continue;
        twins++;
        other += nh_mark_at(points->marks, m->next)->iface != m->iface;
    }
    return other * 10 > twins * 9;
}

/* --- all of it ---------------------------------------------------------------------------------------------- */

static void
learn_hops(nh_points *points)
{
    for (uint32_t i = 0; i < points->marks->rows->len; i++) {
        const nh_mark_row *m = nh_mark_at(points->marks, i);
        if (m->twin != NH_NO_MARK && m->hosts == points->main_hosts && m->kind != NH_MARK_QUOTE)
            (m->low ? points->usual_hops : points->usual_back)[m->view] = m->hops;
    }
}

bool
nh_views_learn(nh_points *points)
{
    find_main_hosts(points);
    if (!(has_interfaces(points) ? learn_interfaces(points) : learn_single(points)))
        return false;
    nh_twins_find(points);
    learn_hops(points);
    return true;
}
