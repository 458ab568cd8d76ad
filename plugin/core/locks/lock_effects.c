/* lock_effects.c
 * What an answer does to the locks of a file: ranges split and join, waits begin and end.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_effects.h"

#include "core/locks/lock_store.h"
#include "core/wire/procedures.h"

/* --- ranges ------------------------------------------------------------------------ */

static bool
touch(const nh_lock *a, const nh_lock *b)
{
    return nh_lock_overlap(a, b) || (a->last != G_MAXUINT64 && a->last + 1 == b->first) ||
           (b->last != G_MAXUINT64 && b->last + 1 == a->first);
}

static bool
same_range(const nh_lock *a, const nh_lock *b)
{
    return a->first == b->first && a->last == b->last;
}

/* Its callback is tried, or somebody holds it: whoever waits, waits for that. */
static void
somebody_stands_in_the_way(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++)
        if (nh_lock_at(locks, i)->state == NH_LOCK_WAITING && nh_lock_overlap(nh_lock_at(locks, i), asked))
            nh_lock_at(locks, i)->nobody.frame = 0;
}

/* Take a range out of lock i: nothing, one piece or two remain. Safe while i counts down. */
static void
carve(GArray *locks, unsigned i, const nh_lock *range)
{
    nh_lock lock = *nh_lock_at(locks, i), tail = lock;

    if (lock.first >= range->first && lock.last <= range->last) {
        g_array_remove_index_fast(locks, i);
        return;
    }
    if (lock.last > range->last) {
        tail.first = range->last + 1;
        if (lock.first >= range->first) {
            *nh_lock_at(locks, i) = tail;
            return;
        }
        g_array_append_val(locks, tail);
    }
    nh_lock_at(locks, i)->last = range->first - 1;
}

nh_lock *
nh_lock_cut_out(GArray *locks, unsigned i, const nh_lock *range)
{
    nh_lock piece = *nh_lock_at(locks, i);

    carve(locks, i, range);
    piece.first = MAX(piece.first, range->first);
    piece.last = MIN(piece.last, range->last);
    g_array_append_val(locks, piece);
    return nh_lock_at(locks, locks->len - 1);
}

/* --- what a call may do before it is answered -------------------------------------------- */

void
nh_lock_mark_leaving(GArray *locks, const nh_lock *asked, bool leaving)
{
    for (unsigned i = locks->len; i-- > 0;) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_HELD && lock->leaving != leaving && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            nh_lock_cut_out(locks, i, asked)->leaving = leaving;
    }
}

void
nh_lock_mark_cancelled(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_HELD && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            lock->cancel = asked->call;
    }
}

void
nh_lock_callback_tried(GArray *locks, const nh_lock *asked)
{
    somebody_stands_in_the_way(locks, asked);
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            lock->callbacks = (uint16_t)MIN(lock->callbacks + 1u, G_MAXUINT16);
    }
}

/* --- what an answer does to the locks of a file ------------------------------------------ */

void
nh_lock_forget_wait(nh_pair *pair)
{
    pair->watch->waiters--;
    if (--pair->waiters == 0)
        pair->blocked.frame = 0; /* no callback is due any more */
}

/* Waits of the owner for this very range end (a new request replaces them, UNLOCK and CANCEL drop them). */
static void
drop_wait(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = locks->len; i-- > 0;) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING && nh_lock_same_owner(lock, asked) && same_range(lock, asked)) {
            nh_lock_forget_wait(lock->pair);
            g_array_remove_index_fast(locks, i);
        }
    }
}

/* A lock somebody told of is one that is known now: TEST names the svid, and Linux no owner (fs/lockd/svclock.c, nlmsvc_testlock). */
static bool
is_known_as(const nh_lock *reported, const nh_lock *known)
{
    return reported->state == NH_LOCK_REPORTED && reported->svid == known->svid && nh_lock_overlap(reported, known);
}

