/* arena.c
 * Memory that is taken in small pieces and given back all at once.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/arena.h"

#include <string.h>

#define BLOCK_SIZE (64u << 10)

struct nh_arena {
    GPtrArray *blocks;
    uint8_t *next; /* what is free in the latest block */
    size_t left;
};

nh_arena *
nh_arena_new(void)
{
    nh_arena *arena = g_new0(nh_arena, 1);

    arena->blocks = g_ptr_array_new_with_free_func(g_free);
    return arena;
}

void
nh_arena_free(nh_arena *arena)
{
    g_ptr_array_unref(arena->blocks);
    g_free(arena);
}

void *
nh_arena_room(nh_arena *arena, size_t size)
{
    uint8_t *taken;

    size = (size + 7) & ~(size_t)7;
    if (size > arena->left) {
        arena->left = MAX(size, BLOCK_SIZE);
        arena->next = g_malloc(arena->left);
        g_ptr_array_add(arena->blocks, arena->next);
    }
    taken = arena->next;
    arena->next += size;
    arena->left -= size;
    return taken;
}

void *
nh_arena_take(nh_arena *arena, size_t size)
{
    return memset(nh_arena_room(arena, size), 0, size);
}

void *
nh_arena_copy(nh_arena *arena, const void *data, size_t size)
{
    return memcpy(nh_arena_room(arena, size), data, size);
}
