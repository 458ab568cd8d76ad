/* first_syns.c
 * First SYNs between hosts of which nothing else is known yet: kept small, because of floods and port scans most stay alone.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/first_syns.h"

#include "core/base/hash.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/net/pairs.h"

static unsigned
hosts_hash(const void *data)
{
    const nh_segment *syn = data;
    bool turned = memcmp(&syn->src.addr, &syn->dst.addr, sizeof(nh_addr)) > 0; /* whichever sent it */
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, turned ? &syn->dst.addr : &syn->src.addr);
    nh_hash_addr(&hash, turned ? &syn->src.addr : &syn->dst.addr);
    return nh_hash_end(&hash);
}

static gboolean
hosts_equal(const void *a, const void *b)
{
    const nh_segment *x = a, *y = b;

    return (nh_addr_equal(&x->src.addr, &y->src.addr) && nh_addr_equal(&x->dst.addr, &y->dst.addr)) ||
           (nh_addr_equal(&x->src.addr, &y->dst.addr) && nh_addr_equal(&x->dst.addr, &y->src.addr));
}

GHashTable *
nh_first_syns_new(void)
{
    return g_hash_table_new(hosts_hash, hosts_equal);
}

bool
nh_first_syn_keep(nh_watch *watch, const nh_segment *segment)
{
    nh_service service;

    if ((segment->flags & (NH_TH_SYN | NH_TH_ACK)) != NH_TH_SYN || segment->quoted)
        return false;
    /* a probable one may turn out to be none of ours: it is followed from the start */
    service = nh_follow_service(watch, &segment->dst);
    if (service == NH_SERVICE_NONE || nh_pair_find(watch, &segment->src.addr, &segment->dst.addr) ||
        nh_pair_find(watch, &segment->dst.addr, &segment->src.addr))
        return false;
    g_hash_table_add(watch->first_syns, nh_arena_copy(watch->arena, segment, offsetof(nh_segment, captured)));
    nh_frame_get(watch, (nh_moment){ segment->frame, segment->time })->service = service;
    return true;
}

bool
nh_first_syn_take(nh_watch *watch, const nh_addr *a, const nh_addr *b, nh_segment *syn)
{
    nh_segment hosts;
    hosts.src.addr = *a; /* nothing else of it is compared */
    hosts.dst.addr = *b;
    const nh_segment *kept = g_hash_table_lookup(watch->first_syns, &hosts);
    nh_frame *frame;

    if (!kept)
        return false;
    memset(syn, 0, sizeof *syn);
    memcpy(syn, kept, offsetof(nh_segment, captured));
    frame = nh_frame_find(watch, syn->frame);
    if (frame)
        frame->service = NH_SERVICE_NONE; /* from now on its connection tells */
    return g_hash_table_remove(watch->first_syns, &hosts);
}
