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
#include "core/model/ports.h"
#include "core/wire/records.h"
#include "core/wire/transport.h"
#include "core/model/story.h"

/* options and the strings in them are copied. */
nh_watch *nh_watch_new(const nh_options *options);
void nh_watch_free(nh_watch *watch);

/*
 * Whether a segment, of which these bytes were captured, is worth a look: most are
 * not, and nothing more than nh_packet_seen() need be done for them.
 */
static inline bool
nh_packet_may_matter(const nh_watch *watch, const uint8_t *bytes, unsigned captured)
{
    static const uint8_t programs[] = { NH_PROG_NLM >> 24, NH_PROG_NLM >> 16 & 0xff,
                                        NH_PROG_NLM >> 8 & 0xff }; /* of all that are followed */

    if (captured < NH_TCP_HEADER)
        return false;
    if (nh_port_may_matter(watch, nh_be16(bytes), nh_be16(bytes + 2)))
        return true;
    if (watch->waiters > 0 && (bytes[13] & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN) /* a callback may go to any port */
        return true;
    /* a call between ports of which nothing is known: record mark, XID, call, RPC version, program */
    unsigned header = (unsigned)(bytes[12] >> 4) * 4;
    if (header < NH_TCP_HEADER || header + 28 > captured || memcmp(bytes + header + 16, programs, sizeof programs) != 0)
        return false;
    return nh_service_of_program(nh_be32(bytes + header + 16)) != NH_SERVICE_NONE;
}
/* The same of a datagram: a call or a reply of RPC (RFC 5531 section 9), or of a flow that is encrypted. */
static inline bool
nh_datagram_may_matter(const nh_watch *watch, const uint8_t *bytes, unsigned captured)
{
    return watch->dtls_flows || (captured >= NH_UDP_HEADER + 12 && nh_be32(bytes + NH_UDP_HEADER + 4) <= 1);
}
/* Whether nh_packet_seen() has anything to remember: somebody holds a lock. */
static inline bool
nh_packets_prove_life(const nh_watch *watch)
{
    return watch->holders > 0;
}
/* A segment that is of no interest but for this: its sender lives. */
void nh_packet_seen(nh_watch *watch, const nh_addr *from, nh_moment at);

/* Parts of nh_packet_take(), each of which may be fed alone: */
void nh_watch_segment(nh_watch *watch, const nh_segment *segment);
/* A message with its arguments or results. */
void nh_watch_message(nh_watch *watch, const nh_message *message);
/* A datagram of which the RPC header was read, and nothing more yet. */
void nh_watch_datagram(nh_watch *watch, nh_message *message, const nh_rpc_header *header);

/* Tell the story of what was seen so far; also completes what earlier frames show. Caller frees it. */
nh_story *nh_watch_story(nh_watch *watch);
/* Whose frames the last story is about: with two capture points those of one, else the watch itself. Until the next story. */
const nh_watch *nh_watch_shown(const nh_watch *watch);

#endif
