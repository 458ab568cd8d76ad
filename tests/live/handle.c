/* handle.c
 * The handle of a file: MNT of the export, LOOKUP of the name in it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lock_client.h"

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>
#include <nfsc/libnfs-raw-mount.h>
#include <nfsc/libnfs-raw-nfs.h>
#include <nfsc/libnfs-raw-nlm.h>

#include <poll.h>
#include <string.h>

struct answer {
    bool done;
    int status; /* RPC_STATUS_ */
    nlm_fh4 *handle;
};

static void
keep(nlm_fh4 *handle, const void *bytes, unsigned len)
{
    handle->data.data_val = memcpy(malloc(len), bytes, len);
    handle->data.data_len = len;
}

static void
done(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    struct answer *answer = private_data;
    (void)rpc, (void)data;
    answer->done = true;
    answer->status = status;
}

static void
mounted(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    struct answer *answer = private_data;
    const mountres3 *res = data;
    done(rpc, status, data, private_data);
    if (status != RPC_STATUS_SUCCESS || res->fhs_status != MNT3_OK)
        return;
    keep(answer->handle, res->mountres3_u.mountinfo.fhandle.fhandle3_val,
         res->mountres3_u.mountinfo.fhandle.fhandle3_len);
}

static void
looked_up(struct rpc_context *rpc, int status, void *data, void *private_data)
{
    struct answer *answer = private_data;
    const LOOKUP3res *res = data;
    done(rpc, status, data, private_data);
    if (status == RPC_STATUS_SUCCESS && res->status == NFS3_OK)
        keep(answer->handle, res->LOOKUP3res_u.resok.object.data.data_val,
             res->LOOKUP3res_u.resok.object.data.data_len);
}

static void
wait_for(struct rpc_context *rpc, struct answer *answer, const char *what)
{
    while (!answer->done) {
        struct pollfd fd = { rpc_get_fd(rpc), (short)rpc_which_events(rpc), 0 };
        if (poll(&fd, 1, 5000) <= 0 || rpc_service(rpc, fd.revents) < 0)
            die("%s: %s", what, rpc_get_error(rpc));
    }
    if (answer->status != RPC_STATUS_SUCCESS)
        die("%s: %s", what, rpc_get_error(rpc));
    answer->done = false;
}

static struct rpc_context *
connect_to(const char *server, int program, int version, struct answer *answer)
{
    struct rpc_context *rpc = rpc_init_context();
    if (rpc_connect_program_async(rpc, server, program, version, done, answer) < 0)
        die("cannot connect: %s", rpc_get_error(rpc));
    wait_for(rpc, answer, "connect");
    return rpc;
}

void
get_handle(const char *server, const char *export, const char *file, nlm_fh4 *out)
{
    nlm_fh4 root = { { 0, NULL } };
    struct answer answer = { .handle = &root };
    struct rpc_context *rpc = connect_to(server, MOUNT_PROGRAM, MOUNT_V3, &answer);
    rpc_mount3_mnt_async(rpc, mounted, (char *)export, &answer);
    wait_for(rpc, &answer, "MNT");
    rpc_destroy_context(rpc);
    if (!root.data.data_val)
        die("the server does not export %s", export);

    answer.handle = out;
    rpc = connect_to(server, NFS_PROGRAM, NFS_V3, &answer);
    LOOKUP3args args = { { { { root.data.data_len, root.data.data_val } }, (char *)file } };
    rpc_nfs3_lookup_async(rpc, looked_up, &args, &answer);
    wait_for(rpc, &answer, "LOOKUP");
    rpc_destroy_context(rpc);
    if (!out->data.data_val)
        die("there is no %s on the server", file);
    free(root.data.data_val);
}
