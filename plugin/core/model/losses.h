/* losses.h
 * Packets that a capture should have and has not.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOSSES_H
#define NLM_HEALTH_LOSSES_H

#include "core/model/model.h"

/* A packet shows that another one between the two is missing: bytes are skipped, or acknowledged that nobody was seen to send. */
void nh_loss_note(nh_pair *pair, nh_moment at);
/* What was missing comes late: it was captured out of order only. */
void nh_loss_filled(nh_pair *pair);
/* So much is missing between the two that any packet may be; or the frames are not in the order of time, so that nothing proves what came before. */
bool nh_loss_is_heavy(const nh_pair *pair);

#endif
