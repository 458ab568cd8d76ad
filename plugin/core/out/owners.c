/* owners.c
 * Whom an incident of the locks themselves is about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/owners.h"

static bool
begins_with(const char *text, const char *prefix)
{
    return !text || !prefix || g_str_has_prefix(text, prefix) || g_str_has_prefix(prefix, text);
}

/* Its lane, which is made when it has none. */
static nh_owner *
owner_for(GArray *owners, const nh_owner *like)
{
    for (unsigned i = 0; i < owners->len; i++) {
        nh_owner *at = &g_array_index(owners, nh_owner, i);
        if (at->svid == like->svid && g_strcmp0(at->file, like->file) == 0 && begins_with(at->host, like->host))
            return at;
    }
    g_array_append_vals(owners, like, 1);
    return &g_array_index(owners, nh_owner, owners->len - 1);
}

nh_owner *
nh_owner_of_call(GArray *owners, const nh_story_call *call)
{
    const nh_request *request = &call->request;
    nh_owner like = { request->owner, request->file, request->svid, request->offset, request->length, NH_TIME_NONE };
    return request->known ? owner_for(owners, &like) : NULL;
}

GArray *
nh_owners_of(const nh_incident *incident)
{
    GArray *owners = g_array_new(false, false, sizeof(nh_owner));

    for (unsigned i = 0; i < incident->locks->len; i++) {
        const nh_story_lock *lock = incident->locks->pdata[i];
        nh_owner like = { lock->owner, lock->file, lock->svid, lock->offset, lock->length, NH_TIME_NONE };
        nh_owner *who = owner_for(owners, &like);
        if (!lock->waiting && !lock->share)
            who->holds_since = lock->since;
    }
    for (unsigned i = 0; i < incident->calls->len; i++)
        nh_owner_of_call(owners, incident->calls->pdata[i]);
    return owners;
}

char *
nh_owner_text(const nh_owner *owner)
{
    const char *svid = owner->host ? strstr(owner->host, ", svid ") : NULL;
    size_t length = !owner->host ? 0 : svid ? (size_t)(svid - owner->host) : strlen(owner->host);

    return g_strdup_printf("process (svid) %u%s%.*s", owner->svid, length ? " of " : "", (int)length, length ? owner->host : "");
}
