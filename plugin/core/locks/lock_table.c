/* lock_table.c
 * Who holds and who waits: the locks of each file of each server, as the answers tell.
 *
 * The table corrects itself where the capture has gaps: a lock that is granted
 * proves that every conflicting one is gone; where it has none, that the server
 * gave it twice (lock_given_twice.c).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_table.h"

#include "core/base/hash.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_effects.h"
#include "core/locks/lock_faults.h"
#include "core/locks/lock_given_twice.h"
#include "core/locks/lock_leaked.h"
#include "core/locks/lock_store.h"
#include "core/model/call.h"
#include "core/wire/procedures.h"

/* --- restarts ----------------------------------------------------------------------------- */

/* Locks that were held are remembered as gone, for this reason; NULL: nobody misses them. */
typedef struct {
    nh_gone why;
    nh_moment at;
} loss;

/* Whether the lock stays, as one that is gone. */
static bool
is_missed(nh_lock *lock, const loss *lost)
{
    if (lock->state == NH_LOCK_GONE)
        return lost != NULL;
    if (!lost || lock->state != NH_LOCK_HELD || lock->share || lock->leaving)
        return false;
    lock->state = NH_LOCK_GONE;
    lock->gone = lost->why;
    lock->gone_at = lost->at;
    return true;
}

/* Locks of a file go: of one pair (NULL: of all), and not those that were reclaimed since, if these are spared. */
static void
drop_in(nh_lock_file *file, const nh_pair *pair, bool spare_reclaimed, const loss *lost)
{
    for (unsigned i = file->n; i-- > 0;) {
        nh_lock *lock = nh_lock_file_at(file, i);
        if ((pair && lock->pair != pair) || (spare_reclaimed && lock->reclaimed) || is_missed(lock, lost))
            continue;
        if (lock->state == NH_LOCK_WAITING)
            nh_lock_forget_wait(lock->pair);
        nh_lock_file_remove(file, i);
    }
    nh_lock_file_changed(file);
}

static void
drop_of_pair(nh_pair *pair, bool spare_reclaimed, const loss *lost)
{
    nh_pair_files files = nh_pair_files_begin(pair);

    for (nh_lock_file *file = nh_pair_files_next(&files); file; file = nh_pair_files_next(&files)) {
        drop_in(file, pair, spare_reclaimed, lost);
        if (file->n == 0)
            nh_pair_files_forget(&files);
    }
    pair->watch->locks->version++;
}

/* In the grace period locks are only reclaimed, so every other one is older than the restart. */
static void
grace_period(nh_pair *pair, nh_moment at)
{
    nh_lock_server *server = nh_lock_server_of(pair);
    loss lost = { NH_GONE_BY_GRACE, at };
    GHashTableIter iter;
    void *file;

    if (server->dropped)
        return; /* each refusal says the same */
    server->dropped = true;
    pair->watch->locks->version++;
    g_hash_table_iter_init(&iter, server->files);
    while (g_hash_table_iter_next(&iter, NULL, &file)) {
        drop_in(file, NULL, true, &lost);
        if (((const nh_lock_file *)file)->n == 0)
            g_hash_table_iter_remove(&iter);
    }
    server->n_gone++;
}

/* A new lock is granted: the grace period is over, and the next restart ends the reclaimed ones too. */
static void
note_grace(const nh_lock *asked)
{
    nh_lock_server *server = nh_lock_server_of(asked->pair);
    GHashTableIter iter;
    void *file;

    if (asked->reclaimed) {
        server->reclaiming = true;
        return;
    }
    server->dropped = false;
    if (!server->reclaiming)
        return;
    server->reclaiming = false;
    g_hash_table_iter_init(&iter, server->files);
    while (g_hash_table_iter_next(&iter, NULL, &file))
        for (unsigned i = 0; i < ((const nh_lock_file *)file)->n; i++)
            nh_lock_file_at(file, i)->reclaimed = false;
}

