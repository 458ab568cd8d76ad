/* arguments.c
 * Arguments and results of the followed programs, read from the bytes behind the RPC header.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/arguments.h"

#include "core/base/crc32.h"
#include "core/wire/procedures.h"

/* --- XDR (RFC 4506): a cursor that never reads past what was captured -------------- */

typedef struct {
    const uint8_t *at;
    unsigned left; /* bytes */
    bool failed;   /* nothing is left then */
} xdr;

static uint32_t
fail(xdr *x)
{
    x->left = 0;
    x->failed = true;
    return 0;
}

static uint32_t
get_uint(xdr *x)
{
    uint32_t value;

    if (x->left < 4)
        return fail(x);
    value = nh_be32(x->at);
    x->at += 4;
    x->left -= 4;
    return value;
}

static uint64_t
get_hyper(xdr *x)
{
    uint64_t high = get_uint(x);
    return high << 32 | get_uint(x);
}

/* Length of the opaque data at the cursor, which moves behind it; *start is where its bytes begin. */
static uint32_t
get_opaque(xdr *x, const uint8_t **start)
{
    uint32_t length = get_uint(x);
    unsigned padded = MIN((length + 3) & ~3u, x->left); /* the padding need not be there where nothing follows */

    *start = x->at;
    if (x->failed || length > 1024 || length > x->left)
        return fail(x);
    x->at += padded;
    x->left -= padded;
    return length;
}

static uint32_t
get_hash(xdr *x)
{
    const uint8_t *start;
    uint32_t length = get_opaque(x, &start);
    return x->failed ? 0 : nh_crc32(start, length);
}

static void
get_string(xdr *x, char *text, size_t size)
{
    const uint8_t *start;
    uint32_t length = get_opaque(x, &start);

    if (x->failed)
        return;
    length = MIN(length, (uint32_t)size - 1);
    memcpy(text, start, length);
    text[length] = '\0';
}

/* --- NLM ------------------------------------------------------------------------------- */

/* What stands behind the cookie, in this order (X/Open NLM; nlm_prot.x); the table of procedures says what is there. */
enum { NOTHING = 0, BLOCK = 1, EXCLUSIVE = 2, LOCK = 4, RECLAIM = 8, STATUS = 16, SHARE = 32, HOLDER = 64 };

static const struct {
    uint8_t call, reply;
} layouts[] = {
#define NLM_ROW(number, name, kind, answer, call, reply) [number] = { call, reply },
    NH_NLM_PROCEDURES(NLM_ROW)
#undef NLM_ROW
};

static void
get_cookie(xdr *x, nh_nlm *nlm)
{
    const uint8_t *start;
    uint32_t length = get_opaque(x, &start);

    if (x->failed)
        return;
    nlm->has_cookie = true;
    if (length > 8) {
        nlm->cookie = nh_crc32(start, length);
        return;
    }
    if (length == 4) { /* as nearly all have */
        nlm->cookie = nh_be32(start);
        return;
    }
    for (unsigned i = 0; i < length; i++)
        nlm->cookie = nlm->cookie << 8 | start[i];
}

static void
get_lock(xdr *x, nh_message *message)
{
    nh_nlm *nlm = &message->nlm;

    get_string(x, message->caller, sizeof message->caller);
    nlm->file = get_hash(x);
    nlm->owner = get_hash(x);
    nlm->svid = get_uint(x);
    nlm->offset = message->vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->length = message->vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->has_lock = !x->failed;
}

/* nlm_share: caller_name, fh, oh, mode (what is denied to others, 0 = nothing), access */
static void
get_share(xdr *x, nh_message *message)
{
    nh_nlm *nlm = &message->nlm;

    get_string(x, message->caller, sizeof message->caller);
    nlm->file = get_hash(x);
    nlm->owner = get_hash(x);
    nlm->exclusive = get_uint(x) != 0;
    get_uint(x);
    nlm->has_share = !x->failed;
}

/* nlm_stats, and behind NLM_DENIED the nlm_holder that stands in the way */
static void
get_status(xdr *x, nh_nlm *nlm, uint32_t vers, bool with_holder)
{
    nlm->status = get_uint(x);
    nlm->has_status = !x->failed;
    if (!with_holder || nlm->status != NH_NLM_STAT_DENIED)
        return;
    nlm->exclusive = get_uint(x) != 0;
    nlm->svid = get_uint(x);
    nlm->owner = get_hash(x);
    nlm->offset = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->length = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->has_holder = !x->failed;
}

static unsigned
layout_of(const nh_message *message)
{
    if (message->proc >= G_N_ELEMENTS(layouts))
        return NOTHING;
    return message->reply ? layouts[message->proc].reply : layouts[message->proc].call;
}

static void
read_nlm(xdr *x, nh_message *message)
{
    nh_nlm *nlm = &message->nlm;
    unsigned layout = layout_of(message);

    if (layout == NOTHING)
        return;
    get_cookie(x, nlm);
    if (layout & BLOCK)
        nlm->block = get_uint(x) != 0;
    if (layout & EXCLUSIVE)
        nlm->exclusive = get_uint(x) != 0;
    if (layout & STATUS)
        get_status(x, nlm, message->vers, layout & HOLDER);
    if (layout & LOCK)
        get_lock(x, message);
    if (layout & SHARE)
        get_share(x, message);
    if (layout & RECLAIM)
        nlm->reclaim = get_uint(x) != 0 && !x->failed;
}

