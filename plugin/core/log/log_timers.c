/* log_timers.c
 * What RPC's debug lines in a client's kernel log tell of its timers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_timers.h"

#include "core/base/hash.h"
#include "core/log/log_candidates.h"
#include "core/log/log_match.h"
#include "core/clock/policy.h"

/* nlm_timeout_min and nlm_timeout_max, fs/lockd/svc.c */
#define TIMEOUT_MIN 3
#define TIMEOUT_MAX 20

/*
 * Steps of lockd's alarms, which are multiples of nlm_timeout: the alarms of the task that printed the line (0 = not told).
 * The pause of 3 s after a connect that was refused is an alarm, too, and no multiple of the step that follows it.
 */
static unsigned
step_of_alarms(const nh_kernel_log *log, unsigned task)
{
    unsigned before = 0;

    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->event != NH_LOG_ALARM || line->task != task)
            continue;
        if (before && line->alarm_ms > before && before % (line->alarm_ms - before) == 0)
            return (line->alarm_ms - before) / 1000;
        before = line->alarm_ms;
    }
    return 0;
}

/* The task whose major timeout is followed by lockd's line; 0 when there is none. */
static unsigned
task_of_lockd(const nh_kernel_log *log)
{
    unsigned task = 0;

    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->event == NH_LOG_MAJOR)
            task = line->task;
        else if (line->event == NH_LOG_STILL_TRYING && nh_log_speaks_of(line, "lockd") && task)
            return task;
    }
    return 0;
}

/* nlm_timeout as the alarms tell it, 0 when they do not. */
static unsigned
timeout_of_alarms(const nh_kernel_log *log)
{
    unsigned task = task_of_lockd(log), step = task ? step_of_alarms(log, task) : 0;

    return step >= TIMEOUT_MIN && step <= TIMEOUT_MAX ? step : 0;
}

/* Minor timeouts are printed by the old family only (call_timeout, net/sunrpc/clnt.c). */
static bool
has_minor_timeouts(const nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++)
        if (((const nh_log_line *)g_ptr_array_index(log->lines, i))->event == NH_LOG_MINOR)
            return true;
    return false;
}

bool
nh_log_shows_timers(const nh_kernel_log *log)
{
    return has_minor_timeouts(log) || timeout_of_alarms(log) > 0;
}

/* --- whose log it is --------------------------------------------------------------- */

/* Clients whose locks the capture shows. */
static GHashTable *
all_clients(const nh_watch *watch)
{
    GHashTable *clients = g_hash_table_new(nh_addr_hash_key, nh_addr_equal_keys);

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        if (pair->lock_traffic || pair->outages->len)
            g_hash_table_add(clients, &pair->client);
    }
    return clients;
}

/* Clients whose lines the log has. */
static GHashTable *
logged_clients(nh_watch *watch, nh_story *draft, nh_kernel_log *log)
{
    GHashTable *clients = g_hash_table_new(nh_addr_hash_key, nh_addr_equal_keys);
    nh_log_names *names;

    nh_log_match_align(watch, draft, log);
    names = nh_log_names_new(draft, log);
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *logged = g_ptr_array_index(log->lines, i);
        nh_log_candidate found = nh_log_nearest(draft, names, logged);
        if (!found.line || found.line->of_server)
            continue;
        found.line->logged = logged->time;
        g_hash_table_add(clients, &found.incident->client);
    }
    nh_log_names_free(names);
    return clients;
}

/* --- what it tells -------------------------------------------------------------------- */

/* What was known of a pair. */
typedef struct {
    nh_family family;
    unsigned nlm_timeout;
} timers;

GArray *
nh_log_assume_timers(nh_watch *watch, const nh_kernel_log *log)
{
    GArray *before = g_array_new(false, false, sizeof(timers));
    bool minor = has_minor_timeouts(log);
    unsigned timeout = timeout_of_alarms(log);

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        timers known = { pair->family, pair->nlm_timeout };
        g_array_append_val(before, known);
        if (minor && pair->family == NH_FAMILY_UNKNOWN)
            pair->family = NH_FAMILY_3_10;
        if (timeout)
            nh_pair_set_nlm_timeout(pair, timeout);
    }
    return before;
}

void
nh_log_keep_timers(nh_watch *watch, nh_story *draft, nh_kernel_log *log, GArray *before)
{
    GHashTable *clients = all_clients(watch);

    if (g_hash_table_size(clients) > 1) {
        g_hash_table_unref(clients);
        clients = logged_clients(watch, draft, log);
    }
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        const timers *known = &g_array_index(before, timers, i);
        if (g_hash_table_contains(clients, &pair->client))
            continue;
        pair->family = known->family;
        nh_pair_set_nlm_timeout(pair, known->nlm_timeout);
    }
    g_hash_table_unref(clients);
    g_array_unref(before);
}
