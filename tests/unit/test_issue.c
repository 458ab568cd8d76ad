/* test_issue.c
 * When a call was issued: intervals, what tells their ends, and the timers run backwards.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/issue.h"
#include "core/clock/rpc_timer.h"
#include "core/out/issue_text.h"

#define T0   (1750586078 * NH_SECOND)
#define S(x) (T0 + (nh_time)(x) * NH_SECOND)

static const nh_policy lockd = { .kind = NH_POLICY_LOCKD, .nlm_timeout = 10, .proto = NH_L4_TCP, .hard = 1 };

static nh_issue
between(nh_time earliest, nh_time latest)
{
    nh_issue issue = { 0 };
    nh_issue_between(&issue, nh_bound(NH_ISSUE_FIN, 7, earliest), nh_bound(NH_ISSUE_ATTEMPT, 9, latest));
    return issue;
}

static void
test_narrow(void)
{
    nh_issue issue = between(S(0), S(60));

    g_assert_true(nh_issue_narrow(&issue, nh_bound(NH_ISSUE_LINE, 12, S(10)), nh_bound(NH_ISSUE_LINE, 12, S(70))));
    g_assert_true(issue.earliest == S(10) && issue.latest == S(60));
    g_assert_true(issue.after == NH_ISSUE_LINE && issue.after_frame == 12);
    g_assert_true(issue.before == NH_ISSUE_ATTEMPT && issue.before_frame == 9);
    /* what contradicts all that is known is no news of it */
    g_assert_false(nh_issue_narrow(&issue, nh_bound(NH_ISSUE_LOG, 0, S(61)), nh_bound(NH_ISSUE_LOG, 0, S(80))));
    g_assert_true(issue.earliest == S(10) && issue.latest == S(60) && issue.after == NH_ISSUE_LINE);
}

static void
test_reach_back(void)
{
    nh_issue issue = between(S(0), S(60));

    nh_issue_reach_back(&issue, nh_bound(NH_ISSUE_SYNS, 3, S(5)));
    g_assert_true(issue.earliest == S(0) && issue.after == NH_ISSUE_FIN);
    nh_issue_reach_back(&issue, nh_bound(NH_ISSUE_SYNS, 3, S(-5)));
    g_assert_true(issue.earliest == S(-5) && issue.after == NH_ISSUE_SYNS && issue.latest == S(60));
}

/* An end that lies on the wrong side is moved to the other: no interval is inside out. */
static void
test_inside_out(void)
{
    nh_issue issue = between(S(60), S(0));
    g_assert_true(issue.earliest == S(60) && issue.latest == S(60));
}

static void
expect_text(nh_issue issue, const char *expected)
{
    char *text = nh_issue_text(&issue);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void
test_text(void)
{
    nh_issue issue = between(S(0), S(60));

    expect_text(issue, "after the FIN whose socket blocked the port (frame 7), before the first packet for it (frame 9)");
    nh_issue_narrow(&issue, nh_bound(NH_ISSUE_LINE, 12, S(1)), nh_bound(NH_ISSUE_LINE, 12, S(5)));
    expect_text(issue, "from the kernel line that a look-up dates (frame 12)");
    nh_issue_is(&issue, NH_ISSUE_SENT, (nh_moment){ 20, S(3) });
    expect_text(issue, NULL);
}

/* A task that may have met a dead socket has two runs on old kernels, and none between them; new ones have one. */
static void
test_runs(void)
{
    nh_timer_run runs[NH_TIMER_RUNS];

    g_assert_cmpuint(nh_timer_runs(&lockd, NH_FAMILY_3_10, NH_WAIT_RECONNECT, runs), ==, 2);
    g_assert_true(MIN(runs[0].earliest, runs[1].earliest) == 60 * NH_SECOND);
    g_assert_true(MAX(runs[0].earliest, runs[1].earliest) == 93 * NH_SECOND);
    g_assert_true(MAX(runs[0].latest, runs[1].latest) == 97 * NH_SECOND);
    g_assert_true(MIN(runs[0].latest, runs[1].latest) < 93 * NH_SECOND);
    g_assert_cmpuint(nh_timer_runs(&lockd, NH_FAMILY_5_3, NH_WAIT_RECONNECT, runs), ==, 1);
}

/* Backwards and forwards agree: each run lies in the window that is predicted, and its ends are the window's. */
static void
test_runs_and_prediction(void)
{
    for (nh_family family = NH_FAMILY_UNKNOWN; family < NH_FAMILY_COUNT; family++)
        for (nh_wait wait = NH_WAIT_REPLY; wait <= NH_WAIT_CLOSING; wait++) {
            nh_timer_run runs[NH_TIMER_RUNS];
            nh_time shortest, longest, first = G_MAXINT64, last = 0;
            unsigned n = nh_timer_runs(&lockd, family, wait, runs);
            nh_timer_major_range(&lockd, family, wait, &shortest, &longest);
            for (unsigned i = 0; i < n; i++) {
                g_assert_true(runs[i].earliest <= runs[i].latest);
                first = MIN(first, runs[i].earliest);
                last = MAX(last, runs[i].latest);
            }
            g_assert_true(n > 0 && first == shortest && last == longest);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/issue/narrow", test_narrow);
    g_test_add_func("/issue/reach-back", test_reach_back);
    g_test_add_func("/issue/inside-out", test_inside_out);
    g_test_add_func("/issue/text", test_text);
    g_test_add_func("/issue/runs", test_runs);
    g_test_add_func("/issue/runs-and-prediction", test_runs_and_prediction);
    return g_test_run();
}
