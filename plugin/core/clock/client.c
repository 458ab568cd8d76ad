/* client.c
 * Whose lock client a host is: a Linux kernel, whose timers and lines are known, or another system's.
 *
 * Linux's lockd is a kernel's RPC client with habits that never changed from 3.10
 * on: portmap version 2 over IPv4 (rpcb_getport_async, net/sunrpc/rpcb_clnt.c), no
 * NULL call (RPC_CLNT_CREATE_NOPING, fs/lockd/host.c), no *_MSG request, and a call
 * that is sent again under its own XID until somebody answers it. Who does
 * otherwise is another system; what Linux would log, and when, says nothing of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/client.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/trouble.h"
#include "core/wire/procedures.h"

typedef struct {
    nh_mark mark;
    const char *says;
} mark_row;

/* The stronger ones first: the first that was seen is told. */
static const mark_row other_marks[] = {
    { NH_MARK_MESSAGES, "asks by *_MSG" },
    { NH_MARK_NULL, "calls NULL on the connection of its lock calls" },
    { NH_MARK_RPCBIND_4, "looks lockd up by rpcbind 4 over IPv4" },
    { NH_MARK_RPCBIND_3, "looks lockd up by rpcbind 3 over IPv4" },
    { NH_MARK_ANEW, "gives calls up and asks the same anew under other XIDs" },
    { NH_MARK_GAPS, "resends after times that no Linux has" },
    { NH_MARK_BOTH, "looks lockd up over TCP and UDP at once" },
    { NH_MARK_NO_RESEND, "does not resend a call that TCP acknowledged" },
};

#define BIT(mark) (1u << (mark))

/* rpcinfo, which runs on Linux, too, asks the same. */
#define OF_A_TOOL (BIT(NH_MARK_RPCBIND_3) | BIT(NH_MARK_RPCBIND_4))

/* --- systems ------------------------------------------------------------------------------ */

/* Resends of one call, seconds after the first transmission; 0 ends. */
typedef struct {
    const char *name;
    unsigned needs; /* marks, all of them */
    nh_l4 l4;
    const char *timers;
    unsigned resends[8];
} system_row;

/*
 * FreeBSD: sys/rpc/clnt_dg.c doubles 3 s, nlm_advlock_internal() (sys/nlm/nlm_advlock.c)
 * gives up after the mount's nm_timeo; sys/rpc/clnt_vc.c never resends. macOS and
 * illumos as their users' captures show them (klm: nlm_rpc_handle.c).
 */
static const system_row systems[] = {
    { "asks by *_MSG (macOS, AIX and others)",
      BIT(NH_MARK_MESSAGES),
      NH_L4_UDP,
      "macOS resends after 4, 12, 28, 58 and 88 s with one cookie",
      { 4, 12, 28, 58, 88 } },
    { "illumos or Solaris", BIT(NH_MARK_NULL), NH_L4_TCP, "NULL before a cached connection is used again", { 0 } },
    { "looks up as FreeBSD does",
      BIT(NH_MARK_RPCBIND_4),
      NH_L4_UDP,
      "resends after 3, 9, 21 and 45 s, a new call after 60 s (a mount over UDP: 1 s)",
      { 3, 9, 21, 45 } },
    { "looks up as FreeBSD does", BIT(NH_MARK_RPCBIND_4), NH_L4_TCP, "never resends, a new call after 60 s", { 0 } },
};

static const nh_client *
client_of(const nh_pair *pair)
{
    return g_hash_table_lookup(pair->watch->clients, &pair->client);
}

static unsigned
marks_of(const nh_pair *pair)
{
    const nh_client *client = client_of(pair);
    return client ? client->marks : 0;
}

static void
mark(const nh_pair *pair, nh_mark which, nh_moment at)
{
    GHashTable *clients = pair->watch->clients;
    nh_client *client = g_hash_table_lookup(clients, &pair->client);

    if (!client) {
        client = g_new0(nh_client, 1);
        client->addr = pair->client;
        g_hash_table_insert(clients, &client->addr, client);
    }
    if (client->marks & BIT(which))
        return;
    client->marks |= BIT(which);
    client->seen[which] = at;
}

