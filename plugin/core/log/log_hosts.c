/* log_hosts.c
 * Whose lines those of a kernel log are, by the host that each of them names.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_hosts.h"

#include "core/base/limits.h"
#include "core/base/hash.h"
#include "core/log/log_candidates.h"

/* --- names ------------------------------------------------------------------------ */

/* "cli" and "CLI.example.com" are the same host. */
static size_t
short_length(const char *name)
{
    nh_addr address;

    return nh_addr_parse(name, &address) ? strlen(name) : strcspn(name, ".");
}

static bool
same_host(const char *a, const char *b)
{
    size_t length = short_length(a);

    return length == short_length(b) && g_ascii_strncasecmp(a, b, length) == 0;
}

/* Names that people put in place of theirs, and those that say nothing. */
static bool
says_nothing(const char *host)
{
    static const char *const words[] = { "localhost", "host", "hostname", "client", "server", "kernel" };
    size_t length = strlen(host);

    if (length > 1 && strspn(host, (char[]){ host[0], '\0' }) == length)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (same_host(host, words[i]))
            return true;
    return strstr(host, "xxx") || strstr(host, "XXX");
}

static unsigned
hash_client(const void *key)
{
    return nh_addr_hash(key);
}

static gboolean
same_client(const void *a, const void *b)
{
    return nh_addr_equal(a, b);
}

/* caller_name of each client's calls: address (nh_addr*) to name (interned). */
static GHashTable *
caller_names(const nh_watch *watch)
{
    GHashTable *names = g_hash_table_new(hash_client, same_client);

    for (unsigned i = 0; i < watch->call_list.len; i++) {
        const nh_call *call = watch->call_list.items[i];
        if (call->pair && call->prog == NH_PROG_NLM && call->nlm.caller[0] && nh_addr_equal(&call->src.addr, &call->pair->client) &&
            !g_hash_table_contains(names, &call->pair->client))
            g_hash_table_insert(names, &call->pair->client, (void *)g_intern_string(call->nlm.caller));
    }
    return names;
}

static const nh_addr *
address_of(GHashTable *names, const char *host)
{
    GHashTableIter iter;
    void *address, *name;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &address, &name))
        if (same_host(name, host))
            return address;
    return NULL;
}

static bool
has_hosts(const nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++)
        if (((const nh_log_line *)g_ptr_array_index(log->lines, i))->host)
            return true;
    return false;
}

static void
know_speaker(nh_log_line *line, GHashTable *names)
{
    nh_addr address;
    const nh_addr *client;

    memset(&line->speaker, 0, sizeof line->speaker);
    line->stranger = false;
    if (!line->host || says_nothing(line->host))
        return;
    if (nh_addr_parse(line->host, &address)) {
        line->speaker = address;
        return;
    }
    client = address_of(names, line->host);
    if (client)
        line->speaker = *client;
    else
        line->stranger = true;
}

/* The user's word counts for every client of the capture: the log is of one. */
static void
know_by_preference(nh_kernel_log *log, const char *host)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        memset(&line->speaker, 0, sizeof line->speaker);
        line->stranger = line->host && !same_host(line->host, host);
    }
}

void
nh_log_hosts_know(const nh_watch *watch, nh_story *story, nh_kernel_log *log)
{
    const char *host = watch->options.log_hints.host;

    if (!has_hosts(log))
        return;
    GHashTable *names = caller_names(watch);
    for (unsigned i = 0; i < story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        incident->client_host = host && *host ? g_intern_string(host) : g_hash_table_lookup(names, &incident->client);
    }
    if (host && *host)
        know_by_preference(log, host);
    else
        for (unsigned i = 0; i < log->lines->len; i++)
            know_speaker(g_ptr_array_index(log->lines, i), names);
    g_hash_table_unref(names);
}

bool
nh_log_hosts_may_be(const nh_log_line *logged, const nh_incident *incident, const nh_kernel_line *line)
{
    if (logged->speaker.len)
        return nh_addr_equal(&logged->speaker, line->of_server ? &incident->server : &incident->client);
    return !logged->stranger || line->of_server;
}

/* --- a host that goes by another name ------------------------------------------------ */

/* How the lines of one host stand to what one client must have printed. */
typedef struct {
    const char *host;
    unsigned met, missed;
} bond;

/* A name may be any host's. */
static bool
speaks_of_host(const nh_log_line *logged, const nh_addr *host)
{
    return logged->address.len == 0 || nh_addr_equal(&logged->address, host);
}

static bool
meets(const nh_incident *incident, const nh_log_line *logged, bool of_server)
{
    for (unsigned j = 0; j < incident->kernel_lines->len; j++) {
        const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
        if (line->of_server != of_server || line->event != logged->event || !nh_log_speaks_of(logged, line->program) ||
            !speaks_of_host(logged, of_server ? &incident->client : &incident->server))
            continue;
        nh_time low = nh_time_known(line->observed) ? line->observed : line->earliest;
        nh_time high = nh_time_known(line->observed) ? line->observed : line->latest;
        if (logged->time <= high + NH_LOG_HOST_FIT && logged->time + logged->resolution >= low - NH_LOG_HOST_FIT)
            return true;
    }
    return false;
}

