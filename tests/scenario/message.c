/* message.c
 * RPC calls and replies around the arguments of a procedure; headers by libtirpc.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "message.h"

#include <string.h>

enum { MESSAGE_MAX = 8192, AUTH_TLS_FLAVOR = 7 };

static const program programs[] = {
    { "NLM1", 100021, 1, nlm_procedures, NLM_PROCEDURES },          { "NLM3", 100021, 3, nlm_procedures, NLM_PROCEDURES },
    { "NLM4", 100021, 4, nlm_procedures, NLM_PROCEDURES },          { "PORTMAP", 100000, 2, portmap_procedures, PORTMAP_PROCEDURES },
    { "RPCB3", 100000, 3, rpcbind_procedures, RPCBIND_PROCEDURES }, { "RPCB4", 100000, 4, rpcbind_procedures, RPCBIND_PROCEDURES },
    { "STATD", 100024, 1, statd_procedures, STATD_PROCEDURES },     { "NFS3", 100003, 3, nfs_procedures, NFS_PROCEDURES },
    { "MOUNT3", 100005, 3, mount_procedures, MOUNT_PROCEDURES },
};

/* The ways in which RPC itself refuses a call (RFC 5531, section 9) */
static const struct {
    const char *name;
    enum reply_stat reply;
    int stat; /* accept_stat or reject_stat */
    enum auth_stat why;
} refusals[] = {
    { "PROG_UNAVAIL", MSG_ACCEPTED, PROG_UNAVAIL, AUTH_OK },  { "PROG_MISMATCH", MSG_ACCEPTED, PROG_MISMATCH, AUTH_OK },
    { "PROC_UNAVAIL", MSG_ACCEPTED, PROC_UNAVAIL, AUTH_OK },  { "GARBAGE_ARGS", MSG_ACCEPTED, GARBAGE_ARGS, AUTH_OK },
    { "SYSTEM_ERR", MSG_ACCEPTED, SYSTEM_ERR, AUTH_OK },      { "RPC_MISMATCH", MSG_DENIED, RPC_MISMATCH, AUTH_OK },
    { "AUTH_BADCRED", MSG_DENIED, AUTH_ERROR, AUTH_BADCRED }, { "AUTH_REJECTEDCRED", MSG_DENIED, AUTH_ERROR, AUTH_REJECTEDCRED },
    { "AUTH_BADVERF", MSG_DENIED, AUTH_ERROR, AUTH_BADVERF }, { "AUTH_TOOWEAK", MSG_DENIED, AUTH_ERROR, AUTH_TOOWEAK },
    { "AUTH_ERROR", MSG_DENIED, AUTH_ERROR, AUTH_FAILED },
};

bool_t
encode_nothing(XDR *xdr, const message *m)
{
    return true;
}

void
message_file_handle(const message *m, char bytes[28])
{
    const char *name = line_value(m->line, "fh");
    uint32_t hash = g_str_hash(name ? name : "file");

    /* version 1, no authentication, a file system identifier of 16 bytes, a file identifier */
    memset(bytes, 0, 28);
    bytes[0] = 1;
    bytes[2] = 7;
    bytes[3] = 1;
    for (unsigned i = 4; i < 28; i++) {
        hash = hash * 1103515245u + 12345;
        bytes[i] = (char)(hash >> 16);
    }
}

static call *
find_call(const message *m)
{
    const char *text = line_value(m->line, "xid");
    uint32_t xid = text ? (uint32_t)line_parse_number(m->line, text) : m->sc->last_xid;
    call *found = g_hash_table_lookup(m->sc->calls, GUINT_TO_POINTER(xid));

    if (!found)
        line_fail(m->line, "there was no call with XID 0x%08x", xid);
    return found;
}

/* AUTH_UNIX with the name of the host, as lockd and rpcbind clients send it */
static struct opaque_auth
credentials(const message *m, char *buffer, unsigned size)
{
    struct authunix_parms unix_auth = { .aup_machname = m->conn->end[m->direction]->name };
    struct opaque_auth auth = { .oa_flavor = AUTH_UNIX, .oa_base = buffer };
    XDR xdr;

    xdrmem_create(&xdr, buffer, size, XDR_ENCODE);
    if (!xdr_authunix_parms(&xdr, &unix_auth))
        line_fail(m->line, "the name of the host is too long");
    auth.oa_length = xdr_getpos(&xdr);
    return auth;
}

/* RPCSEC_GSS for data with privacy (RFC 2203): version, procedure, sequence, service, handle */
static struct opaque_auth
privacy_credentials(char *buffer, unsigned size)
{
    struct opaque_auth auth = { .oa_flavor = RPCSEC_GSS, .oa_base = buffer };
    u_int words[] = { 1, 0, 1, 3, 4, 0x4e4c4d48 };
    XDR xdr;

    xdrmem_create(&xdr, buffer, size, XDR_ENCODE);
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        xdr_u_int(&xdr, &words[i]);
    auth.oa_length = xdr_getpos(&xdr);
    return auth;
}

/* What encrypted arguments and results look like: so many bytes */
static bool_t
encode_encrypted(XDR *xdr, const message *m)
{
    char bytes[128], *start = bytes;
    u_int length = sizeof bytes;

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 167 + 13);
    return xdr_bytes(xdr, &start, &length, length);
}