/* --- what is seen of it ---------------------------------------------------------- */

/* Not there over one protocol, it asks for the other: Linux has that of the mount, and no other (nlmclnt_init, fs/lockd/clntlock.c). */
static bool
changes_protocol(const nh_call *lookup, nh_moment at)
{
    const nh_call *before = lookup->pair->told_none;

    return before && before->asked->prot != lookup->asked->prot && before->asked->vers == lookup->asked->vers &&
           nh_elapsed(before->reply.time, at.time) < NH_SECOND;
}

void
nh_client_looks_up(const nh_call *lookup)
{
    nh_moment at = nh_call_last(lookup)->at;

    if (lookup->way != NH_FORWARD)
        return;
    if (changes_protocol(lookup, at))
        mark(lookup->pair, NH_MARK_BOTH, at);
    if (lookup->pair->client.len != 4)
        return;
    if (lookup->vers == 4)
        mark(lookup->pair, NH_MARK_RPCBIND_4, at);
    else if (lookup->vers == 3)
        mark(lookup->pair, NH_MARK_RPCBIND_3, at);
    else if (lookup->l4 == NH_L4_TCP)
        mark(lookup->pair, NH_MARK_GETPORT, at);
}

static bool
same_request(const nh_call *a, const nh_call *b)
{
    return a->nlm.has_lock && b->nlm.has_lock && a->nlm.svid == b->nlm.svid && a->nlm.owner == b->nlm.owner && a->nlm.file == b->nlm.file &&
           a->nlm.offset == b->nlm.offset && a->nlm.length == b->nlm.length;
}

/* How often the request was asked lately, and still waits; what was asked in between for the same range makes it another. */
static unsigned
asked_before(const nh_call *call, nh_moment at)
{
    const nh_list *waiting = &call->pair->side[NH_FORWARD].outstanding;
    unsigned times = 0, seen = 0;

    for (unsigned i = waiting->len; i-- > 0 && seen < NH_SENT_ANEW_DEPTH; seen++) {
        const nh_call *other = waiting->items[i];
        if (other == call || other->prog != NH_PROG_NLM || !same_request(call, other))
            continue;
        if (nh_nlm_kind(other->proc) != nh_nlm_kind(call->proc))
            break;
        times += at.time - nh_call_first(other)->at.time >= NH_SENT_ANEW_TIME;
    }
    return times;
}

/* NULL by the lock manager's own connection or port; rpcinfo has one of its own. */
static void
mark_null(const nh_call *call, nh_conn *conn, nh_moment at)
{
    if (!conn)
        return;
    if (call->proc == 0)
        conn->pinged = at;
    else
        conn->locked = true;
    if (conn->pinged.frame && conn->locked)
        mark(call->pair, NH_MARK_NULL, conn->pinged);
}

void
nh_client_calls(const nh_call *call, nh_conn *conn)
{
    nh_moment at = nh_call_first(call)->at;

    if (call->way != NH_FORWARD || nh_nlm_is_result(call->prog, call->proc))
        return;
    mark_null(call, conn, at);
    if (nh_nlm_is_message(call->prog, call->proc))
        mark(call->pair, NH_MARK_MESSAGES, at);
    else if (call->pair->seen_server && !call->pair->half_captured && asked_before(call, at) >= NH_SENT_ANEW_PROOF)
        mark(call->pair, NH_MARK_ANEW, at);
}

static unsigned
gaps_of(const nh_call *call, nh_time gaps[NH_GAPS_MAX])
{
    nh_time after = NH_TIME_NONE;
    unsigned n = 0;

    for (unsigned i = call->n_sendings; i-- > 0 && n < NH_GAPS_MAX;) {
        const nh_sending *sending = &call->sendings[i];
        if (i > 0 && !nh_call_timer_sent(call, sending))
            continue;
        if (nh_time_known(after) && (gaps[n++] = nh_elapsed(sending->at.time, after)) > NH_GAP_MAX)
            return n - 1; /* no timer's: a clock that was set */
        after = sending->at.time;
        if (sending->behind_hole)
            break;
    }
    return n;
}

