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

/* --- a fault -------------------------------------------------------------------------- */

void
nh_fault_free(void *data)
{
    nh_fault *fault = data;

    g_array_unref(fault->steps);
    g_array_unref(fault->locks);
    g_ptr_array_unref(fault->calls);
    g_free(fault);
}

/* A number until the story is told, which gives numbers in capture order. */
static void
number(nh_fault *fault)
{
    if (fault->id == 0 && nh_fault_is_reported(fault))
        fault->id = ++fault->pair->watch->incidents;
}

static void
add_frame(nh_fault *fault, nh_moment at)
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

static void
add_call(nh_fault *fault, nh_call *call)
{
    if (!call || g_ptr_array_find(fault->calls, call, NULL))
        return;
    g_ptr_array_add(fault->calls, call);
    add_frame(fault, nh_call_first(call)->at);
    add_frame(fault, call->reply);
}

static void
add_step(nh_fault *fault, nh_moment at, const char *event, nh_remark_id says)
{
    nh_fault_step step = { at, event, says };

    g_array_append_val(fault->steps, step);
    add_frame(fault, at);
}

static void
add_lock(nh_fault *fault, const nh_lock *lock)
{
    nh_lock copy = *lock;

    if (copy.state != NH_LOCK_WAITING)
        copy.state = NH_LOCK_HELD;
    g_array_append_val(fault->locks, copy);
}

/* The fault before this one, if it is the same one over again: one restart loses many locks. */
static nh_fault *
same_again(const nh_fault *fault)
{
    nh_fault *before = fault->pair->latest_fault;

    return before && before->finding == fault->finding && g_strcmp0(before->reason, fault->reason) == 0 && !before->retracted &&
                   before->needs == fault->needs && fault->at.time - before->last.time <= NH_SAME_FAULT_TIME
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
        add_call(into, g_ptr_array_index(fault->calls, i));
    for (unsigned i = 0; listed && i < fault->locks->len; i++)
        add_lock(into, lock_at(fault->locks, i));
    add_frame(into, fault->at);
    fault->retracted = true; /* its frames know it, so that it stays */
}

/* The note on the frame that shows it; the sentence may be known better later. */
static void
note(const nh_fault *fault)
{
    nh_frame_note(fault->pair->watch, fault->at.frame, fault->finding, &fault->what);
}

static nh_fault *
new_fault(nh_finding finding, const char *reason, const nh_lock *lock, nh_moment at)
{
    nh_fault *fault = g_new0(nh_fault, 1);

    fault->finding = finding;
    fault->reason = reason;
    fault->pair = lock->pair;
    fault->lock = *lock;
    fault->at = fault->last = fault->first = at;
    fault->side = NH_SIDE_SERVER;
    fault->confidence = NH_CONFIDENCE_LIKELY;
    fault->open = 1;
    fault->calls = g_ptr_array_new();
    fault->steps = g_array_new(false, false, sizeof(nh_fault_step));
    fault->locks = g_array_new(false, false, sizeof(nh_lock));
    add_call(fault, lock->call);
    return fault;
}

/* All is said of it: it stands in the book, or joins the one before. Returns that in which it stands. */
static nh_fault *
publish(nh_fault *fault)
{
    nh_fault *before = same_again(fault);

    g_ptr_array_add(fault->pair->watch->faults, fault);
    add_frame(fault, fault->at);
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
    add_frame(fault, at);
}