/* The pair whose client is this one's server, and the other way round; NULL: there is none. */
static nh_pair *
reverse_pair(const nh_pair *pair)
{
    nh_pair_key key = { pair->server, pair->client };

    return g_hash_table_lookup(pair->watch->pairs, &key);
}

void
nh_locks_restarted(nh_pair *pair, nh_way way, uint32_t state, nh_moment at)
{
    loss lost = { way == NH_FORWARD ? NH_GONE_BY_NOTICE : NH_GONE_BY_OWNER_NOTICE, at };

    if (state != 0 && pair->side[way].nsm_state == state)
        return; /* announced before (sm-notify tries several addresses) */
    pair->side[way].nsm_state = state;
    drop_of_pair(pair, true, &lost);
    nh_pair *other = reverse_pair(pair);
    if (other)
        drop_of_pair(other, true, &lost);
}

void
nh_locks_free_all(const nh_call *call)
{
    drop_of_pair(call->pair, false, NULL);
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool
may_act_unanswered(uint32_t kind)
{
    return kind == NH_NLM_UNLOCK || kind == NH_NLM_CANCEL || kind == NH_NLM_GRANTED;
}

/* What a call does to the locks of its bytes before it is answered. */
static void
act_unanswered(GArray *locks, const nh_lock *asked, nh_moment at)
{
    switch (nh_nlm_kind(asked->call->proc)) {
    case NH_NLM_UNLOCK:
        nh_faults_unlock(locks, asked, at);
        nh_lock_mark_leaving(locks, asked, true);
        break;
    case NH_NLM_CANCEL:
        nh_lock_mark_cancelled(locks, asked);
        break;
    default:
        nh_lock_callback_tried(locks, asked);
        break;
    }
}

void
nh_locks_call(nh_call *call, nh_moment at)
{
    nh_lock_near *nearby = &call->pair->watch->locks->nearby;

    if (nh_nlm_kind(call->proc) == NH_NLM_UNLOCK && !call->nlm.has_lock) {
        call->pair->gap = at; /* cut or encrypted: any of its locks may be meant */
        return;
    }
    if (!call->nlm.has_lock || !may_act_unanswered(nh_nlm_kind(call->proc)))
        return;
    nh_lock_file *file = nh_lock_store_find(call->pair, call->nlm.file);
    if (!file)
        return;
    nh_lock asked = nh_lock_of_call(call);
    nh_lock_file_take(file, nearby, &(nh_lock_asked){ &asked, asked.first, asked.last, false, false });
    act_unanswered(nearby->locks, &asked, at);
    nh_lock_file_put(file, nearby);
}

/* --- answers --------------------------------------------------------------------------------- */

/* The client is told to wait: a callback is due, from whatever address. */
static void
know_blocked(nh_lock_table *table, nh_pair *pair)
{
    GPtrArray *pairs = g_hash_table_lookup(table->blocked, &pair->client);

    if (!pairs) {
        pairs = g_ptr_array_new();
        g_hash_table_insert(table->blocked, g_memdup2(&pair->client, sizeof pair->client), pairs);
    }
    if (!g_ptr_array_find(pairs, pair, NULL))
        g_ptr_array_add(pairs, pair);
}

/* This file's handle at another address, as far as it is known; NULL: nowhere. A file that has its handle keeps it as long as it is there. */
static nh_lock_file *
file_elsewhere(nh_lock_file *own, nh_lock_server *server, nh_lock_table *table, uint32_t number)
{
    if (own->has_handle)
        return NULL;
    nh_lock_server *other = g_hash_table_lookup(table->handles, GUINT_TO_POINTER(number));
    nh_lock_file *file = other && other != server ? nh_lock_server_file(other, number) : NULL;
    if (other != server && !file) /* nobody had it, or holds anything there any more */
        g_hash_table_insert(table->handles, GUINT_TO_POINTER(number), server);
    own->has_handle = !file;
    return file;
}

/* In a callback the name is the server's: that of the one who waits, "" when unknown. */
static const char *
waiting_caller(const GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = nh_lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            return lock->caller;
    }
    return "";
}

