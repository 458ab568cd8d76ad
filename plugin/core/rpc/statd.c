/* statd.c
 * What status monitors (NSM) say of restarts, and whom they mean.
 *
 * SM_NOTIFY names the host that restarted. It may come from another address than
 * the one that locks go to or come from (several interfaces, IPv4 beside IPv6),
 * so that the name is held against the names in lock calls: the caller_name of a
 * client's locks, and that of a server's callbacks (nlmsvc_setgrantargs,
 * fs/lockd/svclock.c), both the host's nodename.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/statd.h"

#include "core/model/frames.h"
#include "core/locks/lock_table.h"
#include "core/judge/raise.h"
#include "core/net/pairs.h"

/* So many of the latest calls are searched for a name. */
#define SEARCH_MAX 10000
/* A Linux client that heeds SM_NOTIFY gives its locks back at once (nlmclnt_recovery, fs/lockd/clntlock.c). */
#define RECLAIM_TIME (15 * NH_SECOND)

/* The same name, or one is the other without its domain. */
static bool
same_host(const char *a, const char *b)
{
    size_t label = strcspn(a, ".");

    if (g_ascii_strcasecmp(a, b) == 0)
        return *a != '\0';
    if (label == 0 || label != strcspn(b, ".") || g_ascii_strncasecmp(a, b, label) != 0)
        return false;
    return (a[label] == '\0' || b[label] == '\0') && !g_hostname_is_ip_address(a) && !g_hostname_is_ip_address(b);
}

/* The lock call to or callback for the notified host that the named one sent last, or NULL. */
static const nh_call *
call_of_host(const nh_watch *watch, const char *name, const nh_addr *notified)
{
    const GPtrArray *calls = watch->call_list;

    for (unsigned i = calls->len; i-- > 0 && calls->len - i <= SEARCH_MAX;) {
        const nh_call *call = g_ptr_array_index(calls, i);
        if (call->prog == NH_PROG_NLM && nh_addr_equal(&call->dst.addr, notified) && same_host(call->nlm.caller, name))
            return call;
    }
    return NULL;
}

/* The pair that a notice is about, and on which side of it the restarted host is: forward, the server. */
static nh_pair *
pair_of_notice(nh_watch *watch, const nh_message *message, nh_way *way)
{
    nh_pair *pair = nh_pair_of_flow(watch, &message->dst.addr, &message->src.addr, way);
    const nh_call *call = pair->calls ? NULL : call_of_host(watch, message->mon_name, &message->dst.addr);

    if (!call)
        return pair;
    *way = call->way == NH_FORWARD ? NH_CALLBACK : NH_FORWARD; /* who calls forward is the client */
    nh_frame_get(watch, (nh_moment){ message->frame, message->time })->pair = call->pair;
    return call->pair;
}

/* What is told of a notice; the client did not react to it if locks is not 0. */
static char *
text_of_notice(const char *name, unsigned locks)
{
    const char *who = name[0] ? name : "the server";

    if (locks == 0)
        return g_strdup_printf("SM_NOTIFY: %s restarted", who);
    char *lost = locks == 1 ? g_strdup("did not give back the lock") : g_strdup_printf("gave back none of the %u locks", locks);
    char *text = g_strdup_printf("SM_NOTIFY: %s restarted, but the client %s that it held (no LOCK with reclaim): does its statd know this "
                                 "server by another name?",
                                 who, lost);
    g_free(lost);
    return text;
}

static unsigned
locks_held(const nh_pair *pair)
{
    GArray *locks = nh_locks_snapshot(pair->watch->locks, pair);
    unsigned held = 0;

    for (unsigned i = 0; i < locks->len; i++) {
        const nh_lock *lock = &g_array_index(locks, nh_lock, i);
        held += lock->pair == pair && lock->state == NH_LOCK_HELD && !lock->reclaimed;
    }
    g_array_unref(locks);
    return held;
}

static void
server_restarted(nh_pair *pair, const nh_message *message, nh_moment at)
{
    unsigned held = locks_held(pair);

    pair->restarted = at;
    if (held > 0) {
        pair->not_given_back.locks = held;
        pair->not_given_back.notice = at;
        pair->not_given_back.name = nh_arena_copy(pair->watch->arena, message->mon_name, strlen(message->mon_name) + 1);
    }
    nh_raise(&(nh_evidence){ .finding = NH_SERVER_RESTARTED,
                             .pair = pair,
                             .way = NH_FORWARD,
                             .service = NH_SERVICE_STATD,
                             .at = at,
                             .since = at,
                             .text = text_of_notice(message->mon_name, 0) });
}

static void
notified(nh_watch *watch, const nh_message *message)
{
    nh_moment at = { message->frame, message->time };
    nh_way way;
    nh_pair *pair = pair_of_notice(watch, message, &way);

    if (way == NH_FORWARD)
        server_restarted(pair, message, at);
    else
        pair->client_restarted = at;
    nh_locks_restarted(pair, way, message->nsm_state, at); /* the incident lists the locks as they were */
}

void
nh_statd_complete(nh_pair *pair)
{
    const nh_watch *watch = pair->watch;

    if (pair->not_given_back.locks > 0 && watch->last - pair->not_given_back.notice.time >= RECLAIM_TIME)
        nh_raise(&(nh_evidence){ .finding = NH_SERVER_RESTARTED,
                                 .pair = pair,
                                 .at = pair->not_given_back.notice,
                                 .bits = NH_HARMLESS, /* the notice was */
                                 .text = text_of_notice(pair->not_given_back.name, pair->not_given_back.locks) });
}

void
nh_statd_call(nh_pair *pair, const nh_message *message)
{
    char address[NH_ADDR_TEXT];

    if (message->proc == NH_NSM_NOTIFY)
        notified(pair->watch, message);
    else if (message->proc == NH_NSM_SIMU_CRASH)
        nh_raise(&(nh_evidence){
            .finding = NH_SERVER_RESTARTED,
            .pair = pair,
            .at = { message->frame, message->time },
            .bits = NH_HARMLESS,
            .text = g_strdup_printf("SM_SIMU_CRASH: the status monitor of %s is to act as after a crash: its lock manager starts anew, and "
                                    "whoever is monitored is told",
                                    nh_addr_text(&message->dst.addr, address)) });
}
