/* lock_table.c
 * Who holds and who waits: the locks of each file of each server, as the answers tell.
 *
 * Only what is held or waited for is remembered, so the table is as large as
 * the server's own. It corrects itself where the capture has gaps: a lock that
 * is granted proves that every conflicting one is gone; where it has none, that
 * the server gave it twice (lock_faults.c).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_table.h"

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/locks/lock_effects.h"
#include "core/locks/lock_faults.h"
#include "core/locks/lock_file.h"
#include "core/model/call.h"
#include "core/wire/procedures.h"

/* bytes only, so that the key has no padding */
typedef struct {
    nh_addr server;
    uint8_t file[4];
} file_key;

struct nh_lock_table {
    GHashTable *files;                 /* file_key -> nh_lock_file; no empty ones */
    GHashTable *handles;               /* number of a file -> nh_addr: a server that has it, the latest but for those that had it before */
    GHashTable *clients;               /* nh_addr -> nh_moment: last seen, of clients that hold locks */
    GHashTable *graces;                /* nh_addr: servers whose locks are being reclaimed */
    GHashTable *dropped;               /* nh_addr: servers in a grace period, whose locks of before are marked */
    GHashTable *blocked;               /* nh_addr of a client -> GPtrArray of nh_pair: where it was told to wait */
    nh_lock released[NH_RELEASED_MAX]; /* the latest that were given back: a ring, next is where the next one goes */
    unsigned n_released;
    uint64_t version;    /* changes with each change */
    nh_lock_near nearby; /* what the call is about that takes effect */
    struct {
        const nh_pair *pair;
        uint64_t version;
        GArray *locks;
    } latest; /* snapshot */
};

static unsigned
file_key_hash(const void *data)
{
    const file_key *key = data;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, &key->server);
    nh_hash_word(&hash, nh_be32(key->file));
    return nh_hash_end(&hash);
}

static gboolean
file_key_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(file_key)) == 0;
}

static void
free_pairs(void *pairs)
{
    g_ptr_array_unref(pairs);
}

nh_lock_table *
nh_locks_new(void)
{
    nh_lock_table *table = g_new0(nh_lock_table, 1);

    table->files = g_hash_table_new_full(file_key_hash, file_key_equal, g_free, nh_lock_file_free);
    table->handles = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    table->nearby.locks = g_array_new(false, false, sizeof(nh_lock));
    table->clients = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, g_free);
    table->graces = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, NULL);
    table->dropped = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, NULL);
    table->blocked = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, free_pairs);
    return table;
}

void
nh_locks_free(nh_lock_table *table)
{
    g_hash_table_unref(table->files);
    g_hash_table_unref(table->handles);
    g_hash_table_unref(table->clients);
    g_hash_table_unref(table->graces);
    g_hash_table_unref(table->dropped);
    g_hash_table_unref(table->blocked);
    g_array_unref(table->nearby.locks);
    g_free(table->nearby.places);
    if (table->latest.locks)
        g_array_unref(table->latest.locks);
    g_free(table);
}

static file_key
make_key(const nh_addr *server, uint32_t file)
{
    return (file_key){ *server, { file & 0xff, file >> 8 & 0xff, file >> 16 & 0xff, file >> 24 } };
}

static nh_lock_file *
find_file(const nh_lock_table *table, const nh_addr *server, uint32_t number)
{
    file_key key = make_key(server, number);
    return g_hash_table_lookup(table->files, &key);
}

/* The locks of a file, NULL when it has none. */
static const GArray *
locks_of(const nh_lock_table *table, const nh_addr *server, uint32_t number)
{
    const nh_lock_file *file = find_file(table, server, number);
    return file ? file->locks : NULL;
}

static nh_lock_file *
get_file(nh_lock_table *table, const nh_addr *server, uint32_t number)
{
    file_key key = make_key(server, number);
    nh_lock_file *file = g_hash_table_lookup(table->files, &key);

    if (!file) {
        file = nh_lock_file_new();
        g_hash_table_insert(table->files, g_memdup2(&key, sizeof key), file);
    }
    return file;
}

static nh_lock *
lock_at(const GArray *locks, unsigned i)
{
    return &g_array_index(locks, nh_lock, i);
}

/* --- restarts ----------------------------------------------------------------------------- */

typedef bool (*condition)(const nh_lock *lock, const void *data);

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

