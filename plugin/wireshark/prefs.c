/* prefs.c
 * Preferences of NLM Health.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/prefs.h"

#include <glib/gstdio.h>

#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/range.h>
#include <wsutil/report_message.h>

#include "core/base/text.h"
#include "core/clock/mount_options.h"
#include "core/log/log_files.h"
#include "wireshark/unpack.h"
#include "wireshark/window.h"

static const char *client = "auto";
static const char *timer = "lockd";
static unsigned nlm_timeout = 10;
static const char *kernel = "auto";
static const char *mount_options = "";
static unsigned timeo = 600;
static unsigned retrans = 2;
static range_t *tcp_ports;
static range_t *udp_ports;
static wsbool reserved_ports = true;
static wsbool decode_as_rpc = true;
static const char *capture_position = "auto";
static const char *kernel_log = "";
static const char *kernel_log_offset = "0";
static unsigned kernel_log_year;
static const char *kernel_log_host = "";
static nh_log_shelf *log_shelf;
static GHashTable *chosen_logs; /* path of a capture to path of its log */

#define NLM_TIMEOUT_MIN 3  /* fs/lockd/svc.c nlm_timeout_min */
#define NLM_TIMEOUT_MAX 20 /* nlm_timeout_max */
/* nfs_init_timeout_values(), fs/nfs/client.c, caps timeo at 600 s (NFS_MAX_TCP_TIMEOUT) */
#define TIMEO_MIN       1
#define TIMEO_MAX       6000
#define TIMEO_DEFAULT   600
#define RETRANS_MAX     65535
#define RETRANS_DEFAULT 2

/*
 * Values by name. Wireshark's own enumerations take the present value for a name
 * that they do not know (set_pref, epan/prefs.c), and nobody would be told: that
 * is why there are no drop-downs.
 */
typedef struct {
    const char *name;
    int value;
} choice;

static const choice timers[] = { { "lockd", NH_POLICY_LOCKD }, { "mount", NH_POLICY_MOUNT } };
static const choice clients[] = { { "auto", NH_CLIENT_AUTO }, { "linux", NH_CLIENT_LINUX }, { "other", NH_CLIENT_OTHER } };
static const choice positions[] = {
    { "auto", NH_SIDE_UNKNOWN },
    { "client", NH_SIDE_CLIENT },
    { "server", NH_SIDE_SERVER },
    { "middle", NH_SIDE_PATH },
};

static void
empty_shelf(void)
{
    g_clear_pointer(&log_shelf, nh_log_shelf_free);
    g_clear_pointer(&chosen_logs, g_hash_table_unref);
}

static void
register_timers(module_t *module)
{
    prefs_register_string_preference(
        module, "client", "Whether the client is a Linux kernel (auto, linux or other)",
        "Lines of a Linux kernel log are expected of Linux clients only. auto: another system is known by what "
        "no Linux kernel does: rpcbind 3/4 over IPv4, NULL calls, *_MSG requests, calls that are never resent",
        &client);
    prefs_register_string_preference(module, "timer", "Timers of NLM calls (lockd or mount)",
                                     "Which policy dates the predictions of NLM calls: lockd (nlm_timeout) or mount (timeo, retrans). "
                                     "The Linux kernel never gives timeo and retrans to lockd",
                                     &timer);
    prefs_register_uint_preference(module, "nlm_timeout", "nlm_timeout (seconds)", "lockd's nlm_timeout, 3 to 20 seconds", 10,
                                   &nlm_timeout);
    prefs_register_string_preference(
        module, "kernel", "Client kernel (auto, 3.10-5.0, 5.2, 5.3+ or a version)",
        "Family of the client's RPC timer: auto (from the gaps seen), 3.10-5.0, 5.2 or 5.3+; or the version of its "
        "kernel, such as 5.10.0-8 (uname -r)",
        &kernel);
    prefs_register_string_preference(module, "mount_options", "Mount options",
                                     "A line pasted from /proc/mounts; its timeo, retrans, proto, hard and soft override the next ones",
                                     &mount_options);
    prefs_register_uint_preference(module, "timeo", "timeo (tenths of a second)", "Mount option timeo", 10, &timeo);
    prefs_register_uint_preference(module, "retrans", "retrans", "Mount option retrans", 10, &retrans);
}

