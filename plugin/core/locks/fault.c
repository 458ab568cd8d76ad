/* fault.c
 * A fault of the locks: made by its row in faults.def, joined to the one before, confirmed or taken back.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/fault.h"

#include "core/base/limits.h"
#include "core/model/frames.h"

static const struct {
    nh_finding finding;
    nh_side side;
    nh_confidence confidence;
    nh_proof needs;
} rows[] = {
#define NH_FAULT(reason, finding, side, confidence, needs) \
    [NH_FAULT_##reason] = { NH_##finding, NH_SIDE_##side, NH_CONFIDENCE_##confidence, NH_PROOF_##needs },
#include "core/locks/faults.def"
};

static const char *const advices[G_N_ELEMENTS(rows)] = {
#define NH_FAULT_ADVICE(reason, advice) [NH_FAULT_##reason] = advice,
#include "core/locks/faults.def"
};

void
nh_fault_free(void *data)
{
    nh_fault *fault = data;

    g_array_unref(fault->steps);
    g_array_unref(fault->locks);
    g_ptr_array_unref(fault->calls);
    g_free(fault);
}

const char *
nh_fault_advice(const nh_fault *fault)
{
    const nh_finding_row *row = nh_finding_get(fault->finding);

    return advices[fault->reason] ? advices[fault->reason] : row->next;
}

/* A number until the story is told, which gives numbers in capture order. */
static void
number(nh_fault *fault)
{
    if (fault->id == 0 && nh_fault_is_reported(fault))
        fault->id = ++fault->pair->watch->incidents;
}

void
nh_fault_add_frame(nh_fault *fault, nh_moment at)
{
    nh_frame *frame = at.frame ? nh_frame_find(fault->pair->watch, at.frame) : NULL;

    if (!frame)
        return;
    nh_frame_add_fault(fault->pair->watch, frame, fault);
    if (!fault->first.frame || at.frame < fault->first.frame)
        fault->first = at;
    if (at.frame > fault->last.frame)
        fault->last = at;
}

void
nh_fault_add_call(nh_fault *fault, nh_call *call)
{
    if (!call || g_ptr_array_find(fault->calls, call, NULL))
        return;
    g_ptr_array_add(fault->calls, call);
    nh_fault_add_frame(fault, nh_call_first(call)->at);
    nh_fault_add_frame(fault, call->reply);
}

void
nh_fault_add_step(nh_fault *fault, nh_moment at, const char *event, nh_remark_id says)
{
    nh_fault_step step = { at, event, says };

    g_array_append_val(fault->steps, step);
    nh_fault_add_frame(fault, at);
}

void
nh_fault_add_lock(nh_fault *fault, const nh_lock *lock)
{
    nh_lock copy = *lock;

    if (fault->locks->len >= NH_FAULT_LOCKS_MAX)
        return;
    if (copy.state != NH_LOCK_WAITING)
        copy.state = NH_LOCK_HELD;
    g_array_append_val(fault->locks, copy);
}

/* It is told no more: a capture may have many. */
static void
drop_locks(nh_fault *fault)
{
    g_array_unref(fault->locks);
    fault->locks = g_array_new(false, false, sizeof(nh_lock));
}

/* The fault before this one, if it is the same one over again: one restart loses many locks. */
static nh_fault *
same_again(const nh_fault *fault)
{
    nh_fault *before = fault->pair->latest_fault;

    return before && before->reason == fault->reason && !before->retracted && before->needs == fault->needs &&
                   fault->at.time - before->last.time <= NH_SAME_FAULT_TIME
               ? before
               : NULL;
}

static void
merge(nh_fault *into, nh_fault *fault)
{
    bool listed = into->calls->len < NH_FAULT_LOCKS_MAX;

    if (!nh_lock_same_owner(&into->lock, &fault->lock) || into->lock.file != fault->lock.file ||
        !nh_lock_overlap(&into->lock, &fault->lock)) {
        into->more++;
        into->open++;
    }
    for (unsigned i = 0; listed && i < fault->calls->len; i++)
        nh_fault_add_call(into, g_ptr_array_index(fault->calls, i));
    for (unsigned i = 0; listed && i < fault->locks->len; i++)
        nh_fault_add_lock(into, &g_array_index(fault->locks, nh_lock, i));
    nh_fault_add_frame(into, fault->at);
    fault->retracted = true; /* its frames know it, so that it stays */
    drop_locks(fault);
}

/* The note on the frame that shows it; the sentence may be known better later. */
static void
note(const nh_fault *fault)
{
    nh_frame_note(fault->pair->watch, fault->at.frame, fault->finding, &fault->what);
}

nh_fault *
nh_fault_new(nh_fault_reason reason, const nh_lock *lock, nh_moment at)
{
    nh_fault *fault = g_new0(nh_fault, 1);

    fault->reason = reason;
    fault->finding = rows[reason].finding;
    fault->side = rows[reason].side;
    fault->confidence = rows[reason].confidence;
    fault->needs = rows[reason].needs;
    fault->pair = lock->pair;
    fault->lock = *lock;
    fault->at = fault->last = fault->first = at;
    fault->open = 1;
    fault->calls = g_ptr_array_new();
    fault->steps = g_array_new(false, false, sizeof(nh_fault_step));
    fault->locks = g_array_new(false, false, sizeof(nh_lock));
    nh_fault_add_call(fault, lock->call);
    return fault;
}

nh_fault *
nh_fault_publish(nh_fault *fault)
{
    nh_fault *before = same_again(fault);

    g_ptr_array_add(fault->pair->watch->faults, fault);
    nh_fault_add_frame(fault, fault->at);
    if (fault->needs == NH_PROOF_NONE)
        note(fault);
    if (before) {
        merge(before, fault);
        return before;
    }
    fault->pair->latest_fault = fault;
    number(fault);
    return fault;
}

void
nh_fault_end(nh_fault *fault, nh_moment at)
{
    if (fault->end.frame || (fault->open > 0 && --fault->open > 0))
        return;
    fault->end = at;
    nh_fault_add_frame(fault, at);
}

void
nh_fault_retract(nh_fault *fault)
{
    if (fault->more > 0 || fault->retracted)
        return;
    fault->retracted = true;
    fault->id = 0;
    drop_locks(fault);
    nh_frame_unnote(fault->pair->watch, fault->at.frame, fault->finding);
}

/* What was waited for has come. */
void
nh_fault_confirm(nh_fault *fault)
{
    if (fault->retracted || fault->needs == NH_PROOF_NONE)
        return;
    fault->needs = NH_PROOF_NONE;
    note(fault);
    number(fault);
}

bool
nh_fault_is_reported(const nh_fault *fault)
{
    return !fault->retracted && fault->needs == NH_PROOF_NONE;
}