static void
drop_where(nh_lock_table *table, condition is_past, const void *data, const loss *lost)
{
    GHashTableIter iter;
    void *value;

    table->version++;
    g_hash_table_iter_init(&iter, table->files);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nh_lock_file *file = value;
        const GArray *locks = file->locks;
        for (unsigned i = locks->len; i-- > 0;) {
            if (!is_past(lock_at(locks, i), data) || is_missed(lock_at(locks, i), lost))
                continue;
            if (lock_at(locks, i)->state == NH_LOCK_WAITING)
                nh_lock_forget_wait(lock_at(locks, i)->pair);
            nh_lock_file_remove(file, i);
        }
        nh_lock_file_changed(file);
        if (locks->len == 0)
            g_hash_table_iter_remove(&iter);
    }
}

static bool
is_of_pair(const nh_lock *lock, const void *pair)
{
    return lock->pair == pair;
}

static bool
is_before_restart(const nh_lock *lock, const void *server)
{
    return nh_addr_equal(&lock->pair->server, server) && !lock->reclaimed;
}

typedef struct {
    const nh_addr *one, *other;
} two_hosts;

static bool
is_between(const nh_lock *lock, const void *data)
{
    const two_hosts *hosts = data;
    const nh_addr *client = &lock->pair->client, *server = &lock->pair->server;

    return !lock->reclaimed && ((nh_addr_equal(client, hosts->one) && nh_addr_equal(server, hosts->other)) ||
                                (nh_addr_equal(client, hosts->other) && nh_addr_equal(server, hosts->one)));
}

void
nh_locks_restarted(nh_pair *pair, nh_way way, uint32_t state, nh_moment at)
{
    two_hosts hosts = { &pair->client, &pair->server };
    loss lost = { way == NH_FORWARD ? NH_GONE_BY_NOTICE : NH_GONE_BY_OWNER_NOTICE, at };

    if (state != 0 && pair->side[way].nsm_state == state)
        return; /* announced before (sm-notify tries several addresses) */
    pair->side[way].nsm_state = state;
    drop_where(pair->watch->locks, is_between, &hosts, &lost);
}

void
nh_locks_free_all(const nh_call *call)
{
    drop_where(call->pair->watch->locks, is_of_pair, call->pair, NULL);
}

/* In the grace period locks are only reclaimed, so every other one is older than the restart. */
static void
grace_period(nh_lock_table *table, const nh_call *call, nh_moment at)
{
    const nh_addr *server = &call->pair->server;
    loss lost = { NH_GONE_BY_GRACE, at };

    if (g_hash_table_contains(table->dropped, server))
        return; /* each refusal says the same */
    g_hash_table_add(table->dropped, g_memdup2(server, sizeof *server));
    drop_where(table, is_before_restart, server, &lost);
}

/* A new lock is granted: the grace period is over, and the next restart ends the reclaimed ones too. */
static void
note_grace(nh_lock_table *table, const nh_lock *asked)
{
    const nh_addr *server = &asked->pair->server;
    GHashTableIter iter;
    void *key, *value;

    if (asked->reclaimed) {
        g_hash_table_add(table->graces, g_memdup2(server, sizeof *server));
        return;
    }
    if (g_hash_table_size(table->dropped) > 0)
        g_hash_table_remove(table->dropped, server);
    if (g_hash_table_size(table->graces) == 0 || !g_hash_table_remove(table->graces, server))
        return;
    g_hash_table_iter_init(&iter, table->files);
    while (g_hash_table_iter_next(&iter, &key, &value))
        for (unsigned i = 0; nh_addr_equal(&((const file_key *)key)->server, server) && i < ((nh_lock_file *)value)->locks->len; i++)
            lock_at(((nh_lock_file *)value)->locks, i)->reclaimed = false;
}

/* --- answers --------------------------------------------------------------------------------- */

static void
know_client(nh_lock_table *table, const nh_pair *pair, nh_moment at)
{
    const nh_addr *client = &pair->client;

    if (pair->alive.client || g_hash_table_contains(table->clients, client))
        return;
    g_hash_table_insert(table->clients, g_memdup2(client, sizeof *client), g_memdup2(&at, sizeof at));
    pair->watch->holders++;
}

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

/* The locks of this file handle at another address, as far as it is known; NULL: none. */
static GArray *
locks_elsewhere(nh_lock_table *table, const nh_addr *server, uint32_t number)
{
    const nh_addr *other = g_hash_table_lookup(table->handles, GUINT_TO_POINTER(number));

    if (!other)
        g_hash_table_insert(table->handles, GUINT_TO_POINTER(number), g_memdup2(server, sizeof *server));
    if (!other || nh_addr_equal(other, server))
        return NULL;
    nh_lock_file *file = find_file(table, other, number);
    if (!file) /* it holds nothing any more */
        g_hash_table_insert(table->handles, GUINT_TO_POINTER(number), g_memdup2(server, sizeof *server));
    return file ? file->locks : NULL;
}

