/* log_candidates.c
 * Which line of a real kernel log can be which of those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_candidates.h"

#include "core/base/hash.h"
#include "core/log/log_hosts.h"
#include "core/clock/kernel_lines.h"

/* How well the lines of one program with one name meet what is predicted of one host. */
typedef struct {
    const char *program, *name;
    nh_addr host;
    bool certain; /* the name is its address */
    unsigned met;
    nh_time distance;
} bond;

struct nh_log_names {
    GHashTable *host_of; /* name: bond* */
    GHashTable *name_of; /* program and host: bond* */
    GPtrArray *bonds;
};

/* The host that a line speaks of. */
static const nh_addr *
host_of_line(const nh_incident *incident, const nh_kernel_line *line)
{
    return line->of_server ? &incident->client : &incident->server;
}

GArray *
nh_log_expectations(const nh_story *story)
{
    GArray *all = g_array_new(false, false, sizeof(nh_log_expectation));

    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (unsigned j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (line->event == NH_LOG_OTHER) /* it names no server; match_verbatim() finds it */
                continue;
            nh_log_expectation expected = {
                line->event, line->program, *host_of_line(incident, line), line->earliest, line->latest, line->observed,
            };
            g_array_append_val(all, expected);
        }
    }
    return all;
}

bool
nh_log_speaks_of(const nh_log_line *logged, const char *program)
{
    return logged->program && logged->server && strcmp(logged->program, program) == 0;
}

/* --- one line and one prediction ----------------------------------------------- */

/* The call had its answer before: it was another one that waited. */
static bool
comes_too_late(const nh_kernel_line *line, const nh_log_line *logged)
{
    return line->event != NH_LOG_OK && nh_time_known(line->answered) && logged->time > line->answered + NH_OBSERVED_SLACK;
}

/* How far apart they are, NH_TIME_NONE if they cannot be the same, whatever the server's name. */
static nh_time
distance(const nh_kernel_line *line, const nh_log_line *logged)
{
    nh_time apart = 0;

    if (line->event != logged->event || !nh_time_known(logged->time) || !nh_log_speaks_of(logged, line->program) ||
        comes_too_late(line, logged))
        return NH_TIME_NONE;
    if (logged->time + logged->resolution < line->earliest)
        apart = line->earliest - logged->time - logged->resolution;
    else if (logged->time > line->latest)
        apart = logged->time - line->latest;
    return apart <= NH_LOG_SLACK ? apart : NH_TIME_NONE;
}

/* --- names ------------------------------------------------------------------------ */

static unsigned
hash_host(const void *key)
{
    const bond *b = key;
    return g_str_hash(b->program) ^ nh_addr_hash(&b->host);
}

static gboolean
same_host(const void *a, const void *b)
{
    const bond *x = a, *y = b;
    return nh_addr_equal(&x->host, &y->host) && strcmp(x->program, y->program) == 0;
}

static unsigned
hash_bond(const void *key)
{
    return hash_host(key) ^ g_str_hash(((const bond *)key)->name) * 31;
}

static gboolean
same_bond(const void *a, const void *b)
{
    return same_host(a, b) && strcmp(((const bond *)a)->name, ((const bond *)b)->name) == 0;
}

static void
count_bond(GHashTable *all, GPtrArray *bonds, const nh_log_line *logged, const nh_addr *host, nh_time apart)
{
    bond key = { logged->program, logged->server, *host, logged->address.len != 0, 0, 0 };
    bond *b = g_hash_table_lookup(all, &key);

    if (!b) {
        b = g_new(bond, 1);
        *b = key;
        g_ptr_array_add(bonds, b);
        g_hash_table_add(all, b);
    }
    b->met++;
    b->distance += apart;
}

static void
count_bonds(GHashTable *all, GPtrArray *bonds, const nh_story *story, const nh_log_line *logged)
{
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (unsigned j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            const nh_addr *host = host_of_line(incident, line);
            nh_time apart = distance(line, logged);
            if (nh_time_known(apart) && !logged->copy && nh_log_hosts_may_be(logged, incident, line) &&
                (logged->address.len == 0 || nh_addr_equal(&logged->address, host)))
                count_bond(all, bonds, logged, host, apart);
        }
    }
}

/* The strongest first; of equals the one that was met first, so that the outcome is the same from run to run. */
static int
by_strength(const void *a, const void *b)
{
    const bond *x = *(bond *const *)a, *y = *(bond *const *)b;

    if (x->certain != y->certain)
        return x->certain ? -1 : 1;
    if (x->met != y->met)
        return x->met > y->met ? -1 : 1;
    return x->distance < y->distance ? -1 : x->distance > y->distance;
}

static void
accept_bond(nh_log_names *names, bond *b)
{
    const bond *same = g_hash_table_lookup(names->host_of, b->name);

    if ((same && !nh_addr_equal(&same->host, &b->host)) || g_hash_table_contains(names->name_of, b))
        return;
    g_hash_table_insert(names->host_of, (void *)b->name, b);
    g_hash_table_add(names->name_of, b);
}

nh_log_names *
nh_log_names_new(const nh_story *story, const nh_kernel_log *log)
{
    nh_log_names *names = g_new(nh_log_names, 1);
    GHashTable *all = g_hash_table_new(hash_bond, same_bond);

    names->host_of = g_hash_table_new(g_str_hash, g_str_equal);
    names->name_of = g_hash_table_new(hash_host, same_host);
    names->bonds = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < log->lines->len; i++)
        count_bonds(all, names->bonds, story, g_ptr_array_index(log->lines, i));
    g_ptr_array_sort(names->bonds, by_strength);
    for (unsigned i = 0; i < names->bonds->len; i++)
        accept_bond(names, g_ptr_array_index(names->bonds, i));
    g_hash_table_unref(all);
    return names;
}

void
nh_log_names_free(nh_log_names *names)
{
    g_hash_table_unref(names->host_of);
    g_hash_table_unref(names->name_of);
    g_ptr_array_unref(names->bonds);
    g_free(names);
}

bool
nh_log_may_be(const nh_log_names *names, const nh_log_line *logged, const nh_addr *host)
{
    bond key = { .program = logged->program, .host = *host };
    const bond *by_name = g_hash_table_lookup(names->host_of, logged->server);

    if (logged->address.len)
        return nh_addr_equal(&logged->address, host);
    return by_name ? nh_addr_equal(&by_name->host, host) : !g_hash_table_contains(names->name_of, &key);
}

/* --- the nearest ---------------------------------------------------------------------- */

nh_log_candidate
nh_log_nearest(const nh_story *story, const nh_log_names *names, const nh_log_line *logged)
{
    nh_log_candidate best = { NULL, NULL };
    nh_time nearest = G_MAXINT64;

    for (unsigned i = 0; i < story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (unsigned j = 0; j < incident->kernel_lines->len; j++) {
            nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            nh_time apart = distance(line, logged);
            if (!nh_time_known(apart) || apart >= nearest || nh_time_known(line->logged) ||
                !nh_log_may_be(names, logged, host_of_line(incident, line)) || !nh_log_hosts_may_be(logged, incident, line))
                continue;
            nearest = apart;
            best = (nh_log_candidate){ incident, line };
        }
    }
    return best;
}
