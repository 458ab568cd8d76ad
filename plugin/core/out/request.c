/* request.c
 * What an application asked for, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/request.h"

#include "core/wire/procedures.h"

char *
nh_range_text(uint64_t offset, uint64_t length)
{
    if (length == 0 && offset == 0)
        return g_strdup("whole file");
    if (length == 0)
        return g_strdup_printf("bytes %" G_GUINT64_FORMAT " to the end", offset);
    return g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, offset, offset + length - 1);
}

char *
nh_request_text(const nh_story_call *call)
{
    const nh_request *request = &call->request;
    const char *name = call->procedure ? call->procedure : "a lock (the call is not in the capture)";

    if (!request->known)
        return g_strdup(name);
    char *range = nh_range_text(request->offset, request->length);
    bool has_mode = nh_nlm_kind(call->proc) != NH_NLM_UNLOCK;
    const char *mode = !has_mode ? "" : request->exclusive ? "exclusive, " : "shared, ";
    char *text = g_strdup_printf("%s: %s%s of file %s, process (svid) %u%s%s", name, mode, range, request->file ? request->file : "?",
                                 request->svid, request->owner ? " of " : "", request->owner ? request->owner : "");
    g_free(range);
    return text;
}

/* When it was asked for at the earliest; NH_TIME_NONE when unknown. */
static nh_time
asked_at(const nh_story_call *call)
{
    return nh_time_known(call->issued_earliest) ? call->issued_earliest : call->sent;
}

nh_time
nh_story_call_answered(const nh_story_call *call)
{
    return nh_time_known(call->answered_in) && nh_time_known(call->sent) ? call->sent + call->answered_in : NH_TIME_NONE;
}

uint32_t
nh_story_call_frame(const nh_story_call *call)
{
    return call->frames->len ? g_array_index(call->frames, uint32_t, 0) : 0;
}

/* Is it a request of an application (not a callback, not the server's)? */
static bool
is_request(const nh_story_call *call)
{
    return call->prog == NH_PROG_NLM && !call->callback && !nh_story_call_is_ping(call) && nh_time_known(asked_at(call));
}

const nh_story_call *
nh_asked_last(const nh_asked *asked)
{
    return asked->calls->pdata[asked->calls->len - 1];
}

static void
asked_free(void *data)
{
    nh_asked *asked = data;
    g_ptr_array_unref(asked->calls);
    g_free(asked);
}

/* The client asks again after it, of its own accord. */
static bool
is_no_end(const char *status)
{
    return g_strcmp0(status, "NLM_DENIED_GRACE_PERIOD") == 0 || g_strcmp0(status, "NLM_BLOCKED") == 0;
}

static void
add_call(nh_asked *asked, const nh_story_call *call)
{
    g_ptr_array_add(asked->calls, (void *)call);
    asked->answered = is_no_end(call->status) ? NH_TIME_NONE : nh_story_call_answered(call);
}

/* --- locks that wait since before ----------------------------------------------------- */

