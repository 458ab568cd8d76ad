/* lock_store.c
 * Where the locks are kept: by server and file, and of which files a pair has any.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_store.h"

#include "core/base/hash.h"

static void
free_server(void *data)
{
    nh_lock_server *server = data;

    g_hash_table_unref(server->files);
    g_free(server);
}

static void
free_pairs(void *pairs)
{
    g_ptr_array_unref(pairs);
}

nh_lock_table *
nh_locks_new(void)
{
    nh_lock_table *table = g_new0(nh_lock_table, 1);

    table->servers = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, NULL, free_server);
    table->handles = g_hash_table_new(nh_number_hash, NULL);
    table->clients = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, g_free);
    table->blocked = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, g_free, free_pairs);
    nh_lock_near_init(&table->nearby);
    return table;
}

void
nh_locks_free(nh_lock_table *table)
{
    g_hash_table_unref(table->servers);
    g_hash_table_unref(table->handles);
    g_hash_table_unref(table->clients);
    g_hash_table_unref(table->blocked);
    nh_lock_near_clear(&table->nearby);
    if (table->latest.locks)
        g_array_unref(table->latest.locks);
    g_free(table);
}

nh_lock_server *
nh_lock_server_find(const nh_lock_table *table, const nh_addr *addr)
{
    return g_hash_table_lookup(table->servers, addr);
}

static nh_lock_server *
new_server(nh_lock_table *table, const nh_addr *addr)
{
    nh_lock_server *server = g_new0(nh_lock_server, 1);

    server->addr = *addr;
    server->files = g_hash_table_new_full(nh_number_hash, NULL, NULL, nh_lock_file_free);
    g_hash_table_insert(table->servers, &server->addr, server);
    return server;
}

nh_lock_server *
nh_lock_server_of(nh_pair *pair)
{
    if (pair->locked.at)
        return pair->locked.at;
    nh_lock_server *server = nh_lock_server_find(pair->watch->locks, &pair->server);
    if (!server)
        server = new_server(pair->watch->locks, &pair->server);
    pair->locked.at = server;
    return server;
}

nh_lock_file *
nh_lock_server_file(const nh_lock_server *server, uint32_t number)
{
    return g_hash_table_lookup(server->files, GUINT_TO_POINTER(number));
}

/* Whether this file is the one of the pair's latest answer, as that of most calls is. */
static bool
is_latest(const nh_pair *pair, uint32_t number)
{
    return pair->locked.latest && pair->locked.number == number && pair->locked.as_of == pair->locked.at->n_gone;
}

nh_lock_file *
nh_lock_store_find(nh_pair *pair, uint32_t number)
{
    return is_latest(pair, number) ? pair->locked.latest : nh_lock_server_file(nh_lock_server_of(pair), number);
}

nh_lock_file *
nh_lock_store_file(nh_pair *pair, uint32_t number)
{
    if (is_latest(pair, number))
        return pair->locked.latest;

    nh_lock_server *server = nh_lock_server_of(pair);
    nh_lock_file *file = nh_lock_server_file(server, number);

    if (!file) {
        file = nh_lock_file_new();
        g_hash_table_insert(server->files, GUINT_TO_POINTER(number), file);
    }
    pair->locked.kept = false;
    pair->locked.latest = file;
    pair->locked.number = number;
    pair->locked.as_of = server->n_gone;
    return file;
}

/* Most clients lock one file: a table comes with the second one. */
static void
add_file(nh_pair *pair, uint32_t number)
{
    if (!pair->locked.files && (!pair->locked.has_only || pair->locked.only == number)) {
        pair->locked.only = number;
        pair->locked.has_only = true;
        return;
    }
    if (!pair->locked.files) {
        pair->locked.files = g_hash_table_new(nh_number_hash, NULL);
        g_hash_table_add(pair->locked.files, GUINT_TO_POINTER(pair->locked.only));
        pair->locked.has_only = false;
    }
    g_hash_table_add(pair->locked.files, GUINT_TO_POINTER(number));
}

static void
remove_file(nh_pair *pair, uint32_t number)
{
    if (pair->locked.files)
        g_hash_table_remove(pair->locked.files, GUINT_TO_POINTER(number));
    else if (pair->locked.only == number)
        pair->locked.has_only = false;
}

bool
nh_lock_store_keep(nh_pair *pair, uint32_t number, const nh_lock_file *file)
{
    nh_lock_table *table = pair->watch->locks;
    nh_lock_server *server = nh_lock_server_of(pair);
    void *key = GUINT_TO_POINTER(number);

    if (file->n > 0) {
        if (!pair->locked.kept)
            add_file(pair, number);
        pair->locked.kept = true;
        return true;
    }
    server->n_gone++;
    g_hash_table_remove(server->files, key);
    remove_file(pair, number);
    if (g_hash_table_lookup(table->handles, key) == server)
        g_hash_table_remove(table->handles, key);
    return false;
}

void
nh_lock_store_forget_pair(nh_pair *pair)
{
    if (pair->locked.files)
        g_hash_table_unref(pair->locked.files);
    pair->locked.files = NULL;
    pair->locked.has_only = false;
    pair->locked.at = NULL;
    pair->locked.latest = NULL;
}

nh_pair_files
nh_pair_files_begin(const nh_pair *pair)
{
    nh_pair_files files = { .server = pair->locked.at, .several = pair->locked.files != NULL };

    if (files.several)
        g_hash_table_iter_init(&files.iter, pair->locked.files);
    else
        files.number = pair->locked.has_only ? GUINT_TO_POINTER(pair->locked.only) : NULL;
    files.left = files.several || pair->locked.has_only;
    return files;
}

nh_lock_file *
nh_pair_files_next(nh_pair_files *files)
{
    while (files->left && files->server) {
        files->left = files->several && g_hash_table_iter_next(&files->iter, &files->number, NULL);
        if (files->several && !files->left)
            break;
        nh_lock_file *file = g_hash_table_lookup(files->server->files, files->number);
        if (file)
            return file;
        if (files->several)
            g_hash_table_iter_remove(&files->iter); /* the last one who had locks of it was another pair */
    }
    return NULL;
}

void
nh_pair_files_forget(nh_pair_files *files)
{
    files->server->n_gone++;
    if (files->several)
        g_hash_table_iter_remove(&files->iter);
    g_hash_table_remove(files->server->files, files->number);
}
