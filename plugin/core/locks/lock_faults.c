/* lock_faults.c
 * What is wrong with the locks themselves, though every call is answered.
 *
 * A grant that contradicts the lock table is news: the server gave away what
 * another owner holds. What lies between the two grants tells whose fault it is.
 * Where the capture has gaps, or began too late, nothing is said.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_faults.h"

#include "core/base/limits.h"
#include "core/locks/lock_effects.h"
#include "core/model/call.h"
#include "core/model/position.h"
#include "core/model/frames.h"
#include "core/wire/procedures.h"

static nh_lock *
lock_at(const GArray *locks, unsigned i)
{
    return &g_array_index(locks, nh_lock, i);
}

/* --- may anything be said of this lock? ------------------------------------------------- */

/* The same process, seen from two addresses of its host or over another connection of it. */
static bool
is_same_process(const nh_lock *a, const nh_lock *b)
{
    return a->svid == b->svid && a->owner == b->owner &&
           (a->pair == b->pair || !a->caller[0] || !b->caller[0] || g_ascii_strcasecmp(a->caller, b->caller) == 0);
}

/*
 * Two processes of one host. It settles their conflicts itself where it knows of them, and asks the server only when none
 * of its own stands in the way (nlmclnt_lock, fs/lockd/clntproc.c; not those of two mounts): the first one's lock is gone,
 * if that can have escaped the capture.
 */
static bool
is_same_host(const nh_lock *held, const nh_lock *asked)
{
    return held->pair == asked->pair && (!held->caller[0] || !asked->caller[0] || g_ascii_strcasecmp(held->caller, asked->caller) == 0);
}

/* Its connection on which it got the lock; NULL over UDP, and of callbacks. */
static const nh_conn *
conn_of(const nh_lock *lock)
{
    return lock->call && lock->call->way == NH_FORWARD ? nh_call_last(lock->call)->conn : NULL;
}

/* No UNLOCK between can have escaped the capture: it would have left a hole in the sequence numbers (is_complete()). */
static bool
are_of_one_connection(const nh_lock *a, const nh_lock *b)
{
    const nh_conn *conn = conn_of(a);

    return conn && conn == conn_of(b) && !conn->one_sided;
}

static uint16_t
port_of(const nh_lock *lock)
{
    return lock->call && lock->call->way == NH_FORWARD ? lock->call->dst.port : 0;
}

/* Two lock managers behind one address: their files have nothing to do with each other. A restart may move a lock manager. */
static bool
are_two_servers(const nh_lock *held, const nh_lock *asked)
{
    uint16_t a = port_of(held), b = port_of(asked);

    return a && b && a != b && held->call->l4 == asked->call->l4 && held->state == NH_LOCK_HELD &&
           held->pair->lost.frame <= held->since.frame;
}

/* Everything between the two hosts since then was captured, as far as that can be told. */
static bool
is_complete(const nh_pair *pair, nh_moment since)
{
    return pair->gap.frame <= since.frame && !pair->encrypted.how && !(pair->half_captured && !(pair->seen_client && pair->seen_server));
}

/*
 * At another address: one process under two of them, or two machines with one name, which a server that knows its
 * clients by caller_name cannot tell apart. Whoever was the first to get the lock shows which: two machines if he unlocks
 * it himself.
 */
static bool
may_be_namesake(const nh_lock *held, const nh_lock *asked)
{
    return held->pair != asked->pair && is_same_process(held, asked) && held->caller[0] && asked->caller[0] &&
           nh_addr_equal(&held->pair->server, &asked->pair->server);
}

static bool
can_be_judged(const nh_lock *held, const nh_lock *asked)
{
    return !held->share && !asked->share && !held->leaving && (!is_same_process(held, asked) || may_be_namesake(held, asked)) &&
           (!is_same_host(held, asked) || are_of_one_connection(held, asked)) && !are_two_servers(held, asked) &&
           is_complete(held->pair, held->since);
}

static bool
is_at_stake(const nh_lock *lock, const nh_lock *asked)
{
    return (lock->state == NH_LOCK_HELD || lock->state == NH_LOCK_GONE) && !lock->fault && nh_lock_conflict(lock, asked) &&
           can_be_judged(lock, asked);
}

/* --- granted, though another holds it ------------------------------------------------------ */

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
    if (may_be_namesake(held, asked))
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
    if (is_same_host(held, asked))
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

/* --- granted, after a restart of the server of which its holder does not know ----------------- */

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

/* A lock that was told of: another got it, so that the server has let it go. */
static void
let_go(nh_lock *lock, nh_moment at)
{
    if (lock->fault->needs == NH_PROOF_TIME)
        nh_fault_retract(lock->fault);
    else if (lock->fault->finding == NH_LOCK_LEAKED)
        nh_fault_end(lock->fault, at);
}

