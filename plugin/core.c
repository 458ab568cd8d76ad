/* core.c
 * Names, addresses and times as text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core.h"

#include <math.h>

#include <arpa/inet.h>

#define NAME_FUNCTION(function, type, TABLE, COUNT) \
    const char *function(type value) \
    { \
        static const char *const names[] = { NULL, TABLE(NAME_ROW) }; \
        return value > 0 && value < COUNT ? names[value] : NULL; \
    }
#define NAME_ROW(id, name) name,
NAME_FUNCTION(nh_service_name, nh_service, NH_SERVICES, NH_SERVICE_COUNT)
NAME_FUNCTION(nh_side_name, nh_side, NH_SIDES, NH_SIDE_COUNT)
NAME_FUNCTION(nh_confidence_name, nh_confidence, NH_CONFIDENCES, NH_CONFIDENCE_COUNT)

guint
nh_addr_hash(const nh_addr *addr)
{
    guint32 hash = addr->len, word;

    for (guint i = 0; i < addr->len; i += sizeof word) { /* 4 or 16 bytes */
        memcpy(&word, addr->bytes + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b1u;
        hash ^= hash >> 15;
    }
    return hash;
}

const char *
nh_addr_text(const nh_addr *addr, char *buf)
{
    if (addr->len == 0 || !inet_ntop(addr->len == 4 ? AF_INET : AF_INET6, addr->bytes, buf, NH_ADDR_TEXT))
        g_strlcpy(buf, "?", NH_ADDR_TEXT);
    return buf;
}

gboolean
nh_addr_parse(const char *text, nh_addr *addr)
{
    static const guint8 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    const char *scope = strchr(text, '%');
    char *plain = g_strndup(text, scope ? (gsize)(scope - text) : strlen(text));

    *addr = (nh_addr){ 0 };
    if (inet_pton(AF_INET, plain, addr->bytes) == 1)
        addr->len = 4;
    else if (inet_pton(AF_INET6, plain, addr->bytes) == 1)
        addr->len = 16;
    if (addr->len == 16 && memcmp(addr->bytes, mapped, sizeof mapped) == 0) {
        nh_addr v4 = { .len = 4 };
        memcpy(v4.bytes, addr->bytes + sizeof mapped, 4);
        *addr = v4;
    }
    g_free(plain);
    return addr->len != 0;
}

/* Whole seconds and the nanoseconds that remain, also before 1970. */
static GDateTime *
split_time(nh_time t, gint64 *nanoseconds)
{
    gint64 seconds = t / NH_SECOND;
    *nanoseconds = t % NH_SECOND;
    if (*nanoseconds < 0) {
        *nanoseconds += NH_SECOND;
        seconds--;
    }
    return g_date_time_new_from_unix_utc(seconds);
}

static char *
format_time(nh_time t, const char *format, const char *tail, gint64 unit)
{
    gint64 nanoseconds;
    GDateTime *when = split_time(t, &nanoseconds);
    if (!when)
        return NULL;
    char *head = g_date_time_format(when, format);
    char *text = g_strdup_printf(tail, head, nanoseconds / unit);
    g_free(head);
    g_date_time_unref(when);
    return text;
}

char *
nh_time_rfc3339(nh_time t)
{
    return nh_time_known(t) ? format_time(t, "%Y-%m-%dT%H:%M:%S", "%s.%09" G_GINT64_FORMAT "Z", 1) : NULL;
}

char *
nh_time_clock(nh_time t)
{
    char *text = nh_time_known(t) ? format_time(t, "%H:%M:%S", "%s.%03" G_GINT64_FORMAT, NH_MSEC) : NULL;
    return text ? text : g_strdup("-");
}

char *
nh_duration_text(nh_time duration)
{
    double seconds = (double)duration / NH_SECOND;
    if (ABS(seconds) < 1)
        return g_strdup_printf("%.*f ms", ABS(seconds) < 0.01 ? 1 : 0, seconds * 1000);
    if (ABS(seconds) < 120)
        return g_strdup_printf("%.2f s", seconds);
    return g_strdup_printf("%.0f min %.1f s", trunc(seconds / 60), fmod(seconds, 60));
}

