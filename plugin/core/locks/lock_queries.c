/* lock_queries.c
 * Questions to the lock table: who waits, who holds, what is at risk.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_queries.h"

#include "core/locks/lock_store.h"

bool
nh_locks_called_back(nh_call *call, nh_lock *found)
{
    const nh_lock_file *file = nh_lock_store_find(call->pair, call->nlm.file);
    nh_lock asked = nh_lock_of_call(call);
    const nh_lock *lock;
    bool held = false;
    unsigned i = 0;

    while (file && (lock = nh_lock_file_own(file, &asked, &i))) {
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
    const nh_lock_file *file = call->pair->watch->locks->any_suspect ? nh_lock_store_find(call->pair, call->nlm.file) : NULL;
    nh_lock asked = nh_lock_of_call(call);
    bool suspect = false;

    for (unsigned i = 0; file && i < file->n; i++) {
        const nh_lock *lock = nh_lock_file_at(file, i);
        if (!nh_lock_conflict(lock, &asked) || !nh_lock_is_standing(lock) || lock->state == NH_LOCK_LEFT)
            continue;
        if (lock->state != NH_LOCK_SUSPECT)
            return false; /* somebody holds it, all is well */
        *found = *lock;
        suspect = true;
    }
    return suspect;
}

static void
visit_locks(const nh_lock_file *file, nh_lock_visitor visit, void *data)
{
    for (unsigned i = 0; i < file->n; i++)
        if (nh_lock_file_at(file, i)->state < NH_LOCK_SUSPECT)
            visit(nh_lock_file_at(file, i), data);
}

void
nh_locks_visit(const nh_lock_table *table, nh_lock_visitor visit, void *data)
{
    GHashTableIter servers, files;
    void *server, *file;

    g_hash_table_iter_init(&servers, table->servers);
    while (g_hash_table_iter_next(&servers, NULL, &server)) {
        g_hash_table_iter_init(&files, ((const nh_lock_server *)server)->files);
        while (g_hash_table_iter_next(&files, NULL, &file))
            visit_locks(file, visit, data);
    }
}

void
nh_locks_visit_file(const nh_lock_table *table, const nh_addr *server, uint32_t file, nh_lock_visitor visit, void *data)
{
    const nh_lock_server *known = nh_lock_server_find(table, server);
    const nh_lock_file *locks = known ? nh_lock_server_file(known, file) : NULL;

    if (locks)
        visit_locks(locks, visit, data);
}

static bool
waits_in(const nh_lock_file *file, const nh_lock *asked, nh_lock *found)
{
    const nh_lock *lock = NULL;
    unsigned i = 0;

    while (file && (lock = nh_lock_file_own(file, asked, &i)))
        if (lock->state == NH_LOCK_WAITING && nh_lock_overlap(lock, asked))
            break;
    if (lock)
        *found = *lock;
    return lock != NULL;
}

bool
nh_locks_waits(nh_call *call, nh_lock *found)
{
    const nh_lock_table *table = call->pair->watch->locks;

    if (call->pair->watch->waiters == 0)
        return false;
    const GPtrArray *pairs = g_hash_table_lookup(table->blocked, &call->pair->client);
    nh_lock asked = nh_lock_of_call(call);

    for (unsigned i = 0; pairs && i < pairs->len; i++) {
        nh_pair *pair = g_ptr_array_index(pairs, i);
        if (pair->waiters && waits_in(nh_lock_store_find(pair, asked.file), &asked, found))
            return true;
    }
    return false;
}

/* By age; what was got at once by its bytes. */
static int
compare_age(const void *x, const void *y)
{
    const nh_lock *a = x, *b = y;

    if (a->since.frame != b->since.frame)
        return a->since.frame < b->since.frame ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

GArray *
nh_locks_at_risk(const nh_pair *pair, nh_moment before)
{
    GArray *out = g_array_new(false, false, sizeof(nh_lock));
    nh_pair_files files = nh_pair_files_begin(pair);

    for (const nh_lock_file *file = nh_pair_files_next(&files); file; file = nh_pair_files_next(&files))
        for (unsigned i = 0; i < file->n; i++) {
            const nh_lock *lock = nh_lock_file_at(file, i);
            bool held = lock->state == NH_LOCK_HELD || (lock->state == NH_LOCK_GONE && lock->gone != NH_GONE_BY_TEST);
            if (lock->pair == pair && held && lock->since.frame < before.frame)
                g_array_append_val(out, *lock);
        }
    g_array_sort(out, compare_age);
    return out;
}

/* Whether one of these waits, of this file, is for the lock to go. */
static bool
stands_in_the_way(const nh_lock *lock, const nh_lock_file *file, const GArray *waits)
{
    for (unsigned i = 0; i < waits->len; i++)
        if (nh_lock_conflict(nh_lock_file_at(file, g_array_index(waits, unsigned, i)), lock))
            return true;
    return false;
}

/* Of one file: what the pair holds, what it waits for, and who stands in its way. waits is room for the places of its waits. */
static void
copy_file(const nh_lock_file *file, const nh_pair *pair, GArray *waits, GArray *out)
{
    g_array_set_size(waits, 0);
    for (unsigned i = 0; i < file->n; i++)
        if (nh_lock_file_at(file, i)->pair == pair && nh_lock_file_at(file, i)->state == NH_LOCK_WAITING)
            g_array_append_val(waits, i);
    for (unsigned i = 0; i < file->n; i++) {
        const nh_lock *lock = nh_lock_file_at(file, i);
        bool own = lock->pair == pair && lock->state != NH_LOCK_REPORTED;
        if (lock->state < NH_LOCK_SUSPECT && (own || (lock->state != NH_LOCK_WAITING && stands_in_the_way(lock, file, waits))))
            g_array_append_val(out, *lock);
    }
}

static GArray *
take_snapshot(const nh_pair *pair)
{
    GArray *out = g_array_new(false, false, sizeof(nh_lock)), *waits = g_array_new(false, false, sizeof(unsigned));
    nh_pair_files files = nh_pair_files_begin(pair);

    for (const nh_lock_file *file = nh_pair_files_next(&files); file; file = nh_pair_files_next(&files))
        copy_file(file, pair, waits, out);
    g_array_unref(waits);
    return out;
}

GArray *
nh_locks_snapshot(nh_lock_table *table, const nh_pair *pair)
{
    if (table->latest.locks && table->latest.pair == pair && table->latest.version == table->version)
        return g_array_ref(table->latest.locks);
    if (table->latest.locks)
        g_array_unref(table->latest.locks);
    table->latest.pair = pair;
    table->latest.version = table->version;
    table->latest.locks = take_snapshot(pair);
    return g_array_ref(table->latest.locks);
}
