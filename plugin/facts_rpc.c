/* facts_rpc.c
 * Calls and replies of the followed RPC programs, handed to the core as plain structs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "facts.h"

#include <epan/crc32-tvb.h>
#include <epan/dissectors/packet-rpc.h>

static nh_facts_sink sink;

/* Key of the dissector tables "rpc.call" and "rpc.reply" (private to packet-rpc.c, checked at the handoff). */
typedef struct {
    guint32 prog, vers, proc;
} rpc_key;

static GHashTable *before_call, *before_reply; /* rpc_key -> handle that stood there before ours */

/* --- XDR (RFC 4506): a cursor that never reads past what was captured -------------- */

typedef struct {
    tvbuff_t *tvb;
    guint offset;
    gboolean failed;
} xdr;

static gboolean
has(xdr *x, guint bytes)
{
    x->failed = x->failed || !tvb_bytes_exist(x->tvb, x->offset, bytes);
    return !x->failed;
}

static guint32
get_uint(xdr *x)
{
    guint32 value = has(x, 4) ? tvb_get_ntohl(x->tvb, x->offset) : 0;
    x->offset += 4;
    return value;
}

static guint64
get_hyper(xdr *x)
{
    guint64 high = get_uint(x);
    return high << 32 | get_uint(x);
}

/* Length of the opaque data at the cursor, which moves behind it; *start is where its bytes begin. */
static guint32
get_opaque(xdr *x, guint *start)
{
    guint32 length = get_uint(x);

    *start = x->offset;
    if (x->failed || length > 1024 || !has(x, length)) {
        x->failed = TRUE;
        return 0;
    }
    x->offset += (length + 3) & ~3u;
    return length;
}

static guint32
get_hash(xdr *x)
{
    guint start;
    guint32 length = get_opaque(x, &start);
    return x->failed ? 0 : crc32_ccitt_tvb_offset(x->tvb, start, length);
}

static void
get_string(xdr *x, char *text, gsize size)
{
    guint start;
    guint32 length = get_opaque(x, &start);

    if (x->failed)
        return;
    length = MIN(length, (guint32)size - 1);
    tvb_memcpy(x->tvb, text, start, length);
    text[length] = '\0';
}

/* --- NLM ------------------------------------------------------------------------------- */

/* What stands between the cookie and the lock, per procedure (X/Open NLM; nlm_prot.x). */
enum { BLOCK = 1, EXCLUSIVE = 2, LOCK = 4, RECLAIM = 8, STATUS = 16, SHARE = 32, HOLDER = 64 };

static const guint8 call_layout[] = {
    [1] = EXCLUSIVE | LOCK,                    /* TEST */
    [2] = BLOCK | EXCLUSIVE | LOCK | RECLAIM,  /* LOCK */
    [3] = BLOCK | EXCLUSIVE | LOCK,            /* CANCEL */
    [4] = LOCK,                                /* UNLOCK */
    [5] = EXCLUSIVE | LOCK,                    /* GRANTED */
    [6] = EXCLUSIVE | LOCK,                    /* TEST_MSG */
    [7] = BLOCK | EXCLUSIVE | LOCK | RECLAIM,  /* LOCK_MSG */
    [8] = BLOCK | EXCLUSIVE | LOCK,            /* CANCEL_MSG */
    [9] = LOCK,                                /* UNLOCK_MSG */
    [10] = EXCLUSIVE | LOCK,                   /* GRANTED_MSG */
    [11] = STATUS | HOLDER,                    /* TEST_RES */
    [12] = STATUS,                             /* LOCK_RES */
    [13] = STATUS,                             /* CANCEL_RES */
    [14] = STATUS,                             /* UNLOCK_RES */
    [15] = STATUS,                             /* GRANTED_RES */
    [20] = SHARE | RECLAIM,                    /* SHARE */
    [21] = SHARE | RECLAIM,                    /* UNSHARE */
    [22] = BLOCK | EXCLUSIVE | LOCK | RECLAIM, /* NM_LOCK */
};

