/* lock_given_twice.c
 * A grant that contradicts the lock table: the server gave away what another owner holds, or believes to hold.
 *
 * What lies between the two grants tells whose fault it is.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_given_twice.h"

#include "core/base/limits.h"
#include "core/locks/fault.h"
#include "core/locks/lock_effects.h"
#include "core/locks/lock_owners.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/position.h"
#include "core/wire/procedures.h"

static bool
is_at_stake(const nh_lock *lock, const nh_lock *asked)
{
    return (lock->state == NH_LOCK_HELD || lock->state == NH_LOCK_GONE) && !lock->fault && nh_lock_conflict(lock, asked) &&
           nh_lock_can_be_judged(lock, asked);
}

/* --- granted, though another holds it -------------------------------------------------------- */

/* The bytes that both want. */
static const nh_lock *
what_both_want(const nh_lock *held, const nh_lock *asked)
{
    nh_lock both = *held;

    both.first = MAX(held->first, asked->first);
    both.last = MIN(held->last, asked->last);
    return nh_lock_kept(&both);
}

/* The alternative of NH_REMARK_TWO_HOLDERS behind those of the reasons. */
#define TOLD_BY_ANOTHER (NH_FAULT_NAMESAKE - NH_FAULT_NOTHING + 1)

/* What lies between two grants. */
static nh_fault_reason
what_lies_between(const nh_lock *held, const nh_lock *asked)
{
    if (nh_lock_may_be_namesake(held, asked))
        return NH_FAULT_NAMESAKE;
    if (held->state == NH_LOCK_GONE && held->gone == NH_GONE_BY_OWNER_NOTICE)
        return NH_FAULT_FALSE_NOTICE;
    if (held->cancel)
        return NH_FAULT_CANCEL;
    if (held->pair->lost.frame > held->since.frame)
        return NH_FAULT_CONNECTION_LOST;
    return held->call && nh_call_rare_of(held->call)->lost_reply.frame ? NH_FAULT_REPLY_LOST : NH_FAULT_NOTHING;
}

/* Who sent the notice in the holder's name, when it was another host; NULL: itself, or nobody knows. */
static const nh_addr *
sender_of_notice(const nh_lock *held)
{
    const nh_frame *frame = nh_frame_find(held->pair->watch, held->gone_at.frame);

    if (!frame)
        return NULL;
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item))
        if (item.call->prog == NH_PROG_STAT && !nh_addr_equal(&item.call->src.addr, &held->pair->client))
            return &item.call->src.addr;
    return NULL;
}

/* That, as a part of the fault, and in its remark. */
static void
add_what_lies_between(nh_fault *fault, const nh_lock *held)
{
    const nh_addr *sender = NULL;
    uint32_t frame = 0;

    switch (fault->reason) {
    case NH_FAULT_FALSE_NOTICE:
        sender = sender_of_notice(held);
        frame = held->gone_at.frame;
        fault->since = held->gone_at;
        if (held->pair->lives_on.frame > held->gone_at.frame)
            fault->needs = NH_PROOF_NONE;
        nh_fault_add_step(fault, held->gone_at, "notice", NH_REMARK_OWNER_NOTICE);
        break;
    case NH_FAULT_CANCEL:
        frame = nh_call_first(held->cancel)->at.frame;
        nh_fault_add_call(fault, held->cancel);
        break;
    case NH_FAULT_CONNECTION_LOST:
        frame = held->pair->lost.frame;
        nh_fault_add_step(fault, held->pair->lost, "lost", NH_REMARK_HOLDER_LOST);
        break;
    default:
        break;
    }
    fault->what.values[3].number = sender ? TOLD_BY_ANOTHER : fault->reason - NH_FAULT_NOTHING;
    fault->what.values[4].number = frame;
    fault->what.values[5].pointer = sender;
}

