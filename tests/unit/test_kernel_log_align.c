/* test_kernel_log_align.c
 * Which clock a kernel log was written by: time zones, summer time, boots, years.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "log_talk.h"

#include "core/log/kernel_log_align.h"
#include "core/log/kernel_log_skew.h"

static void
test_uptime_refines(void)
{
    nh_kernel_log *log = parse_with(JUNE_LOG, &june);
    const nh_log_line *still = line_at(log, 0), *ok = line_at(log, 1);
    /* 39.721783 s of uptime between stamps 40 s apart: the first is at least .278 s into its second (less the drift). */
    g_assert_cmpint(still->time, >, T22 + 250 * NH_MSEC);
    g_assert_cmpint(still->time, <, T22 + 279 * NH_MSEC);
    g_assert_cmpint(still->time + still->resolution, ==, T22 + NH_SECOND);
    g_assert_cmpint(ok->time, ==, AT(22, 56, 18));
    g_assert_cmpint(ok->resolution, >, 720 * NH_MSEC);
    g_assert_cmpint(ok->resolution, <, 745 * NH_MSEC);
    nh_kernel_log_free(log);
    /* A reboot between the lines: nothing can be learnt. */
    log = parse_with("Jun 22 22:55:38 h kernel: [9263358.933594] " STILL "\n"
                     "Jun 22 22:59:18 h kernel: [98.655377] lockd: server 11.73.24.85 OK\n", &june);
    g_assert_cmpint(line_at(log, 0)->resolution, ==, NH_SECOND);
    g_assert_cmpint(line_at(log, 1)->time, ==, AT(22, 59, 18));
    nh_kernel_log_free(log);
    /* A finer wall clock stays as it is. */
    log = parse_with("2025-06-22T22:55:38.123456Z h kernel: [9263358.933594] " STILL "\n", &june);
    g_assert_cmpint(line_at(log, 0)->time, ==, T22 + 123456000);
    g_assert_cmpint(line_at(log, 0)->resolution, ==, 1000);
    nh_kernel_log_free(log);
}

static void
test_zone_found(void)
{
    nh_log_expectation expected[] = { expect(NH_LOG_OK, AT(14, 56, 18)), expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)) };
    nh_kernel_log *log = parse_with(JUNE_LOG, &june);
    g_assert_false(log->shifted);
    for (unsigned again = 0; again < 2; again++) {
        nh_kernel_log_align(log, &june, expected, 2);
        g_assert_true(log->shifted);
        g_assert_cmpint(log->shift, ==, -8 * HOUR);
        g_assert_cmpint(line_at(log, 1)->time, ==, AT(14, 56, 18));
        assert_contains(log->message, "2 lines, wall clock read as UTC+08:00 (best match with the capture); 2 of them where");
    }
    /* The events swapped: nothing to be found. */
    nh_log_expectation swapped[] = { expect(NH_LOG_STILL_TRYING, AT(14, 56, 18)), expect(NH_LOG_OK, AT(14, 55, 38)) };
    nh_kernel_log_align(log, &june, swapped, 2);
    g_assert_false(log->shifted);
    g_assert_cmpint(line_at(log, 1)->time, ==, AT(22, 56, 18));
    assert_contains(log->message, "wall clock read as UTC; 0 of them where");
    nh_kernel_log_free(log);
}

/* Lines of another program or about another server say nothing of the clock. */
static void
test_zone_of_others(void)
{
    static const char *const others[] = { "nfs: server 11.73.24.85 OK", "lockd: server 11.73.24.86 OK", "lockd: server 2001:db8::1 OK" };
    nh_log_expectation expected[] = { expect(NH_LOG_OK, AT(14, 56, 18)) };
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        char *text = g_strconcat("Jun 22 22:56:18 h kernel: ", others[i], "\n[ 5.5] ", others[i], "\n", NULL);
        nh_kernel_log *log = parse_with(text, &june);
        nh_kernel_log_align(log, &june, expected, 1);
        g_assert_false(log->shifted);
        assert_contains(log->message, "wall clock read as UTC, 1 dated by seconds since boot only");
        assert_contains(log->message, "0 of them where");
        nh_kernel_log_free(log);
        g_free(text);
    }
}

/* The same address in other words, and a name, which may be any server's. */
static void
test_zone_of_same(void)
{
    static const char *const same[] = { "2001:db8:0::1", "2001:DB8::1", "filer" };
    nh_log_expectation expected[] = { expect(NH_LOG_OK, AT(14, 56, 18)) };
    g_assert_true(nh_addr_parse("2001:db8::1", &expected[0].server));
    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        char *text = g_strdup_printf("Jun 22 22:56:18 h kernel: lockd: server %s OK\n", same[i]);
        nh_kernel_log *log = parse_with(text, &june);
        nh_kernel_log_align(log, &june, expected, 1);
        g_assert_cmpint(log->shift, ==, -8 * HOUR);
        nh_kernel_log_free(log);
        g_free(text);
    }
}

