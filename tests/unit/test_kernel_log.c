/* test_kernel_log.c
 * Kernel logs in every format that people paste.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib/gstdio.h>
#include <time.h>
#include <unistd.h>

#include "core/log/kernel_log_stamp.h"
#include "core/log/kernel_log_align.h"
#include "core/log/log_files.h"
#include "log_talk.h"

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
    { "<5>1 2025-06-22T22:55:38.933-02:30 host kernel - - - ", "ISO 8601", NH_CLOCK_UTC, T22 + 5 * HOUR / 2 + 933000000, 1000000,
      NH_TIME_NONE },
    { "2025-06-22T22:55:38+0800 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR, NH_SECOND, NH_TIME_NONE },
    { "2025-06-22T22:55:38.933594+0800 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR + 933594000, 1000, NH_TIME_NONE },
    { "2025-06-22T22:55:38+0800 host kernel: [1.500000] ", "ISO 8601", NH_CLOCK_UTC, T22 - 8 * HOUR, NH_SECOND, 1500000000 },
    { "Sun 2025-06-22 22:55:38 CST host kernel: ", "ISO 8601", NH_CLOCK_LOCAL, T22, NH_SECOND, NH_TIME_NONE },
    { "Sun 2025-06-22 22:55:38 UTC host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "Jun 22 22:55:38 xxxxxxxxxx kernel: [9263358.933594] ", "syslog", NH_CLOCK_LOCAL, T22, NH_SECOND, 9263358933594000 },
    { "Jun 22 22:55:38 xxxxxxxxxx kernel:[9263358.933594]", "syslog", NH_CLOCK_LOCAL, T22, NH_SECOND, 9263358933594000 },
    { "Jun 22 22:55:38.123456 host-1 kernel: ", "syslog", NH_CLOCK_LOCAL, T22 + 123456000, 1000, NH_TIME_NONE },
    { "/var/log/messages:17:Jun  2 22:55:38 host kernel: ", "syslog", NH_CLOCK_LOCAL, T22 - 20 * 24 * HOUR, NH_SECOND, NH_TIME_NONE },
    { "1750604138.933594 host kernel: ", "seconds since 1970", NH_CLOCK_UTC, 1750604138933594000, 1000, NH_TIME_NONE },
    { "1750632938 ", "seconds since 1970", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "1750632938933,\"", "seconds since 1970", NH_CLOCK_UTC, T22 + 933 * NH_MSEC, NH_MSEC, NH_TIME_NONE },
    { "[1750632938] SYSLOG: host kernel: ", "[seconds since 1970]", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "[3] kernel: [[1750632938.933594000, {}], {\"msg\"=>\"", "[seconds since 1970]", NH_CLOCK_UTC, T22 + 933594000, 1, NH_TIME_NONE },
    { "\"Jun 22, 2025 @ 22:55:38.933\",host,\"", "syslog with year", NH_CLOCK_LOCAL, T22 + 933 * NH_MSEC, NH_MSEC, NH_TIME_NONE },
    { "2025-06-22_22:55:38.93359 ", "ISO 8601", NH_CLOCK_LOCAL, T22 + 933590000, 10000, NH_TIME_NONE },
    { "20250622T225538Z ", "ISO 8601, basic", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "  2097:20250622:225538.933 ", "ISO 8601, basic", NH_CLOCK_LOCAL, T22 + 933 * NH_MSEC, NH_MSEC, NH_TIME_NONE },
    { "06-22 22:55:38.933     0     0 I         : ", "logcat", NH_CLOCK_LOCAL, T22 + 933 * NH_MSEC, NH_MSEC, NH_TIME_NONE },
    /* Of one event and of when it was received; a number that may be anything. */
    { "7711\t2025-06-22T22:55:38Z\t2025-06-22T22:55:40Z\thost\tkernel\t", "ISO 8601", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    { "1750604100 2025-06-22T22:55:38Z host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22, NH_SECOND, NH_TIME_NONE },
    /* The finer wall clock counts. */
    { "2025-06-22T22:55:38.933594Z relay Jun 22 22:55:40 host kernel: ", "ISO 8601", NH_CLOCK_UTC, T22 + 933594000, 1000, NH_TIME_NONE },
};

static void
test_stamps(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(stamps); i++) {
        nh_log_calendar calendar = { .hint = JUNE22 };
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
    static const char *const none[] = { "",
                                        "kernel[123]: ",
                                        "[123] ",
                                        "[abc.def] ",
                                        "Jun 31 22:55:38 ",
                                        "Jun 22 24:55:38 ",
                                        "Foo 22 22:55:38 ",
                                        "2025-13-01T00:00:00Z ",
                                        "2025-02-29T00:00:00Z ",
                                        "5,123,-;",
                                        "99999999999999999999.1 ",
                                        "[99999999999999.1] ",
                                        "9999999999.5 ",
                                        "eth0 1750604138 ",
                                        "946684799 ",
                                        "17506041389 ",
                                        "2025-13-06 22:55 06-22 22:55:38 ",
                                        "xJun 22 22:55:38 ",
                                        "1969-12-31T23:59:59Z ",
                                        "5,1,2,no semicolon" };
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
        nh_log_calendar calendar = { .hint = JUNE22 };
        nh_log_stamp stamp;
        g_test_message("%s", none[i]);
        g_assert_false(nh_log_stamp_find(none[i], strlen(none[i]), &calendar, &stamp));
    }
}