static void
register_connections(module_t *module)
{
    range_convert_str(wmem_epan_scope(), &tcp_ports, "", 65535);
    range_convert_str(wmem_epan_scope(), &udp_ports, "", 65535);
    prefs_register_range_preference(module, "tcp_ports", "Further TCP ports of lockd", "TCP ports on which lock servers listen", &tcp_ports,
                                    65535);
    prefs_register_range_preference(module, "udp_ports", "Further UDP ports of lockd", "UDP ports on which lock servers listen", &udp_ports,
                                    65535);
    prefs_register_bool_preference(module, "reserved_ports", "Follow connections from reserved ports",
                                   "Follow connections from ports 512-1023 to a port that no dissector claims: they are probably lockd's",
                                   &reserved_ports);
    prefs_register_bool_preference(module, "decode_as_rpc", "Decode lockd's connections as RPC",
                                   "Where a port is known as lockd's but another dissector owns the client's or the server's port",
                                   &decode_as_rpc);
    prefs_register_string_preference(module, "capture_position", "Where the capture was taken (auto, client, server or middle)",
                                     "On the client, on the server, or in the middle between them; auto: as the handshakes tell",
                                     &capture_position);
}

static void
register_log(module_t *module)
{
    prefs_register_filename_preference(module, "kernel_log", "Kernel log of the client",
                                       "File of client kernel lines (dmesg, syslog, journalctl in any layout; plain, gzip or xz). Several "
                                       "files, and folders, are separated by \";\"",
                                       &kernel_log, false);
    prefs_register_string_preference(module, "kernel_log_offset", "Offset of the kernel log (seconds)",
                                     "Seconds to add to the clock of the kernel log", &kernel_log_offset);
    prefs_register_uint_preference(module, "kernel_log_year", "Year of the kernel log", "For syslog without a year; 0 = the capture's", 10,
                                   &kernel_log_year);
    prefs_register_string_preference(module, "kernel_log_host", "Host of the kernel log",
                                     "For a log of several hosts: the name under which the client's lines stand in it; empty = as the "
                                     "client calls itself in its lock calls",
                                     &kernel_log_host);
    log_shelf = nh_log_shelf_new();
    chosen_logs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    register_shutdown_routine(empty_shelf);
}

/* In the order in which the window shows them. */
void
nh_prefs_register(int proto)
{
    module_t *module = prefs_register_protocol(proto, NULL);

    register_timers(module);
    register_connections(module);
    register_log(module);
}

static bool
in_tcp_or_udp_ports(nh_l4 l4, uint16_t port)
{
    const range_t *range = l4 == NH_L4_TCP ? tcp_ports : udp_ports;
    return range && value_is_in_range(range, port);
}

/* Seconds with fraction and sign; what is wrong with the text, or NULL. */
static char *
parse_offset(nh_time *offset)
{
    const double most = (double)(NH_LOG_OFFSET_MAX / NH_SECOND);
    char *end = NULL;
    double seconds = g_ascii_strtod(kernel_log_offset, &end);

    *offset = 0;
    if (!*kernel_log_offset)
        return NULL;
    if (*end || end == kernel_log_offset || seconds != seconds)
        return g_strdup("no number of seconds");
    if (seconds < -most || seconds > most)
        return g_strdup_printf("out of range (-%.0f to %.0f seconds)", most, most);
    *offset = (nh_time)(seconds * NH_SECOND);
    return NULL;
}