static const guint8 reply_layout[] = {
    [1] = STATUS | HOLDER, /* TEST */
    [2] = STATUS,          /* LOCK */
    [3] = STATUS,          /* CANCEL */
    [4] = STATUS,          /* UNLOCK */
    [5] = STATUS,          /* GRANTED */
    [20] = STATUS,         /* SHARE; a sequence number follows */
    [21] = STATUS,         /* UNSHARE */
    [22] = STATUS,         /* NM_LOCK */
};

static void
get_cookie(xdr *x, nh_nlm *nlm)
{
    guint start;
    guint32 length = get_opaque(x, &start);

    if (x->failed)
        return;
    nlm->has_cookie = TRUE;
    if (length > 8) {
        nlm->cookie = crc32_ccitt_tvb_offset(x->tvb, start, length);
        return;
    }
    for (guint i = 0; i < length; i++)
        nlm->cookie = nlm->cookie << 8 | tvb_get_uint8(x->tvb, start + i);
}

static void
get_lock(xdr *x, nh_nlm *nlm, guint32 vers)
{
    get_string(x, nlm->caller, sizeof nlm->caller);
    nlm->file = get_hash(x);
    nlm->owner = get_hash(x);
    nlm->svid = get_uint(x);
    nlm->offset = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->length = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->has_lock = !x->failed;
}

/* nlm_share: caller_name, fh, oh, mode (what is denied to others, 0 = nothing), access */
static void
get_share(xdr *x, nh_nlm *nlm)
{
    get_string(x, nlm->caller, sizeof nlm->caller);
    nlm->file = get_hash(x);
    nlm->owner = get_hash(x);
    nlm->exclusive = get_uint(x) != 0;
    get_uint(x);
    nlm->has_share = !x->failed;
}

/* nlm_stats, and behind NLM_DENIED the nlm_holder that stands in the way */
static void
get_status(xdr *x, nh_nlm *nlm, guint32 vers, gboolean with_holder)
{
    nlm->status = get_uint(x);
    nlm->has_status = !x->failed;
    if (!with_holder || nlm->status != 1)
        return;
    nlm->exclusive = get_uint(x) != 0;
    nlm->svid = get_uint(x);
    nlm->owner = get_hash(x);
    nlm->offset = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->length = vers >= 4 ? get_hyper(x) : get_uint(x);
    nlm->has_holder = !x->failed;
}

static void
read_nlm(tvbuff_t *tvb, nh_message *message, guint layout)
{
    xdr x = { tvb, 0, FALSE };
    nh_nlm *nlm = &message->nlm;

    if (layout == 0)
        return;
    get_cookie(&x, nlm);
    if (layout & BLOCK)
        nlm->block = get_uint(&x) != 0;
    if (layout & EXCLUSIVE)
        nlm->exclusive = get_uint(&x) != 0;
    if (layout & STATUS)
        get_status(&x, nlm, message->vers, layout & HOLDER);
    if (layout & LOCK)
        get_lock(&x, nlm, message->vers);
    if (layout & SHARE)
        get_share(&x, nlm);
    if (layout & RECLAIM)
        nlm->reclaim = get_uint(&x) != 0 && !x.failed;
}

static void
read_nlm_call(tvbuff_t *tvb, nh_message *message)
{
    read_nlm(tvb, message, message->proc < G_N_ELEMENTS(call_layout) ? call_layout[message->proc] : 0);
}

static void
read_nlm_reply(tvbuff_t *tvb, nh_message *message)
{
    read_nlm(tvb, message, message->proc < G_N_ELEMENTS(reply_layout) ? reply_layout[message->proc] : 0);
}

/* --- portmap and rpcbind (RFC 1833) --------------------------------------------------------- */

enum { PMAP_GETPORT = 3, PMAP_DUMP = 4, RPCB_GETADDR = 3, RPCB_DUMP = 4, RPCB_GETVERSADDR = 9 };