/* The lock that a call asked for. A wait began when the call was sent for the first time. */
static nh_lock
lock_asked(nh_call *call, const nh_nlm *answer, nh_moment at)
{
    nh_lock asked = nh_lock_of_call(call);

    asked.since = answer->status == NH_NLM_STAT_BLOCKED ? call->sendings[0].at : at;
    return asked;
}

/* Who is called back; when nobody waits any more the client's latest name. */
static const char *
name_called_back(const GArray *locks, const nh_lock *asked)
{
    const char *name = waiting_caller(locks, asked), *latest = asked->pair->side[NH_FORWARD].caller_name;

    return name[0] || !latest ? name : latest;
}

/* The answer to a TEST is about another lock's bytes, too. */
static GArray *
take_near(nh_lock_table *table, const nh_lock_file *file, const nh_lock *asked, const nh_nlm *answer)
{
    uint32_t kind = nh_nlm_kind(asked->call->proc);
    bool any = kind == NH_NLM_TEST; /* its answer names a holder who may be anybody */
    nh_lock_asked about = { asked, asked->first, asked->last,
                            .waits = any || kind == NH_NLM_UNLOCK || kind == NH_NLM_UNSHARE || answer->status == NH_NLM_STAT_NOLOCKS,
                            .readers = any };

    if (answer->has_holder) {
        about.first = MIN(about.first, answer->offset);
        about.last = MAX(about.last, nh_lock_last_byte(answer->offset, answer->length));
    }
    nh_lock_file_take(file, &table->nearby, &about);
    return table->nearby.locks;
}

/* The holder whom the answer to a TEST names, if he gave back these very bytes before it was asked; NULL: he did not. */
static const nh_lock *
find_released(const nh_lock_table *table, const nh_lock *asked, const nh_nlm *answer)
{
    nh_lock holder = { .first = answer->offset, .last = nh_lock_last_byte(answer->offset, answer->length) };

    for (unsigned i = table->n_released; i-- > 0 && table->n_released - i <= NH_RELEASED_MAX;) {
        const nh_lock *lock = &table->released[i % NH_RELEASED_MAX];
        if (lock->file == asked->file && lock->svid == answer->svid && lock->owner == answer->owner && nh_lock_overlap(lock, &holder) &&
            nh_lock_overlap(lock, asked) && nh_addr_equal(&lock->pair->server, &asked->pair->server))
            return lock->since.frame < nh_call_first(asked->call)->at.frame ? lock : NULL;
    }
    return NULL;
}

/* The server says that somebody holds what he gave back, as it had agreed. */
static void
named_again(nh_lock_table *table, GArray *locks, const nh_lock *asked, const nh_nlm *answer, nh_moment at)
{
    const nh_lock *released = find_released(table, asked, answer);

    for (unsigned i = 0; released && i < locks->len; i++)
        if (nh_lock_at(locks, i)->state < NH_LOCK_REPORTED && nh_lock_same_owner(nh_lock_at(locks, i), released))
            return; /* he has it again, or asks for it */
    if (released)
        nh_faults_still_held(locks, released, asked, at);
}

/* Whoever gives back what he has. */
static void
note_released(nh_lock_table *table, const GArray *locks, const nh_lock *asked)
{
    nh_lock *released = &table->released[table->n_released++ % NH_RELEASED_MAX];

    *released = *asked;
    released->state = NH_LOCK_LEFT;
    for (unsigned i = 0; i < locks->len && released->state == NH_LOCK_LEFT; i++)
        if (nh_lock_at(locks, i)->state == NH_LOCK_HELD && nh_lock_same_owner(nh_lock_at(locks, i), asked) &&
            nh_lock_overlap(nh_lock_at(locks, i), asked))
            released->state = NH_LOCK_HELD;
}

