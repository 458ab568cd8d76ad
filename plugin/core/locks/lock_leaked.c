/* lock_leaked.c
 * What the server holds and nobody owns: its owner gave it up, or never wanted it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_leaked.h"

#include "core/base/limits.h"
#include "core/locks/lock_effects.h"
#include "core/locks/lock_owners.h"
#include "core/locks/lock_queries.h"
#include "core/model/call.h"
#include "core/wire/procedures.h"

static nh_lock *
find_left(const GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if ((lock->state == NH_LOCK_HELD || lock->state == NH_LOCK_LEFT) && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            return lock;
    }
    return NULL;
}

/* The lock that the server keeps, as the table has it, or as a new row that is never told. */
static nh_lock *
keep_left(GArray *locks, const nh_lock *asked, nh_moment at)
{
    nh_lock *lock = find_left(locks, asked), left = *asked;

    if (lock)
        return lock;
    left.state = NH_LOCK_LEFT;
    left.exclusive = true; /* UNLOCK does not say: the stronger guess */
    left.since = at;
    g_array_append_val(locks, left);
    return nh_lock_at(locks, locks->len - 1);
}

static nh_fault *
leaked(nh_lock *lock, nh_fault_reason reason, nh_call *call, nh_moment at, const nh_remark *what)
{
    nh_fault *fault = nh_fault_new(reason, lock, at);

    nh_fault_add_call(fault, call);
    nh_fault_add_lock(fault, lock);
    fault->what = *what;
    return fault;
}

void
nh_fault_leaked(nh_call *call, nh_fault_reason reason, nh_moment at, const nh_remark *says)
{
    nh_lock lock = nh_lock_of_call(call);

    lock.since = at;
    nh_fault_publish(leaked(&lock, reason, call, at, says));
}

/* --- an UNLOCK that is refused --------------------------------------------------------------- */

/* The server keeps what its owner gives up; why: its word. */
static nh_fault *
unlock_refused(GArray *locks, const nh_lock *asked, const char *why, nh_moment at)
{
    nh_lock_mark_leaving(locks, asked, false);
    nh_lock *lock = keep_left(locks, asked, at);
    if (lock->fault && lock->fault->finding == NH_LOCK_LEAKED) {
        nh_fault_add_call(lock->fault, asked->call);
        return NULL;
    }
    const nh_lock *what = nh_lock_kept(asked);
    nh_fault *fault = leaked(lock, NH_FAULT_UNLOCK_REFUSED, asked->call, at,
                             &(nh_remark){ NH_REMARK_UNLOCK_REFUSED, { NH_POINTER(what), NH_POINTER(what), NH_POINTER(why) } });
    if (lock->state == NH_LOCK_HELD)
        fault->confidence = NH_CONFIDENCE_SHOWN;
    lock->fault = nh_fault_publish(fault);
    return lock->fault;
}

/*
 * nlmclnt_unlock_callback (fs/lockd/clntproc.c): a Linux client asks again only in
 * a grace period; after any other refusal it logs the status and forgets the lock.
 */
void
nh_faults_unlock_denied(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_fault *fault = unlock_refused(locks, asked, nh_nlm_status_name(status), at);

    if (!fault || fault->line_at.frame)
        return;
    fault->line = (nh_remark){ NH_REMARK_UNEXPECTED_UNLOCK, { NH_NUMBER(status) } };
    fault->line_at = at;
}

/*
 * The same function: it asks again after what RPC may overcome (PROG_UNAVAIL and the like), and forgets the lock after
 * EACCES and EIO, which are AUTH_ERROR, GARBAGE_ARGS and SYSTEM_ERR (rpc_decode_header, net/sunrpc/clnt.c).
 */
bool
nh_faults_rejected(GArray *locks, const nh_lock *asked, nh_moment at)
{
    nh_refusal how = asked->call->refused;

    if (!nh_refusal_is_of_credentials(how) && how != NH_REFUSAL_GARBAGE_ARGS && how != NH_REFUSAL_SYSTEM_ERR)
        return false;
    unlock_refused(locks, asked, nh_refusal_name(how), at);
    return true;
}

