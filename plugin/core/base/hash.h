/* hash.h
 * Hashes that nobody can foresee: whoever makes a capture chooses addresses, ports and XIDs, and must not be able to
 * choose them so that all fall into one place of a table.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_HASH_H
#define NLM_HEALTH_HASH_H

#include "core/base/core.h"

/* Words of the longest key: two IPv6 addresses with their lengths, and four more. */
#define NH_HASH_WORDS 14

/*
 * Random, the same for as long as the process lives: the only thing that the core keeps outside of a watch, for what GLib
 * calls to hash a key is told the key alone.
 */
extern uint64_t nh_hash_factors[NH_HASH_WORDS + 1];

/*
 * Multilinear hashing (Lemire and Kaser, "Strongly universal string hashing is fast", 2014): the upper half of
 * m0 + m1 w1 + m2 w2 + ... with random factors m. Two keys of one table share a hash with a chance of 2^-32, whatever
 * they are, and each packet pays a multiplication a word.
 */
typedef struct {
    uint64_t sum;
    unsigned words;
} nh_hash;

/* Draw the factors, unless that was done; before any table is made. */
void nh_hash_seed(void);

static inline nh_hash
nh_hash_begin(void)
{
    return (nh_hash){ nh_hash_factors[0], 0 };
}

static inline void
nh_hash_word(nh_hash *hash, uint32_t word)
{
    hash->sum += nh_hash_factors[++hash->words] * word;
}

static inline void
nh_hash_addr(nh_hash *hash, const nh_addr *addr)
{
    nh_hash_word(hash, addr->len);
    for (unsigned i = 0; i < addr->len; i += 4) {
        uint32_t word;
        memcpy(&word, addr->bytes + i, sizeof word);
        nh_hash_word(hash, word);
    }
}

static inline uint32_t
nh_hash_end(const nh_hash *hash)
{
    return (uint32_t)(hash->sum >> 32);
}

/* Of an address: for tables of our own keys. */
unsigned nh_addr_hash(const nh_addr *addr);
/* Of an address, and of a number that stands in a pointer: for tables of GLib's. */
unsigned nh_addr_hash_key(const void *addr);
gboolean nh_addr_equal_keys(const void *a, const void *b);
unsigned nh_number_hash(const void *number);

/* What belongs to a client and a server is found by this. */
typedef struct {
    nh_addr client, server;
} nh_pair_key;

/* For tables of GLib's whose keys are, or begin with, a nh_pair_key. */
unsigned nh_pair_key_hash(const void *key);
gboolean nh_pair_key_equal(const void *a, const void *b);

#endif
