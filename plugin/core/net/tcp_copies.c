/* tcp_copies.c
 * Segments that were captured twice.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_copies.h"

#include "core/base/limits.h"
#include "core/points/live.h"

uint32_t
nh_tcp_copy_key(const nh_segment *seg)
{
    const uint64_t factor = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    uint64_t key = ((uint64_t)seg->seq << 32 | seg->ack) * factor;

    key = (key ^ key >> 32 ^ ((uint64_t)seg->len << 32 | seg->tsval)) * factor;
    key = (key ^ key >> 32 ^ ((uint64_t)seg->flags << 48 | (uint64_t)seg->window << 16 | seg->ip_id)) * factor;
    return (uint32_t)(key >> 32);
}

bool
nh_tcp_is_copy(const nh_half *half, const nh_segment *seg, uint32_t key)
{
    /* an IP identification or a time stamp tells a copy from a retransmission; without them only the time does */
    nh_time within = seg->ip_id != 0 || seg->has_tsval ? NH_DUPLICATE_TIME : NH_MIRROR_COPY_TIME;
    uint32_t known = 0;

    for (unsigned i = 0; i < NH_RECENT; i++) /* to the end, so that several are compared at once: hardly any segment is in it */
        known |= half->recent.key[i] == key ? 1 : 0;
    for (unsigned i = 0; known && i < half->n_recent; i++)
        if (half->recent.key[i] == key && ABS(seg->time - half->recent.time[i]) < within)
            return true;
    return false;
}

/* So many earlier lives of a port pair are asked whether a SYN is theirs. */
#define LIVES_MAX 16

/* A SYN that is sent again has another time stamp and another IP identification. */
static bool
is_syn_of_old(nh_conn *conn, const nh_segment *seg, uint32_t key)
{
    unsigned lives = 0;

    if ((seg->flags & (NH_TH_SYN | NH_TH_ACK)) != NH_TH_SYN || !(seg->ip_id != 0 || seg->has_tsval))
        return false;
    for (const nh_conn *life = conn; life && lives++ < LIVES_MAX; life = life->previous)
        if (life->syn_key == key)
            return true;
    if (conn->syn_key == 0)
        conn->syn_key = key;
    return false;
}

bool
nh_tcp_is_second_view(nh_conn *conn, const nh_segment *seg, uint32_t key)
{
    nh_watch *watch = conn->pair->watch;

    if (watch->live)
        return nh_live_segment(watch->live, seg);
    if (!watch->tape || !is_syn_of_old(conn, seg, key))
        return false;
    watch->live = nh_live_new(watch->tape);
    return true;
}

void
nh_tcp_remember(nh_half *half, const nh_segment *seg, uint32_t key)
{
    unsigned place = half->packets++ % NH_RECENT;

    half->recent.key[place] = key;
    half->recent.time[place] = seg->time;
    half->n_recent = (uint8_t)MIN(half->packets, NH_RECENT);
}
