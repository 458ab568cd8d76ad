/* encrypted.h
 * Calls that cannot be read: RPC over TLS, and Kerberos with privacy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ENCRYPTED_H
#define NLM_HEALTH_ENCRYPTED_H

#include "core/model/model.h"
#include "core/wire/records.h"

/* Bits of pair->encrypted.how. */
enum { NH_ENCRYPTED_BY_TLS = 1, NH_ENCRYPTED_BY_PRIVACY = 2 };

/* Whether a connection is encrypted from this reply on. */
bool nh_encrypted_starts_tls(const nh_conn *conn, const nh_rpc_header *header);
/* The header of a call or a reply between these ends; conn is NULL over UDP. starts_tls: from here on nothing can be read. */
void nh_encrypted_header(nh_watch *watch, const nh_end *src, const nh_end *dst, const nh_conn *conn, const nh_rpc_header *header,
                         bool starts_tls, nh_moment at);

#endif
