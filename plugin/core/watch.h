/* watch.h
 * The core as a whole: packets in, story and per-frame views out.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_WATCH_H
#define NLM_HEALTH_WATCH_H

#include "core/model/model.h"
#include "core/wire/records.h"
#include "core/model/story.h"

/* options and the strings in them are copied. */
nh_watch *nh_watch_new(const nh_options *options);
void nh_watch_free(nh_watch *watch);

/* Every frame of the capture, in order, before its facts. */
void nh_watch_frame(nh_watch *watch, uint32_t frame, nh_time at);
/* Returns what the segment was; valid until the next one. */
const nh_passing *nh_watch_segment(nh_watch *watch, const nh_segment *segment);
/*
 * The segment was dissected: complete messages in it that no dissector reported
 * (Wireshark took the segment for a retransmission, or knows the port as
 * another's) are taken from the record marks. The segment's payload must still be there.
 */
void nh_watch_segment_done(nh_watch *watch);
/* A segment that is of no interest but for this: its sender lives. */
void nh_watch_seen(nh_watch *watch, const nh_addr *from, nh_moment at);
void nh_watch_quote(nh_watch *watch, const nh_quote *quote);
void nh_watch_message(nh_watch *watch, const nh_message *message);
/* The RPC header in a UDP datagram: nobody else tells of refusals, of calls and replies with nothing behind it, and of what is encrypted. */
void nh_watch_datagram(nh_watch *watch, const nh_message *message, const nh_rpc_header *header);
/* A UDP datagram without one; of interest only while watch->sealed is not NULL. */
void nh_watch_unreadable(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_moment at);

/* Tell the story of what was seen so far; also completes what earlier frames show. Caller frees it. */
nh_story *nh_watch_story(nh_watch *watch);

#endif