static nh_fault *
two_holders(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = nh_fault_new(what_lies_between(held, asked), held, at);

    fault->what = (nh_remark){
        NH_REMARK_TWO_HOLDERS, { NH_POINTER(what_both_want(held, asked)), NH_POINTER(nh_lock_kept(asked)), NH_POINTER(nh_lock_kept(held)) }
    };
    add_what_lies_between(fault, held);
    nh_fault_add_call(fault, asked->call);
    nh_fault_add_lock(fault, held);
    nh_fault_add_lock(fault, asked);
    if (nh_lock_same_host(held, asked))
        fault->needs = NH_PROOF_ANOTHER; /* the holder's own UNLOCK shows that it believed to hold it */
    fault->by_datagram = (held->call && held->call->l4 == NH_L4_UDP);
    if (fault->by_datagram || (held->call && nh_call_rare_of(held->call)->lost_reply.frame))
        fault->confidence = NH_CONFIDENCE_POSSIBLE;
    return nh_fault_publish(fault);
}

/*
 * The same file handle at another address: two addresses of one server, or two servers of one file system whose lock
 * managers do not know of each other. That two servers with nothing in common have one and the same handle is not
 * excluded (copied disks).
 */
static nh_fault *
two_servers(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = nh_fault_new(NH_FAULT_TWO_ADDRESSES, held, at);

    nh_fault_add_call(fault, asked->call);
    nh_fault_add_lock(fault, held);
    nh_fault_add_lock(fault, asked);
    fault->what = (nh_remark){ NH_REMARK_TWO_ADDRESSES,
                               { NH_POINTER(what_both_want(held, asked)), NH_POINTER(&asked->pair->server), NH_POINTER(nh_lock_kept(asked)),
                                 NH_POINTER(nh_lock_kept(held)), NH_POINTER(&held->pair->server) } };
    return nh_fault_publish(fault);
}

/* --- granted, after a restart of the server of which its holder does not know ---------------- */

/* A notice that the holder's host got since, and that names nobody it is known to lock at; NULL: none. */
static const nh_strange_notice *
strange_notice(const nh_lock *held)
{
    GHashTable *all = held->pair->watch->strange_notices;
    const nh_strange_notice *notice = all ? g_hash_table_lookup(all, &held->pair->client) : NULL;

    return notice && notice->at.frame > held->since.frame ? notice : NULL;
}

/* Why the holder did not take it back in the grace period. */
static nh_fault_reason
why_not_reclaimed(const nh_lock *held)
{
    const nh_notice *notice = held->pair->side[NH_FORWARD].notice;

    if (notice && notice->first.frame > held->since.frame && !notice->answered.frame)
        return NH_FAULT_NOTICE_UNANSWERED;
    if (held->gone == NH_GONE_BY_NOTICE)
        return NH_FAULT_NOT_RECLAIMED;
    return strange_notice(held) ? NH_FAULT_OTHER_NAME : NH_FAULT_NO_NOTICE;
}

static nh_fault *
lost_to_another(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = nh_fault_new(why_not_reclaimed(held), held, at);
    const nh_notice *notice = held->pair->side[NH_FORWARD].notice;

    fault->what = (nh_remark){ NH_REMARK_LOST_TO_ANOTHER,
                               { NH_POINTER(what_both_want(held, asked)), NH_POINTER(nh_lock_kept(asked)), NH_POINTER(nh_lock_kept(held)),
                                 NH_NUMBER(held->gone_at.frame), NH_NUMBER(fault->reason - NH_FAULT_NO_NOTICE),
                                 NH_NUMBER(notice ? notice->first.frame : 0) } };
    if (fault->reason == NH_FAULT_NOTICE_UNANSWERED) {
        if (nh_capture_position(held->pair) == NH_SIDE_CLIENT)
            fault->side = NH_SIDE_CLIENT; /* where it was captured it did arrive */
        nh_fault_add_step(fault, notice->first, "notice", NH_REMARK_NOTICE_UNANSWERED);
    }
    if (fault->reason == NH_FAULT_OTHER_NAME) {
        const nh_strange_notice *strange = strange_notice(held);
        fault->what.values[5].number = strange->at.frame;
        fault->what.values[6].pointer = &strange->from;
        fault->what.values[7].pointer = strange->name[0] ? strange->name : "none";
        nh_fault_add_step(fault, strange->at, "notice", NH_REMARK_STRANGE_NOTICE);
    }
    if (fault->reason == NH_FAULT_NOT_RECLAIMED && held->pair->not_given_back.fault) /* the same, and less */
        nh_fault_retract(held->pair->not_given_back.fault);
    nh_fault_add_call(fault, asked->call);
    nh_fault_add_lock(fault, held);
    nh_fault_add_lock(fault, asked);
    nh_fault_add_step(fault, held->gone_at, "restart", NH_REMARK_LOCKS_FORGOTTEN);
    fault->since = held->gone_at;
    return nh_fault_publish(fault);
}