/* Nothing is held or waited for any more. */
static void
forget_if_empty(nh_lock_table *table, const nh_call *call, const GArray *locks)
{
    file_key key = make_key(&call->pair->server, call->nlm.file);

    if (locks->len > 0)
        return;
    g_hash_table_remove(table->files, &key);
    const nh_addr *server = g_hash_table_lookup(table->handles, GUINT_TO_POINTER(call->nlm.file));
    if (server && nh_addr_equal(server, &call->pair->server))
        g_hash_table_remove(table->handles, GUINT_TO_POINTER(call->nlm.file));
}

static bool
may_act_unanswered(uint32_t kind)
{
    return kind == NH_NLM_UNLOCK || kind == NH_NLM_CANCEL || kind == NH_NLM_GRANTED;
}

void
nh_locks_call(nh_call *call, nh_moment at)
{
    nh_lock_table *table = call->pair->watch->locks;
    GArray *locks = table->nearby.locks;
    nh_lock asked;

    if (nh_nlm_kind(call->proc) == NH_NLM_UNLOCK && !call->nlm.has_lock) {
        call->pair->gap = at; /* cut or encrypted: any of its locks may be meant */
        return;
    }
    if (!call->nlm.has_lock || !may_act_unanswered(nh_nlm_kind(call->proc)))
        return;
    nh_lock_file *file = find_file(table, &call->pair->server, call->nlm.file);
    if (!file)
        return;
    asked = nh_lock_of_call(call);
    nh_lock_file_take(file, &table->nearby, asked.first, asked.last);
    if (nh_nlm_kind(call->proc) == NH_NLM_UNLOCK) {
        nh_faults_unlock(locks, &asked, at);
        nh_lock_mark_leaving(locks, &asked, true);
    } else if (nh_nlm_kind(call->proc) == NH_NLM_CANCEL) {
        nh_lock_mark_cancelled(locks, &asked);
    } else if (nh_nlm_kind(call->proc) == NH_NLM_GRANTED) {
        nh_lock_callback_tried(locks, &asked);
    }
    nh_lock_file_put(file, &table->nearby);
}

/* In a callback the name is the server's: that of the one who waits, "" when unknown. */
static const char *
waiting_caller(const GArray *locks, const nh_lock *asked)
{
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = lock_at(locks, i);
        if (lock->state == NH_LOCK_WAITING && nh_lock_same_owner(lock, asked) && nh_lock_overlap(lock, asked))
            return lock->caller;
    }
    return "";
}

/* The answer to a TEST is about another lock's bytes, too. */
static GArray *
take_near(nh_lock_table *table, const nh_lock_file *file, const nh_lock *asked, const nh_nlm *answer)
{
    uint64_t first = asked->first, last = asked->last;

    if (answer->has_holder) {
        first = MIN(first, answer->offset);
        last = MAX(last, nh_lock_last_byte(answer->offset, answer->length));
    }
    nh_lock_file_take(file, &table->nearby, first, last);
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
        if (lock_at(locks, i)->state < NH_LOCK_REPORTED && nh_lock_same_owner(lock_at(locks, i), released))
            return; /* he has it again, or asks for it */
    if (released)
        nh_faults_still_held(locks, released, asked, at);
}

