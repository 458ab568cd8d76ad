/* search.h
 * Searching what is in order.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SEARCH_H
#define NLM_HEALTH_SEARCH_H

/*
 * place, an unsigned, becomes the first of n at which is_before, an expression of place, is false: n when there is none.
 * Those for which it is true stand before the others. g_array_binary_search() finds an equal one, and not the next.
 */
#define NH_SEARCH(place, n, is_before) \
    do { \
        unsigned search_from = 0, search_to = (n); \
        while (search_from < search_to) { \
            (place) = search_from + (search_to - search_from) / 2; \
            if (is_before) \
                search_from = (place) + 1; \
            else \
                search_to = (place); \
        } \
        (place) = search_from; \
    } while (0)

#endif
