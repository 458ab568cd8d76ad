/* log_talk.h
 * For the tests of kernel logs: a log of one evening, and what a capture of it would expect there.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LOG_TALK_H
#define LOG_TALK_H

#include "core/log/kernel_log.h"
#include "core/log/log_files.h"

#define STILL  "lockd: server 11.73.24.85 not responding, still trying"
#define HOUR   (3600 * NH_SECOND)
#define JUNE22 (G_GINT64_CONSTANT(1750550400) * NH_SECOND) /* 2025-06-22T00:00:00Z */
#define AT(h, m, s) (JUNE22 + ((h) * 3600 + (m) * 60 + (s)) * NH_SECOND)
#define T22    AT(22, 55, 38)

/* The log of two lines in UTC+08:00 and a capture in UTC. */
#define JUNE_LOG \
    "Jun 22 22:55:38 xxxxxxxxxx kernel:[9263358.933594]lockd: server 11.73.24.85 not responding, still trying\n" \
    "Jun 22 22:56:18 xxxxxxxxxx kernel:[9263398.655377]lockd: server 11.73.24.85 0K\n"

/* A capture of 2025-06-22 in UTC: 22:49 to 22:57 in UTC+08:00. */
static const nh_log_hints june = { .capture_first = AT(14, 49, 0), .capture_last = AT(14, 57, 0) };

static inline nh_kernel_log *
parse_with(const char *text, const nh_log_hints *hints)
{
    return nh_kernel_log_parse(text, strlen(text), hints);
}

static inline const nh_log_line *
line_at(const nh_kernel_log *log, unsigned i)
{
    g_assert_cmpuint(i, <, log->lines->len);
    return g_ptr_array_index(log->lines, i);
}

static inline void
assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("\"%s\" is not in \"%s\"", part, text);
}

static inline nh_log_expectation
expect(nh_log_event event, nh_time best)
{
    return (nh_log_expectation){ event, "lockd", { 4, { 11, 73, 24, 85 } }, best - NH_SECOND, best + 2 * NH_SECOND, best };
}

#endif