void
nh_locks_answer(nh_call *call, const nh_nlm *answer, nh_moment at)
{
    nh_lock_table *table = call->pair->watch->locks;

    if (!answer->has_status || (!call->nlm.has_lock && !call->nlm.has_share))
        return;
    if (answer->status == NH_NLM_STAT_GRACE && call->way == NH_FORWARD)
        grace_period(table, call, at);
    if (answer->status == NH_NLM_STAT_BLOCKED)
        know_blocked(table, call->pair);
    nh_lock asked = nh_lock_of_call(call);
    nh_lock_file *file = get_file(table, &call->pair->server, asked.file);
    GArray *locks = take_near(table, file, &asked, answer);
    /* who waits, waits since he asked */
    asked.since = answer->status == NH_NLM_STAT_BLOCKED ? call->sendings[0].at : at;
    if (nh_nlm_kind(call->proc) == NH_NLM_GRANTED)
        asked.caller = waiting_caller(locks, &asked);
    if (!asked.caller[0] && nh_nlm_kind(call->proc) == NH_NLM_GRANTED && call->pair->side[NH_FORWARD].caller_name)
        asked.caller = call->pair->side[NH_FORWARD].caller_name; /* nobody waits any more: the client's latest */
    nh_faults_answer(locks, &asked, answer->status, at);
    if (nh_nlm_kind(call->proc) == NH_NLM_TEST && answer->status == NH_NLM_STAT_DENIED && answer->has_holder) {
        named_again(table, locks, &asked, answer, at);
        nh_faults_named(locks, answer, &asked, at);
    } else if (nh_nlm_kind(call->proc) == NH_NLM_UNLOCK && answer->status == NH_NLM_STAT_GRANTED)
        table->released[table->n_released++ % NH_RELEASED_MAX] = asked;
    if (answer->status == NH_NLM_STAT_GRANTED && (nh_nlm_kind(call->proc) == NH_NLM_LOCK || nh_nlm_kind(call->proc) == NH_NLM_GRANTED)) {
        GArray *others = locks_elsewhere(table, &call->pair->server, asked.file);
        if (others)
            nh_faults_elsewhere(others, &asked, at);
    }
    bool granted = nh_lock_effect(locks, call, &asked, answer, at);
    nh_lock_file_put(file, &table->nearby);
    if (granted)
        note_grace(table, &asked);
    table->version++;
    if (file->locks->len)
        know_client(table, call->pair, at);
    else
        forget_if_empty(table, call, file->locks);
}

bool
nh_locks_rejected(nh_call *call, nh_moment at)
{
    nh_lock_table *table = call->pair->watch->locks;

    if (call->prog != NH_PROG_NLM || nh_nlm_kind(call->proc) != NH_NLM_UNLOCK || call->way != NH_FORWARD || !call->nlm.has_lock)
        return false;
    nh_lock asked = nh_lock_of_call(call);
    nh_lock_file *file = get_file(table, &call->pair->server, asked.file);
    nh_lock_file_take(file, &table->nearby, asked.first, asked.last);
    bool kept = nh_faults_rejected(table->nearby.locks, &asked, at);
    nh_lock_file_put(file, &table->nearby);
    table->version++;
    forget_if_empty(table, call, file->locks);
    return kept;
}

void
nh_locks_seen(nh_lock_table *table, const nh_addr *from, nh_moment at)
{
    nh_moment *seen = g_hash_table_size(table->clients) ? g_hash_table_lookup(table->clients, from) : NULL;
    if (seen)
        *seen = at;
}

void
nh_locks_pair_seen(nh_pair *pair, const nh_addr *from, nh_moment at)
{
    GHashTable *clients = pair->watch->locks->clients;
    unsigned known = pair->watch->holders;

    if (known == 0)
        return;
    if (pair->alive.as_of != known) { /* none is ever removed */
        pair->alive.client = g_hash_table_lookup(clients, &pair->client);
        pair->alive.server = g_hash_table_lookup(clients, &pair->server);
        pair->alive.as_of = known;
    }
    nh_moment *seen = nh_addr_equal(from, &pair->client) ? pair->alive.client : pair->alive.server;
    if (seen)
        *seen = at;
}

nh_moment
nh_locks_last_seen(const nh_lock_table *table, const nh_addr *client)
{
    const nh_moment *seen = g_hash_table_lookup(table->clients, client);
    return seen ? *seen : (nh_moment){ 0, NH_TIME_NONE };
}

/* --- questions ---------------------------------------------------------------------------------- */

bool
nh_locks_called_back(nh_call *call, nh_lock *found)
{
    nh_lock_table *table = call->pair->watch->locks;
    const GArray *locks = locks_of(table, &call->pair->server, call->nlm.file);
    nh_lock asked = nh_lock_of_call(call);
    bool held = false;

    for (unsigned i = 0; locks && i < locks->len; i++) {
        const nh_lock *lock = lock_at(locks, i);
        if (!nh_lock_same_owner(lock, &asked) || !nh_lock_overlap(lock, &asked) || lock->state >= NH_LOCK_SUSPECT)
            continue;
        if (lock->state == NH_LOCK_WAITING)
            return false;
        if (lock->called_back && lock->exclusive == asked.exclusive && lock->first <= asked.first && lock->last >= asked.last) {
            *found = *lock;
            held = true;
        }
    }
    return held;
}

bool
nh_locks_suspect(nh_call *call, nh_lock *found)
{
    nh_lock_table *table = call->pair->watch->locks;
    const GArray *locks = locks_of(table, &call->pair->server, call->nlm.file);
    nh_lock asked = nh_lock_of_call(call);
    bool suspect = false;

    for (unsigned i = 0; locks && i < locks->len; i++) {
        const nh_lock *lock = lock_at(locks, i);
        if (!nh_lock_conflict(lock, &asked) || lock->state == NH_LOCK_WAITING || lock->state == NH_LOCK_GONE || lock->state == NH_LOCK_LEFT)
            continue;
        if (lock->state != NH_LOCK_SUSPECT)
            return false; /* somebody holds it, all is well */
        *found = *lock;
        suspect = true;
    }
    return suspect;
}