/* The procedures of NLM (X/Open CAE C702, fs/lockd/svc4proc.c); 16 is Linux's private callback of statd. */
const char *
nh_nlm_procedure_name(guint32 vers, guint32 proc)
{
    static const char *const names[] = {
        "NULL", "TEST", "LOCK", "CANCEL", "UNLOCK", "GRANTED", "TEST_MSG", "LOCK_MSG", "CANCEL_MSG", "UNLOCK_MSG",
        "GRANTED_MSG", "TEST_RES", "LOCK_RES", "CANCEL_RES", "UNLOCK_RES", "GRANTED_RES", "NSM_NOTIFY", NULL, NULL,
        NULL, "SHARE", "UNSHARE", "NM_LOCK", "FREE_ALL",
    };
    (void)vers;
    return proc < G_N_ELEMENTS(names) ? names[proc] : NULL;
}

const char *
nh_nlm_status_name(guint32 status)
{
    static const char *const names[] = {
        "NLM_GRANTED", "NLM_DENIED", "NLM_DENIED_NOLOCKS", "NLM_BLOCKED", "NLM_DENIED_GRACE_PERIOD",
        "NLM_DEADLCK", "NLM_ROFS", "NLM_STALE_FH", "NLM_FBIG", "NLM_FAILED",
    };
    return status < G_N_ELEMENTS(names) ? names[status] : NULL;
}

/* Procedures of portmap v2 and rpcbind v3/v4 (RFC 1833 section 3 and 2.1) */
static const char *
portmap_procedure_name(guint32 vers, guint32 proc)
{
    static const char *const v2[] = { "NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT" };
    static const char *const v34[] = { "NULL", "SET", "UNSET", "GETADDR", "DUMP", "CALLIT", "GETTIME", "UADDR2TADDR",
                                       "TADDR2UADDR", "GETVERSADDR", "INDIRECT", "GETADDRLIST", "GETSTAT" };
    if (vers <= 2)
        return proc < G_N_ELEMENTS(v2) ? v2[proc] : NULL;
    return proc < G_N_ELEMENTS(v34) ? v34[proc] : NULL;
}

/* Procedures of NFS versions 2 to 4 (RFC 1094 section 2.2, RFC 1813 section 3.3, RFC 7530 section 16) */
static const char *
nfs_procedure_name(guint32 vers, guint32 proc)
{
    static const char *const v2[] = { "NULL", "GETATTR", "SETATTR", "ROOT", "LOOKUP", "READLINK", "READ", "WRITECACHE", "WRITE",
                                      "CREATE", "REMOVE", "RENAME", "LINK", "SYMLINK", "MKDIR", "RMDIR", "READDIR", "STATFS" };
    static const char *const v3[] = { "NULL", "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE",
                                      "MKDIR", "SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR", "READDIRPLUS",
                                      "FSSTAT", "FSINFO", "PATHCONF", "COMMIT" };
    static const char *const v4[] = { "NULL", "COMPOUND" };

    if (vers == 3)
        return proc < G_N_ELEMENTS(v3) ? v3[proc] : NULL;
    if (vers == 2)
        return proc < G_N_ELEMENTS(v2) ? v2[proc] : NULL;
    return proc < G_N_ELEMENTS(v4) ? v4[proc] : NULL;
}

const char *
nh_procedure_name(guint32 prog, guint32 vers, guint32 proc)
{
    static const char *const stat[] = { "NULL", "SM_STAT", "SM_MON", "SM_UNMON", "SM_UNMON_ALL", "SM_SIMU_CRASH", "SM_NOTIFY" };

    switch (prog) {
    case NH_PROG_NLM:
        return nh_nlm_procedure_name(vers, proc);
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