void
nh_fault_retract(nh_fault *fault)
{
    if (fault->more > 0 || fault->retracted)
        return;
    fault->retracted = true;
    fault->id = 0;
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

static bool
can_be_judged(const nh_lock *held, const nh_lock *asked)
{
    return !held->share && !asked->share && !held->leaving && !is_same_process(held, asked) &&
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

/* A lock that a remark speaks of, as it is now. */
static const nh_lock *
kept(const nh_lock *lock)
{
    return nh_arena_copy(lock->pair->watch->arena, lock, sizeof *lock);
}

/* The bytes that both want. */
static const nh_lock *
what_both_want(const nh_lock *held, const nh_lock *asked)
{
    nh_lock both = *held;

    both.first = MAX(held->first, asked->first);
    both.last = MIN(held->last, asked->last);
    return kept(&both);
}

/* What lies between two grants, in the order of the remark TWO_HOLDERS. */
enum { BETWEEN_NOTHING, BETWEEN_OWNER_NOTICE, BETWEEN_CANCEL, BETWEEN_LOSS, BETWEEN_LOST_REPLY };

static void
find_between(nh_fault *fault, const nh_lock *held)
{
    static const char *const reasons[] = { "nothing", "false notice", "cancel", "connection lost", "unheard" };
    const nh_pair *pair = held->pair;
    unsigned what = BETWEEN_NOTHING;
    uint32_t frame = 0;

    if (held->state == NH_LOCK_GONE && held->gone == NH_GONE_BY_OWNER_NOTICE) {
        what = BETWEEN_OWNER_NOTICE;
        frame = held->gone_at.frame;
        add_step(fault, held->gone_at, "notice", NH_REMARK_OWNER_NOTICE);
    } else if (held->cancel) {
        what = BETWEEN_CANCEL;
        frame = nh_call_first(held->cancel)->at.frame;
        add_call(fault, held->cancel);
    } else if (pair->lost.frame > held->since.frame) {
        what = BETWEEN_LOSS;
        frame = pair->lost.frame;
        add_step(fault, pair->lost, "lost", NH_REMARK_HOLDER_LOST);
    } else if (held->call && nh_call_rare_of(held->call)->lost_reply.frame) {
        what = BETWEEN_LOST_REPLY;
    }
    fault->reason = reasons[what];
    fault->what.values[3].number = what;
    fault->what.values[4].number = frame;
}

static nh_fault *
two_holders(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = new_fault(NH_TWO_HOLDERS, NULL, held, at);

    fault->what = (nh_remark){ NH_REMARK_TWO_HOLDERS,
                               { NH_POINTER(what_both_want(held, asked)), NH_POINTER(kept(asked)), NH_POINTER(kept(held)) } };
    find_between(fault, held);

    add_call(fault, asked->call);
    add_lock(fault, held);
    add_lock(fault, asked);
    if (held->state == NH_LOCK_GONE && held->gone == NH_GONE_BY_OWNER_NOTICE) {
        fault->side = NH_SIDE_CLIENT;
        fault->since = held->gone_at;
        fault->needs = held->pair->lives_on.frame > held->gone_at.frame ? NH_PROOF_NONE : NH_PROOF_OWNER_LIVES;
    }
    if (is_same_host(held, asked))
        fault->needs = NH_PROOF_ANOTHER; /* the holder's own UNLOCK shows that it believed to hold it */
    fault->by_datagram = (held->call && held->call->l4 == NH_L4_UDP);
    if (fault->by_datagram || (held->call && nh_call_rare_of(held->call)->lost_reply.frame))
        fault->confidence = NH_CONFIDENCE_POSSIBLE;
    return publish(fault);
}

/*
 * The same file handle at another address: two addresses of one server, or two servers of one file system whose lock
 * managers do not know of each other. That two servers with nothing in common have one and the same handle is not
 * excluded (copied disks).
 */
static nh_fault *
two_servers(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = new_fault(NH_TWO_HOLDERS, "two addresses", held, at);

    add_call(fault, asked->call);
    add_lock(fault, held);
    add_lock(fault, asked);
    fault->confidence = NH_CONFIDENCE_POSSIBLE;
    fault->what = (nh_remark){ NH_REMARK_TWO_ADDRESSES,
                               { NH_POINTER(what_both_want(held, asked)), NH_POINTER(&asked->pair->server), NH_POINTER(kept(asked)),
                                 NH_POINTER(kept(held)), NH_POINTER(&held->pair->server) } };
    return publish(fault);
}

/* --- granted, after a restart of the server of which its holder does not know ----------------- */

/* Why the holder did not take it back in the grace period: values 4 and 5 of the remark LOST_TO_ANOTHER. */
static void
find_why_not_reclaimed(nh_fault *fault, const nh_lock *held)
{
    const nh_notice *notice = &held->pair->side[NH_FORWARD].notice;
    bool since = notice->first.frame > held->since.frame;

    if (since && !notice->answered.frame) {
        fault->reason = "notice unanswered";
        fault->side = nh_capture_position(held->pair) == NH_SIDE_CLIENT ? NH_SIDE_CLIENT : NH_SIDE_PATH;
        add_step(fault, notice->first, "notice", NH_REMARK_NOTICE_UNANSWERED);
        fault->what.values[4].number = 1;
        fault->what.values[5].number = notice->first.frame;
    } else if (held->gone == NH_GONE_BY_NOTICE) {
        fault->reason = "not reclaimed";
        fault->side = NH_SIDE_CLIENT;
        if (held->pair->not_given_back.fault) /* the same, and less */
            nh_fault_retract(held->pair->not_given_back.fault);
        fault->what.values[4].number = 2;
    } else {
        fault->reason = "no notice";
    }
}

static nh_fault *
lost_to_another(const nh_lock *held, const nh_lock *asked, nh_moment at)
{
    nh_fault *fault = new_fault(NH_LOCK_LOST, NULL, held, at);

    fault->what = (nh_remark){ NH_REMARK_LOST_TO_ANOTHER,
                               { NH_POINTER(what_both_want(held, asked)), NH_POINTER(kept(asked)), NH_POINTER(kept(held)),
                                 NH_NUMBER(held->gone_at.frame) } };
    find_why_not_reclaimed(fault, held);

    add_call(fault, asked->call);
    add_lock(fault, held);
    add_lock(fault, asked);
    add_step(fault, held->gone_at, "restart", NH_REMARK_LOCKS_FORGOTTEN);
    fault->since = held->gone_at;
    fault->needs = NH_PROOF_OWNER_LIVES;
    return publish(fault);
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
leaked(nh_lock *lock, const char *reason, nh_call *call, nh_moment at, const nh_remark *what)
{
    nh_fault *fault = new_fault(NH_LOCK_LEAKED, reason, lock, at);

    add_call(fault, call);
    add_lock(fault, lock);
    fault->what = *what;
    return fault;
}

/*
 * nlmclnt_unlock_callback (fs/lockd/clntproc.c): a Linux client asks again only in
 * a grace period; after any other refusal it logs the status and forgets the lock.
 */
static void
unlock_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_lock *lock = keep_left(locks, asked, at);

    nh_lock_mark_leaving(locks, asked, false);
    if (lock->fault && lock->fault->finding == NH_LOCK_LEAKED) {
        add_call(lock->fault, asked->call);
        return;
    }
    lock = keep_left(locks, asked, at);
    const nh_lock *what = kept(asked);
    nh_fault *fault = leaked(lock, "unlock refused", asked->call, at,
                             &(nh_remark){ NH_REMARK_UNLOCK_REFUSED,
                                           { NH_POINTER(what), NH_POINTER(what), NH_POINTER(nh_nlm_status_name(status)) } });
    fault->line = (nh_remark){ NH_REMARK_UNEXPECTED_UNLOCK, { NH_NUMBER(status) } };
    fault->line_at = at;
    fault->confidence = lock->state == NH_LOCK_HELD ? NH_CONFIDENCE_SHOWN : NH_CONFIDENCE_LIKELY;
    lock->fault = publish(fault);
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
    const nh_lock *what = kept(asked);
    nh_fault *fault = leaked(lock, "grant refused", asked->call, at,
                             &(nh_remark){ NH_REMARK_GRANT_REFUSED,
                                           { NH_POINTER(what), NH_POINTER(what), NH_POINTER(nh_nlm_status_name(status)) } });
    fault->needs = NH_PROOF_TIME;
    lock->fault = publish(fault);
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
        add_call(fault, call);
    }
    fault->refused_last = at;
    add_frame(fault, at);
    if (fault->needs == NH_PROOF_TIME)
        nh_fault_confirm(fault);
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
        if (lock->fault)
            left = lock;
        else if (nh_lock_conflict(lock, asked) && lock->state != NH_LOCK_REPORTED)
            return; /* somebody is known to hold it */
    }
    if (left)
        suffer(left, asked->call, at);
}

