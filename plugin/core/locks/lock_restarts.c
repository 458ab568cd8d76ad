/* lock_restarts.c
 * What a restart does to locks: they are not asked back, or in vain, or the other host never hears of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_restarts.h"

#include "core/locks/lock_owners.h"
#include "core/locks/lock_queries.h"
#include "core/model/frames.h"
#include "core/model/position.h"
#include "core/wire/procedures.h"

/* --- a lock that is not given back ----------------------------------------------------------- */

/* That its owner did not ask for it back was said too early. */
static void
retract_not_reclaimed(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->fault && lock->fault->finding == NH_LOCK_LOST && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            nh_fault_retract(lock->fault);
    }
}

void
nh_faults_reclaim_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_fault *fault = nh_fault_new(NH_FAULT_RECLAIM_REFUSED, asked, at);
    const nh_lock *what = nh_lock_kept(asked), *other = NULL;

    retract_not_reclaimed(locks, asked);
    for (unsigned i = 0; i < locks->len && !other; i++)
        if (nh_lock_at(locks, i)->state == NH_LOCK_HELD && nh_lock_conflict(nh_lock_at(locks, i), asked))
            other = nh_lock_at(locks, i);
    if (other) {
        nh_fault_add_call(fault, other->call);
        nh_fault_add_lock(fault, other);
    }
    /* nlmsvc_lock, fs/lockd/svclock.c: a reclaim is refused so when there is no grace period (any more) */
    fault->what = (nh_remark){ NH_REMARK_RECLAIM_REFUSED,
                               { NH_POINTER(what), NH_POINTER(what), NH_POINTER(nh_nlm_status_name(status)),
                                 NH_NUMBER(other ? 2 : status == NH_NLM_STAT_GRACE), NH_POINTER(other ? nh_lock_kept(other) : NULL) } };
    if (status == NH_NLM_STAT_GRACE) { /* nlmclnt_call, fs/lockd/clntproc.c */
        fault->line = (nh_remark){ .id = NH_REMARK_SPURIOUS_GRACE };
        fault->line_at = at;
    }
    nh_fault_publish(fault);
}

nh_fault *
nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says)
{
    GArray *locks = nh_locks_at_risk(pair, notice);
    nh_lock nobody = { .pair = pair, .caller = "" };
    nh_fault *fault = nh_fault_new(NH_FAULT_NEVER_RECLAIMED, locks->len ? nh_lock_at(locks, 0) : &nobody, notice);

    for (unsigned i = 0; i < locks->len; i++)
        nh_fault_add_lock(fault, nh_lock_at(locks, i));
    fault->what = *says;
    g_array_unref(locks);
    return nh_fault_publish(fault);
}

/* --- a notice that never arrives ------------------------------------------------------------- */

/* Each try that has had the time for it. */
static bool
meets_errors(const nh_notice *notice)
{
    return notice->errors > 0 && notice->errors + 1 >= notice->tries;
}

/* The alternative of NH_REMARK_NOTICE_LOST. */
static unsigned
what_is_lost(const nh_notice *notice)
{
    if (notice->unregistered)
        return 4;
    return (notice->notify.frame ? 1 : 0) + (meets_errors(notice) ? 2 : 0);
}

static nh_fault_reason
why_lost(const nh_notice *notice)
{
    return notice->unregistered ? NH_FAULT_NOTICE_UNREGISTERED : meets_errors(notice) ? NH_FAULT_NOTICE_REFUSED : NH_FAULT_NOTICE_LOST;
}

/* The server's port mapper, or the client's, answered: the host is there, and its statd does not hear. */
static void
blame_for_notice(nh_fault *fault, nh_way way, const nh_notice *notice)
{
    nh_side host = way == NH_FORWARD ? NH_SIDE_CLIENT : NH_SIDE_SERVER;

    bool there = notice->looked_up.frame || notice->unregistered || nh_capture_position(fault->pair) == host ||
                 (meets_errors(notice) && notice->error_by_host);
    if (!there)
        return;
    fault->side = host;
    fault->confidence = NH_CONFIDENCE_LIKELY;
}

static nh_remark
remark_of_lost_notice(const nh_pair *pair, nh_way way, const nh_notice *notice, const GArray *locks)
{
    const nh_addr *restarted = way == NH_FORWARD ? &pair->server : &pair->client,
                  *other = way == NH_FORWARD ? &pair->client : &pair->server;

    return (nh_remark){ NH_REMARK_NOTICE_LOST,
                        { NH_POINTER(restarted), NH_POINTER(other), NH_NUMBER(what_is_lost(notice)), NH_NUMBER(notice->first.frame),
                          NH_NUMBER(locks->len > 0), NH_POINTER(locks->len ? nh_lock_kept(nh_lock_at(locks, 0)) : NULL),
                          NH_NUMBER(locks->len ? locks->len - 1 : 0), NH_NUMBER(!pair->lock_traffic ? 2 : way == NH_CALLBACK) } };
}

void
nh_fault_notice(nh_pair *pair, nh_way way, nh_moment at)
{
    nh_notice *notice = pair->side[way].notice;
    nh_lock nobody = { .pair = pair, .caller = "" };
    GArray *locks;

    if (notice->fault) {
        nh_fault_add_frame(notice->fault, at);
        nh_frame_note(pair->watch, at.frame, NH_NOTICE_LOST, &notice->fault->what);
        return;
    }
    if (!nh_lock_is_complete(pair, at) && pair->half_captured)
        return;
    locks = nh_locks_at_risk(pair, notice->first);
    nh_fault *fault = nh_fault_new(why_lost(notice), locks->len ? nh_lock_at(locks, 0) : &nobody, notice->first);
    for (unsigned i = 0; i < locks->len; i++)
        nh_fault_add_lock(fault, nh_lock_at(locks, i));
    blame_for_notice(fault, way, notice);
    fault->what = remark_of_lost_notice(pair, way, notice, locks);
    if (notice->notify.frame)
        nh_fault_add_step(fault, notice->notify, "notice", NH_REMARK_FIRST_NOTICE);
    g_array_unref(locks);
    notice->fault = nh_fault_publish(fault);
    nh_fault_add_frame(notice->fault, at);
    nh_frame_note(pair->watch, at.frame, NH_NOTICE_LOST, &notice->fault->what);
}

void
nh_faults_alive(nh_conn *conn, const nh_addr *from, nh_moment at)
{
    nh_pair *pair = conn->pair;

    if (pair->lives_on.frame > pair->client_restarted.frame || conn->way != NH_FORWARD || !nh_addr_equal(from, &conn->client.addr) ||
        conn->first.frame >= pair->client_restarted.frame || conn->state != NH_TCP_ESTABLISHED)
        return;
    pair->lives_on = at;
}