/* A time in a later column counts where none stands before the message, and not that of a line that was glued to it. */
static void
test_time_behind(void)
{
    nh_kernel_log *log = parse_with("EVENTS\t3798\thost\t" STILL "\t1750632938933\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    g_assert_cmpint(line_at(log, 0)->time, ==, T22 + 933 * NH_MSEC);
    nh_kernel_log_free(log);

    log = parse_with(STILL "[ 1234.567890] " STILL "\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    nh_kernel_log_free(log);
}

/* Milliseconds that are 000 in every line are none. */
static void
test_padding(void)
{
    nh_kernel_log *log = parse_with("2025-06-22T22:55:38.000Z " STILL "\n2025-06-22T22:56:18.000Z " STILL "\n", &june);
    g_assert_cmpint(line_at(log, 0)->resolution, ==, NH_SECOND);
    nh_kernel_log_free(log);

    log = parse_with("2025-06-22T22:55:38.000Z " STILL "\n2025-06-22T22:56:18.001Z " STILL "\n", &june);
    g_assert_cmpint(line_at(log, 0)->resolution, ==, NH_MSEC);
    nh_kernel_log_free(log);
}

/* What gcloud prints: the message before its time, which are of one document; other rules of three dashes are none. */
static void
test_documents(void)
{
    static const char text[] = "---\ninsertId: 1abc\njsonPayload:\n  message: 'lockd: server xxxxxxxx not responding,\n    still trying'\n"
                               "receiveTimestamp: '2025-06-22T22:55:47.1Z'\ntimestamp: '2025-06-22T22:55:38.933Z'\n"
                               "---\ninsertId: 1abd\ntimestamp: '2025-06-22T22:56:18.500Z'\n";
    nh_kernel_log *log = parse_with(text, &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    g_assert_cmpint(line_at(log, 0)->time, ==, T22 + 933 * NH_MSEC);
    nh_kernel_log_free(log);

    log = parse_with("---\nJun 22 22:55:38 host kernel: " STILL "\n---\nnotes: none\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    nh_kernel_log_free(log);
}

static const struct {
    const char *text;
    nh_log_event event;
    const char *program, *server;
    unsigned task, alarm_ms;
    const char *kept;
} messages[] = {
    { STILL, NH_LOG_STILL_TRYING, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 215.2.21.62 not responding, timed out", NH_LOG_TIMED_OUT, "lockd", "215.2.21.62", 0, 0, NULL },
    { "lockd: server 11.73.24.85 OK", NH_LOG_OK, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 11.73.24.85 0K", NH_LOG_OK, "lockd", "11.73.24.85", 0, 0, NULL },
    { "lockd: server 192.168.53.40 OK [", NH_LOG_OK, "lockd", "192.168.53.40", 0, 0, "lockd: server 192.168.53.40 OK" },
    { "nfs: server fd00::1:2 OK", NH_LOG_OK, "nfs", "fd00::1:2", 0, 0, NULL },
    { "nfs: server fe80::1%eth0 OK", NH_LOG_OK, "nfs", "fe80::1%eth0", 0, 0, NULL },
    { "nfsacl: server nas-1.lab_x.example.com not responding, still trying", NH_LOG_STILL_TRYING, "nfsacl", "nas-1.lab_x.example.com", 0, 0,
      NULL },
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
    for (unsigned i = 0; i < G_N_ELEMENTS(messages); i++) {
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
    static const char *const none[] = { "nfs: server a OKAY",
                                        "nfs: server a is fine",
                                        "nfs: hello",
                                        "server a OK",
                                        ": server a OK",
                                        "RPC: 38 call_status (status -110)",
                                        "RPC: call_timeout (major)",
                                        "RPC: 38 setting alarm for ms",
                                        "xlockd: grace",
                                        "lockd:" };
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
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
                                    "[ 142.0] lockd: one lockd: sentence of words\n",
                                    NULL);
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
    g_assert_cmpstr(log->message, ==,
                    "The kernel log has 1 line about lock servers, but none with a time stamp that can be used: "
                    "`LC_ALL=C journalctl -k -o short-iso-precise` writes it with times.");
    nh_kernel_log_align(log, &june, NULL, 0);
    nh_kernel_log_free(log);
    log = parse_with("we saw " STILL "\nJun 22 22:55:38 h kernel: " STILL "\n", &june);
    g_assert_cmpuint(log->lines->len, ==, 1);
    assert_contains(log->message, "1 line (1 more without a time stamp left out)");
    nh_kernel_log_free(log);
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
    read_case(directory, "has no file with dated lines about lock servers; 0 were read");
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
#ifdef G_OS_UNIX
    read_case("/dev/null", "not a regular file");
#endif
    g_unlink(path);
    g_rmdir(directory);
    g_free(path);
    g_free(directory);
}

/* Seconds of this process's own CPU time, which other processes on the machine do not add to */
static double
cpu_time(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Time must grow with the length, not with its square: these would take minutes. */
static void
test_long(void)
{
    static const char *const units[] = { ":",
                                         "lockd: ",
                                         "[",
                                         " ",
                                         "[ ",
                                         "1",
                                         "RPC: ",
                                         "lockd: server ",
                                         "a",
                                         "Jun      ",
                                         "nfs: server a OK ",
                                         "[ 1.5] lockd: server a OK\n",
                                         "Jun 22 22:55:38 h kernel: lockd: server a OK\n",
                                         "[ 1.5] lockd: x " };
    /* Under an emulator this is about the result alone. */
    const bool emulated = g_getenv("NLM_HEALTH_EMULATED") != NULL;
    const size_t size = emulated ? 128 * 1024 : 4 * 1024 * 1024;
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        GString *text = g_string_new("[ 1.5] lockd: x");
        while (text->len < size)
            g_string_append(text, units[i]);
        g_string_append(text, " [ 2.5] lockd: server a OK\n[ 3.5] lockd: server a OK\n");
        double start = cpu_time();
        nh_kernel_log *log = nh_kernel_log_parse(text->str, text->len, &june);
        nh_log_expectation expected[] = { expect(NH_LOG_OK, AT(14, 50, 0)), expect(NH_LOG_OTHER, AT(14, 50, 0)) };
        nh_kernel_log_align(log, &june, expected, 2);
        g_test_message("\"%s\": %.2f s", units[i], cpu_time() - start);
        g_assert_true(emulated || cpu_time() - start < 20);
        g_assert_cmpuint(log->lines->len, <=, 100000);
        if (log->lines->len == 100000)
            assert_contains(log->message, "the first 100000, the others were left out");
        for (unsigned k = 0; k < log->lines->len; k++)
            g_assert_cmpuint(strlen(line_at(log, k)->text), <=, 3 * 512);
        nh_kernel_log_free(log);
        g_string_free(text, true);
    }
}

int
main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", true);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel_log/stamps", test_stamps);
    g_test_add_func("/kernel_log/no_stamps", test_no_stamps);
    g_test_add_func("/kernel_log/time-behind", test_time_behind);
    g_test_add_func("/kernel_log/padding", test_padding);
    g_test_add_func("/kernel_log/documents", test_documents);
    g_test_add_func("/kernel_log/messages", test_messages);
    g_test_add_func("/kernel_log/not_messages", test_not_messages);
    g_test_add_func("/kernel_log/glued", test_glued);
    g_test_add_func("/kernel_log/undated", test_undated);
    g_test_add_func("/kernel_log/not_text", test_not_text);
    g_test_add_func("/kernel_log/files", test_files);
    g_test_add_func("/kernel_log/long", test_long);
    return g_test_run();
}
