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

typedef struct {
    uint64_t first, last;
} span;

nh_lock_file *
nh_lock_file_new(void)
{
    nh_lock_file *file = g_new0(nh_lock_file, 1);

    file->locks = g_array_new(false, false, sizeof(nh_lock));
    file->spans = g_array_new(false, false, sizeof(span));
    return file;
}

void
nh_lock_file_free(void *data)
{
    nh_lock_file *file = data;

    g_array_unref(file->locks);
    g_array_unref(file->spans);
    g_free(file);
}

static bool
is_standing(const nh_lock *lock)
{
    return lock->state != NH_LOCK_WAITING && lock->state != NH_LOCK_GONE;
}

static unsigned
count_standing(const GArray *locks)
{
    unsigned standing = 0;

    for (unsigned i = 0; i < locks->len; i++)
        standing += is_standing(&g_array_index(locks, nh_lock, i));
    return standing;
}

void
nh_lock_file_changed(nh_lock_file *file)
{
    file->standing = count_standing(file->locks);
}

void
nh_lock_file_remove(nh_lock_file *file, unsigned i)
{
    file->standing -= is_standing(&g_array_index(file->locks, nh_lock, i));
    g_array_remove_index_fast(file->locks, i);
    g_array_remove_index_fast(file->spans, i);
}

static void
add(nh_lock_file *file, const nh_lock *lock)
{
    span bytes = { lock->first, lock->last };

    file->standing += is_standing(lock);
    g_array_append_val(file->locks, *lock);
    g_array_append_val(file->spans, bytes);
}

/* Places ascend, so that they can be emptied from the last one on. */
static void
take(const nh_lock_file *file, nh_lock_near *nearby, unsigned place)
{
    unsigned at = nearby->n_places++;

    if (at == nearby->room) {
        nearby->room = MAX(2 * nearby->room, 16);
        nearby->places = g_renew(unsigned, nearby->places, nearby->room);
    }
    for (; at > 0 && nearby->places[at - 1] > place; at--)
        nearby->places[at] = nearby->places[at - 1];
    nearby->places[at] = place;
    g_array_append_val(nearby->locks, g_array_index(file->locks, nh_lock, place));
}

/* One that stands outside these bytes. */
static void
take_beyond(const nh_lock_file *file, nh_lock_near *nearby, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < file->locks->len; i++) {
        const nh_lock *lock = &g_array_index(file->locks, nh_lock, i);
        if (is_standing(lock) && (lock->first > last || lock->last < first)) {
            take(file, nearby, i);
            return;
        }
    }
}

void
nh_lock_file_take(const nh_lock_file *file, nh_lock_near *nearby, uint64_t first, uint64_t last)
{
    const span *spans = (const span *)file->spans->data;

    first -= first > 0;
    last += last < G_MAXUINT64;
    nearby->locks->len = nearby->n_places = 0; /* as g_array_set_size(), which each call would pay for */
    for (unsigned i = 0, n = file->spans->len; i < n; i++)
        if (spans[i].first <= last && spans[i].last >= first)
            take(file, nearby, i);
    if (file->standing > count_standing(nearby->locks))
        take_beyond(file, nearby, first, last);
}

static void
replace(nh_lock_file *file, unsigned place, const nh_lock *lock)
{
    nh_lock *old = &g_array_index(file->locks, nh_lock, place);

    file->standing += is_standing(lock);
    file->standing -= is_standing(old);
    *old = *lock;
    g_array_index(file->spans, span, place) = (span){ lock->first, lock->last };
}

/* Most calls leave as many locks as they found: these stay where the old ones were. */
void
nh_lock_file_put(nh_lock_file *file, nh_lock_near *nearby)
{
    unsigned kept = MIN(nearby->n_places, nearby->locks->len);

    for (unsigned i = 0; i < kept; i++)
        replace(file, nearby->places[i], &g_array_index(nearby->locks, nh_lock, i));
    for (unsigned i = nearby->n_places; i-- > kept;)
        nh_lock_file_remove(file, nearby->places[i]);
    for (unsigned i = kept; i < nearby->locks->len; i++)
        add(file, &g_array_index(nearby->locks, nh_lock, i));
}