static void
test_addresses(void)
{
    nh_addr addr, other;
    g_assert_true(nh_addr_parse("::ffff:10.7.1.1", &addr) && nh_addr_parse("10.7.1.1", &other));
    g_assert_true(nh_addr_equal(&addr, &other));
    g_assert_true(nh_addr_parse("fe80::1%eth0", &addr) && nh_addr_parse("fe80:0::0001", &other));
    g_assert_true(nh_addr_equal(&addr, &other));
    g_assert_false(nh_addr_parse("filer", &addr) || nh_addr_parse("", &addr) || nh_addr_parse("10.7.1", &addr) ||
                   nh_addr_parse("10.7.1.1.", &addr));
    g_assert_cmpuint(addr.len, ==, 0);
}

static void
test_zone_not_needed(void)
{
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(22, 55, 38)), expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)) };
    nh_kernel_log *log = parse_with("[Sun Jun 22 22:55:38 2025] " STILL "\n", &june);
    nh_kernel_log_align(log, &june, expected, 2);
    g_assert_false(log->shifted);
    g_assert_cmpint(line_at(log, 0)->time, ==, T22);
    nh_kernel_log_free(log);
    log = parse_with("2025-06-22T22:55:38+0800 h kernel: " STILL "\n", &june);
    nh_kernel_log_align(log, &june, expected, 1);
    g_assert_false(log->shifted);
    g_assert_cmpint(line_at(log, 0)->time, ==, T22 - 8 * HOUR);
    assert_contains(log->message, "time zone printed in the log");
    nh_kernel_log_free(log);
}

static void
test_own_zone(void)
{
    nh_kernel_log *log = parse_with("Jun 22 22:55:38 h kernel: " STILL "\n", &june);
    g_setenv("TZ", "UTC-8", true);
    nh_kernel_log_align(log, &june, NULL, 0);
    g_assert_cmpint(log->shift, ==, -8 * HOUR);
    assert_contains(log->message, "UTC+08:00 (this machine's time zone)");
    /* Another zone, UTC+10:00, meets as many lines: the machine's own is preferred. */
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)), expect(NH_LOG_STILL_TRYING, AT(12, 55, 38)) };
    nh_log_hints later = { .capture_first = AT(14, 57, 0), .capture_last = AT(15, 0, 0) };
    nh_kernel_log_align(log, &later, expected, 2);
    g_assert_cmpint(log->shift, ==, -8 * HOUR);
    g_setenv("TZ", "UTC", true);
    nh_kernel_log_free(log);
}

/* 2025-10-26: at 01:00 UTC summer time ends in Berlin. */
#define OCT26 (G_GINT64_CONSTANT(1761436800) * NH_SECOND)
#define SUMMER_LOG \
    "Oct 26 02:11:00 h kernel: " STILL "\nOct 26 02:11:05 h kernel: lockd: server 11.73.24.85 OK\n" \
    "Oct 26 02:41:00 h kernel: lockd: nothing\nOct 26 03:11:00 h kernel: " STILL "\n"

static void
summer_time_case(const char *tz, unsigned n_lines, const char *words)
{
    static const nh_time minutes[] = { 11, 11, 41, 131, 131 };
    const nh_log_hints hints = { .capture_first = OCT26, .capture_last = OCT26 + 3 * HOUR };
    nh_log_expectation expected[] = {
        expect(NH_LOG_STILL_TRYING, OCT26 + 11 * 60 * NH_SECOND), expect(NH_LOG_OK, OCT26 + 665 * NH_SECOND),
        expect(NH_LOG_STILL_TRYING, OCT26 + 131 * 60 * NH_SECOND), expect(NH_LOG_OK, OCT26 + 7865 * NH_SECOND),
    };
    nh_kernel_log *log = parse_with(SUMMER_LOG "Oct 26 03:11:05 h kernel: lockd: server 11.73.24.85 OK\n", &hints);
    g_ptr_array_set_size(log->lines, (int)n_lines);
    g_setenv("TZ", tz, true);
    nh_kernel_log_align(log, &hints, expected, G_N_ELEMENTS(expected));
    g_setenv("TZ", "UTC", true);
    assert_contains(log->message, words);
    for (unsigned i = 0; i < n_lines && strstr(words, "line 4"); i++)
        g_assert_cmpint((line_at(log, i)->time - OCT26) / NH_SECOND / 60, ==, minutes[i]);
    nh_kernel_log_free(log);
}

