/* lock_owners.c
 * Who is who among those that lock, and whether what the capture shows of them is enough to judge two locks by.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_owners.h"

/* The same process, seen from two addresses of its host or over another connection of it. */
bool
nh_lock_same_process(const nh_lock *a, const nh_lock *b)
{
    return a->svid == b->svid && a->owner == b->owner &&
           (a->pair == b->pair || !a->caller[0] || !b->caller[0] || g_ascii_strcasecmp(a->caller, b->caller) == 0);
}

/*
 * Two processes of one host. It settles their conflicts itself where it knows of them, and asks the server only when none
 * of its own stands in the way (nlmclnt_lock, fs/lockd/clntproc.c; not those of two mounts): the first one's lock is gone,
 * if that can have escaped the capture.
 */
bool
nh_lock_same_host(const nh_lock *held, const nh_lock *asked)
{
    return held->pair == asked->pair && (!held->caller[0] || !asked->caller[0] || g_ascii_strcasecmp(held->caller, asked->caller) == 0);
}

/* Its connection on which it got the lock; NULL over UDP, and of callbacks. */
const nh_conn *
nh_lock_conn(const nh_lock *lock)
{
    return lock->call && lock->call->way == NH_FORWARD ? nh_call_last(lock->call)->conn : NULL;
}

/* No UNLOCK between can have escaped the capture: it would have left a hole in the sequence numbers (nh_lock_is_complete()). */
static bool
are_of_one_connection(const nh_lock *a, const nh_lock *b)
{
    const nh_conn *conn = nh_lock_conn(a);

    return conn && conn == nh_lock_conn(b) && !conn->one_sided;
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
bool
nh_lock_is_complete(const nh_pair *pair, nh_moment since)
{
    return pair->gap.frame <= since.frame && !pair->encrypted.how && !(pair->half_captured && !(pair->seen_client && pair->seen_server));
}

/*
 * At another address: one process under two of them, or two machines with one name, which a server that knows its
 * clients by caller_name cannot tell apart. Whoever was the first to get the lock shows which: two machines if he unlocks
 * it himself.
 */
bool
nh_lock_may_be_namesake(const nh_lock *held, const nh_lock *asked)
{
    return held->pair != asked->pair && nh_lock_same_process(held, asked) && held->caller[0] && asked->caller[0] &&
           nh_addr_equal(&held->pair->server, &asked->pair->server);
}

bool
nh_lock_can_be_judged(const nh_lock *held, const nh_lock *asked)
{
    return !held->share && !asked->share && !held->leaving &&
           (!nh_lock_same_process(held, asked) || nh_lock_may_be_namesake(held, asked)) &&
           (!nh_lock_same_host(held, asked) || are_of_one_connection(held, asked)) && !are_two_servers(held, asked) &&
           nh_lock_is_complete(held->pair, held->since);
}
