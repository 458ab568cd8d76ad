/* test_kernel_log.c
 * Kernel logs in every format that people paste, and their alignment.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib/gstdio.h>
#include <unistd.h>

#include "kernel_log.h"
#include "kernel_log_stamp.h"

#define STILL  "lockd: server 11.73.24.85 not responding, still trying"
#define HOUR   (3600 * NH_SECOND)
#define JUNE22 (G_GINT64_CONSTANT(1750550400) * NH_SECOND) /* 2025-06-22T00:00:00Z */
#define AT(h, m, s) (JUNE22 + ((h) * 3600 + (m) * 60 + (s)) * NH_SECOND)

/* A capture of 2025-06-22 in UTC: 22:49 to 22:57 in UTC+08:00. */
static const nh_log_hints june = { 0, 0, AT(14, 49, 0), AT(14, 57, 0) };

static nh_kernel_log *
parse_with(const char *text, const nh_log_hints *hints)
{
    return nh_kernel_log_parse(text, strlen(text), hints);
}

static const nh_log_line *
line_at(const nh_kernel_log *log, guint i)
{
    g_assert_cmpuint(i, <, log->lines->len);
    return g_ptr_array_index(log->lines, i);
}

static void
assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("\"%s\" is not in \"%s\"", part, text);
}

static nh_log_expectation
expect(nh_log_event event, nh_time best)
{
    return (nh_log_expectation){ event, "lockd", { 4, { 11, 73, 24, 85 } }, best - NH_SECOND, best + 2 * NH_SECOND, best };
}