static void
test_summer_time(void)
{
    static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";
    summer_time_case("UTC", 5, "read as UTC+02:00, from line 4 on as UTC+01:00 (best match with the capture); 4 of them");
    /* Where the machine's zone is the log's, one line is enough. */
    summer_time_case(berlin, 4, "read as UTC+02:00, from line 4 on as UTC+01:00 (best match with the capture); 3 of them");
    /* Elsewhere one line may be chance. */
    summer_time_case("UTC", 4, "read as UTC; 2 of them");
}

static void
test_offset(void)
{
    nh_log_hints hints = june;
    hints.offset = -8 * HOUR - 3 * NH_SECOND;
    nh_kernel_log *log = parse_with("Jun 22 22:55:41 h kernel: " STILL "\n", &hints);
    g_assert_cmpint(line_at(log, 0)->time, ==, AT(14, 55, 38));
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)) };
    nh_kernel_log_align(log, &hints, expected, 1);
    g_assert_false(log->shifted);
    nh_kernel_log_free(log);
}

static nh_log_skew
skew_case(const char *second)
{
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)), expect(NH_LOG_OK, AT(14, 56, 18)) };
    char *text = g_strdup_printf("2025-06-22T14:56:20Z h kernel: " STILL "\n2025-06-22T14:%sZ h kernel: lockd: server 11.73.24.85 OK\n", second);
    nh_kernel_log *log = parse_with(text, &june);
    nh_kernel_log_align(log, &june, expected, 2);
    nh_log_skew skew = nh_kernel_log_skew(log, &june, expected, 2);
    nh_kernel_log_free(log);
    g_free(text);
    return skew;
}

/* Two lines off by the same time: the clock is wrong. One that is off, or two by different times, may be anything. */
static void
test_skew(void)
{
    nh_log_skew skew = skew_case("57:00");
    g_assert_cmpuint(skew.lines, ==, 2);
    g_assert_cmpint(skew.low, ==, -44 * NH_SECOND);
    g_assert_cmpint(skew.high, ==, -40 * NH_SECOND);
    g_assert_cmpuint(skew_case("56:18").lines, ==, 0);
    g_assert_cmpuint(skew_case("57:30").lines, ==, 0);
}

#define RAW_LOG \
    "[ 1000.500000] RPC:    38 setting alarm for 10000 ms\n" \
    "[ 1060.700000] " STILL "\n" \
    "[ 1100.400000] lockd: server 11.73.24.85 OK\n"

static void
test_boot_found(void)
{
    nh_time boot = AT(14, 0, 0);
    /* A second outage of another length: only one boot time meets both lines of the log. */
    nh_log_expectation expected[] = {
        expect(NH_LOG_STILL_TRYING, boot + 1060600 * NH_MSEC), expect(NH_LOG_OK, boot + 1100300 * NH_MSEC),
        expect(NH_LOG_STILL_TRYING, boot + 2060600 * NH_MSEC), expect(NH_LOG_OK, boot + 2300300 * NH_MSEC),
    };
    nh_kernel_log *log = parse_with(RAW_LOG, &june);
    g_assert_cmpint(line_at(log, 1)->clock, ==, NH_CLOCK_UPTIME);
    g_assert_cmpint(line_at(log, 1)->time, ==, 1060700 * NH_MSEC);
    nh_kernel_log_align(log, &june, expected, G_N_ELEMENTS(expected));
    g_assert_true(log->shifted);
    g_assert_cmpint(ABS(log->shift - boot), <=, NH_SECOND / 5);
    g_assert_cmpint(line_at(log, 1)->time, ==, line_at(log, 1)->stamp + log->shift);
    assert_contains(log->message, "3 lines, seconds since boot aligned by best match: the kernel booted at 2025-06-22T1");
    g_assert_null(strstr(log->message, "uncertain"));
    nh_kernel_log_free(log);
}

static void
test_boot_unknown(void)
{
    nh_log_expectation expected[] = { expect(NH_LOG_TIMED_OUT, AT(14, 50, 0)) };
    nh_kernel_log *log = parse_with(RAW_LOG, &june);
    nh_kernel_log_align(log, &june, expected, 1);
    g_assert_false(log->shifted);
    g_assert_false(nh_time_known(line_at(log, 0)->time));
    assert_contains(log->message, "3 dated by seconds since boot only");
    nh_kernel_log_free(log);

    nh_log_expectation two[] = { expect(NH_LOG_OK, AT(14, 50, 0)), expect(NH_LOG_OK, AT(14, 55, 0)) };
    log = parse_with("[ 10.5] lockd: server a OK\n", &june);
    nh_kernel_log_align(log, &june, two, 2);
    assert_contains(log->message, "uncertain: 1 other boot time would fit as well");
    nh_kernel_log_align(log, &june, two, 1);
    assert_contains(log->message, "uncertain: it rests on one line");
    nh_kernel_log_free(log);
}

