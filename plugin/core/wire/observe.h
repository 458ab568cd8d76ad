/* observe.h
 * What a packet says, as plain structs: the only language in which its readers
 * talk to the rest of the core.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OBSERVE_H
#define NLM_HEALTH_OBSERVE_H

#include <stddef.h>

#include "core/wire/refusal.h"
#include "include/nlm_health.h"

/* One end of a flow. */
typedef struct {
    nh_addr addr;
    uint16_t port;
} nh_end;

/* Control bits (RFC 9293 section 3.1) */
#define NH_TH_FIN 0x01
#define NH_TH_SYN 0x02
#define NH_TH_RST 0x04
#define NH_TH_PSH 0x08
#define NH_TH_ACK 0x10

typedef struct {
    nh_time time;
    uint32_t frame;
    uint32_t seq, ack;
    uint32_t len;          /* payload bytes on the wire (from the IP length, not the snapped one) */
    uint32_t window;       /* as in the header, not scaled */
    uint32_t tsval, tsecr; /* RFC 7323, if has_tsval */
    uint32_t iface;        /* of the capture file */
    uint16_t flags;
    uint16_t ip_id; /* 0 over IPv6 */
    uint16_t mss;   /* of a SYN (RFC 9293 section 3.7.1); 0: not said */
    uint8_t hops;   /* TTL, hop limit; 0 unknown */
    uint8_t mac[6]; /* of the frame's sender, its own or its router's, if has_mac */
    nh_travel travel : 8;
    bool has_tsval, has_mac;
    bool fragment;          /* it went on in other packets, of which nothing is known */
    bool quoted;            /* not seen itself: known from an ICMP error that quotes it */
    nh_end src, dst;        /* what follows is kept in another form, or not at all, where a segment is kept (first_syns.c) */
    unsigned captured;      /* of the payload */
    const uint8_t *payload; /* captured bytes of the payload */
} nh_segment;

/* An ICMP or ICMPv6 error and the packet that it quotes. */
typedef struct {
    uint32_t frame;
    nh_time time;
    uint32_t iface; /* of the capture file */
    uint16_t ip_id;
    nh_addr sender; /* of the error */
    uint8_t type, code;
    bool v6;
    nh_l4 l4;
    nh_end src, dst;         /* of the quoted packet */
    bool has_seq, has_flags; /* RFC 792 promises 8 bytes of TCP: ports and sequence number */
    uint32_t seq;
    uint16_t flags;
} nh_quote;

typedef struct {
    uint32_t prog, vers, prot;
    uint16_t port; /* 0 = not registered */
} nh_mapping;

#define NH_MAPPINGS_MAX 32

/* Arguments and results of NLM that the core cares for. */
typedef struct {
    bool has_lock, has_share, has_status, has_cookie;
    bool exclusive, block, reclaim;
    bool has_holder;    /* TEST denied: owner, svid, range and exclusive are the holder's */
    uint64_t cookie;    /* the cookie itself up to 8 bytes, else a hash of it */
    const char *caller; /* caller_name: of a call, "" where it has none; in a message the message has it */
    uint32_t file;      /* hash of the file handle, as Wireshark shows it */
    uint32_t owner;     /* hash of the owner handle */
    uint32_t svid;
    uint32_t status;
    uint64_t offset, length;
} nh_nlm;

/* An ONC RPC message (RFC 5531). */
typedef struct {
    uint32_t frame;
    nh_time time;
    nh_l4 l4;
    nh_end src, dst; /* of the packet that carries it */
    bool reply;
    nh_refusal refused; /* a reply: how RPC refuses the call, if it does */
    uint32_t xid, prog, vers, proc;
    bool integrity; /* a call whose results come with a checksum around them (RPCSEC_GSS) */
    nh_nlm nlm;
    uint32_t nsm_state; /* SM_NOTIFY: counts the restarts; 0 = unknown */
    nh_travel travel;
    struct nh_segment_effect *by; /* what the segment that completes it did (model.h); NULL over UDP */
    unsigned n_mappings;          /* portmap: the query (call) or the answers (reply) */
    char caller[64];              /* NLM: the host that asks for a lock, as it calls itself; here begins what nh_message_copy() leaves */
    char mon_name[64];            /* statd: who restarted */
    nh_mapping mappings[NH_MAPPINGS_MAX];
} nh_message;

/* A copy of one that has neither names nor mappings yet. */
static inline void
nh_message_copy(nh_message *copy, const nh_message *message)
{
    memcpy(copy, message, offsetof(nh_message, caller));
    copy->caller[0] = copy->mon_name[0] = '\0';
}

#endif
