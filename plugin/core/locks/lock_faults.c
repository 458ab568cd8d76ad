/* lock_faults.c
 * What is wrong with the locks themselves, though every call is answered: which answer says what of them.
 *
 * Where the capture has gaps, or began too late, nothing is said.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_faults.h"

#include "core/base/limits.h"
#include "core/locks/lock_given_twice.h"
#include "core/locks/lock_leaked.h"
#include "core/locks/lock_restarts.h"
#include "core/locks/lock_clients.h"
#include "core/wire/procedures.h"

typedef void (*judgement)(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);

/* What an answer tells, by what was asked for. */
static const struct {
    judgement granted;
    judgement contended; /* denied or blocked: somebody else's lock stands in the way */
    judgement reclaimed; /* refused to one who asks his lock back after a restart */
    judgement refused;   /* however, but in a grace period */
} judgements[] = {
    [NH_NLM_TEST] = { NULL, nh_faults_contended, NULL, NULL },
    [NH_NLM_LOCK] = { nh_faults_granted, nh_faults_contended, nh_faults_reclaim_refused, NULL },
    [NH_NLM_UNLOCK] = { NULL, NULL, NULL, nh_faults_unlock_denied },
    [NH_NLM_GRANTED] = { nh_faults_granted, NULL, NULL, nh_faults_callback_refused },
};

void
nh_faults_answer(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    uint32_t kind = nh_nlm_kind(asked->call->proc);
    bool refused = status != NH_NLM_STAT_GRANTED && status != NH_NLM_STAT_BLOCKED;
    judgement judge = NULL;

    if (kind >= G_N_ELEMENTS(judgements))
        return;
    if (status == NH_NLM_STAT_GRANTED)
        judge = judgements[kind].granted;
    else if (refused && asked->reclaimed && judgements[kind].reclaimed)
        judge = judgements[kind].reclaimed;
    else if (status == NH_NLM_STAT_DENIED || status == NH_NLM_STAT_BLOCKED)
        judge = judgements[kind].contended;
    if (!judge && refused && status != NH_NLM_STAT_GRACE)
        judge = judgements[kind].refused;
    if (judge)
        judge(locks, asked, status, at);
}

/* --- the end of the capture ------------------------------------------------------------------ */

static void
judge_proof(nh_fault *fault)
{
    const nh_watch *watch = fault->pair->watch;
    nh_moment seen = fault->finding == NH_TWO_HOLDERS ? fault->pair->lives_on : nh_locks_last_seen(watch->locks, &fault->pair->client);

    if (fault->needs == NH_PROOF_OWNER_LIVES && seen.frame > fault->since.frame) {
        nh_fault_add_frame(fault, seen.frame > fault->at.frame ? (nh_moment){ 0 } : seen);
        nh_fault_confirm(fault);
    } else if (fault->needs == NH_PROOF_TIME && watch->last - fault->at.time >= NH_TAKE_UP_TIME) {
        fault->confidence = NH_CONFIDENCE_POSSIBLE;
        nh_fault_confirm(fault);
    }
}

/* A gap that was noticed later may have begun earlier. */
static void
judge_gap(nh_fault *fault)
{
    if (fault->finding == NH_TWO_HOLDERS && fault->pair->gap.frame > fault->at.frame && fault->confidence != NH_CONFIDENCE_POSSIBLE)
        fault->confidence = NH_CONFIDENCE_POSSIBLE;
}

void
nh_faults_complete(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->faults->len; i++) {
        nh_fault *fault = g_ptr_array_index(watch->faults, i);
        if (fault->retracted)
            continue;
        judge_proof(fault);
        judge_gap(fault);
    }
}
