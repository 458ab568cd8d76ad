/* encrypted.c
 * Calls that cannot be read: RPC over TLS, and Kerberos with privacy.
 *
 * Their connections are followed all the same: what TCP does can be read. Datagrams: dtls.c.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/encrypted.h"

#include "core/net/pairs.h"
#include "core/model/ports.h"

/* The probe was a call of the AUTH_TLS flavor; its reply says yes (RFC 9289 section 4.1). */
bool
nh_encrypted_starts_tls(const nh_conn *conn, const nh_rpc_header *header)
{
    return header->starttls && !conn->foreign && conn->service != NH_SERVICE_PROBABLE;
}

/* What hides the arguments of this call or those that follow this reply. */
static unsigned
encryption_of(const nh_rpc_header *header, bool starts_tls)
{
    if (header->reply)
        return starts_tls ? NH_ENCRYPTED_BY_TLS : 0;
    return header->privacy && nh_service_of_program(header->prog) != NH_SERVICE_NONE ? NH_ENCRYPTED_BY_PRIVACY : 0;
}

void
nh_encrypted_header(nh_watch *watch, const nh_end *src, const nh_end *dst, const nh_conn *conn, const nh_rpc_header *header,
                    bool starts_tls, nh_moment at)
{
    unsigned how = encryption_of(header, starts_tls);
    nh_way way = conn ? conn->way : NH_FORWARD;
    const nh_end *caller = header->reply ? dst : src, *called = header->reply ? src : dst;

    if (!how)
        return;
    nh_pair *pair = conn ? conn->pair : nh_pair_of_flow(watch, &caller->addr, &called->addr, &way);
    pair->side[way].attempt.active = false; /* whatever was to be sent is on its way */
    if (!pair->encrypted.how)
        pair->encrypted.since = at;
    pair->encrypted.how |= how;
    nh_pair_locks(pair);
}
