/* mount_options.c
 * Mount options of NFS, alone or in a line of /proc/mounts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/mount_options.h"

/* Mount options that say one thing; RDMA has the timers of TCP (nfs_init_timeout_values()). */
/* clang-format off */
#define L4_WORD(word, l4) { word, G_STRUCT_OFFSET(nh_policy, proto), l4 }
#define HARD_WORD(word, hard_) { word, G_STRUCT_OFFSET(nh_policy, hard), hard_ }
static const struct { const char *text; size_t offset; unsigned value; } mount_words[] = {
    HARD_WORD("hard", true), HARD_WORD("soft", false), HARD_WORD("softerr", false),
    L4_WORD("tcp", NH_L4_TCP), L4_WORD("rdma", NH_L4_TCP), L4_WORD("udp", NH_L4_UDP),
    L4_WORD("proto=tcp", NH_L4_TCP), L4_WORD("proto=tcp6", NH_L4_TCP),
    L4_WORD("proto=rdma", NH_L4_TCP), L4_WORD("proto=rdma6", NH_L4_TCP),
    L4_WORD("proto=udp", NH_L4_UDP), L4_WORD("proto=udp6", NH_L4_UDP),
};
/* clang-format on */

/* Those with a value; bounds as in fs/nfs/fs_context.c nfs_fs_context_parse_param(). */
/* clang-format off */
static const struct { const char *name, *takes; bool number; size_t offset, given; unsigned minimum; } mount_values[] = {
    { .name = "timeo", .takes = "tenths of a second, 1 to 2147483647", .number = true, .offset = G_STRUCT_OFFSET(nh_policy, timeo),
      .given = G_STRUCT_OFFSET(nh_policy, timeo_given), .minimum = 1 },
    { .name = "retrans", .takes = "a count, 0 to 2147483647", .number = true, .offset = G_STRUCT_OFFSET(nh_policy, retrans),
      .given = G_STRUCT_OFFSET(nh_policy, retrans_given) },
    { .name = "proto", .takes = "tcp, tcp6, udp, udp6, rdma or rdma6" },
};
/* clang-format on */

static bool
set_word(const char *text, nh_policy *policy)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(mount_words); i++)
        if (strcmp(mount_words[i].text, text) == 0) {
            G_STRUCT_MEMBER(unsigned, policy, mount_words[i].offset) = mount_words[i].value;
            return true;
        }
    return false;
}

/* Its index in mount_values, or their number when it is not there. */
static unsigned
find_value(const char *text)
{
    size_t length = strcspn(text, "=");
    unsigned i = 0;

    while (i < G_N_ELEMENTS(mount_values) && (strlen(mount_values[i].name) != length || strncmp(mount_values[i].name, text, length) != 0))
        i++;
    return i;
}

/* false with *error set if the option is known and its value is wrong. */
static bool
set_value(const char *text, nh_policy *policy, char **error)
{
    size_t length = strcspn(text, "=");
    const char *value = text + length + (text[length] == '=');
    uint64_t number;
    unsigned i = find_value(text);

    if (i == G_N_ELEMENTS(mount_values))
        return true;
    if (mount_values[i].number && g_ascii_string_to_unsigned(value, 10, mount_values[i].minimum, G_MAXINT, &number, NULL)) {
        G_STRUCT_MEMBER(unsigned, policy, mount_values[i].offset) = (unsigned)number;
        G_STRUCT_MEMBER(bool, policy, mount_values[i].given) = true;
        return true;
    }
    char *shown = g_utf8_make_valid(text, -1);
    *error = g_strdup_printf("wrong mount option \"%s\": %s takes %s", shown, mount_values[i].name, mount_values[i].takes);
    g_free(shown);
    return false;
}

/* The options in a line of /proc/mounts or fstab; else every word of it. */
static char **
options_in(const char *line)
{
    GRegex *regex = g_regex_new("^\\s*\\S+\\s+\\S+\\s+nfs4?\\s+(\\S+)", G_REGEX_RAW, 0, NULL);
    GMatchInfo *match;
    char *options = g_regex_match(regex, line, 0, &match) ? g_match_info_fetch(match, 1) : g_strdup(line);
    g_match_info_free(match);
    g_regex_unref(regex);
    char **split = g_strsplit_set(options, ", \t\r\n()", -1);
    g_free(options);
    return split;
}

bool
nh_mount_options_parse(const char *line, nh_policy *policy, char **error)
{
    nh_policy parsed = *policy;
    bool ok = true;
    char **options = options_in(line);

    for (unsigned i = 0; ok && options[i]; i++)
        ok = set_word(options[i], &parsed) || set_value(options[i], &parsed, error);
    if (ok) {
        nh_policy_over(&parsed, parsed.proto);
        *policy = parsed;
    }
    g_strfreev(options);
    return ok;
}

unsigned
nh_mount_options_known(const char *line)
{
    char **options = options_in(line);
    unsigned known = 0;

    for (unsigned i = 0; options[i]; i++) {
        nh_policy nobody;
        known += set_word(options[i], &nobody) || find_value(options[i]) < G_N_ELEMENTS(mount_values);
    }
    g_strfreev(options);
    return known;
}
