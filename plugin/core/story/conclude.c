/* conclude.c
 * What the whole capture tells of calls, clients and faults, when a story is to be told: the memory of the core is led to its end.
 *
 * In a live capture packets come after the story. They are looked at as if none had been told: what was concluded without
 * them is taken back first.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/conclude.h"

#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/issue.h"
#include "core/clock/issue_copies.h"
#include "core/clock/policy.h"
#include "core/judge/dead_calls.h"
#include "core/judge/outage_end.h"
#include "core/locks/lock_faults.h"
#include "core/model/frames.h"
#include "core/rpc/async_calls.h"
#include "core/rpc/statd.h"

bool
nh_story_may_be_logged(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && call->outage && call->way == NH_FORWARD;
}

/* --- what it was before ------------------------------------------------------------------------- */

typedef struct {
    nh_call *call;
    nh_call was;
} saved_call;

typedef struct {
    nh_pair *pair;
    nh_attempt attempts[2];
    nh_family family;
    unsigned nlm_timeout;
    nh_client client; /* without marks: it was not known */
} saved_pair;

typedef struct {
    nh_fault *fault;
    nh_proof needs;
    nh_confidence confidence;
} saved_fault;

struct nh_before {
    GArray *calls, *pairs, *faults;
};

static void
save_calls(GArray *saved, const nh_list *calls)
{
    for (unsigned i = 0; i < calls->len; i++) {
        nh_call *call = calls->items[i];
        if (!nh_story_may_be_logged(call))
            continue;
        saved_call row = { call, *call };
        g_array_append_val(saved, row);
    }
}

static void
save_pairs(GArray *saved, const nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        const nh_client *client = g_hash_table_lookup(watch->clients, &pair->client);
        saved_pair row = { .pair = pair, .family = pair->family, .nlm_timeout = pair->nlm_timeout };
        if (client)
            row.client = *client;
        for (int way = NH_FORWARD; way <= NH_CALLBACK; way++)
            row.attempts[way] = pair->side[way].attempt;
        g_array_append_val(saved, row);
    }
}

static void
save_faults(GArray *saved, const GPtrArray *faults)
{
    for (unsigned i = 0; i < faults->len; i++) {
        nh_fault *fault = g_ptr_array_index(faults, i);
        saved_fault row = { fault, fault->needs, fault->confidence };
        g_array_append_val(saved, row);
    }
}

static struct nh_before *
save(const nh_watch *watch)
{
    struct nh_before *before = g_new(struct nh_before, 1);

    before->calls = g_array_new(false, false, sizeof(saved_call));
    before->pairs = g_array_new(false, false, sizeof(saved_pair));
    before->faults = g_array_new(false, false, sizeof(saved_fault));
    save_pairs(before->pairs, watch);
    save_faults(before->faults, watch->faults);
    return before;
}

static void
restore_calls(const GArray *saved)
{
    for (unsigned i = 0; i < saved->len; i++) {
        const saved_call *row = &g_array_index(saved, saved_call, i);
        nh_call_rare *rare = row->call->rare; /* has room that was not needed before */
        *row->call = row->was;
        row->call->rare = rare;
    }
}

/* That nothing came behind a call is true until something does. */
static void
take_back_overdue(const nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_list *waiting = &((const nh_pair *)g_ptr_array_index(watch->pair_list, i))->side[NH_FORWARD].outstanding;
        for (unsigned j = 0; j < waiting->len; j++)
            if (((const nh_call *)waiting->items[j])->overdue_at_end)
                nh_dead_not_overdue(waiting->items[j]);
    }
}

static void
restore_pairs(const GArray *saved)
{
    for (unsigned i = 0; i < saved->len; i++) {
        const saved_pair *row = &g_array_index(saved, saved_pair, i);
        nh_client *client = g_hash_table_lookup(row->pair->watch->clients, &row->pair->client);
        if (client) {
            client->marks = row->client.marks;
            memcpy(client->seen, row->client.seen, sizeof client->seen);
        }
        for (int way = NH_FORWARD; way <= NH_CALLBACK; way++)
            row->pair->side[way].attempt = row->attempts[way];
        row->pair->family = row->family;
        nh_pair_set_nlm_timeout(row->pair, row->nlm_timeout);
    }
}

