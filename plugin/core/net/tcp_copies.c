/* tcp_copies.c
 * Segments that were captured twice.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_copies.h"

/* Frames that differ in nothing and follow this closely are one packet captured twice (interface "any", mirror ports). */
#define DUPLICATE_TIME (50 * NH_MSEC)
#define COPY_TIME      (2 * NH_MSEC)

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
    nh_time within = seg->ip_id != 0 || seg->has_tsval ? DUPLICATE_TIME : COPY_TIME;
    bool known = false;

    for (unsigned i = 0; i < NH_RECENT; i++) /* to the end, so that several are compared at once: hardly any segment is in it */
        known |= half->recent.key[i] == key;
    for (unsigned i = 0; known && i < half->n_recent; i++)
        if (half->recent.key[i] == key && ABS(seg->time - half->recent.time[i]) < within)
            return true;
    return false;
}

void
nh_tcp_remember(nh_half *half, const nh_segment *seg, uint32_t key)
{
    unsigned place = half->packets++ % NH_RECENT;

    half->recent.key[place] = key;
    half->recent.time[place] = seg->time;
    half->n_recent = (uint8_t)MIN(half->packets, NH_RECENT);
}
