/* records.c
 * RPC messages in a byte stream: record marks (RFC 5531 section 11) and message headers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/records.h"

#define RPCSEC_GSS 6          /* RFC 2203: arguments and results may be wrapped */
#define AUTH_TLS   7          /* RFC 9289 section 4.1 */
#define RECORD_MAX (4u << 20) /* larger marks are no marks */

/* reject_stat and accept_stat (RFC 5531 section 9) */
static const char *
refusal(const uint8_t *bytes, unsigned length)
{
    static const char *const accept[] = { NULL, "PROG_UNAVAIL", "PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS", "SYSTEM_ERR" };

    if (length < 16)
        return NULL;
    if (nh_be32(bytes + 8) == 1) /* MSG_DENIED */
        return nh_be32(bytes + 12) == 0 ? "RPC_MISMATCH" : "AUTH_ERROR";
    if (length < 20)
        return NULL;
    uint32_t verifier = nh_be32(bytes + 16);
    if (verifier > 400 || length < 24 + ((verifier + 3) & ~3u))
        return NULL;
    uint32_t state = nh_be32(bytes + 20 + ((verifier + 3) & ~3u));
    return state < G_N_ELEMENTS(accept) ? accept[state] : NULL;
}

/* Credentials of RPCSEC_GSS for data (0) with privacy (3): flavor, length, version, procedure, sequence, service (RFC 2203 section 5). */
static bool
is_private(const uint8_t *bytes, unsigned length)
{
    return length >= 48 && nh_be32(bytes + 24) == RPCSEC_GSS && nh_be32(bytes + 36) == 0 && nh_be32(bytes + 44) == 3;
}

/* An accepted reply whose verifier is AUTH_NONE with these 8 bytes (RFC 9289 section 4.1) */
static bool
starts_tls(const uint8_t *bytes, unsigned length)
{
    return length >= 28 && nh_be32(bytes + 8) == 0 && nh_be32(bytes + 12) == 0 && nh_be32(bytes + 16) == 8 &&
           memcmp(bytes + 20, "STARTTLS", 8) == 0;
}

/* Where the opaque_auth at this offset ends (RFC 5531 section 8.2); 0 when it was not captured, is none or may wrap what follows. */
static unsigned
behind_auth(const uint8_t *bytes, unsigned length, unsigned offset)
{
    if (offset == 0 || offset + 8 > length || nh_be32(bytes + offset) == RPCSEC_GSS || nh_be32(bytes + offset + 4) > 400)
        return 0;
    unsigned end = offset + 8 + ((nh_be32(bytes + offset + 4) + 3) & ~3u);
    return end <= length ? end : 0;
}

/* Arguments begin behind credentials and verifier, results behind verifier and accept_stat SUCCESS. */
static void
find_body(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    unsigned start = header->reply ? behind_auth(bytes, length, 12) : behind_auth(bytes, length, behind_auth(bytes, length, 24));

    if (header->reply && start) {
        bool success = nh_be32(bytes + 8) == 0 && start + 4 <= length && nh_be32(bytes + start) == 0;
        start = success ? start + 4 : 0;
    }
    if (!start)
        return;
    header->body = bytes + start;
    header->body_length = length - start;
}

bool
nh_rpc_header_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header)
{
    if (length < 12)
        return false;
    *header = (nh_rpc_header){ .xid = nh_be32(bytes) };
    switch (nh_be32(bytes + 4)) {
    case 0: /* CALL */
        if (length < 24 || nh_be32(bytes + 8) != 2)
            return false;
        header->prog = nh_be32(bytes + 12);
        header->vers = nh_be32(bytes + 16);
        header->proc = nh_be32(bytes + 20);
        header->privacy = is_private(bytes, length);
        header->tls_probe = length >= 28 && nh_be32(bytes + 24) == AUTH_TLS;
        find_body(bytes, length, header);
        return header->vers < 100 && header->proc < 1000;
    case 1: /* REPLY */
        if (nh_be32(bytes + 8) > 1)
            return false;
        header->reply = true;
        header->refused = refusal(bytes, length);
        header->starttls = starts_tls(bytes, length);
        find_body(bytes, length, header);
        return true;
    default:
        return false;
    }
}

bool
nh_record_read(const uint8_t *bytes, unsigned length, nh_rpc_header *header, uint32_t *size)
{
    if (length < 4)
        return false;
    *size = nh_be32(bytes) & 0x7fffffff;
    return *size >= 12 && *size <= RECORD_MAX && nh_rpc_header_read(bytes + 4, MIN(length - 4, *size), header);
}

/* Find the marks again where a segment begins with a plausible record. */
static void
resync(nh_records *records, const nh_segment *segment)
{
    nh_rpc_header header;
    uint32_t size;

    records->synced = nh_record_read(segment->payload, segment->captured, &header, &size);
    records->next = segment->seq;
}

void
nh_records_feed(nh_records *records, const nh_segment *segment, nh_record_cb cb, void *data)
{
    uint32_t end = segment->seq + segment->len;

    if (!records->synced || (int32_t)(segment->seq - records->next) > 0)
        resync(records, segment);
    while (records->synced && (int32_t)(records->next - end) < 0) {
        uint32_t offset = records->next - segment->seq;
        nh_rpc_header header;
        uint32_t size;

        if ((int32_t)offset < 0 || offset + 4 > segment->captured) {
            records->synced = false; /* the mark itself is cut in two or was not captured */
            return;
        }
        bool readable = nh_record_read(segment->payload + offset, segment->captured - offset, &header, &size);
        size = nh_be32(segment->payload + offset) & 0x7fffffff;
        if (size > RECORD_MAX) {
            records->synced = false;
            return;
        }
        records->start = records->next;
        records->started = (nh_moment){ segment->frame, segment->time };
        records->next += 4 + size;
        header.complete = (int32_t)(records->next - end) <= 0;
        if (readable)
            cb(&header, data);
    }
}