static void
add_mapping(nh_message *message, nh_mapping mapping)
{
    if (message->n_mappings < NH_MAPPINGS_MAX)
        message->mappings[message->n_mappings++] = mapping;
}

static guint32
protocol_of_netid(const char *netid)
{
    return g_str_has_prefix(netid, "udp") ? NH_L4_UDP : NH_L4_TCP;
}

/* The port in a universal address, "10.7.1.1.156.64" or "::.156.64"; 0 when it is empty (RFC 5665 section 5.2.3). */
static guint16
port_of_uaddr(const char *uaddr)
{
    const char *low = strrchr(uaddr, '.'), *high;

    if (!low || low == uaddr)
        return 0;
    for (high = low - 1; high > uaddr && *high != '.';)
        high--;
    return (guint16)(g_ascii_strtoull(*high == '.' ? high + 1 : high, NULL, 10) << 8 | g_ascii_strtoull(low + 1, NULL, 10));
}

static void
read_portmap_call(tvbuff_t *tvb, nh_message *message)
{
    xdr x = { tvb, 0, FALSE };
    nh_mapping query = { .prog = 0 };
    char netid[16] = "";

    if (message->proc != PMAP_GETPORT && !(message->vers > 2 && message->proc == RPCB_GETVERSADDR))
        return;
    query.prog = get_uint(&x);
    query.vers = get_uint(&x);
    if (message->vers == 2) {
        query.prot = get_uint(&x);
    } else {
        get_string(&x, netid, sizeof netid);
        query.prot = protocol_of_netid(netid);
    }
    if (!x.failed)
        add_mapping(message, query);
}

static void
read_dump(tvbuff_t *tvb, nh_message *message)
{
    xdr x = { tvb, 0, FALSE };
    char netid[16], uaddr[64], owner[64];

    while (get_uint(&x) == 1 && !x.failed && message->n_mappings < NH_MAPPINGS_MAX) {
        nh_mapping mapping = { .prog = get_uint(&x), .vers = get_uint(&x) };
        if (message->vers == 2) {
            mapping.prot = get_uint(&x);
            mapping.port = (guint16)get_uint(&x);
        } else {
            netid[0] = uaddr[0] = owner[0] = '\0';
            get_string(&x, netid, sizeof netid);
            get_string(&x, uaddr, sizeof uaddr);
            get_string(&x, owner, sizeof owner);
            mapping.prot = protocol_of_netid(netid);
            mapping.port = port_of_uaddr(uaddr);
        }
        if (!x.failed && mapping.port != 0)
            add_mapping(message, mapping);
    }
}

/* The answer to one query: its program is the query's, which the core remembers. */
static void
read_portmap_reply(tvbuff_t *tvb, nh_message *message)
{
    xdr x = { tvb, 0, FALSE };
    nh_mapping answer = { .prog = 0 };
    char uaddr[64] = "";

    if (message->proc == PMAP_DUMP) {
        read_dump(tvb, message);
        return;
    }
    if (message->proc != PMAP_GETPORT && !(message->vers > 2 && message->proc == RPCB_GETVERSADDR))
        return;
    if (message->vers == 2) {
        answer.port = (guint16)get_uint(&x);
    } else {
        get_string(&x, uaddr, sizeof uaddr);
        answer.port = port_of_uaddr(uaddr);
    }
    if (!x.failed)
        add_mapping(message, answer);
}

/* --- statd (NSM) ------------------------------------------------------------------------------ */

static void
read_stat_call(tvbuff_t *tvb, nh_message *message)
{
    xdr x = { tvb, 0, FALSE };
    get_string(&x, message->mon_name, sizeof message->mon_name);
    if (message->proc == 6) /* SM_NOTIFY: stat_chge */
        message->nsm_state = get_uint(&x);
}

static void
read_nothing(tvbuff_t *tvb, nh_message *message)
{
    (void)tvb;
    (void)message;
}

/* --- the handles ----------------------------------------------------------------------------------- */