static void
restore_faults(const GArray *saved)
{
    for (unsigned i = 0; i < saved->len; i++) {
        const saved_fault *row = &g_array_index(saved, saved_fault, i);
        row->fault->needs = row->needs;
        row->fault->confidence = row->confidence;
    }
}

void
nh_story_forget_before(nh_watch *watch)
{
    struct nh_before *before = watch->concluded.before;

    if (!before)
        return;
    g_array_unref(before->calls);
    g_array_unref(before->pairs);
    g_array_unref(before->faults);
    g_free(before);
    watch->concluded.before = NULL;
}

void
nh_story_reopen(nh_watch *watch)
{
    const struct nh_before *before = watch->concluded.before;

    nh_frames_restore(watch);
    if (before) {
        restore_calls(before->calls);
        take_back_overdue(watch);
        restore_pairs(before->pairs);
        restore_faults(before->faults);
    }
    nh_story_forget_before(watch);
    watch->concluded.done = false;
}

/* --- the end ---------------------------------------------------------------------------------------- */

/* The capture ends: what calls that still wait did not do tells of their client. */
static void
look_at_waiting(const nh_pair *pair, nh_moment now)
{
    const nh_list *waiting = &pair->side[NH_FORWARD].outstanding;

    for (unsigned i = 0; i < waiting->len; i++)
        nh_client_waited(waiting->items[i], now);
}

void
nh_story_end(nh_watch *watch)
{
    nh_moment now = { watch->frames_total, watch->last };

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_outage_tick(g_ptr_array_index(watch->pair_list, i), now);
        nh_outage_conclude(g_ptr_array_index(watch->pair_list, i));
    }
    watch->concluded.before = save(watch);
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        look_at_waiting(g_ptr_array_index(watch->pair_list, i), now);
        nh_attempt_end(g_ptr_array_index(watch->pair_list, i), now);
    }
    /* with what was just told of their answers, which nh_story_reopen() takes back */
    save_calls(watch->concluded.before->calls, &watch->call_list);
}

/* Whatever was expected before it showed that this client is no Linux. */
static void
forget_line(nh_call *call)
{
    nh_watch *watch = call->pair->watch;

    if (call->line_seen.frame) {
        nh_frame_unnote(watch, call->line_seen.frame, NH_REBIND);
        nh_frame_unnote(watch, call->line_seen.frame, NH_NOT_RESPONDING);
    }
    if (call->outlived_in)
        nh_frame_unnote(watch, call->outlived_in, NH_NOT_RESPONDING);
    call->line_seen.frame = call->outlived_in = 0;
}

/* When it was issued, and when its line came, as the whole capture tells */
static void
conclude_call(nh_call *call)
{
    if (!nh_story_may_be_logged(call))
        return;
    if (nh_client_is_other(call->pair)) {
        forget_line(call);
    } else if (call->proc != 0) {
        nh_issue_by_beginning(call);
        nh_line_by_losses(call);
        nh_issue_by_losses(call);
        nh_issue_by_line_seen(call);
    }
}

static void
conclude_attempt(nh_pair *pair)
{
    nh_attempt *attempt = &pair->side[NH_FORWARD].attempt;

    nh_attempt_by_losses(pair, attempt);
    nh_attempt_by_losses(pair, &pair->side[NH_CALLBACK].attempt);
    if (attempt->outlived_in && nh_client_is_other(pair))
        nh_frame_unnote(pair->watch, attempt->outlived_in, NH_NOT_RESPONDING);
}

void
nh_story_conclude(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++)
        nh_statd_complete(g_ptr_array_index(watch->pair_list, i));
    nh_leak_complete(watch);
    nh_faults_complete(watch);
    nh_frames_remember(watch); /* faults stay, and so does what is remarked of them */
    for (unsigned i = 0; i < watch->call_list.len; i++)
        conclude_call(watch->call_list.items[i]);
    for (unsigned i = 0; i < watch->pair_list->len; i++)
        conclude_attempt(g_ptr_array_index(watch->pair_list, i));
}