/* --- what an answer tells of it -------------------------------------------------------------- */

void
nh_faults_still_held(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at)
{
    nh_lock *lock = keep_left(locks, released, at);

    if (lock->fault || !nh_lock_is_complete(released->pair, released->since) || nh_lock_same_process(released, asked))
        return;
    const nh_lock *what = nh_lock_kept(released);
    nh_fault *fault = leaked(lock, NH_FAULT_STILL_HELD, asked->call, at,
                             &(nh_remark){ NH_REMARK_STILL_HELD,
                                           { NH_POINTER(what), NH_POINTER(what), NH_NUMBER(released->since.frame) } });
    nh_fault_add_call(fault, released->call);
    lock->fault = nh_fault_publish(fault);
}

/* Somebody is known to hold a part of it, or is named; *left: what the server may have kept, or NULL. */
static bool
somebody_holds(const GArray *locks, const nh_lock *asked, nh_lock **left)
{
    *left = NULL;
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (!nh_lock_is_standing(lock) || lock->share != asked->share || !nh_lock_overlap(lock, asked))
            continue;
        if (lock->state != NH_LOCK_LEFT || lock->fault)
            return true;
        *left = lock;
    }
    return false;
}

void
nh_faults_refused_to_all(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at)
{
    nh_lock *left;

    if (somebody_holds(locks, asked, &left) || (!left && !released) || !nh_lock_is_complete(asked->pair, at))
        return;
    if (!left)
        left = keep_left(locks, released, released->since);
    left->refusals = (uint16_t)MIN(left->refusals + 1u, G_MAXUINT16);
    left->others_refused |= asked->pair != left->pair;
    if (!left->others_refused || left->refusals < NH_KEPT_REFUSALS || at.time - left->since.time < NH_KEPT_TIME)
        return;
    const nh_lock *what = nh_lock_kept(left);
    left->fault = nh_fault_publish(
        leaked(left, NH_FAULT_REFUSED_TO_ALL, asked->call, at,
               &(nh_remark){ NH_REMARK_REFUSED_TO_ALL,
                             { NH_POINTER(what), NH_POINTER(what), NH_NUMBER(left->since.frame), NH_NUMBER(left->refusals) } }));
}

/* The holder whom the answer to a TEST names had the lock before his host announced a restart. */
static nh_lock *
find_former(const GArray *locks, const nh_nlm *named, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_GONE && lock->gone == NH_GONE_BY_OWNER_NOTICE && !lock->fault && lock->svid == named->svid &&
            lock->owner == named->owner && nh_lock_overlap(lock, asked))
            return lock;
    }
    return NULL;
}

/* The server was never told: it keeps the lock because of that, and whoever is refused suffers by it. */
static bool
is_of_lost_notice(const nh_lock *lock, const nh_lock *asked)
{
    const nh_notice *notice = lock->pair->side[NH_CALLBACK].notice;

    if (!notice || notice->answered.frame)
        return false;
    if (notice->fault)
        nh_fault_add_call(notice->fault, asked->call);
    return true;
}

void
nh_faults_named(GArray *locks, const nh_nlm *named, const nh_lock *asked, nh_moment at)
{
    nh_lock *lock = find_former(locks, named, asked);
    const char *notice = lock ? lock->pair->restarted_as : NULL;

    if (!notice || is_of_lost_notice(lock, asked) || lock->gone_at.frame >= nh_call_first(asked->call)->at.frame ||
        !nh_lock_is_complete(lock->pair, lock->gone_at))
        return;
    bool other_name = lock->caller[0] && g_ascii_strcasecmp(notice, lock->caller) != 0;
    nh_fault *fault = leaked(lock, NH_FAULT_NOTICE_IGNORED, asked->call, at,
                             &(nh_remark){ NH_REMARK_NOTICE_IGNORED,
                                           { NH_NUMBER(lock->svid), NH_POINTER(nh_lock_kept(lock)), NH_NUMBER(lock->gone_at.frame),
                                             NH_NUMBER(other_name), NH_POINTER(notice), NH_POINTER(lock->caller) } });
    if (other_name)
        fault->side = NH_SIDE_CLIENT;
    nh_fault_add_step(fault, lock->gone_at, "notice", NH_REMARK_OWNER_NOTICE);
    lock->fault = nh_fault_publish(fault);
}

