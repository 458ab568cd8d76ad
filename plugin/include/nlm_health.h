/* nlm_health.h
 * The public face of the core: one packet a frame in.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_H
#define NLM_HEALTH_H

#include "core/base/core.h"

typedef struct nh_watch nh_watch;

/* Whether the capturing host itself sent the packet (cooked captures, pcapng flags). */
typedef enum { NH_TRAVEL_UNKNOWN, NH_TRAVEL_SENT, NH_TRAVEL_RECEIVED } nh_travel;

typedef enum {
    NH_PACKET_SEGMENT,  /* TCP */
    NH_PACKET_DATAGRAM, /* UDP */
    NH_PACKET_ICMP,     /* errors quote a packet; others are of no interest */
    NH_PACKET_ICMPV6
} nh_packet_kind;

/*
 * A packet as it was captured: what its frame and its IP header say, and its bytes
 * from the header of TCP, UDP or ICMP on. The core reads the rest itself. The bytes
 * need to stay only while nh_packet_take() runs.
 */
typedef struct {
    uint32_t frame; /* from 1 */
    nh_time time;
    nh_packet_kind kind;
    nh_addr src, dst;
    bool has_mac, has_hops, has_point;
    uint8_t mac_src[6], mac_dst[6]; /* of the frame */
    uint8_t hops;                   /* TTL, hop limit */
    uint32_t iface, section;        /* of the capture file (pcapng) */
    uint16_t ip_id;                 /* 0 over IPv6 */
    nh_travel travel;
    bool fragment; /* the first fragment of a packet that nobody put together: how long the packet was is not known */
    const uint8_t *bytes;
    unsigned captured, length; /* of these bytes; as long on the wire */
} nh_packet;

/*
 * A packet passes, in the order of the capture; several of one frame (a tunnel and what is in it) one after the other.
 * Packets of no interest cost little.
 */
void nh_packet_take(nh_watch *watch, const nh_packet *packet);
/* Every frame of the capture is counted, after its packets, whatever it holds. */
void nh_watch_frame(nh_watch *watch, uint32_t frame, nh_time at);

#endif