/* --- portmap and rpcbind (RFC 1833) --------------------------------------------------------- */

enum {
    PMAP_GETPORT = 3,
    PMAP_DUMP = 4,
    PMAP_CALLIT = 5,
    RPCB_GETVERSADDR = 9,
    RPCB_INDIRECT = 10
}; /* rpcbind numbers the first three alike */

static void
add_mapping(nh_message *message, nh_mapping mapping)
{
    if (message->n_mappings < NH_MAPPINGS_MAX)
        message->mappings[message->n_mappings++] = mapping;
}

static uint32_t
protocol_of_netid(const char *netid)
{
    return g_str_has_prefix(netid, "udp") ? NH_L4_UDP : NH_L4_TCP;
}

/* The port in a universal address, "10.7.1.1.156.64" or "::.156.64"; 0 when it is empty (RFC 5665 section 5.2.3). */
static uint16_t
port_of_uaddr(const char *uaddr)
{
    const char *low = strrchr(uaddr, '.'), *high;

    if (!low || low == uaddr)
        return 0;
    for (high = low - 1; high > uaddr && *high != '.';)
        high--;
    return (uint16_t)(g_ascii_strtoull(*high == '.' ? high + 1 : high, NULL, 10) << 8 | g_ascii_strtoull(low + 1, NULL, 10));
}

bool
nh_arguments_indirect(uint32_t vers, uint32_t proc)
{
    return proc == PMAP_CALLIT || (vers > 3 && proc == RPCB_INDIRECT);
}

/* Whether the answer is one port. */
static bool
names_a_port(const nh_message *message)
{
    return message->proc == PMAP_GETPORT || (message->vers > 3 && message->proc == RPCB_GETVERSADDR) ||
           nh_arguments_indirect(message->vers, message->proc);
}

static void
read_portmap_call(xdr *x, nh_message *message)
{
    nh_mapping query = { .prog = 0 };
    char netid[16] = "";

    if (!names_a_port(message))
        return;
    query.prog = get_uint(x);
    query.vers = get_uint(x);
    if (nh_arguments_indirect(message->vers, message->proc)) {
        query.prot = message->l4; /* the call is passed on as it came */
    } else if (message->vers == 2) {
        query.prot = get_uint(x);
    } else {
        get_string(x, netid, sizeof netid);
        query.prot = protocol_of_netid(netid);
    }
    if (!x->failed)
        add_mapping(message, query);
}

static void
read_dump(xdr *x, nh_message *message)
{
    char netid[16], uaddr[64], owner[64];

    while (get_uint(x) == 1 && !x->failed && message->n_mappings < NH_MAPPINGS_MAX) {
        nh_mapping mapping = { .prog = get_uint(x), .vers = get_uint(x) };
        if (message->vers == 2) {
            mapping.prot = get_uint(x);
            mapping.port = (uint16_t)get_uint(x);
        } else {
            netid[0] = uaddr[0] = owner[0] = '\0';
            get_string(x, netid, sizeof netid);
            get_string(x, uaddr, sizeof uaddr);
            get_string(x, owner, sizeof owner);
            mapping.prot = protocol_of_netid(netid);
            mapping.port = port_of_uaddr(uaddr);
        }
        if (!x->failed && mapping.port != 0)
            add_mapping(message, mapping);
    }
}

/* The answer to one query: its program is the query's, which the core remembers. */
static void
read_portmap_reply(xdr *x, nh_message *message)
{
    nh_mapping answer = { .prog = 0 };
    char uaddr[64] = "";

    if (message->proc == PMAP_DUMP) {
        read_dump(x, message);
        return;
    }
    if (!names_a_port(message))
        return;
    if (message->vers == 2) {
        answer.port = (uint16_t)get_uint(x);
    } else {
        get_string(x, uaddr, sizeof uaddr);
        answer.port = port_of_uaddr(uaddr);
    }
    if (!x->failed)
        add_mapping(message, answer);
}

/* --- statd (NSM) ------------------------------------------------------------------------------ */

static void
read_stat_call(xdr *x, nh_message *message)
{
    get_string(x, message->mon_name, sizeof message->mon_name);
    if (message->proc == NH_NSM_NOTIFY) /* stat_chge */
        message->nsm_state = get_uint(x);
}

/* --- the programs ------------------------------------------------------------------------------------ */

void
nh_arguments_read(nh_message *message, const uint8_t *bytes, unsigned length)
{
    xdr x = { bytes, length, false };

    switch (message->prog) {
    case NH_PROG_NLM:
        read_nlm(&x, message);
        break;
    case NH_PROG_PORTMAP:
        (message->reply ? read_portmap_reply : read_portmap_call)(&x, message);
        break;
    case NH_PROG_STAT:
        if (!message->reply)
            read_stat_call(&x, message);
        break;
    default:
        break;
    }
}