static void
test_two_boots(void)
{
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(14, 50, 0)), expect(NH_LOG_OK, AT(14, 50, 40)),
                                      expect(NH_LOG_TIMED_OUT, AT(14, 56, 0)), expect(NH_LOG_STILL_TRYING, AT(14, 40, 0)) };
    nh_kernel_log *log = parse_with("[ 1000.0] " STILL "\n[ 1040.0] lockd: server a OK\n"
                                    "[ 30.0] lockd: server a not responding, timed out\n[ 31.0] lockd: nothing\n", &june);
    nh_kernel_log_align(log, &june, expected, 4);
    g_assert_cmpint(ABS(line_at(log, 0)->time - AT(14, 50, 0)), <, NH_SECOND);
    g_assert_cmpint(ABS(line_at(log, 3)->time - AT(14, 56, 1)), <, NH_SECOND);
    nh_kernel_log_free(log);
    log = parse_with("[ 1000.0] " STILL "\n[ 1040.0] lockd: server a OK\n"
                     "[ 30.0] lockd: server a not responding, timed out\n", &june);
    nh_kernel_log_align(log, &june, expected, 3);
    assert_contains(log->message, "the kernel booted at 2025-06-22T14:33:");
    assert_contains(log->message, ", again at 2025-06-22T14:55:");
    nh_kernel_log_free(log);
    /* A line pasted twice is of the boot found before, though by itself it would fit 14:40 as well. */
    log = parse_with("[ 1000.0] " STILL "\n[ 1040.0] lockd: server a OK\n[ 1000.0] " STILL "\n", &june);
    nh_kernel_log_align(log, &june, expected, 4);
    g_assert_cmpint(line_at(log, 0)->time, ==, line_at(log, 2)->time);
    nh_kernel_log_free(log);
}

static nh_time
year_case(const char *stamp, unsigned year, nh_time capture)
{
    nh_log_hints hints = { .year = year, .capture_first = capture, .capture_last = capture };
    char *text = g_strconcat(stamp, " h kernel: " STILL "\n", NULL);
    nh_kernel_log *log = parse_with(text, &hints);
    nh_time time = line_at(log, log->lines->len - 1)->time;
    nh_kernel_log_free(log);
    g_free(text);
    return time;
}

static void
test_year(void)
{
    const nh_time new_year = G_GINT64_CONSTANT(1767225600) * NH_SECOND; /* 2026-01-01T00:00:00Z */
    g_assert_cmpint(year_case("Dec 31 23:59:58", 0, new_year + NH_SECOND), ==, new_year - 2 * NH_SECOND);
    g_assert_cmpint(year_case("Jan  1 00:00:02", 0, new_year - NH_SECOND), ==, new_year + 2 * NH_SECOND);
    g_assert_cmpint(year_case("Jan  1 00:00:02", 2026, JUNE22), ==, new_year + 2 * NH_SECOND);
    /* The given year is the first line's; later lines follow the months. */
    g_assert_cmpint(year_case("Dec 31 23:59:58 h kernel: " STILL "\nJan  1 00:00:02", 2025, JUNE22), ==,
                    new_year + 2 * NH_SECOND);
    /* 2024-02-29 is the one nearest to June 2025. */
    g_assert_cmpint(year_case("Feb 29 00:00:00", 0, JUNE22), ==, G_GINT64_CONSTANT(1709164800) * NH_SECOND);
}

int
main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", true);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel_log_align/uptime_refines", test_uptime_refines);
    g_test_add_func("/kernel_log_align/zone_found", test_zone_found);
    g_test_add_func("/kernel_log_align/zone_of_others", test_zone_of_others);
    g_test_add_func("/kernel_log_align/zone_of_same", test_zone_of_same);
    g_test_add_func("/kernel_log_align/addresses", test_addresses);
    g_test_add_func("/kernel_log_align/zone_not_needed", test_zone_not_needed);
    g_test_add_func("/kernel_log_align/own_zone", test_own_zone);
    g_test_add_func("/kernel_log_align/summer_time", test_summer_time);
    g_test_add_func("/kernel_log_align/offset", test_offset);
    g_test_add_func("/kernel_log_align/skew", test_skew);
    g_test_add_func("/kernel_log_align/boot_found", test_boot_found);
    g_test_add_func("/kernel_log_align/boot_unknown", test_boot_unknown);
    g_test_add_func("/kernel_log_align/two_boots", test_two_boots);
    g_test_add_func("/kernel_log_align/year", test_year);
    return g_test_run();
}
