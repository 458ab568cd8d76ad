/* reset_storm.c
 * Resets by the thousand: from the third within a second on they are only counted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/reset_storm.h"

#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/model/trouble.h"

static void
begin(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;

    pair->storm.active = true;
    pair->storm.start = pair->storm.last = at;
    pair->storm.count = 3;
    nh_raise(&(nh_evidence){ .finding = NH_RESET_STORM, .conn = conn, .at = at, .since = at, .says = { .id = NH_REMARK_STORM_BEGINS } });
}

static void
count(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;

    pair->storm.count++;
    pair->storm.last = at;
    nh_trouble_raise(conn, NH_RESET_STORM, at, pair->storm.start);
    nh_raise(&(nh_evidence){
        .finding = NH_RESET_STORM,
        .conn = conn,
        .at = pair->storm.start,
        .bits = NH_HARMLESS, /* it is counted */
        .says = { NH_REMARK_STORM,
                  { NH_NUMBER(pair->storm.count), NH_NUMBER(nh_elapsed(pair->storm.start.time, at.time)), NH_NUMBER(at.frame) } } });
    nh_outage_fold(pair, at);
}

bool
nh_storm_takes(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;

    if (pair->storm.active && at.time - pair->storm.last.time <= NH_SECOND) {
        count(conn, at);
        return true;
    }
    pair->storm.active = false;
    pair->resets[pair->n_resets++ % 3] = at.time;
    if (pair->n_resets >= 3 && at.time - pair->resets[pair->n_resets % 3] <= NH_SECOND) {
        begin(conn, at);
        return true;
    }
    return false;
}
