/* requests.c
 * Requests of applications, which outlive the calls that carry them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/requests.h"

#include "core/base/hash.h"
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
    const uint64_t wide[] = { GPOINTER_TO_SIZE(key->pair), key->offset, key->length };
    const uint32_t words[] = { key->kind, key->svid, key->owner, key->file };
    nh_hash hash = nh_hash_begin();

    for (unsigned i = 0; i < G_N_ELEMENTS(wide); i++) {
        nh_hash_word(&hash, (uint32_t)wide[i]);
        nh_hash_word(&hash, (uint32_t)(wide[i] >> 32));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        nh_hash_word(&hash, words[i]);
    return nh_hash_end(&hash);
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

static bool
is_same(const nh_call *call, const request_key *key)
{
    request_key own = key_of(call);
    return key_equal(&own, key);
}

void
nh_requests_free(nh_watch *watch)
{
    if (watch->requests)
        g_hash_table_unref(watch->requests);
}

/* The client asks the next thing before the latest one is answered: from now on the table has that. */
static void
put_latest(nh_pair *pair)
{
    nh_watch *watch = pair->watch;
    nh_call *call = pair->latest_request;

    if (!call)
        return;
    if (!watch->requests)
        watch->requests = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    request *new = g_new(request, 1);
    *new = (request){ key_of(call), call, call, 1 };
    g_hash_table_add(watch->requests, new);
    pair->latest_request = NULL;
}

static request *
find(const nh_watch *watch, const nh_call *call)
{
    request_key key = key_of(call);

    return watch->requests && g_hash_table_size(watch->requests) > 0 ? g_hash_table_lookup(watch->requests, &key) : NULL;
}

nh_call *
nh_request_asked(nh_call *call, unsigned *copies)
{
    if (!call->nlm.has_lock || call->way != NH_FORWARD)
        return NULL;
    put_latest(call->pair);
    request *known = find(call->pair->watch, call);
    if (!known) {
        call->pair->latest_request = call;
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
    GHashTable *requests = call->pair->watch->requests;
    const nh_call *latest = call->pair->latest_request;

    if (latest && (latest == call || is_same(latest, &key)))
        call->pair->latest_request = NULL;
    else if (requests && call->nlm.has_lock && g_hash_table_size(requests) > 0)
        g_hash_table_remove(requests, &key);
}
