/* fuzz_kernel_log.c
 * Kernel logs of arbitrary bytes, parsed, aligned and searched for a wrong clock; the first HEADER bytes
 * choose the hints and what the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_merge.h"
#include "core/log/kernel_log_align.h"
#include "core/log/kernel_log_skew.h"
#include "core/log/log_files.h"

#define HEADER       16
#define EXPECTED_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const nh_kernel_log *log)
{
    g_assert_nonnull(log->message);
    g_assert_true(g_utf8_validate(log->message, -1, NULL));
    for (unsigned i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        g_assert_cmpuint(line->number, >, 0);
        g_assert_cmpint(line->resolution, >, 0);
        g_assert_true(g_utf8_validate(line->text, -1, NULL));
        g_assert_true(!line->program || g_utf8_validate(line->program, -1, NULL));
        g_assert_true(!line->server || g_utf8_validate(line->server, -1, NULL));
        g_assert_true(line->clock == NH_CLOCK_UPTIME || nh_time_known(line->time));
    }
}

/* Times near the capture; a byte of 0xff makes one extreme. */
static nh_time
time_from(uint8_t byte, nh_time base)
{
    static const nh_time extremes[] = { NH_TIME_NONE, G_MAXINT64, 0, -1 };
    return byte >= 0xfc ? extremes[byte - 0xfc] : base + ((nh_time)byte - 128) * NH_SECOND;
}

static unsigned
predict(nh_log_expectation *expected, const uint8_t *header, nh_time base)
{
    unsigned n = header[0] % (EXPECTED_MAX + 1);
    for (unsigned i = 0; i < n; i++) {
        uint8_t a = header[4 + i], b = header[4 + (i * 7 + 3) % 12];
        expected[i].program = a & 64 ? "nfs" : "lockd";
        expected[i].server = (nh_addr){ 4, { 10, 0, 0, a % 4 } };
        expected[i].event = (nh_log_event)(a % (NH_LOG_OTHER + 1));
        expected[i].earliest = time_from(b, base);
        expected[i].latest = expected[i].earliest >= base - 200 * NH_SECOND && expected[i].earliest < G_MAXINT64 / 2
                                 ? expected[i].earliest + (a % 32) * NH_SECOND
                                 : G_MAXINT64;
        expected[i].best = time_from((uint8_t)(b + a % 8), base);
    }
    return n;
}

static void
run(const uint8_t *text, size_t size, const nh_log_hints *hints, const nh_log_expectation *expected, unsigned n)
{
    static const nh_log_hints no_hints;
    nh_kernel_log *log = nh_kernel_log_parse((const char *)text, size, hints);
    check(log);
    nh_kernel_log_align(log, hints, expected, n);
    check(log);
    nh_log_skew skew = nh_kernel_log_skew(log, hints ? hints : &no_hints, expected, n);
    g_assert_true(skew.low <= skew.high && (skew.lines == 0 || skew.lines >= 2));
    if (skew.lines > 0)
        nh_kernel_log_move(log, skew.by);
    nh_log_merge(log);
    nh_kernel_log_align(log, hints, expected, n / 2);
    check(log);
    nh_kernel_log_free(log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned years[] = { 0, 2025, 1970, 2100, 1, 9999, 2024, G_MAXUINT };
    static const nh_time offsets[] = { 0, NH_SECOND, -28800 * NH_SECOND, G_MAXINT64, G_MININT64, 1750550400 * NH_SECOND };
    nh_log_expectation expected[EXPECTED_MAX];
    if (size < HEADER)
        return 0;
    nh_time base = (1750604100 + data[3] * G_GINT64_CONSTANT(86400)) * NH_SECOND;
    nh_log_hints hints = {
        .year = years[data[1] % G_N_ELEMENTS(years)],
        .offset = offsets[data[2] % G_N_ELEMENTS(offsets)],
        .capture_first = time_from(data[4], base),
        .capture_last = time_from(data[5], base),
    };
    unsigned n = predict(expected, data, base);
    run(data + HEADER, size - HEADER, &hints, expected, n);
    run(data + HEADER, size - HEADER, NULL, expected, n);
    return 0;
}