static void
granted(GArray *locks, const nh_lock *asked, nh_moment at)
{
    int found = -1;

    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
        if (lock->fault && lock->state != NH_LOCK_WAITING && nh_lock_overlap(lock, asked))
            let_go(lock, at);
        else if (is_at_stake(lock, asked) && (found < 0 || lock_at(locks, (unsigned)found)->state == NH_LOCK_GONE))
            found = (int)i;
    }
    if (found < 0)
        return;
    nh_lock held = *lock_at(locks, (unsigned)found);
    bool restarted = held.state == NH_LOCK_GONE && (held.gone == NH_GONE_BY_NOTICE || held.gone == NH_GONE_BY_GRACE);
    nh_fault *fault = restarted ? lost_to_another(&held, asked, at) : two_holders(&held, asked, at);
    nh_lock *taken = nh_lock_cut_out(locks, (unsigned)found, asked);
    taken->state = NH_LOCK_GONE; /* for the server; its owner still believes to hold it */
    taken->fault = fault;
}

/* --- what the server holds and nobody owns ------------------------------------------------------ */

static nh_lock *
find_left(const GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
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
    return lock_at(locks, locks->len - 1);
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

/* The server keeps what its owner gives up; why: its word. */
static nh_fault *
unlock_refused(GArray *locks, const nh_lock *asked, const char *why, nh_moment at)
{
    nh_lock *lock = keep_left(locks, asked, at);

    nh_lock_mark_leaving(locks, asked, false);
    if (lock->fault && lock->fault->finding == NH_LOCK_LEAKED) {
        nh_fault_add_call(lock->fault, asked->call);
        return NULL;
    }
    lock = keep_left(locks, asked, at);
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
static void
unlock_denied(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
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
    const char *why = asked->call->refused;

    if (!g_str_has_prefix(why, "AUTH_") && strcmp(why, "GARBAGE_ARGS") != 0 && strcmp(why, "SYSTEM_ERR") != 0)
        return false;
    unlock_refused(locks, asked, why, at);
    return true;
}

void
nh_faults_still_held(GArray *locks, const nh_lock *released, const nh_lock *asked, nh_moment at)
{
    nh_lock *lock = keep_left(locks, released, at);

    if (lock->fault || !is_complete(released->pair, released->since) || is_same_process(released, asked))
        return;
    const nh_lock *what = nh_lock_kept(released);
    nh_fault *fault = leaked(lock, NH_FAULT_STILL_HELD, asked->call, at,
                             &(nh_remark){ NH_REMARK_STILL_HELD,
                                           { NH_POINTER(what), NH_POINTER(what), NH_NUMBER(released->since.frame) } });
    nh_fault_add_call(fault, released->call);
    lock->fault = nh_fault_publish(fault);
}

/* The holder whom the answer to a TEST names had the lock before his host announced a restart. */
static nh_lock *
find_former(const GArray *locks, const nh_nlm *named, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
        if (lock->state == NH_LOCK_GONE && lock->gone == NH_GONE_BY_OWNER_NOTICE && !lock->fault && lock->svid == named->svid &&
            lock->owner == named->owner && nh_lock_overlap(lock, asked))
            return lock;
    }
    return NULL;
}

void
nh_faults_named(GArray *locks, const nh_nlm *named, const nh_lock *asked, nh_moment at)
{
    nh_lock *lock = find_former(locks, named, asked);
    const char *notice = lock ? lock->pair->restarted_as : NULL;

    if (!notice || lock->gone_at.frame >= nh_call_first(asked->call)->at.frame || !is_complete(lock->pair, lock->gone_at))
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
static void
callback_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
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

/* Somebody is refused because of a lock that nobody owns. */
static void
suffer(nh_lock *lock, nh_call *call, nh_moment at)
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
    const nh_conn *before = conn_of(held), *now = asked->call->way == NH_FORWARD ? nh_call_last(asked->call)->conn : NULL;

    if (held->state != NH_LOCK_HELD || held->share || !held->caller[0] || !asked->caller[0] || !is_same_host(held, asked) ||
        is_same_process(held, asked) || !is_complete(held->pair, held->since))
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

static void
contended(GArray *locks, const nh_lock *asked, nh_moment at)
{
    nh_lock *left = NULL;

    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING || lock->state == NH_LOCK_GONE || !nh_lock_overlap(lock, asked) ||
            nh_lock_same_owner(lock, asked))
            continue;
        if (!lock->fault && nh_lock_conflict(lock, asked) && is_of_former_life(lock, asked))
            former_life(lock, asked, at);
        if (lock->fault)
            left = lock;
        else if (nh_lock_conflict(lock, asked) && lock->state != NH_LOCK_REPORTED)
            return; /* somebody is known to hold it */
    }
    if (left)
        suffer(left, asked->call, at);
}

/* --- a lock that is not given back ----------------------------------------------------------------- */

/* That its owner did not ask for it back was said too early. */
static void
retract_not_reclaimed(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
        if (lock->fault && lock->fault->finding == NH_LOCK_LOST && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            nh_fault_retract(lock->fault);
    }
}

static void
reclaim_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_fault *fault = nh_fault_new(NH_FAULT_RECLAIM_REFUSED, asked, at);
    const nh_lock *what = nh_lock_kept(asked), *other = NULL;

    retract_not_reclaimed(locks, asked);
    for (unsigned i = 0; i < locks->len && !other; i++)
        if (lock_at(locks, i)->state == NH_LOCK_HELD && nh_lock_conflict(lock_at(locks, i), asked))
            other = lock_at(locks, i);
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