/* Its owner still believes to hold it: his UNLOCK will show that (lock_given_twice.c). */
static bool
is_told_of(const nh_lock *lock)
{
    return lock->state == NH_LOCK_GONE && lock->fault;
}

/* The range is free for this owner: whatever stands against that is past. */
static void
clear_way(GArray *locks, const nh_lock *asked)
{
    for (unsigned i = locks->len; i-- > 0;) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state != NH_LOCK_WAITING && !is_told_of(lock) && (nh_lock_conflict(lock, asked) || is_known_as(lock, asked)))
            carve(locks, i, asked);
    }
    somebody_stands_in_the_way(locks, asked);
}

/* POSIX: a new lock replaces the owner's old one where they overlap, and joins its equals. */
static void
grant(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    clear_way(locks, asked);
    drop_wait(locks, asked);
    for (unsigned i = locks->len; i-- > 0;) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (!nh_lock_same_owner(lock, asked) || lock->state == NH_LOCK_WAITING || !touch(lock, asked))
            continue;
        if (lock->state == NH_LOCK_HELD && lock->exclusive == asked->exclusive && !lock->leaving) {
            asked->first = MIN(asked->first, lock->first);
            asked->last = MAX(asked->last, lock->last);
            asked->since = lock->since.time < asked->since.time ? lock->since : asked->since;
            asked->called_back |= lock->called_back;
            g_array_remove_index_fast(locks, i);
        } else if (nh_lock_overlap(lock, asked)) {
            carve(locks, i, asked);
        }
    }
    g_array_set_size(locks, locks->len + 1); /* as g_array_append_val(), at half its price */
    *nh_lock_at(locks, locks->len - 1) = *asked;
}

/* The callback of a blocked lock was accepted: what was asked for is held. */
static void
grant_by_callback(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    asked->called_back = true;
    asked->caller = "";
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (nh_lock_same_owner(lock, asked) && same_range(lock, asked) && lock->caller[0])
            asked->caller = lock->caller;
    }
    grant(locks, asked, answer);
}

/* Whoever waited for this range, of a file that nobody else holds, waits for nobody from now on. */
static void
release_waits(GArray *locks, const nh_lock *freed, nh_moment at)
{
    for (unsigned i = 0; i < locks->len; i++)
        if (nh_lock_is_standing(nh_lock_at(locks, i)))
            return;
    for (unsigned i = 0; i < locks->len; i++)
        if (nh_lock_at(locks, i)->state == NH_LOCK_WAITING && nh_lock_conflict(nh_lock_at(locks, i), freed))
            nh_lock_at(locks, i)->nobody = nh_lock_at(locks, i)->pair->freed = at;
}

static void
unlock(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    nh_lock freed = { 0 };

    drop_wait(locks, asked);
    for (unsigned i = locks->len; i-- > 0;) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING || !nh_lock_same_owner(lock, asked) || !nh_lock_overlap(lock, asked))
            continue;
        if (lock->state == NH_LOCK_HELD && lock->exclusive)
            freed = *lock;
        carve(locks, i, asked);
    }
    if (freed.pair) /* nobody else held any of an exclusive lock's bytes, also where the capture began later */
        release_waits(locks, &freed, asked->since);
}

static void
stop_waiting(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    drop_wait(locks, asked);
}

/* Somebody is refused because of these. */
static void
mark_refusers(GArray *locks, const nh_lock *asked, nh_moment at)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_HELD && nh_lock_conflict(lock, asked))
            lock->refused = at;
    }
}

static void
block(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING && nh_lock_same_owner(lock, asked) && same_range(lock, asked)) {
            asked->since = lock->since; /* it asks again, as Linux does each 30 s (fs/lockd/clntproc.c, NLMCLNT_POLL_TIMEOUT) */
            asked->nobody = lock->nobody;
        }
    }
    asked->pair->watch->waiters++;
    asked->pair->waiters++; /* first, so that a repeated wait is never nobody's */
    drop_wait(locks, asked);
    asked->state = NH_LOCK_WAITING;
    g_array_append_val(locks, *asked);
}