static const struct {
    guint32 prog, vers_first, vers_last, proc_last;
    void (*read_call)(tvbuff_t *tvb, nh_message *message);
    void (*read_reply)(tvbuff_t *tvb, nh_message *message);
} programs[] = {
    { NH_PROG_NLM, 1, 4, 23, read_nlm_call, read_nlm_reply },
    { NH_PROG_PORTMAP, 2, 4, 12, read_portmap_call, read_portmap_reply },
    { NH_PROG_STAT, 1, 1, 6, read_stat_call, read_nothing },
};

static void
take_message(tvbuff_t *tvb, packet_info *pinfo, const rpc_call_info_value *rpc, gboolean reply)
{
    nh_watch *watch = sink(pinfo);

    if (!watch || pinfo->flags.in_error_pkt)
        return;
    nh_message message = {
        .frame = pinfo->num, .time = nh_facts_time(pinfo), .l4 = pinfo->ptype == PT_UDP ? NH_L4_UDP : NH_L4_TCP,
        .src = { nh_facts_addr(&pinfo->src), (guint16)pinfo->srcport },
        .dst = { nh_facts_addr(&pinfo->dst), (guint16)pinfo->destport },
        .reply = reply, .xid = rpc->xid, .prog = rpc->prog, .vers = rpc->vers, .proc = rpc->proc,
        .travel = nh_facts_travel(pinfo),
    };
    if (message.src.addr.len == 0 || (pinfo->ptype != PT_UDP && pinfo->ptype != PT_TCP))
        return;
    if (message.l4 == NH_L4_TCP)
        nh_facts_late_segment(watch, pinfo);
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
        if (programs[i].prog == rpc->prog)
            (reply ? programs[i].read_reply : programs[i].read_call)(tvb, &message);
    nh_watch_message(watch, &message);
}

static int
dissect_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, GHashTable *before, gboolean reply)
{
    const rpc_call_info_value *rpc = data;
    rpc_key key = { rpc->prog, rpc->vers, rpc->proc };
    dissector_handle_t handle = g_hash_table_lookup(before, &key);

    take_message(tvb, pinfo, rpc, reply);
    return handle ? call_dissector_only(handle, tvb, pinfo, tree, data) : 0;
}

static int
dissect_call(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, before_call, FALSE);
}

static int
dissect_reply(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_message(tvb, pinfo, tree, data, before_reply, TRUE);
}

static guint
key_hash(gconstpointer data)
{
    const rpc_key *key = data;
    return key->prog * 31 + key->vers * 1009 + key->proc;
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(rpc_key)) == 0;
}

static gboolean
stand_before(const char *table, GHashTable *before, rpc_key key, dissector_t dissector)
{
    dissector_handle_t handle = dissector_get_custom_table_handle(find_dissector_table(table), &key);

    if (!handle)
        return FALSE;
    g_hash_table_insert(before, g_memdup2(&key, sizeof key), handle);
    dissector_add_custom_table_handle(table, g_memdup2(&key, sizeof key), nh_create_stand_in(dissector, handle));
    return TRUE;
}

void
nh_facts_rpc_handoff(nh_facts_sink the_sink)
{
    gboolean lock_found = FALSE;

    sink = the_sink;
    before_call = g_hash_table_new(key_hash, key_equal);
    before_reply = g_hash_table_new(key_hash, key_equal);
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
        for (guint32 vers = programs[i].vers_first; vers <= programs[i].vers_last; vers++)
            for (guint32 proc = 0; proc <= programs[i].proc_last; proc++) {
                rpc_key key = { programs[i].prog, vers, proc };
                gboolean found = stand_before("rpc.call", before_call, key, dissect_call);
                stand_before("rpc.reply", before_reply, key, dissect_reply);
                lock_found |= found && key.prog == NH_PROG_NLM;
            }
    if (!lock_found)
        g_warning("NLM Health: this Wireshark keeps its RPC procedures in another way; lock calls are not seen");
}
