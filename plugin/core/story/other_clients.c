/* other_clients.c
 * Other clients of a server that leaves one alone.
 *
 * Where its lock manager answers them at once it is up, and so is its host: what
 * is wrong concerns the one client, or the path to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/other_clients.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/base/hash.h"
#include "core/model/call.h"
#include "core/model/frames.h"

/* Whether this frame answers a client's lock call at once. */
static bool
serves(const nh_frame *frame)
{
    for (nh_frame_calls item = nh_frame_calls_of(frame); frame->pair && item.call; nh_frame_calls_next(&item)) {
        const nh_call *call = item.call;
        if (call->prog == NH_PROG_NLM && call->way == NH_FORWARD && call->reply.frame == frame->number &&
            frame->time - nh_call_first(call)->at.time < NH_AT_ONCE)
            return true;
    }
    return false;
}

static GPtrArray *
served_by(nh_watch *watch, nh_addr *server)
{
    GPtrArray *served = g_hash_table_lookup(watch->served, server);

    if (!served) {
        served = g_ptr_array_new();
        g_hash_table_insert(watch->served, server, served);
    }
    return served;
}

void
nh_other_clients_begin(nh_watch *watch)
{
    watch->served = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (unsigned i = 0; i < watch->frames.len; i++) {
        nh_frame *frame = watch->frames.items[i];
        if (!serves(frame))
            continue;
        nh_pair *pair = frame->pair;
        if (!pair->indexed.served)
            pair->indexed.served = g_ptr_array_new();
        g_ptr_array_add(pair->indexed.served, frame);
        g_ptr_array_add(served_by(watch, &pair->server), frame);
    }
}

void
nh_other_clients_end(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        g_clear_pointer(&pair->indexed.served, g_ptr_array_unref);
    }
    g_clear_pointer(&watch->served, g_hash_table_unref);
}

/* Those of other pairs in [from, end) of what the server served: the first and the last. */
static const nh_frame *
first_of_others(const GPtrArray *served, const nh_pair *pair, unsigned from, unsigned end)
{
    for (; from < end; from++)
        if (((const nh_frame *)g_ptr_array_index(served, from))->pair != pair)
            return g_ptr_array_index(served, from);
    return NULL;
}

static const nh_frame *
last_of_others(const GPtrArray *served, const nh_pair *pair, unsigned from, unsigned end)
{
    for (; end > from; end--)
        if (((const nh_frame *)g_ptr_array_index(served, end - 1))->pair != pair)
            return g_ptr_array_index(served, end - 1);
    return NULL;
}

/* How many of these frames lie in [from, end). */
static unsigned
count_between(const GPtrArray *frames, uint32_t from, uint32_t end)
{
    return frames ? nh_frames_before(frames, end) - nh_frames_before(frames, from) : 0;
}

void
nh_other_clients_story(nh_incident *incident, const nh_outage *outage)
{
    const nh_pair *pair = outage->pair;
    const GPtrArray *served = g_hash_table_lookup(pair->watch->served, &pair->server);
    uint32_t from = outage->start.frame, end = outage->last.frame;
    unsigned answers = count_between(served, from, end) - count_between(pair->indexed.served, from, end);

    if (answers == 0)
        return;
    const nh_frame *first = first_of_others(served, pair, nh_frames_before(served, from), nh_frames_before(served, end));
    const nh_frame *last = last_of_others(served, pair, nh_frames_before(served, from), nh_frames_before(served, end));
    char client[NH_ADDR_TEXT];
    nh_incident_add_event(
        incident, first->number, first->time, "others", NH_FINDING_NONE,
        g_strdup_printf("This server answers lock calls of other clients meanwhile: %u answer%s, the last in frame %u, to %s", answers,
                        nh_plural(answers), last->number, nh_addr_text(&last->pair->client, client)));
}