/* --- a lock is granted, or its owner unlocks it ---------------------------------------------- */

/* A lock that was told of: another got it, so that the server has let it go. */
static void
let_go(nh_lock *lock, nh_moment at)
{
    if (lock->fault->needs == NH_PROOF_TIME)
        nh_fault_retract(lock->fault);
    else if (lock->fault->finding == NH_LOCK_LEAKED)
        nh_fault_end(lock->fault, at);
}

void
nh_faults_granted(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    int found = -1;

    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->fault && lock->state != NH_LOCK_WAITING && nh_lock_overlap(lock, asked))
            let_go(lock, at);
        else if (is_at_stake(lock, asked) && (found < 0 || nh_lock_at(locks, (unsigned)found)->state == NH_LOCK_GONE))
            found = (int)i;
    }
    if (found < 0)
        return;
    nh_lock held = *nh_lock_at(locks, (unsigned)found);
    bool restarted = held.state == NH_LOCK_GONE && (held.gone == NH_GONE_BY_NOTICE || held.gone == NH_GONE_BY_GRACE);
    nh_fault *fault = restarted ? lost_to_another(&held, asked, at) : two_holders(&held, asked, at);
    nh_lock *taken = nh_lock_cut_out(locks, (unsigned)found, asked);
    taken->state = NH_LOCK_GONE; /* for the server; its owner still believes to hold it */
    taken->fault = fault;
}

void
nh_faults_elsewhere(nh_lock_file *other, const nh_lock *asked, nh_moment at)
{
    for (unsigned i = 0; i < other->n; i++) {
        nh_lock *lock = nh_lock_file_at(other, i);
        bool one_host = nh_addr_equal(&lock->pair->client, &asked->pair->client) ||
                        nh_addr_equal(&lock->pair->client, &asked->pair->server) || /* hosts that mount from each other */
                        (lock->caller[0] && g_ascii_strcasecmp(lock->caller, asked->caller) == 0);
        if (lock->state != NH_LOCK_HELD || lock->fault || lock->leaving || one_host || lock->share || asked->share ||
            !nh_lock_conflict(lock, asked) || nh_lock_same_process(lock, asked) || !nh_lock_is_complete(lock->pair, lock->since))
            continue;
        lock->fault = two_servers(lock, asked, at);
        nh_lock_file_changed(other);
        return;
    }
}

/* The owner of a lock that the server gave away unlocks it: until now he believed to hold it. */
static void
owner_unlocks(nh_lock *lock, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = lock->fault;

    if (fault->finding == NH_TWO_HOLDERS && at.time - fault->at.time <= NH_SWAPPED_TIME) {
        nh_fault_retract(fault); /* the tap swapped the two */
        return;
    }
    if (fault->needs == NH_PROOF_OWNER_LIVES || (fault->needs == NH_PROOF_ANOTHER && fault->finding == NH_TWO_HOLDERS))
        nh_fault_confirm(fault);
    if (fault->confidence == NH_CONFIDENCE_LIKELY && fault->finding == NH_TWO_HOLDERS && fault->reason != NH_FAULT_NAMESAKE)
        fault->confidence = NH_CONFIDENCE_SHOWN;
    if (fault->more == 0)
        nh_fault_add_call(fault, asked->call);
    nh_fault_end(fault, at);
}

void
nh_faults_unlock(GArray *locks, const nh_lock *asked, nh_moment at)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (!lock->fault || lock->state == NH_LOCK_WAITING || !nh_lock_same_owner(lock, asked) || !nh_lock_overlap(lock, asked))
            continue;
        if (lock->state == NH_LOCK_GONE)
            owner_unlocks(lock, asked, at);
        else if (lock->fault->finding == NH_TWO_HOLDERS) /* at another address */
            nh_fault_end(lock->fault, at);
        else if (lock->fault->needs == NH_PROOF_TIME || lock->fault->reason == NH_FAULT_FORMER_LIFE)
            nh_fault_retract(lock->fault); /* it took the lock up, to give it back */
    }
}
