/* lock_store.h
 * Where the locks are kept: by server and file, and of which files a pair has any.
 *
 * Only what is held or waited for is remembered, so the store is as large as the servers' own. What concerns one pair or
 * one server is found without a look at the others: a restart of a server with thousands of clients is told to each of them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_STORE_H
#define NLM_HEALTH_LOCK_STORE_H

#include "core/base/limits.h"
#include "core/locks/lock_file.h"

/* So many clients hold their first lock between two packets of a pair without a look-up of its hosts. */
#define NH_NEWEST_CLIENTS 8

/* What is locked at one address of a server. */
typedef struct nh_lock_server {
    nh_addr addr;
    GHashTable *files; /* number -> nh_lock_file; no empty ones, but while a call takes effect */
    bool reclaiming;   /* its locks are being reclaimed */
    bool dropped;      /* it is in a grace period, and its locks of before are marked */
    unsigned n_gone;   /* so many of its files were forgotten: nobody holds anything there any more */
} nh_lock_server;

struct nh_lock_table {
    GHashTable *servers;               /* nh_addr -> nh_lock_server */
    GHashTable *handles;               /* number of a file -> nh_lock_server that has it, the latest but for those that had it before */
    GHashTable *clients;               /* nh_addr -> nh_moment: last seen, of clients that hold locks (lock_clients.c) */
    nh_addr newest[NH_NEWEST_CLIENTS]; /* of these: a ring */
    GHashTable *blocked;               /* nh_addr of a client -> GPtrArray of nh_pair: where it was told to wait */
    nh_lock released[NH_RELEASED_MAX]; /* the latest that were given back: a ring, next is where the next one goes */
    unsigned n_released;
    bool any_suspect;    /* some lock is, or was: few captures have any, and each refusal would look for one */
    uint64_t version;    /* changes with each change */
    nh_lock_near nearby; /* what the call is about that takes effect */
    struct {
        const nh_pair *pair;
        uint64_t version;
        GArray *locks;
    } latest; /* snapshot (lock_queries.c) */
};

/* An empty table; freed with the watch, whose pairs it names. */
nh_lock_table *nh_locks_new(void);
void nh_locks_free(nh_lock_table *table);

/* The server of a pair, known from now on. */
nh_lock_server *nh_lock_server_of(nh_pair *pair);
/* NULL: nothing was ever asked for at this address. */
nh_lock_server *nh_lock_server_find(const nh_lock_table *table, const nh_addr *addr);
/* A file of a server; NULL when nobody has locks of it. */
nh_lock_file *nh_lock_server_file(const nh_lock_server *server, uint32_t number);
/* The same of a pair's server. */
nh_lock_file *nh_lock_store_find(nh_pair *pair, uint32_t number);
/* A file of a pair's server, made if need be; nh_lock_store_keep() follows when the call has taken effect. */
nh_lock_file *nh_lock_store_file(nh_pair *pair, uint32_t number);
/* The file is kept as one of this pair's, or forgotten when nothing is held or waited for any more: false. */
bool nh_lock_store_keep(nh_pair *pair, uint32_t number, const nh_lock_file *file);

/* The pair goes, or another host is its server from now on. */
void nh_lock_store_forget_pair(nh_pair *pair);

/* The files in which a pair may have locks, one after the other, in no order. */
typedef struct {
    nh_lock_server *server; /* NULL: nothing was asked for there */
    bool several, left;     /* the pair has a table of them; there may be another one */
    GHashTableIter iter;
    void *number; /* of the latest */
} nh_pair_files;

/* Before the first of them. */
nh_pair_files nh_pair_files_begin(const nh_pair *pair);
/* NULL: that was all. No file may be added meanwhile. */
nh_lock_file *nh_pair_files_next(nh_pair_files *files);
/* Nobody holds or waits for anything in the latest one any more. */
void nh_pair_files_forget(nh_pair_files *files);

#endif
