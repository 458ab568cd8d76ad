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

static bool
is_standing(const nh_lock *lock)
{
    return lock->state != NH_LOCK_WAITING && lock->state != NH_LOCK_GONE;
}

void
nh_lock_file_changed(nh_lock_file *file)
{
    file->standing = 0;
    for (unsigned i = 0; i < file->n; i++)
        file->standing += is_standing(nh_lock_file_at(file, i));
}

static nh_lock_span
span_of(const nh_lock *lock)
{
    return (nh_lock_span){ lock->first, lock->last };
}

static void
set_span(nh_lock_file *file, unsigned i, nh_lock_span bytes)
{
    nh_lock_chunk *chunk = file->chunks[i / NH_LOCK_CHUNK];

    chunk->spans[i % NH_LOCK_CHUNK] = bytes;
    chunk->hull.first = MIN(chunk->hull.first, bytes.first);
    chunk->hull.last = MAX(chunk->hull.last, bytes.last);
}

void
nh_lock_file_remove(nh_lock_file *file, unsigned i)
{
    file->standing -= is_standing(nh_lock_file_at(file, i));
    file->n--;
    *nh_lock_file_at(file, i) = *nh_lock_file_at(file, file->n);
    set_span(file, i, span_of(nh_lock_file_at(file, i)));
}

static void
place(nh_lock_file *file, unsigned i, const nh_lock *lock)
{
    file->standing += is_standing(lock);
    *nh_lock_file_at(file, i) = *lock;
    set_span(file, i, span_of(lock));
}

/* Most files have one lock, and a chunk that ends behind it. */
static void
add_chunk(nh_lock_file *file)
{
    if (file->n_chunks == file->room) {
        file->room = MAX(2 * file->room, 1);
        file->chunks = g_renew(nh_lock_chunk *, file->chunks, file->room);
    }
    file->chunks[file->n_chunks] = g_malloc(file->n_chunks ? sizeof(nh_lock_chunk) : offsetof(nh_lock_chunk, locks) + sizeof(nh_lock));
    file->n_chunks++;
}

static void
add(nh_lock_file *file, const nh_lock *lock)
{
    unsigned chunk = file->n / NH_LOCK_CHUNK;

    if (chunk == file->n_chunks)
        add_chunk(file);
    if (file->n == 1 && !file->whole) {
        file->chunks[0] = g_realloc(file->chunks[0], sizeof(nh_lock_chunk));
        file->whole = true;
    }
    if (file->n % NH_LOCK_CHUNK == 0)
        file->chunks[chunk]->hull = (nh_lock_span){ G_MAXUINT64, 0 };
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
    nearby->waits |= lock->state == NH_LOCK_WAITING;
    nearby->standing += is_standing(lock);
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
        if (is_standing(lock) && (lock->first > last || lock->last < first)) {
            take(file, nearby, i);
            return;
        }
    }
}

/* Locks of others that begin where these bytes end are none of its business. */
static bool
is_near(const nh_lock *lock, const nh_lock *asked, uint64_t first, uint64_t last)
{
    return (lock->first <= last && lock->last >= first) || (lock->svid == asked->svid && lock->owner == asked->owner);
}

void
nh_lock_file_take(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock *asked, uint64_t first, uint64_t last)
{
    uint64_t before = first - (first > 0), behind = last + (last < G_MAXUINT64);

    nearby->locks->len = nearby->n_places = 0; /* as g_array_set_size(), which each call would pay for */
    nearby->waits = false;
    nearby->standing = 0;
    for (unsigned from = 0; from < file->n; from += NH_LOCK_CHUNK) {
        const nh_lock_chunk *chunk = file->chunks[from / NH_LOCK_CHUNK];
        if (chunk->hull.first > behind || chunk->hull.last < before)
            continue;
        for (unsigned i = 0, n = MIN(file->n - from, NH_LOCK_CHUNK); i < n; i++)
            if (chunk->spans[i].first <= behind && chunk->spans[i].last >= before && is_near(&chunk->locks[i], asked, first, last))
                take(file, nearby, from + i);
    }
    if (nearby->waits && file->standing > nearby->standing)
        take_beyond(file, nearby, before, behind);
}

/* Most calls leave as many locks as they found: these stay where the old ones were. */
void
nh_lock_file_put(nh_lock_file *file, nh_lock_near *nearby)
{
    unsigned kept = MIN(nearby->n_places, nearby->locks->len);

    for (unsigned i = 0; i < kept; i++) {
        file->standing -= is_standing(nh_lock_file_at(file, nearby->places[i]));
        place(file, nearby->places[i], &g_array_index(nearby->locks, nh_lock, i));
    }
    for (unsigned i = nearby->n_places; i-- > kept;)
        nh_lock_file_remove(file, nearby->places[i]);
    for (unsigned i = kept; i < nearby->locks->len; i++)
        add(file, &g_array_index(nearby->locks, nh_lock, i));
}
