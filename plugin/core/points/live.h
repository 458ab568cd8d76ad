/* live.h
 * The second view of a capture while it passes: what was there before is known again and not told as sent again.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LIVE_H
#define NLM_HEALTH_LIVE_H

#include "core/points/tape.h"

typedef struct nh_live nh_live;

/*
 * Remember what is on the tape. To be called once something shows that packets come twice (a SYN with the number, time
 * stamp and IP identification of an earlier one): a capture of one point pays nothing. Caller frees.
 */
nh_live *nh_live_new(const nh_tape *tape);
void nh_live_free(nh_live *live);

/* Whether the packet passed before; it is remembered, too. What nothing tells from a retransmission did not. */
bool nh_live_segment(nh_live *live, const nh_segment *segment);
bool nh_live_datagram(nh_live *live, const nh_packet *datagram);

#endif
