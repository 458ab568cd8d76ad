/* tcp_copies.h
 * Segments that were captured twice.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TCP_COPIES_H
#define NLM_HEALTH_TCP_COPIES_H

#include "core/model/model.h"

/* Everything that a copy of a segment has in common with it, in one number. */
uint32_t nh_tcp_copy_key(const nh_segment *seg);
/* Whether one of the latest segments of this half was the same packet. */
bool nh_tcp_is_copy(const nh_half *half, const nh_segment *seg, uint32_t key);
/* What is to be asked first: nearly no packet needs the second question. */
static inline bool
nh_tcp_may_be_second_view(const nh_watch *watch, const nh_segment *seg)
{
    return watch->live || (seg->flags & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN;
}
/* Whether a packet passed before at another capture point, however long ago. */
bool nh_tcp_is_second_view(nh_conn *conn, const nh_segment *seg, uint32_t key);
/* One more packet of this half: its copies may follow. */
void nh_tcp_remember(nh_half *half, const nh_segment *seg, uint32_t key);

#endif