/* TEST: the way is free. Who held it, and does not know that, is remembered. */
static void
test_free(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    for (unsigned i = locks->len; i-- > 0;) {
        nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_HELD && nh_lock_conflict(lock, asked) && !lock->leaving && !lock->share) {
            lock->state = NH_LOCK_GONE;
            lock->gone = NH_GONE_BY_TEST;
            lock->gone_at = asked->since;
        } else if (nh_lock_is_standing(lock) && (nh_lock_conflict(lock, asked) || is_known_as(lock, asked))) {
            carve(locks, i, asked);
        }
    }
}

/* TEST: the answer names one that holds a lock; listed unless he is known. */
static void
test_taken(GArray *locks, nh_lock *asked, const nh_nlm *answer)
{
    nh_lock holder = { .pair = asked->pair,
                       .caller = "",
                       .file = asked->file,
                       .svid = answer->svid,
                       .owner = answer->owner,
                       .first = answer->offset,
                       .last = nh_lock_last_byte(answer->offset, answer->length),
                       .state = NH_LOCK_REPORTED,
                       .exclusive = answer->exclusive,
                       .since = asked->since };

    if (!answer->has_holder)
        return;
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_HELD && nh_lock_overlap(lock, &holder) && nh_lock_conflict(lock, asked))
            return;
        if (lock->state == NH_LOCK_REPORTED && lock->svid == holder.svid && same_range(lock, &holder))
            return;
    }
    g_array_append_val(locks, holder);
}

typedef void (*effect)(GArray *locks, nh_lock *asked, const nh_nlm *answer);

/* What each answer means, by what was asked for. */
static const struct {
    effect granted, blocked, refused;
    bool contends; /* a refusal speaks of somebody else's lock */
} effects[] = {
    [NH_NLM_TEST] = { test_free, NULL, test_taken, true },
    [NH_NLM_LOCK] = { grant, block, stop_waiting, true },
    [NH_NLM_CANCEL] = { stop_waiting, NULL, stop_waiting, false },
    [NH_NLM_UNLOCK] = { unlock, NULL, NULL, false },
    [NH_NLM_GRANTED] = { grant_by_callback, NULL, stop_waiting, false },
    [NH_NLM_SHARE] = { grant, NULL, NULL, true },
    [NH_NLM_UNSHARE] = { unlock, NULL, NULL, false },
};

/* The copies may have got different answers: the server may hold what it refused here (nfs-ganesha issue 951). */
static void
remember_suspect(GArray *locks, const nh_call *call, nh_lock suspect)
{
    unsigned copies = 0;

    for (unsigned i = 0; i < call->n_sendings; i++)
        copies += !call->sendings[i].by_tcp;
    if (copies < 2)
        return;
    suspect.state = NH_LOCK_SUSPECT;
    call->pair->watch->locks->any_suspect = true;
    unlock(locks, &suspect, NULL);
    g_array_append_val(locks, suspect);
}

bool
nh_lock_effect(GArray *locks, const nh_call *call, nh_lock *asked, const nh_nlm *answer, nh_moment at)
{
    uint32_t kind = nh_nlm_kind(call->proc);

    if (kind >= G_N_ELEMENTS(effects))
        return false;
    bool contends = effects[kind].contends && (answer->status == NH_NLM_STAT_DENIED || answer->status == NH_NLM_STAT_BLOCKED);
    effect act = answer->status == NH_NLM_STAT_GRANTED   ? effects[kind].granted
                 : answer->status == NH_NLM_STAT_BLOCKED ? effects[kind].blocked
                                                         : effects[kind].refused;

    if (contends)
        mark_refusers(locks, asked, at);
    if (act)
        act(locks, asked, answer);
    if (kind == NH_NLM_LOCK && answer->status == NH_NLM_STAT_NOLOCKS)
        remember_suspect(locks, call, *asked);
    return kind == NH_NLM_LOCK && answer->status == NH_NLM_STAT_GRANTED;
}
