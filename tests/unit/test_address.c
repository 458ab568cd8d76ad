/* test_address.c
 * Text of addresses: what is written and read, and, where the system has functions for it, the same as theirs.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/core.h"

#ifdef G_OS_UNIX
#include <arpa/inet.h>
#endif

static void
same(const char *given, const char *written)
{
    nh_addr addr;
    char buf[NH_ADDR_TEXT];

    g_assert_true(nh_addr_parse(given, &addr));
    g_assert_cmpstr(nh_addr_text(&addr, buf), ==, written);
}

static void
test_known(void)
{
    same("10.7.1.1", "10.7.1.1");
    same("0.0.0.0", "0.0.0.0");
    same("255.255.255.255", "255.255.255.255");
    same("fd00:0:0:0:0:0:0:1", "fd00::1");
    same("::", "::");
    same("::1", "::1");
    same("FE80::1%eth0", "fe80::1");
    same("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    same("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    same("1:0:0:2:0:0:3:4", "1::2:0:0:3:4");
    same("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    same("::ffff:10.7.1.1", "10.7.1.1");
    same("64:ff9b::10.7.1.1", "64:ff9b::a07:101");
}

static void
test_refused(void)
{
    static const char *const wrong[] = { "",
                                         ":",
                                         ":::",
                                         "1",
                                         "1.2.3",
                                         "1.2.3.4.5",
                                         "1.2.3.256",
                                         "01.2.3.4",
                                         "1.2.3.4 ",
                                         "1..2.3",
                                         "1:2",
                                         "1:2:3:4:5:6:7",
                                         "1:2:3:4:5:6:7:8:9",
                                         "1:2:3:4:5:6:7::8",
                                         "1::2::3",
                                         ":1::2",
                                         "1::2:",
                                         "12345::",
                                         "g::",
                                         "1.2.3.4::",
                                         "::1.2.3",
                                         "1:2:3:4:5:6:7:1.2.3.4",
                                         "%eth0" };

    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        nh_addr addr;
        if (nh_addr_parse(wrong[i], &addr) || addr.len != 0)
            g_error("\"%s\" is read as an address", wrong[i]);
    }
}

static void
test_unknown(void)
{
    nh_addr addr = { 0 };
    char buf[NH_ADDR_TEXT];

    g_assert_cmpstr(nh_addr_text(&addr, buf), ==, "?");
}

#ifdef G_OS_UNIX
static void
compare_text(const nh_addr *addr)
{
    char ours[NH_ADDR_TEXT], theirs[NH_ADDR_TEXT];

    g_assert_nonnull(inet_ntop(addr->len == 4 ? AF_INET : AF_INET6, addr->bytes, theirs, sizeof theirs));
    g_assert_cmpstr(nh_addr_text(addr, ours), ==, theirs);
}

/* Zeros are frequent, for the runs of them. */
static void
test_written_as_the_system_does(void)
{
    for (unsigned n = 0; n < 20000; n++) {
        nh_addr addr = { .len = n % 8 ? 16 : 4 };
        for (unsigned i = 0; i < addr.len; i += 2)
            if (g_test_rand_bit()) {
                addr.bytes[i] = g_test_rand_bit() ? 0 : (uint8_t)g_test_rand_int();
                addr.bytes[i + 1] = (uint8_t)g_test_rand_int();
            }
        compare_text(&addr);
    }
}

/* Each character of a valid address becomes another, or goes. */
static void
spoil(char *text)
{
    static const char letters[] = "0129af:.:.xg";
    size_t at = (size_t)g_test_rand_int_range(0, (gint32)strlen(text));

    if (g_test_rand_bit())
        text[at] = letters[g_test_rand_int_range(0, sizeof letters - 1)];
    else
        memmove(text + at, text + at + 1, strlen(text + at));
}

static void
test_read_as_the_system_does(void)
{
    static const char *const seeds[] = { "10.7.1.1", "2001:db8::10.7.1.1", "1:2:3:4:5:6:7:8", "::1", "fd00::7:0:1", "::ffff:1.2.3.4" };

    for (unsigned n = 0; n < 60000; n++) {
        char text[NH_ADDR_TEXT];
        uint8_t theirs[16];
        nh_addr ours;
        g_strlcpy(text, seeds[n % G_N_ELEMENTS(seeds)], sizeof text);
        for (unsigned i = n % 4; i > 0 && *text; i--)
            spoil(text);
        bool accepted = inet_pton(AF_INET, text, theirs) == 1 || inet_pton(AF_INET6, text, theirs) == 1;
        if (nh_addr_parse(text, &ours) != accepted)
            g_error("\"%s\" is %s an address to the system", text, accepted ? "" : "not ");
        if (ours.len == 16)
            g_assert_cmpmem(ours.bytes, 16, theirs, 16);
    }
}
#endif

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/known", test_known);
    g_test_add_func("/address/refused", test_refused);
    g_test_add_func("/address/unknown", test_unknown);
#ifdef G_OS_UNIX
    g_test_add_func("/address/written-as-the-system-does", test_written_as_the_system_does);
    g_test_add_func("/address/read-as-the-system-does", test_read_as_the_system_does);
#endif
    return g_test_run();
}
