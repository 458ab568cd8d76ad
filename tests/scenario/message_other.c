/* message_other.c
 * Portmap, rpcbind, statd, and as much of NFS and mount as the neighbourhood of a lock needs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "message.h"

#include <netinet/in.h>
#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <string.h>

#include "sm_inter.h"

static const struct {
    const char *name;
    uint32_t     number;
} program_numbers[] = {
    { "PORTMAP", 100000 }, { "NFS", 100003 }, { "MOUNT", 100005 }, { "NLM", 100021 }, { "STATD", 100024 },
};

static uint32_t
program_number(const message *m, const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(program_numbers); i++)
        if (strcmp(name, program_numbers[i].name) == 0)
            return program_numbers[i].number;
    return (uint32_t)line_parse_number(m->line, name);
}

static uint32_t
transport_number(const message *m, const char *name)
{
    if (g_str_has_prefix(name, "tcp"))
        return IPPROTO_TCP;
    if (!g_str_has_prefix(name, "udp"))
        line_fail(m->line, "'%s' should be tcp or udp", name);
    return IPPROTO_UDP;
}

/* The port in an answer is one of the side that answers. */
static uint16_t
answered_port(const message *m, const char *text)
{
    int side = m->conn->end[m->direction] == g_ptr_array_index(m->sc->hosts, 0) ? 0 : 1;
    return scenario_port(m->sc, side, line_parse_number(m->line, text));
}

/* GETPORT NLM 4 tcp */
static bool_t
encode_getport(XDR *xdr, const message *m)
{
    struct pmap args = { 0 };

    args.pm_prog = program_number(m, line_next(m->line, "a program"));
    args.pm_vers = (unsigned long)line_parse_number(m->line, line_next(m->line, "a version"));
    args.pm_prot = transport_number(m, line_next(m->line, "tcp or udp"));
    return xdr_pmap(xdr, &args);
}

static bool_t
encode_port(XDR *xdr, const message *m)
{
    const char *text = line_value(m->line, "port");
    u_int port = text ? answered_port(m, text) : 0;

    if (!text)
        line_fail(m->line, "an answer of portmap needs 'port N' (0: not registered)");
    return xdr_u_int(xdr, &port);
}

static bool_t
encode_true(XDR *xdr, const message *m)
{
    bool_t yes = true;
    return xdr_bool(xdr, &yes);
}

/* One row of a DUMP: NLM:4:tcp:2052 */
static bool
read_mapping(const message *m, struct pmap *map)
{
    if (!line_peek(m->line))
        return false;
    char **parts = g_strsplit(line_next(m->line, "a mapping"), ":", 4);
    if (g_strv_length(parts) != 4)
        line_fail(m->line, "a row of DUMP is written PROGRAM:VERSION:tcp:PORT");
    map->pm_prog = program_number(m, parts[0]);
    map->pm_vers = (unsigned long)line_parse_number(m->line, parts[1]);
    map->pm_prot = transport_number(m, parts[2]);
    map->pm_port = answered_port(m, parts[3]);
    g_strfreev(parts);
    return true;
}

static bool_t
encode_portmap_dump(XDR *xdr, const message *m)
{
    bool_t more = true, last = false;
    struct pmap map;

    while (read_mapping(m, &map))
        if (!xdr_bool(xdr, &more) || !xdr_pmap(xdr, &map))
            return false;
    return xdr_bool(xdr, &last);
}

/* Universal address (RFC 5665): 11.73.24.85.8.4; an empty one means "not registered". */
static char *
universal_address(const message *m, uint16_t port)
{
    char *addr = address_text(&m->conn->end[m->direction]->addr);
    char *text = port ? g_strdup_printf("%s.%d.%d", addr, port >> 8, port & 0xff) : g_strdup("");
    g_free(addr);
    return text;
}

static const char *
net_id(const message *m, uint32_t transport)
{
    bool v6 = m->conn->end[0]->addr.len == 16;
    return transport == IPPROTO_TCP ? (v6 ? "tcp6" : "tcp") : (v6 ? "udp6" : "udp");
}

