/* lock_table.h
 * Who holds and who waits: the locks of each file of each server, as the answers tell.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_TABLE_H
#define NLM_HEALTH_LOCK_TABLE_H

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

/* A capture may have many: what is small stands together. */
typedef struct {
    nh_pair *pair;        /* the owner's; of a reported lock the pair that was told */
    const char *caller;   /* its host name, "" when unknown; of the call that asked for it */
    nh_call *call;        /* that asked for it, or gave it (GRANTED); NULL when unknown */
    nh_call *cancel;      /* a CANCEL of its owner for this range that came since, or NULL */
    nh_fault *fault;      /* what is wrong with it, or NULL */
    uint64_t first, last; /* bytes, both included; G_MAXUINT64: to the end */
    uint32_t file, svid, owner;
    uint16_t callbacks; /* waits: how many came for it */
    nh_lock_state state : 4;
    nh_gone gone : 4; /* NH_LOCK_GONE: why */
    bool exclusive : 1, share : 1, reclaimed : 1, called_back : 1;
    bool leaving : 1; /* its owner has asked to unlock it */
    nh_moment since;
    nh_moment refused; /* somebody else was refused because of it, or waits for it, latest */
    nh_moment gone_at; /* NH_LOCK_GONE: since then */
    nh_moment nobody;  /* waits: nobody known stands in the way since that UNLOCK; frame 0 = somebody may */
} nh_lock;

typedef struct nh_lock_table nh_lock_table;

nh_lock_table *nh_locks_new(void);
void nh_locks_free(nh_lock_table *table);

/* A call got its answer: the reply, or of an asynchronous call the *_RES. */
void nh_locks_answer(nh_call *call, const nh_nlm *answer, nh_moment at);
/* RPC refused a call: true if the server keeps a lock that its owner gives up (an UNLOCK that is not tried again). */
bool nh_locks_rejected(nh_call *call, nh_moment at);
/* A lock call was sent: UNLOCK and CANCEL change what may happen before they are answered. */
void nh_locks_call(nh_call *call, nh_moment at);
/* FREE_ALL: the client gives up everything. */
void nh_locks_free_all(const nh_call *call);
/* SM_NOTIFY with this state number: what the two hosts hold of each other is gone, except what was reclaimed already. */
void nh_locks_restarted(nh_pair *pair, nh_way way, uint32_t state, nh_moment at);
/* A packet came from this address: the client lives. */
void nh_locks_seen(nh_lock_table *table, const nh_addr *from, nh_moment at);
/* The same of a host of a pair, without a look-up for each packet. */
void nh_locks_pair_seen(nh_pair *pair, const nh_addr *from, nh_moment at);
/* The latest packet of a client that holds a lock; frame 0 when there was none. */
nh_moment nh_locks_last_seen(const nh_lock_table *table, const nh_addr *client);

/* The lock that a callback gave to the owner of this call before and that he still holds; false when there is none. */
bool nh_locks_called_back(nh_call *call, nh_lock *found);
/* A lock that the server may hold although it refused it, in the way of this refused call and nobody else's; false when there is none. */
bool nh_locks_suspect(nh_call *call, nh_lock *found);

/* What a call asks for, as a lock that is held. A reservation of SHARE stands for the whole file and has no svid (nlm_share: caller_name, fh, oh, mode, access). */
nh_lock nh_lock_of_call(nh_call *call);
/* A copy of a lock as it is now, that a remark speaks of; lives as long as the watch. */
const nh_lock *nh_lock_kept(const nh_lock *lock);
bool nh_lock_same_owner(const nh_lock *a, const nh_lock *b);
/* Whether a and b of different owners cannot both be held. */
bool nh_lock_conflict(const nh_lock *a, const nh_lock *b);
/* The wait that this callback is for, at whatever address of a server; false when there is none. */
bool nh_locks_waits(nh_call *call, nh_lock *found);
/* What the client of this pair held of its server before then, as far as it knows: nh_lock; caller unrefs. */
GArray *nh_locks_at_risk(const nh_pair *pair, nh_moment before);
/* Call visit for every lock of a server that is held, waited for or reported (NULL: of all servers). */
typedef void (*nh_lock_visitor)(const nh_lock *lock, void *data);
void nh_locks_visit(const nh_lock_table *table, const nh_addr *server, nh_lock_visitor visit, void *data);
/* The locks of one file. */
void nh_locks_visit_file(const nh_lock_table *table, const nh_addr *server, uint32_t file, nh_lock_visitor visit, void *data);
/* A pair's locks now and those that it waits for: nh_lock; caller unrefs. The same array as long as nothing changed. */
GArray *nh_locks_snapshot(nh_lock_table *table, const nh_pair *pair);

#endif