static void
encode_call(XDR *xdr, const message *m, encoder args)
{
    char buffer[MAX_AUTH_BYTES];
    struct rpc_msg header = { .rm_xid = m->call->xid, .rm_direction = CALL };

    header.rm_call.cb_rpcvers = RPC_MSG_VERSION;
    header.rm_call.cb_prog = m->call->program->number;
    header.rm_call.cb_vers = m->call->program->version;
    header.rm_call.cb_proc = m->call->procedure;
    if (line_word(m->line, "auth-none"))
        header.rm_call.cb_cred.oa_flavor = AUTH_NONE;
    else if (line_word(m->line, "auth-tls"))
        header.rm_call.cb_cred.oa_flavor = AUTH_TLS_FLAVOR;
    else if ((m->call->encrypted = line_word(m->line, "krb5p")))
        header.rm_call.cb_cred = privacy_credentials(buffer, sizeof buffer);
    else
        header.rm_call.cb_cred = credentials(m, buffer, sizeof buffer);
    if (!xdr_callmsg(xdr, &header) || !(m->call->encrypted ? encode_encrypted : args)(xdr, m))
        line_fail(m->line, "the call does not fit into XDR");
}

static const program *
find_program(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++)
        if (strcmp(name, programs[i].name) == 0)
            return &programs[i];
    return NULL;
}

static uint32_t
find_procedure(line_reader *line, const program *prog)
{
    const char *name = line_next(line, "a procedure");
    for (unsigned i = 0; i < prog->count; i++)
        if (prog->procedures[i].name && strcmp(name, prog->procedures[i].name) == 0)
            return i;
    line_fail(line, "%s has no procedure '%s'", prog->name, name);
}

static void
build_call(XDR *xdr, message *m, const program *prog)
{
    uint32_t proc = find_procedure(m->line, prog);
    int64_t xid = line_number(m->line, "xid", -1);

    m->call = g_new0(call, 1);
    m->call->program = prog;
    m->call->procedure = proc;
    m->call->xid = xid >= 0 ? (uint32_t)xid : m->sc->next_xid++;
    m->version = prog->version;
    encode_call(xdr, m, prog->procedures[proc].args);
    m->sc->last_xid = m->call->xid;
    g_hash_table_insert(m->sc->calls, GUINT_TO_POINTER(m->call->xid), m->call);
}

static bool
fill_refusal(const message *m, struct rpc_msg *header)
{
    unsigned i = 0;

    while (i < G_N_ELEMENTS(refusals) && !line_word(m->line, refusals[i].name))
        i++;
    if (i == G_N_ELEMENTS(refusals))
        return false;
    header->rm_reply.rp_stat = refusals[i].reply;
    if (refusals[i].reply == MSG_ACCEPTED) {
        header->acpted_rply.ar_stat = (enum accept_stat)refusals[i].stat;
        header->acpted_rply.ar_vers.low = (rpcvers_t)line_number(m->line, "low", 1);
        header->acpted_rply.ar_vers.high = (rpcvers_t)line_number(m->line, "high", 3);
    } else {
        header->rjcted_rply.rj_stat = (enum reject_stat)refusals[i].stat;
        if (refusals[i].stat == AUTH_ERROR)
            header->rjcted_rply.rj_why = refusals[i].why;
        else
            header->rjcted_rply.rj_vers.low = header->rjcted_rply.rj_vers.high = RPC_MSG_VERSION;
    }
    return true;
}

/* The results are written after the header, by the encoder of the procedure. */
static bool_t
results_follow(XDR *xdr, ...)
{
    return true;
}

static void
build_reply(XDR *xdr, message *m)
{
    struct rpc_msg header = { .rm_direction = REPLY };

    m->call = find_call(m);
    m->version = m->call->program->version;
    header.rm_xid = m->call->xid;
    bool refused = fill_refusal(m, &header);
    if (!refused)
        header.acpted_rply.ar_results.proc = results_follow;
    if (line_word(m->line, "starttls")) /* RFC 9289, section 4.1 */
        header.acpted_rply.ar_verf = (struct opaque_auth){ .oa_flavor = AUTH_NONE, .oa_base = "STARTTLS", .oa_length = 8 };
    if (!xdr_replymsg(xdr, &header))
        line_fail(m->line, "the reply does not fit into XDR");
    if (!refused && !(m->call->encrypted ? encode_encrypted : m->call->program->procedures[m->call->procedure].result)(xdr, m))
        line_fail(m->line, "the results do not fit into XDR");
}

/* "NLM4 LOCK ...", "reply ...", or "again": the same call once more, byte for byte, on whichever connection */
GByteArray *
message_build(scenario *sc, const connection *conn, int direction, line_reader *line)
{
    static char buffer[MESSAGE_MAX];
    message m = { .sc = sc, .conn = conn, .direction = direction, .line = line };
    const char *head = line_next(line, "what to send");
    const program *prog = find_program(head);
    XDR xdr;

    if (strcmp(head, "again") == 0)
        return g_byte_array_ref(find_call(&m)->bytes);
    xdrmem_create(&xdr, buffer, sizeof buffer, XDR_ENCODE);
    if (prog)
        build_call(&xdr, &m, prog);
    else if (strcmp(head, "reply") == 0)
        build_reply(&xdr, &m);
    else
        line_fail(line, "'%s' is neither TCP flags nor a message that is known here", head);
    GByteArray *bytes = g_byte_array_append(g_byte_array_new(), (uint8_t *)buffer, xdr_getpos(&xdr));
    if (prog)
        m.call->bytes = g_byte_array_ref(bytes);
    return bytes;
}
