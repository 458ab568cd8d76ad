/* lock_client.c
 * lock_client [-t SECONDS] SERVER EXPORT FILE
 *
 * Asks an NFSv3 server for locks on bytes 0-99 of a file and keeps the timers of
 * Linux's lockd: the same call again after 1, 3 and 6 times SECONDS (10 by
 * default, as nlm_timeout), then "not responding" and a new look-up of the port.
 * A lock that has to wait is asked for again every 3 times SECONDS.
 *
 * Commands on standard input, for lock owners 1-9:
 *
 *   lock N    LOCK, not waiting        block N   LOCK, waiting
 *   unlock N  UNLOCK                   abort     destroy the connection (RST)
 *
 * Every event is a line on standard output: seconds since 1970, a word, details.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lock_client.h"

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>
#include <nfsc/libnfs-raw-nlm.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OWNERS 10
#define LENGTH 100

/* When a call is sent again, in units of the timeout; the last one is the major timeout. */
static const int steps[] = { 1, 3, 6 };
#define MAJOR 2

/* One per owner: it does one thing at a time. */
static struct call {
    int proc;       /* 0: none under way */
    bool block;
    uint32_t xid;
    double issued;  /* or the last major timeout */
    int step;
    bool complained;
    double poll_at; /* when to ask for a lock that has to wait again, 0: it does not wait */
} calls[OWNERS];

static double timeout = 10;
static nlm_fh4 handle;
static char host[64];

static const char *
name_of(int proc)
{
    return proc == NLM4_LOCK ? "LOCK" : "UNLOCK";
}

static nlm4_lock
lock_of(int owner)
{
    static char oh[OWNERS][sizeof host + 8];
    snprintf(oh[owner], sizeof oh[owner], "%d@%s", owner, host);
    return (nlm4_lock){ host, handle, oh[owner], (u_int)owner, 0, LENGTH };
}

static struct call *
call_of(uint32_t xid)
{
    for (struct call *call = calls; call < calls + OWNERS; call++) {
        if (call->proc && call->xid == xid)
            return call;
    }
    return NULL;
}

/* By XID: a second reply to a copy of the call may come when the owner does something else. */
static void
answered(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    struct call *call = call_of((uint32_t)(uintptr_t)private_data);
    (void)rpc;
    if (!call || status != RPC_STATUS_SUCCESS)
        return;
    int owner = (int)(call - calls);
    nlmstat4 stat = call->proc == NLM4_LOCK ? ((NLM4_LOCKres *)data)->status : ((NLM4_UNLOCKres *)data)->status;
    if (call->complained)
        say("ok");
    say("answer %s %d %s", name_of(call->proc), owner, nlmstat4_to_str((int)stat));
    call->poll_at = call->block && stat == NLM4_BLOCKED ? now() + 3 * timeout : 0;
    call->proc = 0;
}

static void
send_call(struct call *call)
{
    struct rpc_context *rpc = peer_rpc();
    if (!rpc)
        return;
    int owner = (int)(call - calls);
    void *key = (void *)(uintptr_t)call->xid;
    nlm_cookie cookie = { { sizeof call->xid, (char *)&call->xid } };
    rpc_set_next_xid(rpc, call->xid);
    say("send %s %d 0x%08x", name_of(call->proc), owner, call->xid);
    if (call->proc == NLM4_LOCK) {
        NLM4_LOCKargs args = { cookie, call->block, 1, lock_of(owner), 0, 1 };
        rpc_nlm4_lock_async(rpc, answered, &args, key);
    } else {
        NLM4_UNLOCKargs args = { cookie, lock_of(owner) };
        rpc_nlm4_unlock_async(rpc, answered, &args, key);
    }
}

static void
issue(int owner, int proc, bool block)
{
    static uint32_t xid;
    if (!xid)
        xid = (uint32_t)(now() * 1e6);
    calls[owner] = (struct call){ .proc = proc, .block = block, .xid = xid++, .issued = now() };
    say("issue %s %d 0x%08x", name_of(proc), owner, calls[owner].xid);
    send_call(&calls[owner]);
}

void
peer_ready(void)
{
    for (struct call *call = calls; call < calls + OWNERS; call++) {
        if (call->proc)
            send_call(call);
    }
}

bool
granted(uint32_t svid)
{
    if (svid >= OWNERS || !calls[svid].poll_at)
        return false;
    calls[svid].poll_at = 0;
    say("granted %u", svid);
    return true;
}

static void
overdue(struct call *call)
{
    if (call->step++ < MAJOR) {
        send_call(call);
        return;
    }
    say("not_responding");
    call->complained = true;
    call->step = 0;
    call->issued = now();
    peer_rebind();
}

/* Whether a call is under way. */
static bool
run_timers(void)
{
    bool waiting = false;
    for (struct call *call = calls; call < calls + OWNERS; call++) {
        if (call->proc && now() >= call->issued + steps[call->step] * timeout)
            overdue(call);
        else if (!call->proc && call->poll_at && now() >= call->poll_at)
            issue((int)(call - calls), NLM4_LOCK, true);
        waiting = waiting || call->proc;
    }
    return waiting;
}

static void
obey(const char *line)
{
    int owner = 0;
    char word[16] = "";
    sscanf(line, "%15s %d", word, &owner);
    if (strcmp(word, "abort") == 0)
        peer_abort();
    else if (owner < 1 || owner >= OWNERS)
        die("what is \"%s\"?", line);
    else if (strcmp(word, "unlock") == 0)
        issue(owner, NLM4_UNLOCK, false);
    else
        issue(owner, NLM4_LOCK, strcmp(word, "block") == 0);
}

static void
read_commands(void *data, short revents)
{
    static char buffer[512];
    static size_t used;
    (void)data, (void)revents;
    ssize_t got = read(STDIN_FILENO, buffer + used, sizeof buffer - 1 - used);
    if (got <= 0)
        exit(0);
    used += (size_t)got;
    buffer[used] = '\0';
    char *line = buffer;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        obey(line);
    }
    used = strlen(line);
    memmove(buffer, line, used);
}

int
main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "t:")) == 't')
        timeout = atof(optarg);
    if (option != -1 || argc - optind != 3 || timeout <= 0)
        die("usage: lock_client [-t SECONDS] SERVER EXPORT FILE");
    gethostname(host, sizeof host - 1);
    get_handle(argv[optind], argv[optind + 1], argv[optind + 2], &handle);
    peer_init(argv[optind], timeout);
    callbacks_init();
    loop_add(STDIN_FILENO, NULL, read_commands, NULL);
    say("started");
    for (;;) {
        peer_tick(run_timers());
        loop_once(0.02);
    }
}