/* --- a lock that is not given back ----------------------------------------------------------------- */

static void
reclaim_refused(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at)
{
    nh_fault *fault = new_fault(NH_LOCK_LOST, "reclaim refused", asked, at);
    const nh_lock *what = kept(asked), *other = NULL;

    for (unsigned i = 0; i < locks->len && !other; i++)
        if (lock_at(locks, i)->state == NH_LOCK_HELD && nh_lock_conflict(lock_at(locks, i), asked))
            other = lock_at(locks, i);
    if (other) {
        add_call(fault, other->call);
        add_lock(fault, other);
    }
    fault->confidence = NH_CONFIDENCE_SHOWN;
    /* nlmsvc_lock, fs/lockd/svclock.c: a reclaim is refused so when there is no grace period (any more) */
    fault->what = (nh_remark){ NH_REMARK_RECLAIM_REFUSED,
                               { NH_POINTER(what), NH_POINTER(what), NH_POINTER(nh_nlm_status_name(status)),
                                 NH_NUMBER(other ? 2 : status == NH_NLM_STAT_GRACE), NH_POINTER(other ? kept(other) : NULL) } };
    if (status == NH_NLM_STAT_GRACE) { /* nlmclnt_call, fs/lockd/clntproc.c */
        fault->line = (nh_remark){ .id = NH_REMARK_SPURIOUS_GRACE };
        fault->line_at = at;
    }
    publish(fault);
}

/* --- a notice that never arrives ------------------------------------------------------------------- */