/* What stood in the way of this until shortly before, and was given back; NULL: nothing that is known. */
static const nh_lock *
released_before(const nh_lock_table *table, const nh_lock *asked, nh_moment at)
{
    for (unsigned i = table->n_released; i-- > 0 && table->n_released - i <= NH_RELEASED_MAX;) {
        const nh_lock *lock = &table->released[i % NH_RELEASED_MAX];
        if (at.time - lock->since.time > NH_KEPT_SOON)
            return NULL;
        if (lock->state == NH_LOCK_HELD && lock->file == asked->file && lock->share == asked->share && nh_lock_overlap(lock, asked) &&
            nh_addr_equal(&lock->pair->server, &asked->pair->server))
            return lock;
    }
    return NULL;
}

static bool
gives_a_lock(uint32_t kind, uint32_t status)
{
    return status == NH_NLM_STAT_GRANTED && (kind == NH_NLM_LOCK || kind == NH_NLM_GRANTED);
}

/* What the answer shows to be wrong, before it takes effect. */
static void
find_faults(nh_lock_table *table, nh_lock_file *file, nh_lock *asked, const nh_nlm *answer, nh_moment at)
{
    GArray *locks = table->nearby.locks;
    uint32_t kind = nh_nlm_kind(asked->call->proc);

    nh_faults_answer(locks, asked, answer->status, at);
    if (kind == NH_NLM_TEST && answer->status == NH_NLM_STAT_DENIED && answer->has_holder) {
        named_again(table, locks, asked, answer, at);
        nh_faults_named(locks, answer, asked, at);
    }
    if ((kind == NH_NLM_UNLOCK || kind == NH_NLM_UNSHARE) && answer->status == NH_NLM_STAT_GRANTED)
        note_released(table, locks, asked);
    if ((kind == NH_NLM_LOCK || kind == NH_NLM_SHARE) && answer->status == NH_NLM_STAT_DENIED)
        nh_faults_refused_to_all(locks, released_before(table, asked, at), asked, at);
    if (!gives_a_lock(kind, answer->status))
        return;
    nh_lock_file *other = file_elsewhere(file, nh_lock_server_of(asked->pair), table, asked->file);
    if (other)
        nh_faults_elsewhere(other, asked, at);
}

void
nh_locks_answer(nh_call *call, const nh_nlm *answer, nh_moment at)
{
    nh_lock_table *table = call->pair->watch->locks;

    if (!answer->has_status || (!call->nlm.has_lock && !call->nlm.has_share))
        return;
    /* a reclaim is refused so outside of one (nlmsvc_lock, fs/lockd/svclock.c) */
    if (answer->status == NH_NLM_STAT_GRACE && call->way == NH_FORWARD && !call->nlm.reclaim)
        grace_period(call->pair, at);
    if (answer->status == NH_NLM_STAT_BLOCKED)
        know_blocked(table, call->pair);
    nh_lock asked = lock_asked(call, answer, at);
    nh_lock_file *file = nh_lock_store_file(call->pair, asked.file);
    GArray *locks = take_near(table, file, &asked, answer);
    if (nh_nlm_kind(call->proc) == NH_NLM_GRANTED)
        asked.caller = name_called_back(locks, &asked);
    find_faults(table, file, &asked, answer, at);
    bool granted = nh_lock_effect(locks, call, &asked, answer, at);
    nh_lock_file_put(file, &table->nearby);
    if (granted)
        note_grace(&asked);
    table->version++;
    if (nh_lock_store_keep(call->pair, call->nlm.file, file))
        nh_lock_client_holds(call->pair, at);
}

bool
nh_locks_rejected(nh_call *call, nh_moment at)
{
    nh_lock_table *table = call->pair->watch->locks;

    if (call->prog != NH_PROG_NLM || nh_nlm_kind(call->proc) != NH_NLM_UNLOCK || call->way != NH_FORWARD || !call->nlm.has_lock)
        return false;
    nh_lock asked = nh_lock_of_call(call);
    nh_lock_file *file = nh_lock_store_file(call->pair, asked.file);
    nh_lock_file_take(file, &table->nearby, &(nh_lock_asked){ &asked, asked.first, asked.last, false, false });
    bool kept = nh_faults_rejected(table->nearby.locks, &asked, at);
    nh_lock_file_put(file, &table->nearby);
    table->version++;
    nh_lock_store_keep(call->pair, asked.file, file);
    return kept;
}
