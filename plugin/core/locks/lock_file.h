/* lock_file.h
 * The locks of one file, and those of them that a call is about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_FILE_H
#define NLM_HEALTH_LOCK_FILE_H

#include "core/locks/lock.h"

#define NH_LOCK_CHUNK 8
#define NH_LOCK_FEW   4

typedef struct {
    uint64_t first, last;
} nh_lock_span;

/* So many locks stand together. Of a file's first few, which nearly all files have at most, there is nothing but the locks. */
typedef struct {
    nh_lock locks[NH_LOCK_CHUNK];
    nh_lock_span hull;                 /* around the spans, or wider: most chunks are passed over without a look at each */
    uint64_t marks;                    /* of whose they are and what they do (kind_of(), owner_of()), or more than that */
    nh_lock_span spans[NH_LOCK_CHUNK]; /* the bytes of each lock, so that a search touches little memory */
} nh_lock_chunk;

/* Locks in no order; read them freely (nh_lock_file_at()), change them by what follows. */
typedef struct nh_lock_file {
    nh_lock_chunk **chunks;
    unsigned n, n_chunks, room; /* locks, chunks, and for how many of these there is room */
    unsigned standing;          /* how many of the locks somebody may hold */
    bool whole;                 /* the first chunk is a whole one; false while there were no more than NH_LOCK_FEW */
    bool has_handle;            /* its server is the one that this handle is known of (lock_table.c) */
} nh_lock_file;

static inline nh_lock *
nh_lock_file_at(const nh_lock_file *file, unsigned i)
{
    return &file->chunks[i / NH_LOCK_CHUNK]->locks[i % NH_LOCK_CHUNK];
}

/* What a call is about, while it takes effect. */
typedef struct {
    GArray *locks;    /* nh_lock: copies, to be changed */
    unsigned *places; /* where they are in the file, ascending; NULL while there is no room for any */
    unsigned n_places, room;
    unsigned standing; /* how many of them somebody may hold */
    unsigned waits;    /* how many of them are waits */
    bool reader;       /* one of them is another's lock that any number may share */
} nh_lock_near;

/* What a call asks, and which locks of others it is judged beside, all of them. */
typedef struct {
    const nh_lock *lock;
    uint64_t first, last; /* bytes, both included */
    bool waits;           /* it may free what others wait for, or be about a wait */
    bool readers;         /* it may be about any lock */
} nh_lock_asked;

nh_lock_file *nh_lock_file_new(void);
void nh_lock_file_free(void *file);
/* Remove lock i; the last one takes its place. */
void nh_lock_file_remove(nh_lock_file *file, unsigned i);
/* The first lock from i on that is this owner's; NULL: none. *i: behind it. */
const nh_lock *nh_lock_file_own(const nh_lock_file *file, const nh_lock *owner, unsigned *i);
/* Its locks were changed in place. */
void nh_lock_file_changed(nh_lock_file *file);

/* Room for what calls are about; ended by nh_lock_near_clear(). */
void nh_lock_near_init(nh_lock_near *nearby);
void nh_lock_near_clear(nh_lock_near *nearby);

/*
 * Take what overlaps these bytes, and what touches them of the owner who asks; where somebody waits for these bytes, also one
 * that is held elsewhere, if there is any, as a proof that the file is not free. Thousands may share a lock, or wait for one:
 * of others' shared locks that are in nobody's way one is taken, of others' waits those that somebody is known to stand in the way
 * of no more, unless all are asked for. The file keeps its own until they are put back.
 */
void nh_lock_file_take(const nh_lock_file *file, nh_lock_near *nearby, const nh_lock_asked *asked);
/* What they have become takes their place. */
void nh_lock_file_put(nh_lock_file *file, nh_lock_near *nearby);

#endif
