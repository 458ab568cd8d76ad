/* lock.c
 * A lock: its bytes, its owner, and what it stands in the way of.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock.h"

/* Length 0 is "to the end"; so is what would run over it (fs/lockd/xdr4.c, nlm4svc_set_file_lock_range). */
uint64_t
nh_lock_last_byte(uint64_t offset, uint64_t length)
{
    return length == 0 || length - 1 > G_MAXUINT64 - offset ? G_MAXUINT64 : offset + length - 1;
}

bool
nh_lock_overlap(const nh_lock *a, const nh_lock *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/*
 * The host name is no part of it: in a callback it is the server's own
 * (fs/lockd/svclock.c, nlmsvc_setgrantargs).
 */
bool
nh_lock_same_owner(const nh_lock *a, const nh_lock *b)
{
    return a->pair == b->pair && a->svid == b->svid && a->owner == b->owner && a->share == b->share &&
           (a->state == NH_LOCK_REPORTED) == (b->state == NH_LOCK_REPORTED);
}

bool
nh_lock_conflict(const nh_lock *a, const nh_lock *b)
{
    return a->share == b->share && nh_lock_overlap(a, b) && (a->exclusive || b->exclusive) && !nh_lock_same_owner(a, b);
}

nh_lock
nh_lock_of_call(nh_call *call)
{
    const nh_nlm *nlm = &call->nlm;
    return (nh_lock){ .pair = call->pair,
                      .call = call,
                      .caller = nlm->caller,
                      .file = nlm->file,
                      .svid = nlm->svid,
                      .owner = nlm->owner,
                      .first = nlm->offset,
                      .last = nh_lock_last_byte(nlm->offset, nlm->length),
                      .state = NH_LOCK_HELD,
                      .exclusive = nlm->exclusive,
                      .share = nlm->has_share,
                      .reclaimed = nlm->reclaim };
}

const nh_lock *
nh_lock_kept(const nh_lock *lock)
{
    return nh_arena_copy(lock->pair->watch->arena, lock, sizeof *lock);
}
