/* losses.c
 * Packets that a capture should have and has not.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/losses.h"

#include "core/base/limits.h"

void
nh_loss_note(nh_pair *pair, nh_moment at)
{
    pair->gap = at;
    pair->losses += !pair->fragments;
}

void
nh_loss_filled(nh_pair *pair)
{
    if (pair->losses > 0)
        pair->losses--;
}

bool
nh_loss_is_heavy(const nh_pair *pair)
{
    return pair->watch->runs_back.frame || (pair->losses >= NH_LOSSES_MIN && pair->losses * NH_PACKETS_PER_LOSS >= pair->packets);
}
