/* hash.c
 * The random factors of the hashes.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/hash.h"

uint64_t nh_hash_factors[NH_HASH_WORDS + 1];

void
nh_hash_seed(void)
{
    static size_t drawn;

    if (!g_once_init_enter(&drawn))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(nh_hash_factors); i++)
        nh_hash_factors[i] = (uint64_t)g_random_int() << 32 | g_random_int();
    g_once_init_leave(&drawn, 1);
}

unsigned
nh_addr_hash(const nh_addr *addr)
{
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, addr);
    return nh_hash_end(&hash);
}

unsigned
nh_addr_hash_key(const void *addr)
{
    return nh_addr_hash(addr);
}

gboolean
nh_addr_equal_keys(const void *a, const void *b)
{
    return nh_addr_equal(a, b);
}

unsigned
nh_number_hash(const void *number)
{
    nh_hash hash = nh_hash_begin();

    nh_hash_word(&hash, GPOINTER_TO_UINT(number));
    return nh_hash_end(&hash);
}

unsigned
nh_pair_key_hash(const void *data)
{
    const nh_pair_key *key = data;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, &key->client);
    nh_hash_addr(&hash, &key->server);
    return nh_hash_end(&hash);
}

gboolean
nh_pair_key_equal(const void *a, const void *b)
{
    const nh_pair_key *x = a, *y = b;
    return nh_addr_equal(&x->client, &y->client) && nh_addr_equal(&x->server, &y->server);
}