static char *
waiting_key(uint32_t svid, const char *file, uint64_t offset, uint64_t length)
{
    return g_strdup_printf("%u %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, svid, file ? file : "", offset, length);
}

/* Those that waited when the incident began (GPtrArray of nh_story_lock), by what they wait for; NULL when there is none. */
static GHashTable *
locks_that_wait(const nh_incident *incident)
{
    GHashTable *waiting = NULL;

    for (unsigned i = 0; i < incident->locks->len; i++) {
        nh_story_lock *lock = incident->locks->pdata[i];
        if (!lock->waiting)
            continue;
        if (!waiting)
            waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
        char *key = waiting_key(lock->svid, lock->file, lock->offset, lock->length);
        GPtrArray *same = g_hash_table_lookup(waiting, key);
        if (!same) {
            same = g_ptr_array_new();
            g_hash_table_insert(waiting, g_strdup(key), same);
        }
        g_ptr_array_add(same, lock);
        g_free(key);
    }
    return waiting;
}

/* A lock that waits when the incident begins is a request that was asked before. */
static void
find_waiting(nh_asked *asked, GHashTable *waiting)
{
    const nh_story_call *call = asked->calls->pdata[0];
    const nh_request *request = &call->request;

    if (!waiting || !request->known || g_strcmp0(call->procedure, "LOCK") != 0)
        return;
    char *key = waiting_key(request->svid, request->file, request->offset, request->length);
    const GPtrArray *same = g_hash_table_lookup(waiting, key);
    for (unsigned i = 0; same && i < same->len && !asked->waited; i++) {
        const nh_story_lock *lock = same->pdata[i];
        if (lock->since <= asked->asked && (!lock->owner || !request->owner || g_str_has_prefix(lock->owner, request->owner)))
            asked->waited = lock;
    }
    g_free(key);
    if (asked->waited)
        asked->asked = asked->asked_latest = asked->waited->since;
}

/* --- requests ---------------------------------------------------------------------------- */

static nh_asked *
begin_request(GPtrArray *requests, const nh_story_call *call, GHashTable *waiting)
{
    nh_asked *asked = g_new0(nh_asked, 1);

    asked->calls = g_ptr_array_new();
    asked->asked = asked_at(call);
    asked->asked_latest = nh_time_known(call->issued_latest) ? call->issued_latest : asked->asked;
    add_call(asked, call);
    find_waiting(asked, waiting);
    g_ptr_array_add(requests, asked);
    return asked;
}

static int
by_sent(const void *a, const void *b)
{
    const nh_story_call *x = *(nh_story_call *const *)a, *y = *(nh_story_call *const *)b;
    nh_time sent_x = nh_time_known(x->sent) ? x->sent : asked_at(x), sent_y = nh_time_known(y->sent) ? y->sent : asked_at(y);
    return sent_x < sent_y ? -1 : sent_x > sent_y;
}

GPtrArray *
nh_requests_of(const nh_incident *incident)
{
    GPtrArray *requests = g_ptr_array_new_with_free_func(asked_free);
    GHashTable *pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL); /* nh_asked by what is asked for */
    GHashTable *waiting = locks_that_wait(incident);
    GPtrArray *calls = g_ptr_array_sized_new(incident->calls->len);

    for (unsigned i = 0; i < incident->calls->len; i++)
        g_ptr_array_add(calls, incident->calls->pdata[i]);
    g_ptr_array_sort(calls, by_sent);
    for (unsigned i = 0; i < calls->len; i++) {
        const nh_story_call *call = calls->pdata[i];
        char *key = is_request(call) && call->request.known ? nh_request_key(call) : NULL;
        nh_asked *asked = key ? g_hash_table_lookup(pending, key) : NULL;
        if (asked && !nh_time_known(asked->answered))
            add_call(asked, call);
        else
            asked = begin_request(requests, call, waiting);
        if (key)
            g_hash_table_replace(pending, key, asked);
    }
    g_ptr_array_unref(calls);
    g_hash_table_unref(pending);
    if (waiting)
        g_hash_table_unref(waiting);
    return requests;
}

static int
by_wait(const void *a, const void *b)
{
    const nh_asked *x = *(nh_asked *const *)a, *y = *(nh_asked *const *)b;

    if (nh_time_known(x->answered) != nh_time_known(y->answered))
        return nh_time_known(x->answered) ? 1 : -1;
    nh_time wait_x = (nh_time_known(x->answered) ? x->answered : 0) - x->asked;
    nh_time wait_y = (nh_time_known(y->answered) ? y->answered : 0) - y->asked;
    if (wait_x != wait_y)
        return wait_x > wait_y ? -1 : 1;
    return x->asked < y->asked ? -1 : x->asked > y->asked;
}

GPtrArray *
nh_requests_by_wait(const nh_incident *incident)
{
    GPtrArray *requests = nh_requests_of(incident);

    for (unsigned i = requests->len; i-- > 0;) {
        const nh_asked *asked = requests->pdata[i];
        if (!is_request(asked->calls->pdata[0]))
            g_ptr_array_remove_index(requests, i);
    }
    g_ptr_array_sort(requests, by_wait);
    return requests;
}