static bool
about(nh_time gap, nh_time expected)
{
    return ABS(gap - expected) <= MIN(expected / 10, NH_SECOND);
}

/* A gap that Linux has twice in a row where copies were lost, or over UDP after the major timeout (T + 2T + 4T). */
static bool
linux_repeats(const nh_call *call, nh_time gap)
{
    nh_time timeout = nh_policy_of(call->pair, call->l4, false).nlm_timeout * NH_SECOND;

    if (call->l4 == NH_L4_UDP)
        return about(gap, 7 * timeout);
    return ABS(gap - 3 * timeout) <= NH_TIMER_LATENESS || ABS(gap - 6 * timeout) <= NH_TIMER_LATENESS;
}

/*
 * Linux's gaps grow by T or double, and begin anew with T after the major timeout: two equal ones are a copy that was
 * lost (T, 2T and then 3T), three never; and doubling ends at the third, since a major timeout comes before the fourth.
 */
static bool
no_linux_gaps(const nh_call *call, const nh_time *gaps, unsigned n)
{
    bool equal = n >= 2 && gaps[0] >= NH_NLM_TIMEOUT_MIN && about(gaps[1], gaps[0]);
    const nh_conn *conn = nh_call_first(call)->conn;
    /* else the gaps may be TCP's, or those after an error */
    bool taken = call->l4 == NH_L4_UDP ? !nh_call_rare_of(call)->icmp.at.frame : call->tcp_acked && conn && !nh_conn_trouble(conn);
    bool thrice = call->l4 == NH_L4_TCP && n >= 3 && about(gaps[2], gaps[0]);

    if (equal && taken && (thrice || !linux_repeats(call, gaps[0])))
        return true;
    return call->l4 == NH_L4_UDP && n >= 4 && gaps[3] >= NH_HALVED_GAP_MIN && about(gaps[0], 2 * gaps[1]) && about(gaps[1], 2 * gaps[2]) &&
           about(gaps[2], 2 * gaps[3]);
}

/* T, 2T or 2T, 3T: two gaps that only Linux has over TCP. */
static bool
is_linux_ladder(const nh_call *call, const nh_time *gaps, unsigned n)
{
    nh_time first = gaps[1], second = gaps[0];

    return call->l4 == NH_L4_TCP && n >= 2 && first >= NH_NLM_TIMEOUT_MIN - NH_CLOCK_SLACK &&
           (ABS(second - 2 * first) <= NH_TIMER_LATENESS || ABS(2 * second - 3 * first) <= NH_TIMER_LATENESS);
}

void
nh_client_resends(const nh_call *call)
{
    nh_time gaps[NH_GAPS_MAX] = { 0 };
    nh_moment at = nh_call_last(call)->at;

    if (call->way != NH_FORWARD || call->prog != NH_PROG_NLM || nh_nlm_is_result(call->prog, call->proc) ||
        !nh_call_timer_sent(call, nh_call_last(call)))
        return;
    if (call->l4 == NH_L4_TCP)
        mark(call->pair, NH_MARK_RESENDS, at);
    unsigned n = gaps_of(call, gaps);
    if (no_linux_gaps(call, gaps, n))
        mark(call->pair, NH_MARK_GAPS, at);
    else if (is_linux_ladder(call, gaps, n))
        mark(call->pair, NH_MARK_LADDER, at);
}

/* Nothing kept a copy of this call from the wire, or from the capture. */
static bool
would_be_seen(const nh_call *call, const nh_conn *conn)
{
    const nh_half *from = &conn->half[nh_call_half(call, conn)], *to = &conn->half[!nh_call_half(call, conn)];

    return conn->state == NH_TCP_ESTABLISHED && !conn->one_sided && !nh_conn_trouble(conn) && !from->has_hole && !from->fin && !to->fin &&
           !to->zero_since.frame && !to->shut.until.frame;
}

