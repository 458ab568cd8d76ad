/* fuzz_mount_options.c
 * Mount options of arbitrary bytes: what is refused says why and changes nothing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/mount_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nh_policy before = { .kind = NH_POLICY_MOUNT, .timeo = 600, .retrans = 2, .proto = NH_L4_TCP, .hard = true }, after = before;
    char *line = g_strndup((const char *)data, size), *error = NULL;

    if (nh_mount_options_parse(line, &after, &error)) {
        g_assert_null(error);
        g_assert_cmpuint(after.timeo, >, 0);
        char *text = nh_policy_text(&after, NH_FAMILY_UNKNOWN);
        g_assert_nonnull(text);
        g_free(text);
    } else {
        g_assert_nonnull(error);
        g_assert_cmpuint(after.timeo, ==, before.timeo);
        g_assert_cmpuint(after.retrans, ==, before.retrans);
        g_assert_cmpint(after.proto, ==, before.proto);
        g_assert_cmpint(after.hard, ==, before.hard);
    }
    g_free(error);
    g_free(line);
    return 0;
}