#define T22 AT(22, 55, 38)
static const struct {
    const char *prefix;
    const char *format;
    nh_log_clock clock;
    nh_time time, resolution, uptime;
} stamps[] = {
    { "[ 1234.567890] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "<5>[ 1234.567890] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "[ 1234.567890] [  T123] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "[ 1234.567890][    T1] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "kern  :notice: [ 1234.567890] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "1234.567890] ", "seconds since boot", NH_CLOCK_UPTIME, 1234567890000, 1000, 1234567890000 },
    { "[9263358.933594] host kernel: ", "seconds since boot", NH_CLOCK_UPTIME, 9263358933594000, 1000, 9263358933594000 },
    { "5,123,456789,-;", "/dev/kmsg", NH_CLOCK_UPTIME, 456789000, 1000, 456789000 },
    { "[Sun Jun 22 22:55:38 2025] ", "dmesg -T", NH_CLOCK_LOCAL, T22, NH_SECOND, NH_TIME_NONE },
    { "Sun Jun 22 22:55:38 2025] ", "dmesg -T", NH_CLOCK_LOCAL, T22, NH_SECOND, NH_TIME_NONE },
    { "Sun Jun 22 22:55:38 CST 2025 ", "dmesg -T", NH_CLOCK_LOCAL, T22, NH_SECOND, NH_TIME_NONE },
    { "Sun Jun 22 22:55:38 UTC 2025 ", "dmesg -T", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "2025-06-22T22:55:38,933594+08:00 ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR + 933594000, 1000, NH_TIME_NONE },
    { "2025-06-22T22:55:38.933594Z host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 + 933594000, 1000, NH_TIME_NONE },
    { "<5>1 2025-06-22T22:55:38.933-02:30 host kernel - - - ", "ISO 8601", NH_CLOCK_UTC,
      T22 + 5 * HOUR / 2 + 933000000, 1000000, NH_TIME_NONE },
    { "2025-06-22T22:55:38+0800 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR, NH_SECOND, NH_TIME_NONE },
    { "2025-06-22T22:55:38.933594+0800 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR + 933594000, 1000,
      NH_TIME_NONE },
    { "2025-06-22T22:55:38+0800 host kernel: [1.500000] ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR, NH_SECOND,
      1500000000 },
    { "Sun 2025-06-22 22:55:38 CST host kernel: ", "ISO 8601", NH_CLOCK_LOCAL, T22, NH_SECOND, NH_TIME_NONE },
    { "Sun 2025-06-22 22:55:38 UTC host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "Jun 22 22:55:38 xxxxxxxxxx kernel: [9263358.933594] ", "syslog", NH_CLOCK_LOCAL, T22, NH_SECOND,
      9263358933594000 },
    { "Jun 22 22:55:38 xxxxxxxxxx kernel:[9263358.933594]", "syslog", NH_CLOCK_LOCAL, T22, NH_SECOND,
      9263358933594000 },
    { "Jun 22 22:55:38.123456 host-1 kernel: ", "syslog", NH_CLOCK_LOCAL, T22 + 123456000, 1000, NH_TIME_NONE },
    { "/var/log/messages:17:Jun  2 22:55:38 host kernel: ", "syslog", NH_CLOCK_LOCAL, T22 - 20 * 24 * HOUR, NH_SECOND,
      NH_TIME_NONE },
    { "1750604138.933594 host kernel: ", "seconds since 1970", NH_CLOCK_UTC, 1750604138933594000, 1000, NH_TIME_NONE },
    /* The finer wall clock counts. */
    { "2025-06-22T22:55:38.933594Z relay Jun 22 22:55:40 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 + 933594000, 1000,
      NH_TIME_NONE },
};

static void
test_stamps(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(stamps); i++) {
        nh_log_calendar calendar = { 0, JUNE22, 0 };
        nh_log_stamp stamp;
        g_test_message("%s", stamps[i].prefix);
        g_assert_true(nh_log_stamp_find(stamps[i].prefix, strlen(stamps[i].prefix), &calendar, &stamp));
        g_assert_cmpstr(stamp.format, ==, stamps[i].format);
        g_assert_cmpint(stamp.clock, ==, stamps[i].clock);
        g_assert_cmpint(stamp.time, ==, stamps[i].time);
        g_assert_cmpint(stamp.resolution, ==, stamps[i].resolution);
        g_assert_cmpint(stamp.uptime, ==, stamps[i].uptime);

        char *text = g_strconcat("junk\r\n", stamps[i].prefix, STILL "\r\nmore junk", NULL);
        nh_kernel_log *log = parse_with(text, &june);
        g_assert_cmpuint(log->lines->len, ==, 1);
        g_assert_cmpuint(line_at(log, 0)->number, ==, 2);
        g_assert_cmpuint(log->skipped, ==, 2);
        g_assert_cmpstr(line_at(log, 0)->text, ==, STILL);
        nh_kernel_log_free(log);
        g_free(text);
    }
}

static void
test_no_stamps(void)
{
    static const char *const none[] = { "", "kernel[123]: ", "[123] ", "[abc.def] ", "Jun 31 22:55:38 ", "Jun 22 24:55:38 ",
                                        "Foo 22 22:55:38 ", "2025-13-01T00:00:00Z ", "2025-02-29T00:00:00Z ", "5,123,-;",
                                        "99999999999999999999.1 ", "[99999999999999.1] ", "9999999999.5 ", "1750604138 ",
                                        "xJun 22 22:55:38 ", "1969-12-31T23:59:59Z ", "5,1,2,no semicolon" };
    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        nh_log_calendar calendar = { 0, JUNE22, 0 };
        nh_log_stamp stamp;
        g_test_message("%s", none[i]);
        g_assert_false(nh_log_stamp_find(none[i], strlen(none[i]), &calendar, &stamp));
    }
}

static const struct {
    const char *text;
    nh_log_event event;
    const char *program, *server;
    guint task, alarm_ms;
    const char *kept;
} messages[] = {
    { STILL, NH_LOG_STILL_TRYING, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 215.2.21.62 not responding, timed out", NH_LOG_TIMED_OUT, "lockd", "215.2.21.62", 0, 0, NULL },
    { "lockd: server 11.73.24.85 OK", NH_LOG_OK, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 11.73.24.85 0K", NH_LOG_OK, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 192.168.53.40 OK [", NH_LOG_OK, "lockd", "192.168.53.40", 0, 0, "lockd: server 192.168.53.40 OK" },
    { "nfs: server fd00::1:2 OK", NH_LOG_OK, "nfs", "fd00::1:2", 0, 0, NULL },
    { "nfs: server fe80::1%eth0 OK", NH_LOG_OK, "nfs", "fe80::1%eth0", 0, 0, NULL },
    { "nfsacl: server nas-1.lab_x.example.com not responding, still trying", NH_LOG_STILL_TRYING, "nfsacl",
      "nas-1.lab_x.example.com", 0, 0, NULL },
    { "statd: server rpc.statd not responding, timed out", NH_LOG_TIMED_OUT, "statd", "rpc.statd", 0, 0, NULL },
    { "rpcbind: server localhost not responding, timed out", NH_LOG_TIMED_OUT, "rpcbind", "localhost", 0, 0, NULL },
    { "mount: server a OK", NH_LOG_OK, "mount", "a", 0, 0, NULL },
    { "lockd:  server  a  not responding,still  trying", NH_LOG_STILL_TRYING, "lockd", "a", 0, 0, NULL },
    { "lockd: cannot monitor 10.7.1.1", NH_LOG_OTHER, "lockd", NULL, 0, 0, NULL },
    { "lockd: server OK", NH_LOG_OTHER, "lockd", NULL, 0, 0, NULL },
    { "RPC:    38 setting alarm for 10000 ms", NH_LOG_ALARM, NULL, NULL, 38, 10000, NULL },
    { "RPC: 38 call_timeout (minor)", NH_LOG_MINOR, NULL, NULL, 38, 0, NULL },
    { "RPC:    38 call_timeout (major)", NH_LOG_MAJOR, NULL, NULL, 38, 0, NULL },
};

static void
test_messages(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
        char *text = g_strconcat("2025-06-22T22:55:38.933594Z h kernel: ", messages[i].text, "\r\n", NULL);
        nh_kernel_log *log = parse_with(text, NULL);
        g_test_message("%s", text);
        g_assert_cmpuint(log->lines->len, ==, 1);
        const nh_log_line *line = line_at(log, 0);
        g_assert_cmpint(line->event, ==, messages[i].event);
        g_assert_cmpstr(line->program, ==, messages[i].program);
        g_assert_cmpstr(line->server, ==, messages[i].server);
        g_assert_cmpuint(line->task, ==, messages[i].task);
        g_assert_cmpuint(line->alarm_ms, ==, messages[i].alarm_ms);
        g_assert_cmpstr(line->text, ==, messages[i].kept ? messages[i].kept : messages[i].text);
        nh_kernel_log_free(log);
        g_free(text);
    }
}

static void
test_not_messages(void)
{
    static const char *const none[] = { "nfs: server a OKAY", "nfs: server a is fine", "nfs: hello",
                                        "server a OK", ": server a OK", "RPC: 38 call_status (status -110)",
                                        "RPC: call_timeout (major)", "RPC: 38 setting alarm for ms", "xlockd: grace",
                                        "lockd:" };
    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        char *text = g_strconcat("[ 12.345678] ", none[i], NULL);
        nh_kernel_log *log = parse_with(text, NULL);
        g_test_message("%s", text);
        g_assert_cmpuint(log->lines->len, ==, 0);
        g_assert_cmpuint(log->skipped, ==, 1);
        nh_kernel_log_free(log);
        g_free(text);
    }
}