bool
nh_client_would_be_seen(const nh_call *call)
{
    const nh_conn *conn = nh_call_first(call)->conn;

    return conn && would_be_seen(call, conn) && !call->pair->half_captured;
}

bool
nh_client_waited(const nh_call *call, nh_moment at)
{
    if (at.time - nh_call_first(call)->at.time < NH_RESEND_MAX) /* nearly all of them */
        return false;
    const nh_conn *conn = nh_call_first(call)->conn;
    bool at_once = call->issue.earliest == call->issue.latest && !call->deferred && !call->issue.sent_before;

    if (call->way != NH_FORWARD || call->prog != NH_PROG_NLM || call->n_sendings > 1 || !conn || !call->tcp_acked || !at_once ||
        nh_nlm_is_message(call->prog, call->proc))
        return false;
    if (!would_be_seen(call, conn) || !call->pair->seen_client || !call->pair->seen_server || call->pair->half_captured)
        return false;
    mark(call->pair, NH_MARK_NO_RESEND, at);
    return true;
}

/* --- what it is ------------------------------------------------------------------- */

/* Marks of another system that nothing else in the capture explains. */
static unsigned
speaking_marks(const nh_pair *pair)
{
    unsigned marks = marks_of(pair), speaking = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(other_marks); i++)
        speaking |= marks & BIT(other_marks[i].mark);
    if (marks & (BIT(NH_MARK_GETPORT) | BIT(NH_MARK_LADDER)))
        speaking &= ~OF_A_TOOL;
    if (marks & BIT(NH_MARK_RESENDS))
        speaking &= ~BIT(NH_MARK_NO_RESEND);
    return speaking;
}

bool
nh_client_is_other(const nh_pair *pair)
{
    const nh_options *options = &pair->watch->options;

    if (options->client != NH_CLIENT_AUTO)
        return options->client == NH_CLIENT_OTHER;
    return options->family == NH_FAMILY_UNKNOWN && speaking_marks(pair) != 0;
}

char *
nh_client_why(const nh_pair *pair)
{
    unsigned speaking = speaking_marks(pair);

    if (!nh_client_is_other(pair))
        return NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(other_marks); i++)
        if (speaking & BIT(other_marks[i].mark))
            return g_strdup_printf("%s (frame %u)", other_marks[i].says, client_of(pair)->seen[other_marks[i].mark].frame);
    return g_strdup("the preference client says so");
}

/* The system whose marks these are, over this transport; NULL when it is not known. */
static const system_row *
system_of(const nh_pair *pair, nh_l4 l4)
{
    unsigned speaking = speaking_marks(pair);

    for (unsigned i = 0; i < G_N_ELEMENTS(systems); i++)
        if (systems[i].l4 == l4 && (speaking & systems[i].needs) == systems[i].needs)
            return &systems[i];
    return NULL;
}

void
nh_client_deadlines(const nh_pair *pair, nh_l4 l4, nh_time sent, nh_deadlines *out)
{
    const system_row *row = system_of(pair, l4);

    *out = (nh_deadlines){ .major_earliest = NH_NEVER, .major_latest = NH_NEVER };
    for (unsigned i = 0; row && nh_time_known(sent) && i < G_N_ELEMENTS(row->resends) && row->resends[i]; i++)
        out->minor[out->n_minor++] = sent + row->resends[i] * NH_SECOND;
}

char *
nh_client_policy_text(const nh_pair *pair, nh_way way, nh_l4 l4, const nh_policy *policy, nh_family family)
{
    const system_row *row;

    if (way != NH_FORWARD || !nh_client_is_other(pair))
        return nh_policy_text(policy, family);
    row = system_of(pair, l4);
    return row ? g_strdup_printf("not Linux: %s; %s", row->name, row->timers) : g_strdup("not Linux");
}
