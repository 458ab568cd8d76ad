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

/* A SYN as it is kept: of the addresses no more than they have. */
typedef struct {
    uint8_t head[offsetof(nh_segment, src)]; /* as in a segment */
    uint16_t src_port, dst_port;
    uint8_t length;                                        /* of an address */
    uint8_t addresses[2 * sizeof((nh_addr *)NULL)->bytes]; /* the sender's and, right behind it, the receiver's */
} kept_syn;

static void
put_addresses(kept_syn *kept, const nh_addr *src, const nh_addr *dst)
{
    kept->length = src->len;
    memcpy(kept->addresses, src->bytes, src->len);
    memcpy(kept->addresses + src->len, dst->bytes, src->len);
}

/* The sender's address (0), or the receiver's (1). */
static nh_addr
address_of(const kept_syn *kept, unsigned which)
{
    nh_addr addr = { .len = kept->length };

    memcpy(addr.bytes, kept->addresses + which * kept->length, kept->length);
    return addr;
}

static const kept_syn *
keep(nh_watch *watch, const nh_segment *syn)
{
    kept_syn kept = { .src_port = syn->src.port, .dst_port = syn->dst.port };

    memcpy(kept.head, syn, sizeof kept.head);
    put_addresses(&kept, &syn->src.addr, &syn->dst.addr);
    return nh_arena_copy(watch->arena, &kept, offsetof(kept_syn, addresses) + 2u * kept.length);
}

static void
restore(const kept_syn *kept, nh_segment *syn)
{
    memset(syn, 0, sizeof *syn);
    memcpy(syn, kept->head, sizeof kept->head);
    syn->src = (nh_end){ address_of(kept, 0), kept->src_port };
    syn->dst = (nh_end){ address_of(kept, 1), kept->dst_port };
}

static unsigned
hosts_hash(const void *data)
{
    nh_addr src = address_of(data, 0), dst = address_of(data, 1);
    bool turned = memcmp(&src, &dst, sizeof src) > 0; /* whichever sent it */
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, turned ? &dst : &src);
    nh_hash_addr(&hash, turned ? &src : &dst);
    return nh_hash_end(&hash);
}

static gboolean
hosts_equal(const void *a, const void *b)
{
    const kept_syn *x = a, *y = b;
    unsigned length = x->length;

    if (y->length != length)
        return false;
    return memcmp(x->addresses, y->addresses, 2 * length) == 0 ||
           (memcmp(x->addresses, y->addresses + length, length) == 0 && memcmp(x->addresses + length, y->addresses, length) == 0);
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
    g_hash_table_add(watch->first_syns, (void *)keep(watch, segment));
    nh_frame_get(watch, (nh_moment){ segment->frame, segment->time })->service = service;
    return true;
}

bool
nh_first_syn_take(nh_watch *watch, const nh_addr *a, const nh_addr *b, nh_segment *syn)
{
    kept_syn hosts; /* nothing else of it is compared */
    put_addresses(&hosts, a, b);
    const kept_syn *kept = g_hash_table_lookup(watch->first_syns, &hosts);
    nh_frame *frame;

    if (!kept)
        return false;
    restore(kept, syn);
    frame = nh_frame_find(watch, syn->frame);
    if (frame)
        frame->service = NH_SERVICE_NONE; /* from now on its connection tells */
    return g_hash_table_remove(watch->first_syns, &hosts);
}
