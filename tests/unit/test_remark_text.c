/* test_remark_text.c
 * The words of remarks: each place has a kind that is known, each alternative its words, and what packets hold stays as it is.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock.h"
#include "core/story/remark_text.h"

static void
expect(const nh_remark *remark, const char *words)
{
    char *text = nh_remark_text(remark);
    g_assert_cmpstr(text, ==, words);
    g_free(text);
}

static void
test_alternatives(void)
{
    nh_remark reset = { NH_REMARK_RESET, { { 0 }, { 1 } } };

    expect(&reset, "Connection reset by the server, nothing outstanding");
    reset.values[2].number = 1;
    expect(&reset, "Connection reset by the server, 1 call without answer");
    reset.values[0].number = reset.values[3].number = 1;
    reset.values[2].number = 12; /* beyond the last alternative: the last */
    reset.values[4].number = 63;
    reset.values[5].number = 58;
    expect(
        &reset,
        "Connection reset in the name of the server, 12 calls without answer (with TTL 63; the server's other packets have 58: a third machine sent it)");
}

static void
test_kinds(void)
{
    expect(&(nh_remark){ NH_REMARK_FIN_RESENT,
                         { NH_MOMENT(((nh_moment){ 7, 3600 * NH_SECOND })), NH_NUMBER(2), NH_NUMBER(1), NH_NUMBER(1),
                           NH_NUMBER(3700 * NH_SECOND), NH_NUMBER(3704 * NH_SECOND) } },
           "Stuck FIN: sent in frame 7, 01:00:00.000, resent 2 times, never acknowledged by the server; the port stays blocked until "
           "01:01:40.000-01:01:44.000 (TCP_USER_TIMEOUT)");
    expect(&(nh_remark){ NH_REMARK_SILENCE, { NH_NUMBER(1), NH_NUMBER(3), NH_NUMBER(0), NH_NUMBER(42 * NH_SECOND) } },
           "Keep-alive number 3 without any answer from the client for 42.00 s");
    expect(&(nh_remark){ NH_REMARK_NONE }, NULL);
}

/* Names from packets are no words with places; control characters go. */
static void
test_names_are_not_words(void)
{
    expect(&(nh_remark){ NH_REMARK_NOTICE, { NH_POINTER("{1}|{0:word}\n\033[31mname"), NH_NUMBER(0) } },
           "SM_NOTIFY: {1}|{0:word}  [31mname restarted");
}

/* Any pointer that a row may ask for: the values of a real remark have these types. */
static nh_value
value_for(const char *kind)
{
    static const nh_end end = { { 4, { 192, 0, 2, 1 } }, 2049 };
    static nh_pair pair = { .client = { 4, { 192, 0, 2, 10 } }, .server = { 4, { 192, 0, 2, 20 } } };
    static const nh_lock lock = { .pair = &pair, .caller = "host", .last = 9, .since = { 3, NH_SECOND } };

    if (g_str_has_prefix(kind, "addr}"))
        return (nh_value)NH_POINTER(&end.addr);
    if (g_str_has_prefix(kind, "end}"))
        return (nh_value)NH_POINTER(&end);
    if (g_str_has_prefix(kind, "word}"))
        return (nh_value)NH_POINTER("WORD");
    if (g_str_has_prefix(kind, "line}"))
        return (nh_value)NH_POINTER(&pair);
    if (g_str_has_prefix(kind, "lock}") || g_str_has_prefix(kind, "owner}") || g_str_has_prefix(kind, "held}"))
        return (nh_value)NH_POINTER(&lock);
    return (nh_value)NH_NUMBER(1);
}

/* Every row in words: nothing of the places is left, and nothing is empty. */
static void
test_rows(void)
{
    for (int id = 1; id < NH_REMARK_COUNT; id++) {
        const char *words = nh_remark_words((nh_remark_id)id);
        for (int choice = 0; choice <= 14; choice++) {
            nh_remark remark = { .id = (nh_remark_id)id };
            for (int i = 0; i < NH_REMARK_VALUES; i++)
                remark.values[i].number = choice;
            for (const char *place = strstr(words, ":"); place; place = strstr(place + 1, ":"))
                if (place > words + 1 && place[-2] == '{') {
                    nh_value *value = &remark.values[place[-1] - '0'];
                    *value = value_for(place + 1);
                    if (g_str_has_prefix(place, ":line}"))
                        value[1].number = choice % 2; /* a way */
                }
            char *text = nh_remark_text(&remark);
            g_assert_true(text && *text);
            if (strpbrk(text, "{}|"))
                g_error("%s: %s", words, text);
            g_assert_null(strstr(text, "(null)"));
            g_free(text);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remark/alternatives", test_alternatives);
    g_test_add_func("/remark/kinds", test_kinds);
    g_test_add_func("/remark/names-are-not-words", test_names_are_not_words);
    g_test_add_func("/remark/rows", test_rows);
    return g_test_run();
}
