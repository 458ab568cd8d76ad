/* procedures.c
 * The procedures of the programs that are followed, and what NLM answers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/wire/procedures.h"

/* --- NLM ----------------------------------------------------------------------------- */

static const char *const nlm_names[] = {
#define NLM_ROW(number, name, ...) [number] = #name,
    NH_NLM_PROCEDURES(NLM_ROW)
#undef NLM_ROW
};

const uint8_t nh_nlm_kinds[NH_NLM_FREE_ALL + 1] = {
#define NLM_ROW(number, name, kind, ...) [number] = NH_NLM_##kind,
    NH_NLM_PROCEDURES(NLM_ROW)
#undef NLM_ROW
};

const uint8_t nh_nlm_answers[NH_NLM_FREE_ALL + 1] = {
#define NLM_ROW(number, name, kind, answer, ...) [number] = NH_ANSWER_##answer,
    NH_NLM_PROCEDURES(NLM_ROW)
#undef NLM_ROW
};

const char *
nh_nlm_procedure_name(uint32_t proc)
{
    return proc < G_N_ELEMENTS(nlm_names) ? nlm_names[proc] : NULL;
}

const char *
nh_nlm_status_name(uint32_t status)
{
#define STAT_ROW(number, id, name) [number] = name,
    static const char *const names[] = { NH_NLM_STATS(STAT_ROW) };
#undef STAT_ROW
    return status < G_N_ELEMENTS(names) ? names[status] : NULL;
}

bool
nh_nlm_status_is_error(uint32_t status)
{
    return status == NH_NLM_STAT_ROFS || status == NH_NLM_STAT_STALE_FH || status == NH_NLM_STAT_FBIG || status >= NH_NLM_STAT_FAILED;
}

/* --- the others ------------------------------------------------------------------------- */

/* Procedures of portmap v2 and rpcbind v3/v4 (RFC 1833 section 3 and 2.1) */
static const char *
portmap_procedure_name(uint32_t vers, uint32_t proc)
{
    static const char *const v2[] = { "NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT" };
    static const char *const v34[] = { "NULL",        "SET",         "UNSET",       "GETADDR",  "DUMP",        "CALLIT", "GETTIME",
                                       "UADDR2TADDR", "TADDR2UADDR", "GETVERSADDR", "INDIRECT", "GETADDRLIST", "GETSTAT" };
    if (vers <= 2)
        return proc < G_N_ELEMENTS(v2) ? v2[proc] : NULL;
    return proc < G_N_ELEMENTS(v34) ? v34[proc] : NULL;
}

/* Procedures of NFS versions 2 to 4 (RFC 1094 section 2.2, RFC 1813 section 3.3, RFC 7530 section 16) */
static const char *
nfs_procedure_name(uint32_t vers, uint32_t proc)
{
    static const char *const v2[] = { "NULL",   "GETATTR", "SETATTR", "ROOT", "LOOKUP",  "READLINK", "READ",  "WRITECACHE", "WRITE",
                                      "CREATE", "REMOVE",  "RENAME",  "LINK", "SYMLINK", "MKDIR",    "RMDIR", "READDIR",    "STATFS" };
    static const char *const v3[] = { "NULL",    "GETATTR",     "SETATTR", "LOOKUP", "ACCESS",   "READLINK", "READ",   "WRITE",
                                      "CREATE",  "MKDIR",       "SYMLINK", "MKNOD",  "REMOVE",   "RMDIR",    "RENAME", "LINK",
                                      "READDIR", "READDIRPLUS", "FSSTAT",  "FSINFO", "PATHCONF", "COMMIT" };
    static const char *const v4[] = { "NULL", "COMPOUND" };

    if (vers == 3)
        return proc < G_N_ELEMENTS(v3) ? v3[proc] : NULL;
    if (vers == 2)
        return proc < G_N_ELEMENTS(v2) ? v2[proc] : NULL;
    return proc < G_N_ELEMENTS(v4) ? v4[proc] : NULL;
}

const char *
nh_procedure_name(uint32_t prog, uint32_t vers, uint32_t proc)
{
    static const char *const stat[] = { "NULL", "SM_STAT", "SM_MON", "SM_UNMON", "SM_UNMON_ALL", "SM_SIMU_CRASH", "SM_NOTIFY" };

    switch (prog) {
    case NH_PROG_NLM:
        return nh_nlm_procedure_name(proc);
    case NH_PROG_NFS:
        return nfs_procedure_name(vers, proc);
    case NH_PROG_PORTMAP:
        return portmap_procedure_name(vers, proc);
    case NH_PROG_STAT:
        return proc < G_N_ELEMENTS(stat) ? stat[proc] : NULL;
    default:
        return NULL;
    }
}
