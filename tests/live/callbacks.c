/* callbacks.c
 * The client's own lock manager: answers GRANTED and GRANTED_MSG.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lock_client.h"

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>
#include <nfsc/libnfs-raw-nlm.h>
#include <nfsc/libnfs-raw-portmap.h>

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NULL_PROC 0
#define NLM_PORT 47021
#define RES_MAX 256

/* libnfs 5 hands over one argument more, which is not used here. */
#ifdef LIBNFS_FEATURE_MULTITHREADING
#define SERVICE_ARGS struct rpc_context *rpc, struct rpc_msg *call, void *opaque __attribute__((unused))
#else
#define SERVICE_ARGS struct rpc_context *rpc, struct rpc_msg *call
#endif

static int null_call(SERVICE_ARGS);
static int granted_call(SERVICE_ARGS);
static int granted_msg(SERVICE_ARGS);

/* libnfs 4 hands over a buffer as malloc() left it, and its decoder copies to pointers in it that are not NULL. */
static uint32_t
decode_args(ZDR *zdr, void *buffer, ...)
{
    memset(buffer, 0, sizeof(NLM4_GRANTEDargs));
    return zdr_NLM4_GRANTEDargs(zdr, buffer);
}

static struct service_proc procedures[] = {
    { .proc = NULL_PROC, .func = null_call, .decode_fn = (zdrproc_t)zdr_void },
    { .proc = NLM4_GRANT, .func = granted_call, .decode_fn = decode_args, .decode_buf_size = sizeof(NLM4_GRANTEDargs) },
    { .proc = NLM4_GRANT_MSG, .func = granted_msg, .decode_fn = decode_args, .decode_buf_size = sizeof(NLM4_GRANTEDargs) },
};

static int
null_call(SERVICE_ARGS)
{
    return rpc_send_reply(rpc, call, NULL, (zdrproc_t)zdr_void, 0);
}

static NLM4_GRANTEDres
answer_to(const NLM4_GRANTEDargs *args)
{
    bool waited_for = granted(args->lock.svid);
    return (NLM4_GRANTEDres){ args->cookie, waited_for ? NLM4_GRANTED : NLM4_DENIED };
}

static int
granted_call(SERVICE_ARGS)
{
    NLM4_GRANTEDres res = answer_to(call->body.cbody.args);
    return rpc_send_reply(rpc, call, &res, (zdrproc_t)zdr_NLM4_GRANTEDres, RES_MAX);
}

/* libnfs has no call for it: a call of its codecs in a record of our own. */
static uint32_t
encode_granted_res(char *record, NLM4_GRANTEDres *res)
{
    uint32_t head[] = { (uint32_t)(now() * 1000), CALL, RPC_MSG_VERSION, NLM_PROGRAM, NLM_V4, NLM4_GRANT_RES,
                        AUTH_NONE, 0, AUTH_NONE, 0 };
    ZDR zdr;
    zdrmem_create(&zdr, record + 4, RES_MAX - 4, ZDR_ENCODE);
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        zdr_u_int(&zdr, &head[i]);
    zdr_NLM4_GRANTEDres(&zdr, res);
    uint32_t len = zdr_getpos(&zdr);
    uint32_t mark = htonl(0x80000000u | len);
    memcpy(record, &mark, sizeof mark);
    zdr_destroy(&zdr);
    return len + 4;
}

/* On a connection of its own: on the one that carries the calls libnfs would take the reply for an error. */
static void
send_granted_res(NLM4_GRANTEDres *res)
{
    char record[RES_MAX];
    uint32_t len = encode_granted_res(record, res);
    int fd = peer_side_socket();
    struct pollfd ready = { fd, POLLOUT, 0 };
    if (fd < 0 || poll(&ready, 1, 2000) <= 0 || send(fd, record, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("GRANTED_RES cannot be sent");
    ready.events = POLLIN;
    /* Closed with unread data in it, the socket would answer with a RST. */
    if (poll(&ready, 1, 500) > 0 && recv(fd, record, sizeof record, 0) < 0)
        say("granted_res_lost");
    close(fd);
    say("granted_res");
}

static int
granted_msg(SERVICE_ARGS)
{
    NLM4_GRANTEDres res = answer_to(call->body.cbody.args);
    int status = rpc_send_reply(rpc, call, NULL, (zdrproc_t)zdr_void, 0);
    send_granted_res(&res);
    return status;
}

static short
context_wanted(void *data)
{
    return (short)rpc_which_events(data);
}

static void
context_serve(void *data, short revents)
{
    struct rpc_context *rpc = data;
    if (rpc_service(rpc, revents) < 0) {
        loop_remove(rpc_get_fd(rpc));
        rpc_destroy_context(rpc);
    }
}

static void
accept_one(void *data, short revents)
{
    int listener = *(int *)data;
    int fd = accept(listener, NULL, NULL);
    (void)revents;
    if (fd < 0)
        return;
    struct rpc_context *rpc = rpc_init_server_context(fd);
    rpc_register_service(rpc, NLM_PROGRAM, NLM_V4, procedures, sizeof procedures / sizeof *procedures);
    loop_add(fd, context_wanted, context_serve, rpc);
}

static void
registered(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    (void)rpc;
    *(int *)private_data = status == RPC_STATUS_SUCCESS && *(uint32_t *)data ? 1 : -1;
}

static void
connected(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    (void)data;
    if (status != RPC_STATUS_SUCCESS)
        *(int *)private_data = -1;
    else
        rpc_pmap2_set_async(rpc, NLM_PROGRAM, NLM_V4, IPPROTO_TCP, NLM_PORT, registered, private_data);
}

static void
register_port(void)
{
    int result = 0;
    struct rpc_context *rpc = rpc_init_context();
    rpc_connect_async(rpc, "127.0.0.1", 111, connected, &result);
    while (result == 0) {
        struct pollfd fd = { rpc_get_fd(rpc), (short)rpc_which_events(rpc), 0 };
        if (poll(&fd, 1, 5000) <= 0 || rpc_service(rpc, fd.revents) < 0)
            break;
    }
    if (result != 1)
        die("rpcbind of this host does not take the registration: %s", rpc_get_error(rpc));
    rpc_destroy_context(rpc);
}

void
callbacks_init(void)
{
    static int listener;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(NLM_PORT) };
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        die("cannot listen on port %d", NLM_PORT);
    register_port();
    loop_add(listener, NULL, accept_one, &listener);
}