/* A callback that the client refuses: nobody waits there any more, and the server has taken the lock for him. */
void
nh_faults_callback_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_lock *lock = find_left(locks, asked);
    nh_lock waiting;

    if (lock)
        return; /* it was granted before: the callback came twice */
    if (nh_locks_waits(asked->call, &waiting))
        return; /* it waits on (nh_grant_refused()) */
    lock = keep_left(locks, asked, at);
    const nh_lock *what = nh_lock_kept(asked);
    nh_fault *fault = leaked(lock, NH_FAULT_GRANT_REFUSED, asked->call, at,
                             &(nh_remark){ NH_REMARK_GRANT_REFUSED,
                                           { NH_POINTER(what), NH_POINTER(what), NH_POINTER(nh_nlm_status_name(status)) } });
    lock->fault = nh_fault_publish(fault);
}

/* --- somebody is refused because of it ------------------------------------------------------- */

/* Somebody is refused because of a lock that nobody owns. */
static void
note_refusal(nh_lock *lock, nh_call *call, nh_moment at)
{
    nh_fault *fault = lock->fault;

    if (fault->finding != NH_LOCK_LEAKED || fault->retracted)
        return;
    if (fault->refused++ == 0) {
        fault->refused_first = at;
        nh_fault_add_call(fault, call);
    }
    fault->refused_last = at;
    nh_fault_add_frame(fault, at);
    if (fault->needs == NH_PROOF_TIME)
        nh_fault_confirm(fault);
}

/*
 * The host went down under this lock, and does not know of it: it comes by another connection than the one on which it got
 * it, which it neither closed nor used since. A host that remembers settles such a conflict itself (nlmclnt_lock,
 * fs/lockd/clntproc.c).
 */
static bool
is_of_former_life(const nh_lock *held, const nh_lock *asked)
{
    const nh_conn *before = nh_lock_conn(held), *now = asked->call->way == NH_FORWARD ? nh_call_last(asked->call)->conn : NULL;

    if (held->state != NH_LOCK_HELD || held->share || !held->caller[0] || !asked->caller[0] || !nh_lock_same_host(held, asked) ||
        nh_lock_same_process(held, asked) || !nh_lock_is_complete(held->pair, held->since))
        return false;
    return before && now && before != now && !now->middle && before->state == NH_TCP_ESTABLISHED && !before->troubles &&
           !before->half[0].fin && !before->half[1].fin && before->last.frame < now->first.frame;
}

static void
former_life(nh_lock *lock, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = leaked(lock, NH_FAULT_FORMER_LIFE, asked->call, at,
                             &(nh_remark){ NH_REMARK_FORMER_LIFE, { NH_POINTER(nh_lock_kept(asked)), NH_POINTER(nh_lock_kept(lock)) } });

    lock->fault = nh_fault_publish(fault);
}

void
nh_faults_contended(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_lock *left = NULL;

    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (!nh_lock_is_standing(lock) || !nh_lock_overlap(lock, asked) || nh_lock_same_owner(lock, asked))
            continue;
        if (!lock->fault && nh_lock_conflict(lock, asked) && is_of_former_life(lock, asked))
            former_life(lock, asked, at);
        if (lock->fault)
            left = lock;
        else if (nh_lock_conflict(lock, asked) && lock->state != NH_LOCK_REPORTED)
            return; /* somebody is known to hold it */
    }
    if (left)
        note_refusal(left, asked->call, at);
}
