/* lock.h
 * A lock: its bytes, its owner, and what it stands in the way of.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_H
#define NLM_HEALTH_LOCK_H

#include "core/model/model.h"

typedef enum {
    NH_LOCK_HELD,
    NH_LOCK_WAITING,
    NH_LOCK_REPORTED, /* somebody holds it, as the answer to a TEST says; whose client it is is not known */
    /* from here on never told: */
    NH_LOCK_SUSPECT, /* refused with NOLOCKS after it was resent: the server may hold it nevertheless */
    NH_LOCK_GONE,    /* it was held until the server dropped it, or proved to have done so; its owner may not know */
    NH_LOCK_LEFT     /* its owner gave it up, or never wanted it, and the server may hold it nevertheless */
} nh_lock_state;

/* Why a lock is gone. */
typedef enum {
    NH_GONE_BY_NOTICE,       /* the server told its owner's host that it restarted */
    NH_GONE_BY_GRACE,        /* the server is in its grace period: it restarted */
    NH_GONE_BY_OWNER_NOTICE, /* the owner's host told the server that it restarted */
    NH_GONE_BY_TEST          /* the server says that the way is free */
} nh_gone;

typedef struct nh_fault nh_fault;
typedef struct nh_lock_table nh_lock_table; /* lock_store.h */

/* A capture may have many: what is small stands together. */
typedef struct nh_lock {
    nh_pair *pair;        /* the owner's; of a reported lock the pair that was told */
    const char *caller;   /* its host name, "" when unknown; of the call that asked for it */
    nh_call *call;        /* that asked for it, or gave it (GRANTED); NULL when unknown */
    nh_call *cancel;      /* a CANCEL of its owner for this range that came since, or NULL */
    nh_fault *fault;      /* what is wrong with it, or NULL */
    uint64_t first, last; /* bytes, both included; G_MAXUINT64: to the end */
    uint32_t file, svid, owner;
    uint16_t callbacks; /* waits: how many came for it */
    uint16_t refusals;  /* NH_LOCK_LEFT: how many since it was given back */
    nh_lock_state state : 4;
    nh_gone gone : 4; /* NH_LOCK_GONE: why */
    bool exclusive : 1, share : 1, reclaimed : 1, called_back : 1;
    bool leaving : 1;        /* its owner has asked to unlock it */
    bool others_refused : 1; /* NH_LOCK_LEFT: another host than its owner's, too */
    nh_moment since;
    nh_moment refused; /* somebody else was refused because of it, or waits for it, latest */
    nh_moment gone_at; /* NH_LOCK_GONE: since then */
    nh_moment nobody;  /* waits: nobody known stands in the way since that UNLOCK; frame 0 = somebody may */
} nh_lock;

/* Last byte of a range; length 0 is "to the end". */
uint64_t nh_lock_last_byte(uint64_t offset, uint64_t length);
bool nh_lock_overlap(const nh_lock *a, const nh_lock *b);
bool nh_lock_same_owner(const nh_lock *a, const nh_lock *b);
/* Whether a and b of different owners cannot both be held. */
bool nh_lock_conflict(const nh_lock *a, const nh_lock *b);
/* What a call asks for, as a lock that is held. A reservation of SHARE stands for the whole file and has no svid (nlm_share: caller_name, fh, oh, mode, access). */
nh_lock nh_lock_of_call(nh_call *call);
/* A copy of a lock as it is now, that a remark speaks of; lives as long as the watch. */
const nh_lock *nh_lock_kept(const nh_lock *lock);

/* Somebody may hold it: the server has not dropped it, as far as is known. */
static inline bool
nh_lock_is_standing(const nh_lock *lock)
{
    return lock->state != NH_LOCK_WAITING && lock->state != NH_LOCK_GONE;
}

static inline nh_lock *
nh_lock_at(const GArray *locks, unsigned i)
{
    return &g_array_index(locks, nh_lock, i);
}

#endif
