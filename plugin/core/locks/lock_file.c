/* lock_file.c
 * The locks of one file, and those of them that a call is about.
 *
 * A database holds thousands of ranges of one file, and each call is about one of them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_file.h"

#include <stddef.h>

#include "core/base/limits.h"

nh_lock_file *
nh_lock_file_new(void)
{
    return g_new0(nh_lock_file, 1);
}

void
nh_lock_file_free(void *data)
{
    nh_lock_file *file = data;

    for (unsigned i = 0; i < file->n_chunks; i++)
        g_free(file->chunks[i]);
    g_free(file->chunks);
    g_free(file);
}

void
nh_lock_near_init(nh_lock_near *nearby)
{
    nearby->locks = g_array_new(false, false, sizeof(nh_lock));
}

void
nh_lock_near_clear(nh_lock_near *nearby)
{
    g_array_unref(nearby->locks);
    g_free(nearby->places);
}

/* What a lock is to others. */
#define A_WAIT   (UINT64_C(1) << 63) /* for something that somebody stands in the way of, as far as is known */
#define A_READER (UINT64_C(1) << 62) /* it stands in the way of writers alone, and nothing is wrong with it */
#define ANOTHER  (UINT64_C(1) << 61)
#define OWNERS   61 /* the bits below are one for some of the owners each */

static uint64_t
kind_of(const nh_lock *lock)
{
    if (lock->state == NH_LOCK_WAITING && !lock->nobody.frame)
        return A_WAIT;
    return lock->state == NH_LOCK_HELD && !lock->exclusive && !lock->share && !lock->fault ? A_READER : ANOTHER;
}

static bool
is_own(const nh_lock *lock, const nh_lock *asked)
{
    return lock->svid == asked->svid && lock->owner == asked->owner;
}

static uint64_t
owner_of(const nh_lock *lock)
{
    return UINT64_C(1) << (((lock->svid ^ lock->owner) * UINT32_C(2654435769)) >> 8) % OWNERS;
}

static void
note(nh_lock_file *file, unsigned i)
{
    nh_lock_chunk *chunk = file->chunks[i / NH_LOCK_CHUNK];
    const nh_lock *lock = nh_lock_file_at(file, i);
    nh_lock_span bytes = { lock->first, lock->last };

    if (!file->whole)
        return;
    chunk->spans[i % NH_LOCK_CHUNK] = bytes;
    chunk->hull.first = MIN(chunk->hull.first, bytes.first);
    chunk->hull.last = MAX(chunk->hull.last, bytes.last);
    chunk->marks |= kind_of(lock) | owner_of(lock);
}

void
nh_lock_file_changed(nh_lock_file *file)
{
    file->standing = 0;
    for (unsigned i = 0; i < file->n; i++) {
        file->standing += nh_lock_is_standing(nh_lock_file_at(file, i));
        note(file, i);
    }
}

void
nh_lock_file_remove(nh_lock_file *file, unsigned i)
{
    file->standing -= nh_lock_is_standing(nh_lock_file_at(file, i));
    file->n--;
    *nh_lock_file_at(file, i) = *nh_lock_file_at(file, file->n);
    note(file, i);
}

static void
place(nh_lock_file *file, unsigned i, const nh_lock *lock)
{
    file->standing += nh_lock_is_standing(lock);
    *nh_lock_file_at(file, i) = *lock;
    note(file, i);
}

const nh_lock *
nh_lock_file_own(const nh_lock_file *file, const nh_lock *owner, unsigned *i)
{
    while (*i < file->n) {
        unsigned at = (*i)++;
        const nh_lock *lock = nh_lock_file_at(file, at);
        if (file->whole && !(file->chunks[at / NH_LOCK_CHUNK]->marks & owner_of(owner)))
            *i = (at / NH_LOCK_CHUNK + 1) * NH_LOCK_CHUNK;
        else if (is_own(lock, owner))
            return lock;
    }
    return NULL;
}

/* The first chunk of a file has room for one lock at first. */
static void
add_chunk(nh_lock_file *file)
{
    if (file->n_chunks == file->room) {
        file->room = MAX(2 * file->room, 1);
        file->chunks = g_renew(nh_lock_chunk *, file->chunks, file->room);
    }
    file->chunks[file->n_chunks] = g_malloc(file->n_chunks ? sizeof(nh_lock_chunk) : offsetof(nh_lock_chunk, locks[1]));
    file->n_chunks++;
}

static void
begin(nh_lock_chunk *chunk)
{
    chunk->hull = (nh_lock_span){ G_MAXUINT64, 0 };
    chunk->marks = 0;
}

static void
make_whole(nh_lock_file *file)
{
    file->chunks[0] = g_realloc(file->chunks[0], sizeof(nh_lock_chunk));
    file->whole = true;
    begin(file->chunks[0]);
    for (unsigned i = 0; i < file->n; i++)
        note(file, i);
}

/* Room for one more in a chunk that is not whole: each time for twice as many. */
static void
extend(nh_lock_file *file)
{
    if (file->n == NH_LOCK_FEW)
        make_whole(file);
    else if (file->n == 1 || file->n == 2)
        file->chunks[0] = g_realloc(file->chunks[0], offsetof(nh_lock_chunk, locks[0]) + 2 * file->n * sizeof(nh_lock));
}

static void
add(nh_lock_file *file, const nh_lock *lock)
{
    unsigned chunk = file->n / NH_LOCK_CHUNK;

    if (chunk == file->n_chunks)
        add_chunk(file);
    if (!file->whole)
        extend(file);
    if (file->n % NH_LOCK_CHUNK == 0 && file->whole)
        begin(file->chunks[chunk]);
    place(file, file->n++, lock);
}

