/* refusal.h
 * How RPC refuses a call (RFC 5531 section 9): before any program saw it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REFUSAL_H
#define NLM_HEALTH_REFUSAL_H

#include "core/base/core.h"

/* accept_stat of a reply that is MSG_ACCEPTED: number, name. 0 is SUCCESS. */
/* clang-format off */
#define NH_ACCEPT_STATS(X) \
    X(1, PROG_UNAVAIL) \
    X(2, PROG_MISMATCH) \
    X(3, PROC_UNAVAIL) \
    X(4, GARBAGE_ARGS) \
    X(5, SYSTEM_ERR)

/* auth_stat of one that is MSG_DENIED with the reject_stat AUTH_ERROR: number, name */
#define NH_AUTH_STATS(X) \
    X(1,  AUTH_BADCRED) \
    X(2,  AUTH_REJECTEDCRED) \
    X(3,  AUTH_BADVERF) \
    X(4,  AUTH_REJECTEDVERF) \
    X(5,  AUTH_TOOWEAK) \
    X(6,  AUTH_INVALIDRESP) \
    X(7,  AUTH_FAILED) \
    X(8,  AUTH_KERB_GENERIC) \
    X(9,  AUTH_TIMEEXPIRE) \
    X(10, AUTH_TKT_FILE) \
    X(11, AUTH_DECODE) \
    X(12, AUTH_NET_ADDR) \
    X(13, RPCSEC_GSS_CREDPROBLEM) \
    X(14, RPCSEC_GSS_CTXPROBLEM)
/* clang-format on */

typedef enum {
    NH_REFUSAL_NONE,
/* clang-format off */
#define ROW(number, name) NH_REFUSAL_##name,
    NH_ACCEPT_STATS(ROW)
    NH_REFUSAL_RPC_MISMATCH, /* reject_stat 0 */
    NH_REFUSAL_AUTH_ERROR,   /* reject_stat 1, for a reason that was not captured or has no name; those below have one */
    NH_AUTH_STATS(ROW)
    NH_REFUSAL_COUNT
#undef ROW
    /* clang-format on */
} nh_refusal;

/* How a reply's header (from the XID on) refuses; NONE: it does not, or that was not captured. */
nh_refusal nh_refusal_read(const uint8_t *bytes, unsigned length);
/* As RFC 5531 calls it, AUTH_ERROR with its reason; static; NULL for NONE. */
const char *nh_refusal_name(nh_refusal refusal);
/* The server does not take who the caller says he is. */
bool nh_refusal_is_of_credentials(nh_refusal refusal);
/* The server knows another version of RPC or of the program, or this version lacks the procedure. */
bool nh_refusal_is_of_version(nh_refusal refusal);

#endif
