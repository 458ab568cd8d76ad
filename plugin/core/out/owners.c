/* owners.c
 * Whom an incident of the locks themselves is about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/owners.h"

typedef struct {
    GPtrArray *all;
    GHashTable *by_process; /* GPtrArray of nh_owner*, by svid and file: hosts may have the same */
} known_owners;

static void
owner_free(void *data)
{
    nh_owner *owner = data;
    g_ptr_array_unref(owner->calls);
    g_free(owner);
}

/* The lock table says "host, svid 7", a call "host"; either may be unknown. */
static bool
is_same_host(const char *a, const char *b)
{
    return !a || !b || g_str_has_prefix(a, b) || g_str_has_prefix(b, a);
}

/* The one who is like that, made when there is none. */
static nh_owner *
owner_for(known_owners *known, const nh_owner *like)
{
    char *key = g_strdup_printf("%u %s", like->svid, like->file ? like->file : "");
    GPtrArray *same = g_hash_table_lookup(known->by_process, key);

    if (!same) {
        same = g_ptr_array_new();
        g_hash_table_insert(known->by_process, g_strdup(key), same);
    }
    g_free(key);
    for (unsigned i = 0; i < same->len; i++)
        if (is_same_host(((const nh_owner *)same->pdata[i])->host, like->host))
            return same->pdata[i];
    nh_owner *owner = g_memdup2(like, sizeof *like);
    owner->calls = g_ptr_array_new();
    g_ptr_array_add(same, owner);
    g_ptr_array_add(known->all, owner);
    return owner;
}

static void
take_lock(known_owners *known, const nh_story_lock *lock)
{
    nh_owner like = { lock->owner, lock->file, lock->svid, lock->offset, lock->length, NH_TIME_NONE, NULL };
    nh_owner *owner = owner_for(known, &like);

    if (!lock->waiting && !lock->share)
        owner->holds_since = lock->since;
}

static void
take_call(known_owners *known, nh_story_call *call)
{
    const nh_request *request = &call->request;
    /* in a callback the host is the server's own (nlmsvc_setgrantargs, fs/lockd/svclock.c) */
    nh_owner like = {
        call->callback ? NULL : request->owner, request->file, request->svid, request->offset, request->length, NH_TIME_NONE, NULL
    };

    if (request->known)
        g_ptr_array_add(owner_for(known, &like)->calls, call);
}

GPtrArray *
nh_owners_of(const nh_incident *incident)
{
    known_owners known = { g_ptr_array_new_with_free_func(owner_free),
                           g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref) };

    for (unsigned i = 0; i < incident->locks->len; i++)
        take_lock(&known, incident->locks->pdata[i]);
    for (unsigned i = 0; i < incident->calls->len; i++)
        take_call(&known, incident->calls->pdata[i]);
    g_hash_table_unref(known.by_process);
    return known.all;
}

char *
nh_owner_text(const nh_owner *owner)
{
    const char *svid = owner->host ? strstr(owner->host, ", svid ") : NULL;
    size_t length = !owner->host ? 0 : svid ? (size_t)(svid - owner->host) : strlen(owner->host);

    return g_strdup_printf("process (svid) %u%s%.*s", owner->svid, length ? " of " : "", (int)length, length ? owner->host : "");
}