static bool_t
encode_getaddr(XDR *xdr, const message *m)
{
    uint32_t prog = program_number(m, line_next(m->line, "a program"));
    uint32_t vers = (uint32_t)line_parse_number(m->line, line_next(m->line, "a version"));
    uint32_t transport = transport_number(m, line_next(m->line, "tcp or udp"));
    struct rpcb args = {
        .r_prog = prog, .r_vers = vers, .r_netid = (char *)net_id(m, transport),
        .r_addr = (char *)"", .r_owner = (char *)"rpcb",
    };
    return xdr_rpcb(xdr, &args);
}

static bool_t
encode_address(XDR *xdr, const message *m)
{
    const char *text = line_value(m->line, "port");
    char *address = universal_address(m, text ? answered_port(m, text) : 0);
    bool_t ok = xdr_wrapstring(xdr, &address);

    g_free(address);
    return ok;
}

static bool_t
encode_rpcbind_dump(XDR *xdr, const message *m)
{
    bool_t more = true, last = false, ok = true;
    struct pmap map;

    while (ok && read_mapping(m, &map)) {
        struct rpcb row = {
            .r_prog = map.pm_prog, .r_vers = map.pm_vers, .r_netid = (char *)net_id(m, map.pm_prot),
            .r_addr = universal_address(m, map.pm_port), .r_owner = (char *)"superuser",
        };
        ok = xdr_bool(xdr, &more) && xdr_rpcb(xdr, &row);
        g_free(row.r_addr);
    }
    return ok && xdr_bool(xdr, &last);
}

/* The procedure NULL of a program, passed on: CALLIT NLM 4 */
static bool_t
encode_callit(XDR *xdr, const message *m)
{
    u_int words[4] = { 0 };
    bool_t ok = true;

    words[0] = program_number(m, line_next(m->line, "a program"));
    words[1] = (u_int)line_parse_number(m->line, line_next(m->line, "a version"));
    for (unsigned i = 0; ok && i < G_N_ELEMENTS(words); i++)
        ok = xdr_u_int(xdr, &words[i]);
    return ok;
}

static bool_t
encode_callit_port(XDR *xdr, const message *m)
{
    u_int nothing = 0;
    return encode_port(xdr, m) && xdr_u_int(xdr, &nothing);
}

static bool_t
encode_callit_address(XDR *xdr, const message *m)
{
    u_int nothing = 0;
    return encode_address(xdr, m) && xdr_u_int(xdr, &nothing);
}

const procedure portmap_procedures[PORTMAP_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "SET", encode_getport, encode_true },
    [2] = { "UNSET", encode_getport, encode_true },
    [3] = { "GETPORT", encode_getport, encode_port },
    [4] = { "DUMP", encode_nothing, encode_portmap_dump },
    [5] = { "CALLIT", encode_callit, encode_callit_port },
};

const procedure rpcbind_procedures[RPCBIND_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "SET", encode_getaddr, encode_true },
    [2] = { "UNSET", encode_getaddr, encode_true },
    [3] = { "GETADDR", encode_getaddr, encode_address },
    [4] = { "DUMP", encode_nothing, encode_rpcbind_dump },
    [5] = { "CALLIT", encode_callit, encode_callit_address },   /* BCAST in version 4 */
};

/* Status monitor */

static char *
name_word(const message *m, const char *otherwise)
{
    const char *name = line_value(m->line, "name");
    return (char *)(name ? name : otherwise);
}

static bool_t
encode_sm_name(XDR *xdr, const message *m)
{
    struct sm_name args = { .mon_name = name_word(m, "nfs-client") };
    return xdr_sm_name(xdr, &args);
}

static bool_t
encode_sm_mon(XDR *xdr, const message *m)
{
    struct mon args = { .mon_id = { .mon_name = name_word(m, "nfs-client"), .my_id = { (char *)"nfs-server", 100021, 4, 16 } } };
    return xdr_mon(xdr, &args);
}

static bool_t
encode_sm_unmon(XDR *xdr, const message *m)
{
    struct mon_id args = { .mon_name = name_word(m, "nfs-client"), .my_id = { (char *)"nfs-server", 100021, 4, 16 } };
    return xdr_mon_id(xdr, &args);
}

static bool_t
encode_sm_unmon_all(XDR *xdr, const message *m)
{
    struct my_id args = { (char *)"nfs-server", 100021, 4, 16 };
    return xdr_my_id(xdr, &args);
}

