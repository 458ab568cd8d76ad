/* refusal.c
 * How RPC refuses a call (RFC 5531 section 9): before any program saw it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/refusal.h"

/* --- read ------------------------------------------------------------------------------- */

#define MSG_DENIED   1   /* reply_stat */
#define RPC_MISMATCH 0   /* reject_stat */
#define AUTH_MAX     400 /* bytes of a verifier */

static nh_refusal
of_accept_stat(uint32_t state)
{
    static const uint8_t refusals[] = {
#define ROW(number, name) [number] = NH_REFUSAL_##name,
        NH_ACCEPT_STATS(ROW)
#undef ROW
    };

    return state < G_N_ELEMENTS(refusals) ? (nh_refusal)refusals[state] : NH_REFUSAL_NONE;
}

static nh_refusal
of_auth_stat(uint32_t state)
{
    static const uint8_t refusals[] = {
#define ROW(number, name) [number] = NH_REFUSAL_##name,
        NH_AUTH_STATS(ROW)
#undef ROW
    };

    return state < G_N_ELEMENTS(refusals) && refusals[state] ? (nh_refusal)refusals[state] : NH_REFUSAL_AUTH_ERROR;
}

static nh_refusal
read_denied(const uint8_t *bytes, unsigned length)
{
    if (nh_be32(bytes + 12) == RPC_MISMATCH)
        return NH_REFUSAL_RPC_MISMATCH;
    return length >= 20 ? of_auth_stat(nh_be32(bytes + 16)) : NH_REFUSAL_AUTH_ERROR;
}

/* accept_stat stands behind the verifier. */
static nh_refusal
read_accepted(const uint8_t *bytes, unsigned length)
{
    uint32_t verifier = length >= 20 ? nh_be32(bytes + 16) : AUTH_MAX + 1, padded = (verifier + 3) & ~3u;

    if (verifier > AUTH_MAX || length < 24 + padded)
        return NH_REFUSAL_NONE;
    return of_accept_stat(nh_be32(bytes + 20 + padded));
}

nh_refusal
nh_refusal_read(const uint8_t *bytes, unsigned length)
{
    if (length < 16)
        return NH_REFUSAL_NONE;
    return nh_be32(bytes + 8) == MSG_DENIED ? read_denied(bytes, length) : read_accepted(bytes, length);
}

/* --- told --------------------------------------------------------------------------------- */

const char *
nh_refusal_name(nh_refusal refusal)
{
    static const char *const names[NH_REFUSAL_COUNT] = {
#define ROW(number, name) [NH_REFUSAL_##name] = #name,
        NH_ACCEPT_STATS(ROW)
#undef ROW
#define ROW(number, name) [NH_REFUSAL_##name] = "AUTH_ERROR (" #name ")",
            NH_AUTH_STATS(ROW)
#undef ROW
                [NH_REFUSAL_RPC_MISMATCH] = "RPC_MISMATCH",
        [NH_REFUSAL_AUTH_ERROR] = "AUTH_ERROR",
    };

    return names[refusal];
}

bool
nh_refusal_is_of_credentials(nh_refusal refusal)
{
    return refusal >= NH_REFUSAL_AUTH_ERROR;
}

bool
nh_refusal_is_of_version(nh_refusal refusal)
{
    return refusal == NH_REFUSAL_PROG_MISMATCH || refusal == NH_REFUSAL_RPC_MISMATCH || refusal == NH_REFUSAL_PROC_UNAVAIL;
}
