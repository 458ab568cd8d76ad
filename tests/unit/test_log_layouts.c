/* test_log_layouts.c
 * Every file of tests/logs tells of the same two lines, in one layout each.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "log_talk.h"

#include "core/log/kernel_log_align.h"
#include "core/log/log_files.h"

#ifndef LOG_FOLDER
#error "LOG_FOLDER is where tests/logs is"
#endif

#define STILL_TRYING (G_GINT64_CONSTANT(1795350668258) * NH_MSEC)
#define ANSWERED     (STILL_TRYING + 45119 * NH_MSEC)

static nh_log_expectation
at(nh_log_event event, nh_time when)
{
    return (nh_log_expectation){ event, "lockd", { 4, { 10, 7, 1, 1 } }, when - 100 * NH_MSEC, when + 100 * NH_MSEC, when };
}

/* A line of the event that was printed then. */
static bool
has_line(const nh_kernel_log *log, nh_log_event event, nh_time when)
{
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->event == event && line->time <= when + 100 * NH_MSEC && line->time + line->resolution >= when - 100 * NH_MSEC)
            return true;
    }
    return false;
}

static void
read_layout(const char *name)
{
    nh_log_hints hints = { .capture_first = STILL_TRYING - 300 * NH_SECOND, .capture_last = ANSWERED + 10 * NH_SECOND };
    nh_log_expectation expected[] = { at(NH_LOG_STILL_TRYING, STILL_TRYING), at(NH_LOG_OK, ANSWERED) };
    char *path = g_build_filename(LOG_FOLDER, name, NULL);
    nh_kernel_log *log = nh_kernel_log_read(path, &hints);

    nh_kernel_log_align(log, &hints, expected, G_N_ELEMENTS(expected));
    if (!has_line(log, NH_LOG_STILL_TRYING, STILL_TRYING) || !has_line(log, NH_LOG_OK, ANSWERED))
        g_error("%s: %s", name, log->message);
    nh_kernel_log_free(log);
    g_free(path);
}

static void
test_layouts(void)
{
    GDir *folder = g_dir_open(LOG_FOLDER, 0, NULL);
    const char *name;
    unsigned n = 0;

    g_assert_nonnull(folder);
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (!g_str_has_suffix(name, ".log"))
            continue;
        read_layout(name);
        n++;
    }
    g_dir_close(folder);
    g_assert_cmpuint(n, >=, 80);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel_log/layouts", test_layouts);
    return g_test_run();
}
