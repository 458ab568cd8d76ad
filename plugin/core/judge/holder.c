/* holder.c
 * Who holds the lock for which a call waits without an answer.
 *
 * A server says NLM_BLOCKED, and calls back later. Some keep the answer to a
 * blocking LOCK instead until the lock is free: it comes right behind the
 * holder's UNLOCK.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/holder.h"

#include "core/base/limits.h"
#include "core/locks/lock.h"
#include "core/locks/lock_queries.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/wire/procedures.h"

static bool
is_blocking_lock(const nh_call *call)
{
    return call && call->prog == NH_PROG_NLM && call->way == NH_FORWARD && nh_nlm_kind(call->proc) == NH_NLM_LOCK && call->nlm.has_lock &&
           call->nlm.block;
}

/* UNLOCK does not say whether it was exclusive: the stronger guess. */
static nh_lock
lock_of(nh_call *call)
{
    nh_lock lock = nh_lock_of_call(call);

    lock.exclusive = true;
    return lock;
}

/* Whether this call gave back what the other one waits for. */
static bool
gives_back(nh_call *unlock, nh_call *waits)
{
    if (unlock->prog != NH_PROG_NLM || nh_nlm_kind(unlock->proc) != NH_NLM_UNLOCK || !unlock->nlm.has_lock || !unlock->has_status ||
        unlock->status != NH_NLM_STAT_GRANTED || unlock->nlm.file != waits->nlm.file ||
        !nh_addr_equal(&unlock->pair->server, &waits->pair->server))
        return false;
    nh_lock given = lock_of(unlock), wanted = lock_of(waits);
    return nh_lock_conflict(&given, &wanted);
}

/* The UNLOCK of another owner right before the answer, or NULL. */
static nh_call *
unlock_before(const nh_watch *watch, nh_call *answered)
{
    unsigned end = nh_frame_index(watch, answered->reply.frame);

    for (unsigned i = end; i-- > 0 && end - i <= NH_HOLDER_FRAMES_MAX;) {
        const nh_frame *frame = watch->frames.items[i];
        if (answered->reply.time - frame->time > NH_FREED_TIME)
            return NULL;
        for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item))
            if (gives_back(item.call, answered))
                return item.call;
    }
    return NULL;
}

/* As long as the watch lives: in the same place each time that a story is told. */
static const nh_lock *
keep(nh_outage *outage, const nh_lock *lock)
{
    if (!outage->holder)
        outage->holder = nh_arena_take(outage->pair->watch->arena, sizeof *outage->holder);
    *outage->holder = *lock;
    return outage->holder;
}

typedef struct {
    const nh_call *call;
    nh_lock wanted, found;
    bool any;
} search;

static void
regard(const nh_lock *lock, void *data)
{
    search *s = data;

    if (lock->state != NH_LOCK_HELD || s->any || lock->since.frame > nh_call_first(s->call)->at.frame ||
        !nh_lock_conflict(lock, &s->wanted))
        return;
    s->found = *lock;
    s->any = true;
}

/* Of the calls that hang the first that wants to wait for its lock. */
static nh_call *
first_hanging(const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (nh_finding_get(symptom->finding)->hangs && symptom->way == NH_FORWARD && is_blocking_lock(symptom->call) &&
            symptom->call->waits)
            return symptom->call;
    }
    return NULL;
}

/* Who hangs, and whose lock stands in the way. */
static void
find_holder(nh_outage *outage, nh_call *hanging)
{
    const nh_watch *watch = outage->pair->watch;
    search s = { .call = hanging, .wanted = lock_of(hanging) };

    s.wanted.exclusive = hanging->nlm.exclusive;
    nh_locks_visit_file(watch->locks, &outage->pair->server, hanging->nlm.file, regard, &s);
    if (s.any)
        outage->hindsight.holder = (nh_remark){
            NH_REMARK_HOLDER, { NH_POINTER(keep(outage, &s.found)), NH_NUMBER(s.found.since.time), NH_NUMBER(s.found.since.frame) }
        };
}

void
nh_holder_find(nh_outage *outage)
{
    const nh_watch *watch = outage->pair->watch;
    nh_call *answered = outage->ended_by, *hanging = first_hanging(outage), *unlock = NULL;

    outage->hindsight.unlock = NULL;
    outage->hindsight.holder.id = NH_REMARK_NONE;
    if (is_blocking_lock(answered) && answered->has_status && answered->status == NH_NLM_STAT_GRANTED)
        unlock = unlock_before(watch, answered);
    if (unlock) {
        nh_lock freed = lock_of(unlock);
        outage->hindsight.holder = (nh_remark){ NH_REMARK_HOLDER_GAVE_BACK,
                                                { NH_NUMBER(nh_elapsed(unlock->reply.time, outage->end.time)),
                                                  NH_POINTER(keep(outage, &freed)), NH_NUMBER(nh_call_first(unlock)->at.frame) } };
        outage->hindsight.unlock = unlock;
    } else if (hanging) {
        find_holder(outage, hanging);
    }
}
