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

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/wire/procedures.h"
#include "core/locks/fault.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_queries.h"
#include "core/locks/lock_restarts.h"
#include "core/locks/lock_table.h"
#include "core/judge/outage_end.h"
#include "core/judge/raise.h"
#include "core/net/pairs.h"
#include "core/wire/arguments.h"

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
    const nh_list *calls = &watch->call_list;

    for (unsigned i = calls->len; i-- > 0 && calls->len - i <= NH_STATD_SEARCH_MAX;) {
        const nh_call *call = calls->items[i];
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

/* What is told of a notice; its second value is the number of locks if the client did not react to it. */
static nh_remark
remark_of_notice(nh_watch *watch, const char *name)
{
    const char *who = name[0] ? g_string_chunk_insert_const(watch->names, name) : "the server";

    return (nh_remark){ NH_REMARK_NOTICE, { NH_POINTER(who) } };
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

/* --- does a notice arrive? ------------------------------------------------------------- */

/* Locks between the two, or of whoever restarted with others: this is a lock host that tells of itself. */
static bool
is_about_locks(const nh_pair *pair, nh_way way)
{
    return pair->lock_traffic || nh_pair_is_lock_host(pair->watch, way == NH_FORWARD ? &pair->server : &pair->client);
}

static void
try_notice(nh_pair *pair, nh_way way, nh_call *call, nh_moment at)
{
    nh_pair_side *side = &pair->side[way];

    if (!side->notice)
        side->notice = nh_arena_take(pair->watch->arena, sizeof *side->notice);
    nh_notice *notice = side->notice;
    if (notice->answered.frame || (notice->latest.frame && nh_elapsed(notice->latest.time, at.time) > NH_NOTICE_TIME))
        *notice = (nh_notice){ 0 };
    if (!notice->first.frame)
        notice->first = at;
    if (call->prog == NH_PROG_STAT && !notice->notify.frame)
        notice->notify = at;
    notice->latest = at;
    notice->tries++;
    nh_call_rare_get(call)->notice = notice;
    if (is_about_locks(pair, way) && (notice->fault || notice->tries >= NH_NOTICE_TRIES))
        nh_fault_notice(pair, way, at);
}

/* Who calls is the one who restarted. */
static nh_way
way_of_restarted(const nh_call *call)
{
    return call->way == NH_FORWARD ? NH_CALLBACK : NH_FORWARD;
}

void
nh_statd_looks_up(nh_call *lookup, nh_moment at)
{
    if (lookup->asked->prog == NH_PROG_STAT && !nh_arguments_indirect(lookup->vers, lookup->proc))
        try_notice(lookup->pair, way_of_restarted(lookup), lookup, at);
}

void
nh_statd_looked_up(nh_call *lookup, bool registered, nh_moment at)
{
    nh_notice *notice = nh_call_rare_of(lookup)->notice;

    if (notice)
        notice->unregistered = !registered;
    if (!notice || !registered)
        return;
    notice->looked_up = at;
    notice->first.frame = notice->tries = notice->errors = 0; /* what is lost now is SM_NOTIFY itself */
}

void
nh_statd_again(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;

    for (int way = NH_FORWARD; way <= NH_CALLBACK && nh_call_rare_of(call)->notice && !call->reply.frame; way++)
        if (nh_call_rare_of(call)->notice == pair->side[way].notice)
            try_notice(pair, (nh_way)way, call, at);
}

void
nh_statd_answered(nh_call *call, nh_moment at)
{
    if (!nh_call_rare_of(call)->notice)
        return;
    nh_call_rare_of(call)->notice->answered = at;
    if (nh_call_rare_of(call)->notice->fault)
        nh_fault_end(nh_call_rare_of(call)->notice->fault, at);
}

static void
complete_notice(nh_pair *pair, nh_way way)
{
    const nh_notice *notice = pair->side[way].notice;

    if (notice && is_about_locks(pair, way) && notice->first.frame && !notice->answered.frame && !notice->fault &&
        (notice->notify.frame || notice->tries > 1) && nh_elapsed(notice->first.time, pair->watch->last) >= NH_NOTICE_LOST_TIME)
        nh_fault_notice(pair, way, notice->latest);
}

/* --- notices ------------------------------------------------------------------------------ */

static void
server_restarted(nh_pair *pair, const nh_message *message, nh_moment at)
{
    /* announced before (sm-notify tries several times, and several addresses) */
    bool again = message->nsm_state != 0 && pair->side[NH_FORWARD].nsm_state == message->nsm_state;
    unsigned held = again ? 0 : locks_held(pair);
    nh_remark says = remark_of_notice(pair->watch, message->mon_name);

    pair->restarted = at;
    if (held > 0) {
        pair->not_given_back.locks = held;
        pair->not_given_back.notice = at;
        says.values[1].number = held;
        nh_fault *before = pair->not_given_back.fault;
        pair->not_given_back.fault = nh_fault_not_reclaimed(pair, at, &says);
        if (before && before != pair->not_given_back.fault && !nh_fault_is_reported(before))
            nh_fault_retract(before); /* nobody can tell any more whether they were given back between the two restarts */
        says.values[1].number = 0;
    }
    nh_raise(&(nh_evidence){ .finding = NH_SERVER_RESTARTED,
                             .pair = pair,
                             .way = NH_FORWARD,
                             .service = NH_SERVICE_STATD,
                             .at = at,
                             .since = at,
                             .bits = again ? NH_HARMLESS : 0,
                             .says = says });
    nh_outage_settle(pair, at); /* unless somebody waits: what comes long after is another matter */
}

static void
client_restarted(nh_pair *pair, const nh_message *message, nh_moment at)
{
    pair->restarted_as = g_string_chunk_insert_const(pair->watch->names, message->mon_name);
    pair->client_restarted = at;
}

/* Whoever is meant: nobody known by that name, or at that address. */
static void
strange_notice(nh_pair *pair, const nh_message *message, nh_moment at)
{
    nh_watch *watch = pair->watch;
    nh_strange_notice *notice = watch->strange_notices ? g_hash_table_lookup(watch->strange_notices, &message->dst.addr) : NULL;

    if (!notice)
        notice = nh_arena_take(watch->arena, sizeof *notice);
    *notice = (nh_strange_notice){ message->dst.addr, message->src.addr, at, g_string_chunk_insert_const(watch->names, message->mon_name) };
    if (!watch->strange_notices)
        watch->strange_notices = g_hash_table_new(nh_addr_hash_key, nh_addr_equal_keys);
    g_hash_table_replace(watch->strange_notices, &notice->told, notice);
}

static void
notified(nh_watch *watch, nh_call *call, const nh_message *message)
{
    nh_moment at = { message->frame, message->time };
    nh_way way;
    nh_pair *pair = pair_of_notice(watch, message, &way);

    if (pair->calls == 0)
        strange_notice(pair, message, at);
    if (way == NH_FORWARD)
        server_restarted(pair, message, at);
    else
        client_restarted(pair, message, at);
    try_notice(pair, way, call, at);
    nh_locks_restarted(pair, way, message->nsm_state, at); /* the incident lists the locks as they were */
}

void
nh_statd_reclaimed(nh_pair *pair)
{
    pair->not_given_back.locks = 0;
    if (pair->not_given_back.fault)
        nh_fault_retract(pair->not_given_back.fault);
}

void
nh_statd_complete(nh_pair *pair)
{
    const nh_watch *watch = pair->watch;
    const nh_notice *notice = pair->side[NH_FORWARD].notice;

    complete_notice(pair, NH_FORWARD);
    complete_notice(pair, NH_CALLBACK);
    if (pair->not_given_back.locks > 0 && notice && notice->answered.frame &&
        nh_elapsed(pair->not_given_back.notice.time, watch->last) >= NH_RECLAIM_TIME &&
        nh_locks_last_seen(watch->locks, &pair->client).frame > pair->not_given_back.notice.frame)
        nh_fault_confirm(pair->not_given_back.fault);
}

void
nh_statd_call(nh_call *call, const nh_message *message)
{
    if (message->proc == NH_NSM_NOTIFY)
        notified(call->pair->watch, call, message);
    else if (message->proc == NH_NSM_SIMU_CRASH)
        nh_raise(&(nh_evidence){ .finding = NH_SERVER_RESTARTED,
                                 .pair = call->pair,
                                 .at = { message->frame, message->time },
                                 .bits = NH_HARMLESS,
                                 .says = { NH_REMARK_SIMU_CRASH, { NH_POINTER(&call->dst.addr) } } });
}
