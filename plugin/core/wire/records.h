/* records.h
 * RPC messages in a byte stream: record marks (RFC 5531 section 11) and message headers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RECORDS_H
#define NLM_HEALTH_RECORDS_H

#include "core/wire/observe.h"

/* The first words of an RPC message. */
typedef struct {
    uint32_t xid, prog, vers, proc; /* program, version, procedure: calls only */
    bool reply;
    bool privacy;      /* a call whose arguments are encrypted (RPCSEC_GSS) */
    bool integrity;    /* a call whose arguments are checksummed (RPCSEC_GSS), and so are its results */
    bool gss_verifier; /* a reply that answers a call with RPCSEC_GSS: the call tells whether its results are wrapped */
    bool tls_probe;    /* a call that only asks whether the server knows TLS (AUTH_TLS, 7) */
    bool starttls;     /* a reply after which the connection is encrypted */
    const uint8_t
        *body; /* arguments, or results of an accepted reply, as far as captured; NULL where they are none, encrypted or unknown */
    unsigned body_length;
    nh_refusal refused; /* a reply: how RPC refuses the call, if it does */
} nh_rpc_header;

/* Read a message header (no record mark); false when the bytes are none or too few. header->body points into bytes. */
bool nh_rpc_header_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header);
/* The same behind a record mark that fits; *size gets the message's length. */
bool nh_record_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header, uint32_t *size);
/* The results in a reply's checksummed body (RFC 2203 section 5.3.2.2): header->body and its length become those of what it holds. */
void nh_rpc_unwrap(nh_rpc_header *header);

/* Where a byte stream is read, and the record that begins before; owned by its reader. */
typedef struct {
    bool synced;   /* the record marks are found */
    uint32_t next; /* sequence number of the next byte to read */
    struct nh_partial *partial;
} nh_position;

/* One direction of a TCP connection, read record by record. All zero: nothing is known yet. */
typedef struct {
    nh_position now;
    struct nh_aside *aside; /* what came out of order; NULL mostly */
} nh_records;

typedef struct {
    /* A message's header was read; its body may not be complete yet. */
    void (*begins)(const nh_rpc_header *header, void *data);
    /* Of a message that ends in a later segment: whether it is worth keeping. */
    bool (*wanted)(const nh_rpc_header *header, void *data);
    /* The last byte of a message arrived: end is the sequence number behind it. Of those that go over several segments only the wanted ones. */
    void (*ends)(const nh_rpc_header *header, uint32_t end, void *data);
} nh_record_sink;

/* Begin anew: with the record mark at next, or, if not synced, wherever a segment begins with a plausible record. */
void nh_records_start(nh_records *records, bool synced, uint32_t next);
/* Give back what it holds. */
void nh_records_clear(nh_records *records);
/*
 * A segment of the stream, in whatever order: every byte is read once. Bytes behind a hole wait for it to be filled
 * (so many of them as is reasonable), unless they begin with a plausible record, which is read at once. Where the
 * marks are lost (capture begins in the middle, bytes not captured) such a segment finds them again.
 */
void nh_records_feed(nh_records *records, const nh_segment *segment, const nh_record_sink *sink, void *data);

#endif