/* The notice itself is missing from sm_inter.x. */
static bool_t
encode_sm_notify(XDR *xdr, const message *m)
{
    char *name = name_word(m, "nfs-server");
    int state = (int)line_number(m->line, "state", 3);

    return xdr_string(xdr, &name, SM_MAXSTRLEN) && xdr_int(xdr, &state);
}

static bool_t
encode_sm_stat(XDR *xdr, const message *m)
{
    struct sm_stat res = { .state = (int)line_number(m->line, "state", 3) };
    return xdr_sm_stat(xdr, &res);
}

static bool_t
encode_sm_stat_res(XDR *xdr, const message *m)
{
    struct sm_stat_res res = { .res_stat = line_word(m->line, "fail") ? stat_fail : stat_succ };
    res.state = (int)line_number(m->line, "state", 3);
    return xdr_sm_stat_res(xdr, &res);
}

const procedure statd_procedures[STATD_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "SM_STAT", encode_sm_name, encode_sm_stat_res },
    [2] = { "SM_MON", encode_sm_mon, encode_sm_stat_res },
    [3] = { "SM_UNMON", encode_sm_unmon, encode_sm_stat },
    [4] = { "SM_UNMON_ALL", encode_sm_unmon_all, encode_sm_stat },
    [5] = { "SM_SIMU_CRASH", encode_nothing, encode_nothing },
    [6] = { "SM_NOTIFY", encode_sm_notify, encode_nothing },
};

/* NFS and mount (RFC 1813), by hand: there is no .x of version 3 to be had */

static bool_t
encode_file_handle(XDR *xdr, const message *m)
{
    char bytes[28], *start = bytes;
    u_int len = sizeof bytes;

    message_file_handle(m, bytes);
    return xdr_bytes(xdr, &start, &len, 64);
}

static bool_t
encode_status_ok(XDR *xdr)
{
    u_int ok = 0;
    return xdr_u_int(xdr, &ok);
}

/* NFS3_OK and the fattr3 of a regular file of 4 kB */
static bool_t
encode_attributes(XDR *xdr, const message *m)
{
    u_int words[21] = { [0] = 1, [1] = 0644, [2] = 1, [6] = 4096, [8] = 4096, [14] = 77 };
    bool_t ok = encode_status_ok(xdr);

    for (unsigned i = 0; ok && i < G_N_ELEMENTS(words); i++)
        ok = xdr_u_int(xdr, &words[i]);
    return ok;
}

/* READ: 4096 bytes from the file's start */
static bool_t
encode_read(XDR *xdr, const message *m)
{
    u_int words[] = { 0, 0, 4096 };
    bool_t ok = encode_file_handle(xdr, m);

    for (unsigned i = 0; ok && i < G_N_ELEMENTS(words); i++)
        ok = xdr_u_int(xdr, &words[i]);
    return ok;
}

/* NFS3_OK, no attributes, no bytes, the end of the file, an empty opaque */
static bool_t
encode_read_result(XDR *xdr, const message *m)
{
    u_int words[] = { 0, 0, 1, 0 };
    bool_t ok = encode_status_ok(xdr);

    for (unsigned i = 0; ok && i < G_N_ELEMENTS(words); i++)
        ok = xdr_u_int(xdr, &words[i]);
    return ok;
}

static bool_t
encode_path(XDR *xdr, const message *m)
{
    const char *path = line_value(m->line, "path");
    char *text = (char *)(path ? path : "/export");
    return xdr_string(xdr, &text, 1024);
}

/* MNT3_OK, a file handle and AUTH_UNIX as the only flavor */
static bool_t
encode_mount_result(XDR *xdr, const message *m)
{
    u_int flavors[2] = { 1, AUTH_UNIX };
    return encode_status_ok(xdr) && encode_file_handle(xdr, m) && xdr_u_int(xdr, &flavors[0]) && xdr_u_int(xdr, &flavors[1]);
}

const procedure nfs_procedures[NFS_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "GETATTR", encode_file_handle, encode_attributes },
    [6] = { "READ", encode_read, encode_read_result },
};

const procedure mount_procedures[MOUNT_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "MNT", encode_path, encode_mount_result },
    [3] = { "UMNT", encode_path, encode_nothing },
};
