/* test_hash.c
 * Hashes of what a capture chooses: no choice makes all fall into one place.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/hash.h"

#define N 4096

static uint32_t
hash_of(const uint32_t *words, unsigned n)
{
    nh_hash hash = nh_hash_begin();

    for (unsigned i = 0; i < n; i++)
        nh_hash_word(&hash, words[i]);
    return nh_hash_end(&hash);
}

/* How many of the keys share their hash with one before. */
static unsigned
collisions(void (*make)(unsigned i, uint32_t words[2]))
{
    GHashTable *seen = g_hash_table_new(NULL, NULL);
    unsigned n = 0;

    for (unsigned i = 0; i < N; i++) {
        uint32_t words[2];
        make(i, words);
        n += !g_hash_table_add(seen, GUINT_TO_POINTER(hash_of(words, 2)));
    }
    g_hash_table_unref(seen);
    return n;
}

/* What met in sums of hashes: the same sum, the same difference, a multiple of 31, and only the highest bits differ. */
static void
same_sum(unsigned i, uint32_t words[2])
{
    words[0] = i;
    words[1] = N - i;
}

static void
factor_31(unsigned i, uint32_t words[2])
{
    words[0] = i;
    words[1] = 0u - 31 * i;
}

static void
high_bits(unsigned i, uint32_t words[2])
{
    words[0] = i << 20;
    words[1] = i << 31;
}

static void
test_no_chosen_collisions(void)
{
    g_assert_cmpuint(collisions(same_sum), <=, 4);
    g_assert_cmpuint(collisions(factor_31), <=, 4);
    g_assert_cmpuint(collisions(high_bits), <=, 4);
}

/* Another process has other factors: what collides in one does not in the next. */
static void
test_factors_are_drawn(void)
{
    unsigned zeros = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(nh_hash_factors); i++)
        zeros += nh_hash_factors[i] == 0;
    g_assert_cmpuint(zeros, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    nh_hash_seed();
    g_test_add_func("/hash/no-chosen-collisions", test_no_chosen_collisions);
    g_test_add_func("/hash/factors-are-drawn", test_factors_are_drawn);
    return g_test_run();
}