static void
test_glued(void)
{
    nh_kernel_log *log = parse_with("[ 140.402356] RPC: 49 call_timeout (major) [ 140.403783] lockd: server localhost not "
                                    "responding, still trying\n"
                                    "[ 141.0] nfs: server a OK nfs: server b OK\n"
                                    "[ 142.0] lockd: one lockd: sentence of words\n", NULL);
    g_assert_cmpuint(log->lines->len, ==, 5);
    g_assert_cmpint(line_at(log, 0)->event, ==, NH_LOG_MAJOR);
    g_assert_cmpint(line_at(log, 0)->time, ==, 140402356000);
    g_assert_cmpint(line_at(log, 1)->event, ==, NH_LOG_STILL_TRYING);
    g_assert_cmpint(line_at(log, 1)->time, ==, 140403783000);
    g_assert_cmpuint(line_at(log, 1)->number, ==, 1);
    g_assert_cmpstr(line_at(log, 3)->server, ==, "b");
    g_assert_cmpint(line_at(log, 3)->time, ==, 141000000000);
    g_assert_cmpstr(line_at(log, 4)->text, ==, "lockd: one lockd: sentence of words");
    nh_kernel_log_free(log);
}

static void
test_undated(void)
{
    nh_kernel_log *log = parse_with("we saw " STILL "\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 0);
    g_assert_cmpstr(log->message, ==, "The kernel log has 1 line about lock servers, but none with a time stamp.");
    nh_kernel_log_align(log, &june, NULL, 0);
    nh_kernel_log_free(log);
    log = parse_with("we saw " STILL "\nJun 22 22:55:38 h kernel: " STILL "\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    assert_contains(log->message, "1 line (1 more without a time stamp left out)");
    nh_kernel_log_free(log);
}

/* The log of two lines in UTC+08:00 and a capture in UTC. */
#define JUNE_LOG \
    "Jun 22 22:55:38 xxxxxxxxxx kernel:[9263358.933594]lockd: server 11.73.24.85 not responding, still trying\n" \
    "Jun 22 22:56:18 xxxxxxxxxx kernel:[9263398.655377]lockd: server 11.73.24.85 0K\n"

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
    for (guint again = 0; again < 2; again++) {
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
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
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
    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
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
    g_setenv("TZ", "UTC-8", TRUE);
    nh_kernel_log_align(log, &june, NULL, 0);
    g_assert_cmpint(log->shift, ==, -8 * HOUR);
    assert_contains(log->message, "UTC+08:00 (this machine's time zone)");
    /* Another zone, UTC+10:00, meets as many lines: the machine's own is preferred. */
    nh_log_expectation expected[] = { expect(NH_LOG_STILL_TRYING, AT(14, 55, 38)), expect(NH_LOG_STILL_TRYING, AT(12, 55, 38)) };
    nh_log_hints later = { 0, 0, AT(14, 57, 0), AT(15, 0, 0) };
    nh_kernel_log_align(log, &later, expected, 2);
    g_assert_cmpint(log->shift, ==, -8 * HOUR);
    g_setenv("TZ", "UTC", TRUE);
    nh_kernel_log_free(log);
}

/* 2025-10-26: at 01:00 UTC summer time ends in Berlin. */
#define OCT26 (G_GINT64_CONSTANT(1761436800) * NH_SECOND)
#define SUMMER_LOG \
    "Oct 26 02:11:00 h kernel: " STILL "\nOct 26 02:11:05 h kernel: lockd: server 11.73.24.85 OK\n" \
    "Oct 26 02:41:00 h kernel: lockd: nothing\nOct 26 03:11:00 h kernel: " STILL "\n"

static void
summer_time_case(const char *tz, guint n_lines, const char *words)
{
    static const nh_time minutes[] = { 11, 11, 41, 131, 131 };
    const nh_log_hints hints = { 0, 0, OCT26, OCT26 + 3 * HOUR };
    nh_log_expectation expected[] = {
        expect(NH_LOG_STILL_TRYING, OCT26 + 11 * 60 * NH_SECOND), expect(NH_LOG_OK, OCT26 + 665 * NH_SECOND),
        expect(NH_LOG_STILL_TRYING, OCT26 + 131 * 60 * NH_SECOND), expect(NH_LOG_OK, OCT26 + 7865 * NH_SECOND),
    };
    nh_kernel_log *log = parse_with(SUMMER_LOG "Oct 26 03:11:05 h kernel: lockd: server 11.73.24.85 OK\n", &hints);
    g_ptr_array_set_size(log->lines, (int)n_lines);
    g_setenv("TZ", tz, TRUE);
    nh_kernel_log_align(log, &hints, expected, G_N_ELEMENTS(expected));
    g_setenv("TZ", "UTC", TRUE);
    assert_contains(log->message, words);
    for (guint i = 0; i < n_lines && strstr(words, "line 4"); i++)
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
    nh_log_skew skew = nh_kernel_log_skew(log, expected, 2);
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
year_case(const char *stamp, guint year, nh_time capture)
{
    nh_log_hints hints = { year, 0, capture, capture };
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

static void
test_not_text(void)
{
    static const char nul[] = "[ 1.5] lockd: server a\0b OK\n\0\0\0\0\0\0\0\0\0\0";
    nh_kernel_log *log = nh_kernel_log_parse(nul, sizeof nul, NULL);
    g_assert_cmpuint(log->lines->len, ==, 0);
    g_assert_cmpstr(log->message, ==, "The kernel log is binary, not text.");
    nh_kernel_log_free(log);
    log = nh_kernel_log_parse("\x1f\x8b\x08 gzip", 8, NULL);
    assert_contains(log->message, "compressed by gzip");
    nh_kernel_log_free(log);
    log = nh_kernel_log_parse(NULL, 0, NULL);
    g_assert_cmpstr(log->message, ==, "The kernel log is empty.");
    nh_kernel_log_free(log);
    log = parse_with("[ 1.5] lockd: server \xff\xfe\xe4 OK\n[ 2.5] lockd: \xe4\xbd\xa0 \xc3\n", NULL);
    g_assert_cmpuint(log->lines->len, ==, 2);
    g_assert_true(g_utf8_validate(line_at(log, 0)->server, -1, NULL));
    g_assert_true(g_utf8_validate(line_at(log, 0)->text, -1, NULL));
    g_assert_true(g_utf8_validate(line_at(log, 1)->text, -1, NULL));
    nh_kernel_log_free(log);
}

static void
read_case(const char *path, const char *reason)
{
    nh_kernel_log *log = nh_kernel_log_read(path, &june);
    g_assert_cmpuint(log->lines->len, ==, 0);
    assert_contains(log->message, path);
    assert_contains(log->message, reason);
    nh_kernel_log_free(log);
}

static void
test_files(void)
{
    char *directory = g_dir_make_tmp("kernel_log_XXXXXX", NULL);
    char *path = g_build_filename(directory, "a log", NULL);
    read_case(path, "No such file");
    read_case(directory, "is a directory");
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    read_case(path, "is empty");
    g_assert_true(g_file_set_contents(path, "hello\nworld\n", -1, NULL));
    read_case(path, "no line about lock servers");
    g_assert_true(g_file_set_contents(path, JUNE_LOG, -1, NULL));
    nh_kernel_log *log = nh_kernel_log_read(path, &june);
    g_assert_cmpuint(log->lines->len, ==, 2);
    nh_kernel_log_free(log);
    g_assert_cmpint(truncate(path, 65 * 1024 * 1024), ==, 0);
    read_case(path, "larger than 64 MiB");
    read_case("/dev/null", "not a regular file");
    g_unlink(path);
    g_rmdir(directory);
    g_free(path);
    g_free(directory);
}

/* Time must grow with the length, not with its square: these would take minutes. */
static void
test_long(void)
{
    static const char *const units[] = { ":", "lockd: ", "[", " ", "[ ", "1", "RPC: ", "lockd: server ", "a", "Jun      ",
                                         "nfs: server a OK ", "[ 1.5] lockd: server a OK\n", "Jun 22 22:55:38 h kernel: lockd: server a OK\n",
                                         "[ 1.5] lockd: x " };
    const gsize size = 4 * 1024 * 1024;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        GString *text = g_string_new("[ 1.5] lockd: x");
        while (text->len < size)
            g_string_append(text, units[i]);
        g_string_append(text, " [ 2.5] lockd: server a OK\n[ 3.5] lockd: server a OK\n");
        gint64 start = g_get_monotonic_time();
        nh_kernel_log *log = nh_kernel_log_parse(text->str, text->len, &june);
        nh_log_expectation expected[] = { expect(NH_LOG_OK, AT(14, 50, 0)), expect(NH_LOG_OTHER, AT(14, 50, 0)) };
        nh_kernel_log_align(log, &june, expected, 2);
        g_test_message("\"%s\": %.2f s", units[i], (double)(g_get_monotonic_time() - start) / 1e6);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
        g_assert_cmpuint(log->lines->len, <=, 100000);
        if (log->lines->len == 100000)
            assert_contains(log->message, "the first 100000, the others were left out");
        for (guint k = 0; k < log->lines->len; k++)
            g_assert_cmpuint(strlen(line_at(log, k)->text), <=, 3 * 512);
        nh_kernel_log_free(log);
        g_string_free(text, TRUE);
    }
}

int
main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel_log/stamps", test_stamps);
    g_test_add_func("/kernel_log/no_stamps", test_no_stamps);
    g_test_add_func("/kernel_log/messages", test_messages);
    g_test_add_func("/kernel_log/not_messages", test_not_messages);
    g_test_add_func("/kernel_log/glued", test_glued);
    g_test_add_func("/kernel_log/undated", test_undated);
    g_test_add_func("/kernel_log/uptime_refines", test_uptime_refines);
    g_test_add_func("/kernel_log/zone_found", test_zone_found);
    g_test_add_func("/kernel_log/zone_of_others", test_zone_of_others);
    g_test_add_func("/kernel_log/zone_of_same", test_zone_of_same);
    g_test_add_func("/kernel_log/addresses", test_addresses);
    g_test_add_func("/kernel_log/zone_not_needed", test_zone_not_needed);
    g_test_add_func("/kernel_log/own_zone", test_own_zone);
    g_test_add_func("/kernel_log/summer_time", test_summer_time);
    g_test_add_func("/kernel_log/offset", test_offset);
    g_test_add_func("/kernel_log/skew", test_skew);
    g_test_add_func("/kernel_log/boot_found", test_boot_found);
    g_test_add_func("/kernel_log/boot_unknown", test_boot_unknown);
    g_test_add_func("/kernel_log/two_boots", test_two_boots);
    g_test_add_func("/kernel_log/year", test_year);
    g_test_add_func("/kernel_log/not_text", test_not_text);
    g_test_add_func("/kernel_log/files", test_files);
    g_test_add_func("/kernel_log/long", test_long);
    return g_test_run();
}
