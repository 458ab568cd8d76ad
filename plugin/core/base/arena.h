/* arena.h
 * Memory that is taken in small pieces and given back all at once. GLib has pieces that are given back one by one, and
 * wmem is Wireshark's, of which the core knows nothing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ARENA_H
#define NLM_HEALTH_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* What lives as long as the watch: connections, calls, frames and keys. */
typedef struct nh_arena nh_arena;

nh_arena *nh_arena_new(void);
void nh_arena_free(nh_arena *arena);

/* size bytes, all zero, good for any type. */
void *nh_arena_take(nh_arena *arena, size_t size);
/* The same, with whatever is in it. */
void *nh_arena_room(nh_arena *arena, size_t size);
/* A copy. */
void *nh_arena_copy(nh_arena *arena, const void *data, size_t size);

#endif
