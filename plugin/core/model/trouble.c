/* trouble.c
 * What is wrong with a connection, since when and until when.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/trouble.h"

nh_trouble *
nh_conn_trouble(const nh_conn *conn)
{
    if (!conn->troubles || conn->troubles->len == 0)
        return NULL;
    nh_trouble *latest = &g_array_index(conn->troubles, nh_trouble, conn->troubles->len - 1);
    return latest->until.frame ? NULL : latest;
}

bool
nh_conn_is_of_other_client(const nh_conn *opening, const nh_conn *used)
{
    return opening && used && !opening->for_answer && opening->state == NH_TCP_SYN_SENT && used->state == NH_TCP_ESTABLISHED &&
           used->calls > 0 && !used->half[0].fin && !used->half[1].fin && opening->way == used->way &&
           opening->client.port != used->client.port && opening->server.port == used->server.port &&
           used->first.frame < opening->first.frame;
}

nh_trouble *
nh_conn_trouble_at(const nh_conn *conn, uint32_t frame)
{
    for (unsigned i = conn->troubles ? conn->troubles->len : 0; i-- > 0;) {
        nh_trouble *trouble = &g_array_index(conn->troubles, nh_trouble, i);
        if (frame >= trouble->since.frame && (!trouble->until.frame || frame <= trouble->until.frame))
            return trouble;
    }
    return NULL;
}

nh_trouble *
nh_trouble_raise(nh_conn *conn, nh_finding finding, nh_moment at, nh_moment since)
{
    nh_trouble *trouble = nh_conn_trouble(conn);

    if (trouble && trouble->finding != finding) {
        trouble->until = at;
        trouble = NULL;
    }
    if (!trouble) {
        nh_trouble fresh = { .finding = finding, .since = since, .last = at };
        if (!conn->troubles)
            conn->troubles = g_array_new(false, false, sizeof(nh_trouble));
        g_array_append_val(conn->troubles, fresh);
        conn->calls_unchecked = true;
        trouble = &g_array_index(conn->troubles, nh_trouble, conn->troubles->len - 1);
        if (!g_ptr_array_find(conn->pair->troubled, conn, NULL))
            g_ptr_array_add(conn->pair->troubled, conn);
    }
    trouble->last = at;
    trouble->count++;
    return trouble;
}
