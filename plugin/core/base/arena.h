/* arena.h
 * Memory that is taken in small pieces and given back all at once.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ARENA_H
#define NLM_HEALTH_ARENA_H

#include <glib.h>

/* What lives as long as the watch: connections, calls, frames and keys. */
typedef struct nh_arena nh_arena;

nh_arena *nh_arena_new(void);
void nh_arena_free(nh_arena *arena);

/* size bytes, all zero, good for any type. */
gpointer nh_arena_take(nh_arena *arena, gsize size);
/* A copy. */
gpointer nh_arena_copy(nh_arena *arena, gconstpointer data, gsize size);

#endif
