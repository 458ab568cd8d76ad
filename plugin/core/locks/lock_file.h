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

typedef struct {
    GArray *locks;     /* nh_lock, in no order; read it freely, change it by what follows */
    GArray *spans;     /* the bytes of each, so that a search touches little memory */
    unsigned standing; /* how many of them somebody may hold */
} nh_lock_file;

/* What a call is about, while it takes effect. */
typedef struct {
    GArray *locks;    /* nh_lock: copies, to be changed */
    unsigned *places; /* where they are in the file, ascending; NULL while there is no room for any */
    unsigned n_places, room;
} nh_lock_near;

nh_lock_file *nh_lock_file_new(void);
void nh_lock_file_free(void *file);
/* Remove lock i; the last one takes its place. */
void nh_lock_file_remove(nh_lock_file *file, unsigned i);
/* States of its locks were changed in place. */
void nh_lock_file_changed(nh_lock_file *file);

/*
 * Take what overlaps these bytes (both included) or touches them; and one that somebody may hold elsewhere, if there
 * is any, as a proof that the file is not free. The file keeps its own until they are put back.
 */
void nh_lock_file_take(const nh_lock_file *file, nh_lock_near *nearby, uint64_t first, uint64_t last);
/* What they have become takes their place. */
void nh_lock_file_put(nh_lock_file *file, nh_lock_near *nearby);

#endif
