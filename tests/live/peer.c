/* peer.c
 * The connection to the server's lock manager as Linux's RPC client keeps it:
 * port from the server's portmapper, one reserved source port for as long as the
 * program runs, a pause after a failure. libnfs would choose the source port
 * itself, so the sockets are made here and handed over to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lock_client.h"

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>
#include <nfsc/libnfs-raw-nlm.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTMAP 111

enum phase { CLOSED, CONNECTING, OPEN };

struct link {
    const char *name;
    enum phase phase;
    int fd;
    struct rpc_context *rpc;
    void (*opened)(void);
    void (*served)(void); /* after libnfs returned: only then it may be destroyed */
};

static struct sockaddr_in server;
static double pause_after_failure; /* 3 s in Linux, for timers of 10 s */
static double next_try;
static int keep_idle;
static int local_port;
static int port;       /* of the lock manager, 0 if it is to be looked up */
static int last_port;  /* that was not 0 */
static bool answered;  /* by the portmapper */
static void ask_for_port(void);
static void take_port(void);

static struct link portmap = { "portmap", CLOSED, -1, NULL, ask_for_port, take_port };
static struct link lockd = { "lockd", CLOSED, -1, NULL, peer_ready, NULL };

/* reuse: also if the last connection from this port is in TIME-WAIT */
static bool
bind_to(int fd, int wanted, int reuse)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)wanted) };
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* One that no socket uses: getpid() only so that two clients do not start at the same one. */
static int
reserved_port(void)
{
    for (int i = 0; i < 300; i++) {
        int candidate = 665 + (getpid() * 7 + i) % 300;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool is_free = bind_to(fd, candidate, 0);
        close(fd);
        if (is_free)
            return candidate;
    }
    die("no reserved port: %s", strerror(errno));
}

static int
open_socket(int to_port, int from_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = server;
    address.sin_port = htons((uint16_t)to_port);
    if (fd < 0 || (from_port && !bind_to(fd, from_port, 1)))
        die("cannot use port %d: %s", from_port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keep_idle, sizeof keep_idle);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        say("connect_failed %s", strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static void
link_close(struct link *link)
{
    loop_remove(link->fd);
    /* Closes the socket; the calls in it come back with RPC_STATUS_CANCEL or _ERROR. */
    rpc_destroy_context(link->rpc);
    link->rpc = NULL;
    link->phase = CLOSED;
}

/* After an orderly end Linux connects again at once and to the port it knows; after an error it takes its time. */
static void
link_lost(struct link *link, int error)
{
    say("lost %s %s", link->name, error ? strerror(error) : "closed by the peer");
    bool orderly = !error && link == &lockd;
    link_close(link);
    if (orderly)
        return;
    next_try = now() + pause_after_failure;
    port = 0;
}

static short
link_wanted(void *data)
{
    return (short)rpc_which_events(((struct link *)data)->rpc);
}

static void
link_serve(void *data, short revents)
{
    struct link *link = data;
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error || rpc_service(link->rpc, revents) < 0) {
        link_lost(link, error);
    } else if (link->phase == CONNECTING) {
        link->phase = OPEN;
        link->opened();
    } else if (link->served) {
        link->served();
    }
}

static void
link_open(struct link *link, int to_port, int from_port)
{
    link->fd = open_socket(to_port, from_port);
    if (link->fd < 0) {
        next_try = now() + pause_after_failure;
        return;
    }
    link->rpc = rpc_init_context();
    rpc_set_fd(link->rpc, link->fd);
    link->phase = CONNECTING;
    loop_add(link->fd, link_wanted, link_serve, link);
}

static void
got_port(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    (void)rpc, (void)private_data;
    if (status == RPC_STATUS_SUCCESS) {
        port = (int)*(uint32_t *)data;
        answered = true;
    }
}

static void
ask_for_port(void)
{
    answered = false;
    rpc_pmap2_getport_async(portmap.rpc, NLM_PROGRAM, NLM_V4, IPPROTO_TCP, got_port, NULL);
}

static void
take_port(void)
{
    if (!answered)
        return;
    link_close(&portmap);
    say("port %d", port);
    last_port = port ? port : last_port;
    if (port == 0)
        next_try = now() + pause_after_failure;
    else if (lockd.phase == OPEN)
        peer_ready();
}

void
peer_init(const char *name, double timeout)
{
    server.sin_family = AF_INET;
    if (inet_pton(AF_INET, name, &server.sin_addr) != 1)
        die("%s is no IPv4 address", name);
    pause_after_failure = 0.3 * timeout;
    /* Linux takes the longest timeout of the transport, 60 s, for timers of 10 s. */
    keep_idle = (int)(6 * timeout);
    local_port = reserved_port();
}

struct rpc_context *
peer_rpc(void)
{
    return lockd.phase == OPEN && port ? lockd.rpc : NULL;
}

int
peer_side_socket(void)
{
    return open_socket(last_port, reserved_port());
}

void
peer_tick(bool wanted)
{
    if (!wanted || portmap.phase != CLOSED || now() < next_try)
        return;
    if (port == 0)
        link_open(&portmap, PORTMAP, 0);
    else if (lockd.phase == CLOSED)
        link_open(&lockd, port, local_port);
}

void
peer_rebind(void)
{
    port = 0;
}

void
peer_abort(void)
{
    struct linger at_once = { 1, 0 };
    if (lockd.phase == CLOSED)
        return;
    setsockopt(lockd.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    link_close(&lockd);
}
