/* request.c
 * What an application asked for, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/request.h"

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
    char *text = g_strdup_printf("%s: %s, %s of file %s, process (svid) %u%s%s", name, request->exclusive ? "exclusive" : "shared", range,
                                 request->file ? request->file : "?", request->svid, request->owner ? " of " : "",
                                 request->owner ? request->owner : "");
    g_free(range);
    return text;
}

nh_time
nh_story_call_asked(const nh_story_call *call)
{
    return nh_time_known(call->issued_earliest) ? call->issued_earliest : call->sent;
}

nh_time
nh_story_call_answered(const nh_story_call *call)
{
    return nh_time_known(call->answered_in) && nh_time_known(call->sent) ? call->sent + call->answered_in : NH_TIME_NONE;
}

/* Is it a request of an application (not a callback, not the server's)? */
static bool
is_request(const nh_story_call *call)
{
    return call->prog == NH_PROG_NLM && !call->callback && !nh_story_call_is_ping(call) && nh_time_known(nh_story_call_asked(call));
}

static int
by_wait(const void *a, const void *b)
{
    const nh_story_call *x = *(nh_story_call *const *)a, *y = *(nh_story_call *const *)b;
    nh_time asked_x = nh_story_call_asked(x), asked_y = nh_story_call_asked(y);
    nh_time end_x = nh_story_call_answered(x), end_y = nh_story_call_answered(y);

    if (nh_time_known(end_x) != nh_time_known(end_y))
        return nh_time_known(end_x) ? 1 : -1;
    nh_time wait_x = nh_time_known(end_x) ? end_x - asked_x : -asked_x, wait_y = nh_time_known(end_y) ? end_y - asked_y : -asked_y;
    if (wait_x != wait_y)
        return wait_x > wait_y ? -1 : 1;
    return asked_x < asked_y ? -1 : asked_x > asked_y;
}

GPtrArray *
nh_requests_by_wait(const nh_incident *incident)
{
    GPtrArray *requests = g_ptr_array_new();

    for (unsigned i = 0; i < incident->calls->len; i++)
        if (is_request(incident->calls->pdata[i]))
            g_ptr_array_add(requests, incident->calls->pdata[i]);
    g_ptr_array_sort(requests, by_wait);
    return requests;
}