static bond *
bond_of(GArray *bonds, const char *host)
{
    bond none = { host, 0, 0 };

    for (unsigned i = 0; i < bonds->len; i++)
        if (g_array_index(bonds, bond, i).host == host)
            return &g_array_index(bonds, bond, i);
    g_array_append_val(bonds, none);
    return &g_array_index(bonds, bond, bonds->len - 1);
}

/* What strange hosts printed while the incident lasted, or a little longer. */
static GArray *
bonds_of(const nh_incident *incident, const nh_kernel_log *log)
{
    GArray *bonds = g_array_new(false, false, sizeof(bond));
    nh_time end = (nh_time_known(incident->end) ? incident->end : incident->start + incident->duration) + NH_LOG_SLACK;

    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (!line->stranger || !nh_time_known(line->time) || !nh_log_speaks_of(line, "lockd") || line->time < incident->start ||
            line->time > end)
            continue;
        bond *b = bond_of(bonds, line->host);
        if (meets(incident, line, false))
            b->met++;
        else
            b->missed++;
    }
    return bonds;
}

/* The only one all of whose lines stand where the client's must; NULL when there is none, or several. */
static const char *
only_fit(const GArray *bonds, unsigned at_least)
{
    const char *host = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < bonds->len; i++) {
        const bond *b = &g_array_index(bonds, bond, i);
        if (b->met < at_least || b->missed > 0)
            continue;
        host = b->host;
        n++;
    }
    return n == 1 ? host : NULL;
}

static void
accept(nh_kernel_log *log, const char *host, const nh_addr *client)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->host != host)
            continue;
        line->speaker = *client;
        line->stranger = false;
    }
}

static bool
is_known(const nh_kernel_log *log, const nh_addr *client)
{
    for (unsigned i = 0; i < log->lines->len; i++)
        if (nh_addr_equal(&((const nh_log_line *)g_ptr_array_index(log->lines, i))->speaker, client))
            return true;
    return false;
}

/* The only host of a log, when the client's name is unknown: its owner says that it is the client's. */
static const char *
only_host(const nh_kernel_log *log)
{
    const char *host = NULL;

    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (!line->host || line->host == host)
            continue;
        if (host)
            return NULL;
        host = line->host;
    }
    return host;
}

/* A server that calls back prints the client's name: no other host has such a line. */
static void
fit_server(const nh_incident *incident, nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->stranger && meets(incident, line, true))
            accept(log, line->host, &incident->server);
    }
}

static void
fit_client(const nh_incident *incident, nh_kernel_log *log)
{
    GArray *bonds = bonds_of(incident, log);
    const char *host = only_fit(bonds, incident->client_host ? 2 : 1);

    if (!host && !incident->client_host)
        host = only_host(log);
    if (host)
        accept(log, host, &incident->client);
    g_array_unref(bonds);
}

static bool
has_strangers(const nh_kernel_log *log)
{
    for (unsigned i = 0; i < log->lines->len; i++)
        if (((const nh_log_line *)g_ptr_array_index(log->lines, i))->stranger)
            return true;
    return false;
}

bool
nh_log_hosts_fit(nh_story *story, nh_kernel_log *log)
{
    if (!has_strangers(log))
        return false;
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        fit_server(incident, log);
        if (!is_known(log, &incident->client))
            fit_client(incident, log);
    }
    return true;
}

/* --- told ------------------------------------------------------------------------------- */

static GArray *
strangers(const nh_kernel_log *log, unsigned *lines)
{
    GArray *hosts = g_array_new(false, false, sizeof(bond));

    *lines = 0;
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (!line->stranger || line->copy)
            continue;
        bond_of(hosts, line->host)->met++;
        ++*lines;
    }
    return hosts;
}

static char *
list_hosts(const GArray *hosts)
{
    GString *list = g_string_new(NULL);

    for (unsigned i = 0; i < hosts->len && i < NH_LOG_HOSTS_NAMED; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", g_array_index(hosts, bond, i).host);
    if (hosts->len > NH_LOG_HOSTS_NAMED)
        g_string_append_printf(list, " and %u more", hosts->len - NH_LOG_HOSTS_NAMED);
    return g_string_free(list, false);
}

/* The name of the incidents' client if they have one. */
static const char *
only_client(const nh_story *story)
{
    const char *name = NULL;

    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        if (!incident->client_host || (name && name != incident->client_host))
            return NULL;
        name = incident->client_host;
    }
    return name;
}

void
nh_log_hosts_remark(nh_story *story, const nh_kernel_log *log)
{
    unsigned lines;
    GArray *hosts = strangers(log, &lines);
    char *list = list_hosts(hosts);
    const char *client = only_client(story);
    char *who = client ? g_strdup_printf("the client of this capture calls itself %s", client)
                       : g_strdup("no client of this capture calls itself so");

    if (lines > 0 && story->incidents->len > 0)
        g_ptr_array_add(story->messages,
                        g_strdup_printf("%s of the kernel log %s of %s %s: %s, and their lines are not taken for its own. If one of "
                                        "them is the client: -o nlm_health.kernel_log_host:%s",
                                        lines == log->lines->len ? "All lines" : "Lines", "are",
                                        hosts->len == 1 ? "another host," : "other hosts,", list, who, g_array_index(hosts, bond, 0).host));
    g_free(who);
    g_free(list);
    g_array_unref(hosts);
}
