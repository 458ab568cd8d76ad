/* requests.c
 * Requests of applications, which outlive the calls that carry them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/requests.h"

#include "core/model/call.h"
#include "core/wire/procedures.h"

/* Those that wait for an answer, by what they ask for. */
typedef struct {
    const nh_pair *pair;
    uint64_t offset, length;
    uint32_t kind, svid, owner, file;
    bool exclusive;
} request_key;

typedef struct {
    request_key key;
    nh_call *first, *latest;
    unsigned copies;
} request;

static unsigned
key_hash(const void *data)
{
    const request_key *key = data;
    return (unsigned)(g_direct_hash(key->pair) ^ key->file * 31u ^ key->svid * 131u ^ key->owner ^ (unsigned)key->offset * 7u ^ key->kind);
}

static gboolean
key_equal(const void *a, const void *b)
{
    const request_key *x = a, *y = b;

    return x->pair == y->pair && x->kind == y->kind && x->svid == y->svid && x->owner == y->owner && x->file == y->file &&
           x->offset == y->offset && x->length == y->length && x->exclusive == y->exclusive;
}

static request_key
key_of(const nh_call *call)
{
    const nh_nlm *nlm = &call->nlm;

    return (request_key){ call->pair, nlm->offset, nlm->length, nh_nlm_kind(call->proc), nlm->svid, nlm->owner, nlm->file, nlm->exclusive };
}

void
nh_requests_free(nh_watch *watch)
{
    if (watch->requests)
        g_hash_table_unref(watch->requests);
}

nh_call *
nh_request_asked(nh_call *call, unsigned *copies)
{
    nh_watch *watch = call->pair->watch;
    request_key key = key_of(call);

    if (!call->nlm.has_lock || call->way != NH_FORWARD)
        return NULL;
    if (!watch->requests)
        watch->requests = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    request *known = g_hash_table_lookup(watch->requests, &key);
    if (!known) {
        known = g_new(request, 1);
        *known = (request){ key, call, call, 1 };
        g_hash_table_add(watch->requests, known);
        return NULL;
    }
    /* over UDP nothing else tells that the one before was given up */
    if (known->latest->waits && call->l4 == NH_L4_UDP)
        nh_call_stop_waiting(known->latest);
    known->latest = call;
    *copies = known->copies++;
    return known->first;
}

void
nh_request_answered(const nh_call *call)
{
    request_key key = key_of(call);

    if (call->pair->watch->requests && call->nlm.has_lock)
        g_hash_table_remove(call->pair->watch->requests, &key);
}
