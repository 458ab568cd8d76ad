/* nfs_calls.c
 * NFS between the hosts of a pair: context of an incident, never the subject of a finding.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/nfs_calls.h"

#include "core/base/limits.h"
#include "core/base/hash.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"
#include "core/wire/procedures.h"

/* NFS between a client and a server. */
typedef struct {
    GHashTable *waiting; /* XID -> nh_nfs_call */
    GArray *slow;        /* nh_nfs_call: answered late */
    nh_time answered;    /* when the newest call was sent that has its answer */
} nfs_peers;

struct nh_nfs {
    GHashTable *peers;   /* by client and server: nfs_peers */
    GHashTable *streams; /* by sender and receiver: nh_records */
};

typedef struct {
    nh_end from, to;
} stream_key;

static unsigned
stream_hash(const void *data)
{
    const stream_key *key = data;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, &key->from.addr);
    nh_hash_addr(&hash, &key->to.addr);
    nh_hash_word(&hash, (uint32_t)key->from.port << 16 | key->to.port);
    return nh_hash_end(&hash);
}

static gboolean
stream_equal(const void *a, const void *b)
{
    const stream_key *x = a, *y = b;
    return x->from.port == y->from.port && x->to.port == y->to.port && nh_addr_equal(&x->from.addr, &y->from.addr) &&
           nh_addr_equal(&x->to.addr, &y->to.addr);
}

static void
stream_free(void *data)
{
    nh_records_clear(data);
    g_free(data);
}

static void
peers_free(void *data)
{
    nfs_peers *peers = data;
    g_hash_table_unref(peers->waiting);
    g_array_unref(peers->slow);
    g_free(peers);
}

nh_nfs *
nh_nfs_new(void)
{
    nh_nfs *nfs = g_new(nh_nfs, 1);

    nfs->peers = nh_pairs_new(peers_free);
    nfs->streams = g_hash_table_new_full(stream_hash, stream_equal, g_free, stream_free);
    return nfs;
}

void
nh_nfs_free(nh_nfs *nfs)
{
    g_hash_table_unref(nfs->peers);
    g_hash_table_unref(nfs->streams);
    g_free(nfs);
}

/* --- messages -------------------------------------------------------------------- */

static nfs_peers *
find_peers(const nh_nfs *nfs, const nh_addr *client, const nh_addr *server)
{
    nh_pair_key key = { *client, *server };
    return g_hash_table_lookup(nfs->peers, &key);
}

static nfs_peers *
new_peers(nh_nfs *nfs, const nh_addr *client, const nh_addr *server)
{
    nfs_peers *peers = g_new(nfs_peers, 1);
    nh_pair_key key = { *client, *server };

    peers->waiting = g_hash_table_new_full(nh_number_hash, NULL, NULL, g_free);
    peers->slow = g_array_new(false, false, sizeof(nh_nfs_call));
    peers->answered = NH_TIME_NONE;
    g_hash_table_insert(nfs->peers, g_memdup2(&key, sizeof key), peers);
    return peers;
}

static void
take_call(nfs_peers *peers, nh_l4 l4, const nh_rpc_header *header, nh_moment at)
{
    nh_nfs_call *call = g_hash_table_lookup(peers->waiting, GUINT_TO_POINTER(header->xid));

    if (call) {
        call->copies++;
    } else if (g_hash_table_size(peers->waiting) < NH_NFS_WAITING_MAX) {
        call = g_new(nh_nfs_call, 1);
        *call = (nh_nfs_call){ .sent = at, .vers = header->vers, .proc = header->proc, .copies = 1, .l4 = l4 };
        g_hash_table_insert(peers->waiting, GUINT_TO_POINTER(header->xid), call);
    }
}

/* The server answers during an outage of its lock manager. */
static void
count_answer(nh_watch *watch, const nh_addr *client, const nh_addr *server, nh_moment at)
{
    nh_pair *pair = nh_pair_find(watch, client, server);

    if (pair)
        pair->nfs_seen = true;
    if (!pair || !pair->open)
        return;
    if (pair->open->nfs_answers++ == 0)
        pair->open->nfs_first = at;
    pair->open->nfs_last = at;
}

