/* records.h
 * RPC messages in a byte stream: record marks (RFC 5531 section 11) and message headers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RECORDS_H
#define NLM_HEALTH_RECORDS_H

#include "core/model/model.h"

/* The first words of an RPC message. */
typedef struct {
    uint32_t xid, prog, vers, proc; /* program, version, procedure: calls only */
    bool reply;
    bool privacy;        /* a call whose arguments are encrypted (RPCSEC_GSS) */
    bool tls_probe;      /* a call that only asks whether the server knows TLS (AUTH_TLS, 7) */
    bool starttls;       /* a reply after which the connection is encrypted */
    bool complete;       /* the whole record lies in the segment that was fed */
    const uint8_t *body; /* arguments, or results of an accepted reply, as far as captured; NULL where they are none, wrapped or unknown */
    unsigned body_length;
    const char *refused; /* a refused reply: "PROG_UNAVAIL", "AUTH_ERROR" ...; static; else NULL */
} nh_rpc_header;

/* Read a message header (no record mark); false when the bytes are none or too few. header->body points into bytes. */
bool nh_rpc_header_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header);
/* The same behind a record mark that fits; *size gets the message's length. */
bool nh_record_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header, uint32_t *size);

typedef void (*nh_record_cb)(nh_rpc_header *header, void *data);
/*
 * Follow the record marks of a stream through one in-order segment; cb is called
 * for each record whose header lies in the segment. Where the marks are lost
 * (capture begins in the middle, bytes not captured) a segment that begins with
 * a plausible record finds them again.
 */
void nh_records_feed(nh_records *records, const nh_segment *segment, nh_record_cb cb, void *data);

#endif
