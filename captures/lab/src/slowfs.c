/* slowfs.c
 * A file system of a few empty files whose open() stalls while /run/stall exists: exported over NFS it hangs the server's lockd.
 *
 * slowfs MOUNTPOINT [FUSE OPTIONS]
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define FUSE_USE_VERSION 35
#define _GNU_SOURCE
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALL_FILE "/run/stall"

static const char *const names[] = { "lockfile", "lockfile2", "lockfile3" };
#define FILES     (sizeof names / sizeof *names)
#define FIRST_INO 2

static void
fill(fuse_ino_t ino, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_ino = ino;
    st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0777 : S_IFREG | 0666;
    st->st_nlink = ino == FUSE_ROOT_ID ? 2 : 1;
}

static int
known(fuse_ino_t ino)
{
    return ino == FUSE_ROOT_ID || (ino >= FIRST_INO && ino < FIRST_INO + FILES);
}

static void
slow_init(void *user, struct fuse_conn_info *conn)
{
    (void)user;
    conn->want |= conn->capable & FUSE_CAP_EXPORT_SUPPORT;
}

static void
reply_entry(fuse_req_t request, fuse_ino_t ino)
{
    struct fuse_entry_param entry = { .ino = ino, .generation = 1, .attr_timeout = 3600, .entry_timeout = 3600 };

    fill(ino, &entry.attr);
    fuse_reply_entry(request, &entry);
}

static void
slow_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    size_t i;

    if (strcmp(name, ".") == 0 && known(parent)) {
        reply_entry(request, parent);
        return;
    }
    if (strcmp(name, "..") == 0) {
        reply_entry(request, FUSE_ROOT_ID);
        return;
    }
    for (i = 0; i < FILES && parent == FUSE_ROOT_ID; i++) {
        if (strcmp(name, names[i]) == 0) {
            reply_entry(request, FIRST_INO + i);
            return;
        }
    }
    fuse_reply_err(request, ENOENT);
}

static void
slow_getattr(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct stat st;

    (void)info;
    if (!known(ino)) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    fill(ino, &st);
    fuse_reply_attr(request, &st, 3600);
}

static void
slow_setattr(fuse_req_t request, fuse_ino_t ino, struct stat *attr, int set, struct fuse_file_info *info)
{
    (void)attr;
    (void)set;
    slow_getattr(request, ino, info);
}

static void
slow_open(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info)
{
    const struct timespec pause = { 0, 20000000 };

    if (ino == FIRST_INO)
        while (access(STALL_FILE, F_OK) == 0)
            nanosleep(&pause, NULL);
    fuse_reply_open(request, info);
}

static void
slow_readdir(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    char   buffer[1024];
    size_t used = 0, i;

    (void)info;
    if (ino != FUSE_ROOT_ID) {
        fuse_reply_err(request, ENOTDIR);
        return;
    }
    for (i = (size_t)offset; i < FILES; i++) {
        struct stat st;
        size_t      length;

        fill(FIRST_INO + i, &st);
        length = fuse_add_direntry(request, buffer + used, sizeof buffer - used, names[i], &st, (off_t)i + 1);
        if (used + length > size || used + length > sizeof buffer)
            break;
        used += length;
    }
    fuse_reply_buf(request, buffer, used);
}

static void
slow_statfs(fuse_req_t request, fuse_ino_t ino)
{
    struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_blocks = 1000, .f_bfree = 900, .f_bavail = 900, .f_files = 10, .f_namemax = 255 };

    (void)ino;
    fuse_reply_statfs(request, &st);
}

static const struct fuse_lowlevel_ops operations = {
    .init = slow_init,
    .lookup = slow_lookup,
    .getattr = slow_getattr,
    .setattr = slow_setattr,
    .open = slow_open,
    .readdir = slow_readdir,
    .statfs = slow_statfs,
};

int
main(int argc, char *argv[])
{
    struct fuse_args    arguments = FUSE_ARGS_INIT(0, NULL);
    struct fuse_session *session;
    struct fuse_loop_config    loop = { .clone_fd = 0, .max_idle_threads = 10 };
    int                 i, status;

    if (argc < 2)
        return 2;
    for (i = 0; i < argc; i++) {
        if (i != 1)
            fuse_opt_add_arg(&arguments, argv[i]);
    }
    session = fuse_session_new(&arguments, &operations, sizeof operations, NULL);
    if (!session || fuse_session_mount(session, argv[1]) != 0)
        return 1;
    fuse_daemonize(0);
    status = fuse_session_loop_mt(session, &loop);
    fuse_session_unmount(session);
    return status != 0;
}