/* --- a notice that never arrives ------------------------------------------------------------------- */

/* The server's port mapper, or the client's, answered: the host is there, and its statd does not hear. */
static void
blame_for_notice(nh_fault *fault, nh_way way, const nh_notice *notice)
{
    nh_side host = way == NH_FORWARD ? NH_SIDE_CLIENT : NH_SIDE_SERVER;

    bool there = notice->looked_up.frame || nh_capture_position(fault->pair) == host;
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
                        { NH_POINTER(restarted), NH_POINTER(other), NH_NUMBER(notice->notify.frame != 0), NH_NUMBER(notice->first.frame),
                          NH_NUMBER(locks->len > 0), NH_POINTER(locks->len ? nh_lock_kept(lock_at(locks, 0)) : NULL),
                          NH_NUMBER(locks->len ? locks->len - 1 : 0), NH_NUMBER(way == NH_CALLBACK) } };
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
    if (!is_complete(pair, at) && pair->half_captured)
        return;
    locks = nh_locks_at_risk(pair, notice->first);
    nh_fault *fault = nh_fault_new(NH_FAULT_NOTICE_LOST, locks->len ? lock_at(locks, 0) : &nobody, notice->first);
    for (unsigned i = 0; i < locks->len; i++)
        nh_fault_add_lock(fault, lock_at(locks, i));
    blame_for_notice(fault, way, notice);
    fault->what = remark_of_lost_notice(pair, way, notice, locks);
    if (notice->notify.frame)
        nh_fault_add_step(fault, notice->notify, "notice", NH_REMARK_FIRST_NOTICE);
    g_array_unref(locks);
    notice->fault = nh_fault_publish(fault);
    nh_fault_add_frame(notice->fault, at);
    nh_frame_note(pair->watch, at.frame, NH_NOTICE_LOST, &notice->fault->what);
}

nh_fault *
nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says)
{
    GArray *locks = nh_locks_at_risk(pair, notice);
    nh_lock nobody = { .pair = pair, .caller = "" };
    nh_fault *fault = nh_fault_new(NH_FAULT_NEVER_RECLAIMED, locks->len ? lock_at(locks, 0) : &nobody, notice);

    for (unsigned i = 0; i < locks->len; i++)
        nh_fault_add_lock(fault, lock_at(locks, i));
    fault->what = *says;
    g_array_unref(locks);
    return nh_fault_publish(fault);
}

/* --- doors -------------------------------------------------------------------------------------------- */

void
nh_faults_answer(GArray *locks, nh_lock *asked, uint32_t status, nh_moment at)
{
    bool refused = status != NH_NLM_STAT_GRANTED && status != NH_NLM_STAT_BLOCKED;

    switch (nh_nlm_kind(asked->call->proc)) {
    case NH_NLM_LOCK:
        if (status == NH_NLM_STAT_GRANTED)
            granted(locks, asked, at);
        else if (refused && asked->reclaimed)
            reclaim_refused(locks, asked, status, at);
        else if (status == NH_NLM_STAT_DENIED || status == NH_NLM_STAT_BLOCKED)
            contended(locks, asked, at);
        break;
    case NH_NLM_TEST:
        if (status == NH_NLM_STAT_DENIED)
            contended(locks, asked, at);
        break;
    case NH_NLM_GRANTED:
        if (status == NH_NLM_STAT_GRANTED)
            granted(locks, asked, at);
        else if (refused && status != NH_NLM_STAT_GRACE)
            callback_refused(locks, asked, status, at);
        break;
    case NH_NLM_UNLOCK:
        if (refused && status != NH_NLM_STAT_GRACE)
            unlock_denied(locks, asked, status, at);
        break;
    default:
        break;
    }
}

void
nh_faults_elsewhere(GArray *locks, const nh_lock *asked, nh_moment at)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = lock_at(locks, i);
        bool one_host = nh_addr_equal(&lock->pair->client, &asked->pair->client) ||
                        nh_addr_equal(&lock->pair->client, &asked->pair->server) || /* hosts that mount from each other */
                        (lock->caller[0] && g_ascii_strcasecmp(lock->caller, asked->caller) == 0);
        if (lock->state != NH_LOCK_HELD || lock->fault || lock->leaving || one_host || lock->share || asked->share ||
            !nh_lock_conflict(lock, asked) || is_same_process(lock, asked) || !is_complete(lock->pair, lock->since))
            continue;
        lock->fault = two_servers(lock, asked, at);
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
        nh_lock *lock = lock_at(locks, i);
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

void
nh_fault_leaked(nh_call *call, nh_fault_reason reason, nh_moment at, const nh_remark *says)
{
    nh_lock lock = nh_lock_of_call(call);

    lock.since = at;
    nh_fault_publish(leaked(&lock, reason, call, at, says));
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

/* --- the end of the capture ------------------------------------------------------------------------------ */

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