/* The server's port mapper, or the client's, answered: the host is there, and its statd does not hear. */
static void
blame_for_notice(nh_fault *fault, nh_way way, const nh_notice *notice)
{
    nh_side host = way == NH_FORWARD ? NH_SIDE_CLIENT : NH_SIDE_SERVER;

    bool there = notice->looked_up.frame || nh_capture_position(fault->pair) == host;
    fault->side = there ? host : NH_SIDE_PATH;
    fault->confidence = there ? NH_CONFIDENCE_LIKELY : NH_CONFIDENCE_POSSIBLE;
}

static nh_remark
remark_of_lost_notice(const nh_pair *pair, nh_way way, const nh_notice *notice, const GArray *locks)
{
    const nh_addr *restarted = way == NH_FORWARD ? &pair->server : &pair->client,
                  *other = way == NH_FORWARD ? &pair->client : &pair->server;

    return (nh_remark){ NH_REMARK_NOTICE_LOST,
                        { NH_POINTER(restarted), NH_POINTER(other), NH_NUMBER(notice->notify.frame != 0), NH_NUMBER(notice->first.frame),
                          NH_NUMBER(locks->len > 0), NH_POINTER(locks->len ? kept(lock_at(locks, 0)) : NULL),
                          NH_NUMBER(locks->len ? locks->len - 1 : 0), NH_NUMBER(way == NH_CALLBACK) } };
}

void
nh_fault_notice(nh_pair *pair, nh_way way, nh_moment at)
{
    nh_notice *notice = &pair->side[way].notice;
    nh_lock nobody = { .pair = pair, .caller = "" };
    GArray *locks;

    if (notice->fault) {
        add_frame(notice->fault, at);
        nh_frame_note(pair->watch, at.frame, NH_NOTICE_LOST, &notice->fault->what);
        return;
    }
    if (!is_complete(pair, at) && pair->half_captured)
        return;
    locks = nh_locks_at_risk(pair, notice->first);
    nh_fault *fault = new_fault(NH_NOTICE_LOST, "notice", locks->len ? lock_at(locks, 0) : &nobody, notice->first);
    for (unsigned i = 0; i < locks->len; i++)
        add_lock(fault, lock_at(locks, i));
    blame_for_notice(fault, way, notice);
    fault->what = remark_of_lost_notice(pair, way, notice, locks);
    if (notice->notify.frame)
        add_step(fault, notice->notify, "notice", NH_REMARK_FIRST_NOTICE);
    g_array_unref(locks);
    notice->fault = publish(fault);
    add_frame(notice->fault, at);
    nh_frame_note(pair->watch, at.frame, NH_NOTICE_LOST, &notice->fault->what);
}

nh_fault *
nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says)
{
    GArray *locks = nh_locks_at_risk(pair, notice);
    nh_lock nobody = { .pair = pair, .caller = "" };
    nh_fault *fault = new_fault(NH_LOCK_LOST, "not reclaimed", locks->len ? lock_at(locks, 0) : &nobody, notice);

    for (unsigned i = 0; i < locks->len; i++)
        add_lock(fault, lock_at(locks, i));
    fault->side = NH_SIDE_CLIENT;
    fault->needs = NH_PROOF_ANOTHER;
    fault->what = *says;
    g_array_unref(locks);
    return publish(fault);
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
            unlock_refused(locks, asked, status, at);
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
    if (fault->confidence == NH_CONFIDENCE_LIKELY && fault->finding == NH_TWO_HOLDERS)
        fault->confidence = NH_CONFIDENCE_SHOWN;
    if (fault->more == 0)
        add_call(fault, asked->call);
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
        else if (lock->fault->needs == NH_PROOF_TIME)
            nh_fault_retract(lock->fault); /* it took the lock up, to give it back */
    }
}

void
nh_fault_leaked(nh_call *call, const char *reason, nh_moment at, nh_confidence confidence, const nh_remark *says)
{
    nh_lock lock = { .pair = call->pair,
                     .call = call,
                     .caller = call->nlm.caller,
                     .file = call->nlm.file,
                     .svid = call->nlm.svid,
                     .owner = call->nlm.owner,
                     .first = call->nlm.offset,
                     .last = nh_lock_last_byte(call->nlm.offset, call->nlm.length),
                     .exclusive = call->nlm.exclusive,
                     .since = at };
    nh_fault *fault = leaked(&lock, reason, call, at, says);

    fault->confidence = confidence;
    publish(fault);
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
        add_frame(fault, seen.frame > fault->at.frame ? (nh_moment){ 0 } : seen);
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

bool
nh_fault_is_reported(const nh_fault *fault)
{
    return !fault->retracted && fault->needs == NH_PROOF_NONE;
}