/* false when it answers none of the calls. */
static bool
take_reply(nfs_peers *peers, const nh_rpc_header *header, nh_moment at)
{
    nh_nfs_call *call = g_hash_table_lookup(peers->waiting, GUINT_TO_POINTER(header->xid));

    if (!call)
        return false;
    peers->answered = MAX(peers->answered, call->sent.time);
    call->reply = at;
    if (at.time - call->sent.time >= NH_NFS_SLOW_TIME && peers->slow->len < NH_NFS_SLOW_MAX)
        g_array_append_val(peers->slow, *call);
    return g_hash_table_remove(peers->waiting, GUINT_TO_POINTER(header->xid));
}

void
nh_nfs_header(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_l4 l4, const nh_rpc_header *header, nh_moment at)
{
    nfs_peers *peers;

    if (header->reply && g_hash_table_size(watch->nfs->peers) == 0)
        return;
    if (header->reply) {
        peers = find_peers(watch->nfs, &dst->addr, &src->addr);
        if (peers && take_reply(peers, header, at))
            count_answer(watch, &dst->addr, &src->addr, at);
    } else if (header->prog == NH_PROG_NFS) {
        peers = find_peers(watch->nfs, &src->addr, &dst->addr);
        take_call(peers ? peers : new_peers(watch->nfs, &src->addr, &dst->addr), l4, header, at);
    }
}

static bool
is_nfs(const nh_watch *watch, const nh_end *server)
{
    return server->port == NH_NFS_PORT || nh_port_program(watch, &server->addr, NH_L4_TCP, server->port) == NH_PROG_NFS;
}

/* Where nothing is known of a stream yet, its records can only be found from a segment that begins with one. */
static bool
begins_record(const nh_segment *segment)
{
    nh_rpc_header header;
    uint32_t size;

    return nh_record_read(segment->payload, segment->captured, &header, &size);
}

nh_records *
nh_nfs_stream(nh_watch *watch, const nh_segment *segment)
{
    stream_key key = { segment->src, segment->dst };
    nh_records *records;

    if (!(segment->payload || segment->flags & NH_TH_SYN) || !(is_nfs(watch, &segment->dst) || is_nfs(watch, &segment->src)))
        return NULL;
    records = g_hash_table_lookup(watch->nfs->streams, &key);
    if (segment->flags & NH_TH_SYN) {
        if (records)
            nh_records_start(records, false, 0);
        return NULL;
    }
    if (!records) {
        if (g_hash_table_size(watch->nfs->streams) >= NH_NFS_STREAMS_MAX || !begins_record(segment))
            return NULL;
        records = g_new0(nh_records, 1);
        g_hash_table_insert(watch->nfs->streams, g_memdup2(&key, sizeof key), records);
    }
    return records;
}

/* --- the story ---------------------------------------------------------------------- */

/* When the outage ended, or the capture. */
static nh_time
until_of(const nh_outage *outage)
{
    return outage->end.frame ? outage->end.time : outage->pair->watch->last;
}

static void
regard(nh_nfs_slow *slow, const nh_outage *outage, const nh_nfs_call *call)
{
    nh_time done = call->reply.frame ? call->reply.time : outage->pair->watch->last;

    if (done - call->sent.time < NH_NFS_SLOW_TIME || done < outage->start.time || call->sent.time > until_of(outage))
        return;
    if (slow->count++ == 0 || call->sent.frame < slow->first.sent.frame)
        slow->first = *call;
}

/* A call that was never sent again, while later ones were answered: its answer was not captured. */
static bool
answer_was_missed(const nfs_peers *peers, const nh_nfs_call *call)
{
    return call->copies == 1 && nh_time_known(peers->answered) && peers->answered > call->sent.time;
}

nh_nfs_slow
nh_nfs_slow_of(const nh_outage *outage)
{
    const nh_watch *watch = outage->pair->watch;
    const nfs_peers *peers = find_peers(watch->nfs, &outage->pair->client, &outage->pair->server);
    nh_nfs_slow slow = { .count = 0 };
    GHashTableIter iter;
    void *call;

    if (!peers)
        return slow;
    for (unsigned i = 0; i < peers->slow->len; i++)
        regard(&slow, outage, &g_array_index(peers->slow, nh_nfs_call, i));
    g_hash_table_iter_init(&iter, peers->waiting);
    while (g_hash_table_iter_next(&iter, NULL, &call))
        if (!answer_was_missed(peers, call))
            regard(&slow, outage, call);
    return slow;
}