/* Room for more, in both. Not inlined: nearly no call needs it. */
static void G_GNUC_NO_INLINE
make_room(nh_lock_near *nearby)
{
    nearby->room = MAX(2 * nearby->room, 16);
    nearby->places = g_renew(unsigned, nearby->places, nearby->room);
    g_array_set_size(nearby->locks, nearby->room);
}

/* Places ascend, so that they can be emptied from the last one on. */
static void
take(const nh_lock_file *file, nh_lock_near *nearby, unsigned place)
{
    unsigned at = nearby->n_places++;

    if (at == nearby->room)
        make_room(nearby);
    nearby->locks->len = at + 1; /* as g_array_append_val(), which each call would pay for */
    const nh_lock *lock = nh_lock_file_at(file, place);
    g_array_index(nearby->locks, nh_lock, at) = *lock;
    nearby->waits += lock->state == NH_LOCK_WAITING;
    nearby->standing += nh_lock_is_standing(lock);
    for (; at > 0 && nearby->places[at - 1] > place; at--)
        nearby->places[at] = nearby->places[at - 1];
    nearby->places[at] = place;
}

/* One that stands outside these bytes. */
static void
take_beyond(const nh_lock_file *file, nh_lock_near *nearby, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < file->n; i++) {
        const nh_lock *lock = nh_lock_file_at(file, i);
        if (nh_lock_is_standing(lock) && (lock->first > last || lock->last < first)) {
            take(file, nearby, i);
            return;
        }
    }
}

/* The kinds of others' locks that are still to be taken. */
static uint64_t
kinds_wanted(const nh_lock_near *nearby, const nh_lock_asked *asked)
{
    return ANOTHER | (asked->readers || asked->lock->exclusive || !nearby->reader ? A_READER : 0) |
           (asked->waits && nearby->waits < NH_WAITS_MAX ? A_WAIT : 0);
}

/* Locks of others that begin where these bytes end are none of its business. */
static bool
is_near(const nh_lock *lock, const nh_lock_asked *asked, uint64_t kinds)
{
    return is_own(lock, asked->lock) || (lock->first <= asked->last && lock->last >= asked->first && (kind_of(lock) & kinds));
}

static void
take_if_near(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked, unsigned place)
{
    const nh_lock *lock = nh_lock_file_at(file, place);

    if (!is_near(lock, asked, kinds_wanted(nearby, asked)))
        return;
    take(file, nearby, place);
    nearby->reader |= kind_of(lock) == A_READER && !is_own(lock, asked->lock);
}

/* Of one chunk, that begins with the lock at from. before and behind: the bytes with those that touch them. */
static void
take_of_chunk(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked, unsigned from, uint64_t before, uint64_t behind)
{
    const nh_lock_chunk *chunk = file->chunks[from / NH_LOCK_CHUNK];

    for (unsigned i = 0, n = MIN(file->n - from, NH_LOCK_CHUNK); i < n; i++)
        if (chunk->spans[i].first <= behind && chunk->spans[i].last >= before)
            take_if_near(file, nearby, asked, from + i);
}

static void
take_of_few(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked, uint64_t before, uint64_t behind)
{
    for (unsigned i = 0; i < file->n; i++) {
        const nh_lock *lock = nh_lock_file_at(file, i);
        if (lock->first <= behind && lock->last >= before)
            take_if_near(file, nearby, asked, i);
    }
}

static void
take_of_many(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked, uint64_t before, uint64_t behind)
{
    uint64_t own = owner_of(asked->lock), marks = own | kinds_wanted(nearby, asked);

    for (unsigned i = 0; i * NH_LOCK_CHUNK < file->n; i++) {
        const nh_lock_chunk *chunk = file->chunks[i];
        if (!(chunk->marks & marks) || chunk->hull.first > behind || chunk->hull.last < before)
            continue;
        take_of_chunk(file, nearby, asked, i * NH_LOCK_CHUNK, before, behind);
        marks = own | kinds_wanted(nearby, asked);
    }
}

void
nh_lock_file_take(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked)
{
    uint64_t before = asked->first - (asked->first > 0), behind = asked->last + (asked->last < G_MAXUINT64);

    nearby->locks->len = nearby->n_places = 0; /* as g_array_set_size(), which each call would pay for */
    nearby->waits = nearby->standing = 0;
    nearby->reader = false;
    if (file->whole)
        take_of_many(file, nearby, asked, before, behind);
    else
        take_of_few(file, nearby, asked, before, behind);
    if (nearby->waits && file->standing > nearby->standing)
        take_beyond(file, nearby, before, behind);
}

/* Most calls leave as many locks as they found: these stay where the old ones were. */
void
nh_lock_file_put(nh_lock_file *file, nh_lock_near *nearby)
{
    unsigned kept = MIN(nearby->n_places, nearby->locks->len);

    for (unsigned i = 0; i < kept; i++) {
        file->standing -= nh_lock_is_standing(nh_lock_file_at(file, nearby->places[i]));
        place(file, nearby->places[i], &g_array_index(nearby->locks, nh_lock, i));
    }
    for (unsigned i = nearby->n_places; i-- > kept;)
        nh_lock_file_remove(file, nearby->places[i]);
    for (unsigned i = kept; i < nearby->locks->len; i++)
        add(file, &g_array_index(nearby->locks, nh_lock, i));
}