/* The value of a name; complains of one that is none. The first is the default. */
static int
read_choice(const char *preference, const char *text, const choice *choices, unsigned n, GPtrArray *complaints)
{
    GString *names = g_string_new(NULL);
    size_t length = strcspn(text, " "); /* profiles of earlier versions say "lockd (nlm_timeout)" */

    for (unsigned i = 0; i < n; i++) {
        if (strlen(choices[i].name) == length && g_ascii_strncasecmp(choices[i].name, text, length) == 0) {
            g_string_free(names, true);
            return choices[i].value;
        }
        g_string_append_printf(names, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", choices[i].name);
    }
    if (*text)
        g_ptr_array_add(complaints, g_strdup_printf("Preference nlm_health.%s is \"%s\": %s is expected; %s is used", preference, text,
                                                    names->str, choices[0].name));
    g_string_free(names, true);
    return choices[0].value;
}

static nh_family
read_family(GPtrArray *complaints)
{
    nh_family family = NH_FAMILY_UNKNOWN;
    char *error = NULL;

    if (!nh_family_parse(kernel, &family, &error))
        g_ptr_array_add(complaints, g_strdup_printf("Preference nlm_health.kernel is \"%s\": %s; auto is used", kernel, error));
    g_free(error);
    return family;
}

static void
check_lockd(nh_options *options, GPtrArray *complaints)
{
    if (nlm_timeout >= NLM_TIMEOUT_MIN && nlm_timeout <= NLM_TIMEOUT_MAX)
        return;
    g_ptr_array_add(complaints, g_strdup_printf("Preference nlm_health.nlm_timeout is %u: lockd takes %u to %u seconds; 10 is used",
                                                nlm_timeout, NLM_TIMEOUT_MIN, NLM_TIMEOUT_MAX));
    options->lockd.nlm_timeout = 10;
}

static void
check_mount(nh_options *options, GPtrArray *complaints)
{
    char *error = NULL;

    if (timeo < TIMEO_MIN || timeo > TIMEO_MAX) {
        g_ptr_array_add(complaints,
                        g_strdup_printf("Preference nlm_health.timeo is %u: the kernel waits %u to %u tenths of a second; %u is used",
                                        timeo, TIMEO_MIN, TIMEO_MAX, TIMEO_DEFAULT));
        options->mount.timeo = options->lockd.timeo = TIMEO_DEFAULT;
        options->mount.timeo_given = false;
    }
    if (retrans > RETRANS_MAX) {
        g_ptr_array_add(complaints, g_strdup_printf("Preference nlm_health.retrans is %u: 0 to %u is expected; %u is used", retrans,
                                                    RETRANS_MAX, RETRANS_DEFAULT));
        options->mount.retrans = options->lockd.retrans = RETRANS_DEFAULT;
        options->mount.retrans_given = false;
    }
    if (!*mount_options)
        return;
    if (nh_mount_options_known(mount_options) == 0)
        g_ptr_array_add(complaints, g_strdup("Preference nlm_health.mount_options: there is no timeo, retrans, proto, hard or soft in it; "
                                             "it changes nothing"));
    else if (!nh_mount_options_parse(mount_options, &options->mount, &error))
        g_ptr_array_add(complaints, g_strdup_printf("Preference nlm_health.mount_options: %s", error));
    g_free(error);
}

static void
check_log(nh_options *options, GPtrArray *complaints)
{
    char *wrong = parse_offset(&options->log_hints.offset);

    if (wrong)
        g_ptr_array_add(complaints,
                        g_strdup_printf("Preference nlm_health.kernel_log_offset: \"%s\" is %s; 0 is used", kernel_log_offset, wrong));
    g_free(wrong);
    if (kernel_log_year && (kernel_log_year < NH_LOG_YEAR_FIRST || kernel_log_year > NH_LOG_YEAR_LAST)) {
        g_ptr_array_add(complaints,
                        g_strdup_printf("Preference nlm_health.kernel_log_year is %u: 0 or a year from %u to %u is expected; 0 is used",
                                        kernel_log_year, NH_LOG_YEAR_FIRST, NH_LOG_YEAR_LAST));
        options->log_hints.year = 0;
    }
}

void
nh_prefs_choose_log(const char *capture, const char *log)
{
    if (*log)
        g_hash_table_insert(chosen_logs, g_strdup(capture), g_strdup(log));
    else
        g_hash_table_remove(chosen_logs, capture);
}

const char *
nh_prefs_log_of(const char *capture)
{
    const char *chosen = capture ? g_hash_table_lookup(chosen_logs, capture) : NULL;
    return chosen ? chosen : kernel_log;
}

/* Read everything; add a message per wrong value. */
static void
collect_prefs(nh_options *options, GPtrArray *complaints)
{
    *options = (nh_options){
        .use_mount = read_choice("timer", timer, timers, G_N_ELEMENTS(timers), complaints) == NH_POLICY_MOUNT,
        .lockd = { NH_POLICY_LOCKD, nlm_timeout, timeo, retrans, NH_L4_TCP, true, false, false },
        .mount = { NH_POLICY_MOUNT, nlm_timeout, timeo, retrans, NH_L4_TCP, true, timeo != TIMEO_DEFAULT, retrans != RETRANS_DEFAULT },
        .family = read_family(complaints),
        .client = read_choice("client", client, clients, G_N_ELEMENTS(clients), complaints),
        .reserved_ports = reserved_ports,
        .position = read_choice("capture_position", capture_position, positions, G_N_ELEMENTS(positions), complaints),
        .is_lock_port = in_tcp_or_udp_ports,
        .log_path = nh_prefs_log_of(nh_window_capture()),
        .log_hints = { .year = kernel_log_year, .unpack = nh_unpack, .host = kernel_log_host },
        .log_shelf = log_shelf,
    };
    check_lockd(options, complaints);
    check_mount(options, complaints);
    check_log(options, complaints);
}

/*
 * A log that is of no use is told in the report; but who only looks at fields
 * or at the packet list would never hear of it.
 */
static void
try_log(const nh_options *options, GPtrArray *messages)
{
    if (!options->log_path || !*options->log_path)
        return;
    nh_log_hints hints = options->log_hints;
    hints.capture_first = hints.capture_last = NH_TIME_NONE;
    nh_kernel_log *log = nh_log_shelf_read(options->log_shelf, options->log_path, &hints);
    if (log->lines->len == 0)
        g_ptr_array_add(messages, g_strdup_printf("Preference nlm_health.kernel_log: %s", log->message));
    nh_kernel_log_free(log);
}

/* What the window said last of wrong values, in the user's folder for such things; caller frees. */
static char *
remembered_path(void)
{
    return g_build_filename(g_get_user_cache_dir(), "nlm_health", "said_of_preferences", NULL);
}

/*
 * A message in the window waits for a click: the same one does not come again at
 * each start. Every report repeats what it said.
 */
static bool
was_said_before(const char *all)
{
    char *path = remembered_path(), *folder = g_path_get_dirname(path), *said = NULL;

    g_file_get_contents(path, &said, NULL, NULL);
    bool same = g_strcmp0(said, all) == 0;
    if (!same && g_mkdir_with_parents(folder, 0700) == 0)
        g_file_set_contents(path, all, -1, NULL);
    g_free(said);
    g_free(folder);
    g_free(path);
    return same;
}

/* All is well again: should the same value be wrong once more, it is said once more. */
static void
forget_what_was_said(void)
{
    char *path = remembered_path();

    g_unlink(path);
    g_free(path);
}

/* Said once per set of values: a file may be dissected many times. */
static void
complain_aloud(const GPtrArray *messages)
{
    static char *said;
    GString *all = g_string_new(NULL);

    for (unsigned i = 0; i < messages->len; i++)
        g_string_append_printf(all, "%s%s", i ? "\n" : "", (const char *)g_ptr_array_index(messages, i));
    if (nh_window_is_there() && all->len == 0)
        forget_what_was_said();
    if (all->len && g_strcmp0(said, all->str) != 0 && !(nh_window_is_there() && was_said_before(all->str)))
        report_failure("%s", all->str);
    g_free(said);
    said = g_string_free(all, false);
}

void
nh_prefs_options(nh_options *options)
{
    GPtrArray *messages = g_ptr_array_new_with_free_func(g_free);

    collect_prefs(options, messages);
    try_log(options, messages);
    complain_aloud(messages);
    g_ptr_array_unref(messages);
}

void
nh_prefs_complaints(GPtrArray *messages)
{
    nh_options options;
    unsigned before = messages->len;

    collect_prefs(&options, messages);
    for (unsigned i = before; i < messages->len; i++) /* they quote what was given */
        messages->pdata[i] = nh_text_tidy(messages->pdata[i]);
}

const wsbool *
nh_prefs_decode_as(void)
{
    return &decode_as_rpc;
}