static void
visit_array(const GArray *locks, nh_lock_visitor visit, void *data)
{
    for (unsigned i = 0; i < locks->len; i++)
        if (lock_at(locks, i)->state < NH_LOCK_SUSPECT)
            visit(lock_at(locks, i), data);
}

void
nh_locks_visit(const nh_lock_table *table, const nh_addr *server, nh_lock_visitor visit, void *data)
{
    GHashTableIter iter;
    void *key, *file;

    g_hash_table_iter_init(&iter, table->files);
    while (g_hash_table_iter_next(&iter, &key, &file))
        if (!server || nh_addr_equal(server, &((const file_key *)key)->server))
            visit_array(((const nh_lock_file *)file)->locks, visit, data);
}

void
nh_locks_visit_file(const nh_lock_table *table, const nh_addr *server, uint32_t file, nh_lock_visitor visit, void *data)
{
    const GArray *locks = locks_of(table, server, file);
    if (locks)
        visit_array(locks, visit, data);
}

static bool
waits_in(const GArray *locks, const nh_lock *asked, nh_lock *found)
{
    for (unsigned i = 0; locks && i < locks->len; i++) {
        const nh_lock *lock = lock_at(locks, i);
        if (lock->state != NH_LOCK_WAITING || lock->svid != asked->svid || lock->owner != asked->owner || !nh_lock_overlap(lock, asked))
            continue;
        *found = *lock;
        return true;
    }
    return false;
}

bool
nh_locks_waits(nh_call *call, nh_lock *found)
{
    const nh_lock_table *table = call->pair->watch->locks;
    const GPtrArray *pairs = g_hash_table_lookup(table->blocked, &call->pair->client);
    nh_lock asked = nh_lock_of_call(call);

    for (unsigned i = 0; pairs && i < pairs->len; i++) {
        const nh_pair *pair = g_ptr_array_index(pairs, i);
        if (pair->waiters && waits_in(locks_of(table, &pair->server, asked.file), &asked, found))
            return true;
    }
    return false;
}

GArray *
nh_locks_at_risk(const nh_pair *pair, nh_moment before)
{
    GArray *out = g_array_new(false, false, sizeof(nh_lock));
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, pair->watch->locks->files);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        for (unsigned i = 0; i < ((const nh_lock_file *)value)->locks->len; i++) {
            const nh_lock *lock = lock_at(((const nh_lock_file *)value)->locks, i);
            bool held = lock->state == NH_LOCK_HELD || (lock->state == NH_LOCK_GONE && lock->gone != NH_GONE_BY_TEST);
            if (lock->pair == pair && held && lock->since.frame < before.frame)
                g_array_append_val(out, *lock);
        }
    return out;
}

/* --- snapshots -------------------------------------------------------------------------------------- */

/* Of one file: what the pair holds, what it waits for, and who stands in its way. */
static void
copy_file(const GArray *locks, const nh_pair *pair, GArray *out)
{
    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = lock_at(locks, i);
        bool concerns = lock->pair == pair && lock->state != NH_LOCK_REPORTED;
        for (unsigned j = 0; j < locks->len && !concerns && lock->state != NH_LOCK_WAITING; j++) {
            const nh_lock *waiting = lock_at(locks, j);
            concerns = waiting->pair == pair && waiting->state == NH_LOCK_WAITING && nh_lock_conflict(waiting, lock);
        }
        if (concerns && lock->state < NH_LOCK_SUSPECT)
            g_array_append_val(out, *lock);
    }
}

GArray *
nh_locks_snapshot(nh_lock_table *table, const nh_pair *pair)
{
    GHashTableIter iter;
    void *file;

    if (table->latest.locks && table->latest.pair == pair && table->latest.version == table->version)
        return g_array_ref(table->latest.locks);
    GArray *out = g_array_new(false, false, sizeof(nh_lock));
    g_hash_table_iter_init(&iter, table->files);
    while (g_hash_table_iter_next(&iter, NULL, &file))
        copy_file(((const nh_lock_file *)file)->locks, pair, out);
    if (table->latest.locks)
        g_array_unref(table->latest.locks);
    table->latest.pair = pair;
    table->latest.version = table->version;
    table->latest.locks = g_array_ref(out);
    return out;
}
