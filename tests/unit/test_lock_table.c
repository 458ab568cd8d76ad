/* test_lock_table.c
 * Who holds and who waits, as told by calls and their answers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "nlm_talk.h"

enum { GRANTED = NH_NLM_STAT_GRANTED, DENIED = NH_NLM_STAT_DENIED, NOLOCKS = NH_NLM_STAT_NOLOCKS, BLOCKED = NH_NLM_STAT_BLOCKED, GRACE = NH_NLM_STAT_GRACE };

#define LOCK(t, who, status, ...)   talk_ask(t, who, NH_NLM_LOCK, status, (words){ __VA_ARGS__ })
#define UNLOCK(t, who, ...)         talk_ask(t, who, NH_NLM_UNLOCK, GRANTED, (words){ __VA_ARGS__ })

static void
test_ranges(void)
{
    talk t = talk_begin();

    talk_expect(&t, "");
    LOCK(&t, &alice, GRANTED, .svid = 7, .offset = 0, .length = 100);
    UNLOCK(&t, &alice, .svid = 7, .offset = 40, .length = 20);
    talk_expect(&t, "alice 7 holds 0-39; alice 7 holds 60-99");
    UNLOCK(&t, &alice, .svid = 8, .offset = 0, .length = 0); /* another owner's */
    talk_expect(&t, "alice 7 holds 0-39; alice 7 holds 60-99");
    LOCK(&t, &alice, GRANTED, .svid = 7, .offset = 40, .length = 20);
    talk_expect(&t, "alice 7 holds 0-99");
    LOCK(&t, &alice, GRANTED, .svid = 7, .offset = 100, .length = 0);
    talk_expect(&t, "alice 7 holds 0-");
    UNLOCK(&t, &alice, .svid = 7, .offset = 10, .length = 0);
    talk_expect(&t, "alice 7 holds 0-9");
    UNLOCK(&t, &alice, .svid = 7, .offset = 0, .length = 5);
    talk_expect(&t, "alice 7 holds 5-9");
    UNLOCK(&t, &alice, .svid = 7);
    talk_expect(&t, "");
    nh_watch_free(t.watch);
}

/* A range at the very end, and one that runs over it. */
static void
test_end_of_range(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .offset = G_MAXUINT64, .length = 1);
    talk_expect(&t, "alice 7 holds 18446744073709551615-");
    LOCK(&t, &alice, GRANTED, .svid = 7, .offset = 5, .length = G_MAXUINT64);
    talk_expect(&t, "alice 7 holds 5-");
    UNLOCK(&t, &alice, .svid = 7, .offset = 6, .length = G_MAXUINT64 - 6);
    talk_expect(&t, "alice 7 holds 5-5; alice 7 holds 18446744073709551615-");
    nh_watch_free(t.watch);
}

static void
test_upgrade_and_downgrade(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 100, .shared = true);
    LOCK(&t, &bob, GRANTED, .svid = 8, .length = 100, .shared = true);
    talk_expect(&t, "alice 7 holds 0-99 shared; bob 8 holds 0-99 shared");
    UNLOCK(&t, &bob, .svid = 8);
    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 50);
    talk_expect(&t, "alice 7 holds 0-49; alice 7 holds 50-99 shared");
    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 100, .shared = true);
    talk_expect(&t, "alice 7 holds 0-99 shared");
    nh_watch_free(t.watch);
}

/* Nothing changes until the server answers, and a refusal changes nothing. */
static void
test_only_answers_count(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 100);
    talk_call(&t, &alice, &server, NH_NLM_UNLOCK, (words){ .svid = 7 });
    LOCK(&t, &bob, DENIED, .svid = 8, .length = 100);
    talk_call(&t, &bob, &server, NH_NLM_LOCK, (words){ .svid = 9, .offset = 500 });
    talk_expect(&t, "alice 7 holds 0-99");
    nh_watch_free(t.watch);
}

/* Linux polls every 30 s and is called back under the server's own host name. */
static void
test_wait_and_callback(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 100);
    LOCK(&t, &bob, BLOCKED, .svid = 8, .length = 100);
    talk_wait(&t, 30);
    LOCK(&t, &bob, BLOCKED, .svid = 8, .length = 100);
    talk_expect(&t, "alice 7 holds 0-99; bob 8 waits 0-99");
    nh_story *story = nh_watch_story(t.watch);
    const nh_story_lock *waiting = g_ptr_array_index(story->locks, 1);
    g_assert_cmpuint(waiting->frame, ==, 3); /* the LOCK that asked first */
    g_assert_cmpstr(waiting->owner, ==, "bob, svid 8");
    nh_story_free(story);

    UNLOCK(&t, &alice, .svid = 7, .length = 100);
    uint32_t xid = talk_call(&t, &server, &bob, NH_NLM_GRANTED, (words){ .svid = 8, .length = 100, .caller = "server" });
    talk_expect(&t, "bob 8 waits 0-99");
    talk_reply(&t, &bob, &server, NH_NLM_GRANTED, xid, GRANTED);
    talk_expect(&t, "bob 8 holds 0-99");
    story = nh_watch_story(t.watch);
    g_assert_cmpstr(((nh_story_lock *)g_ptr_array_index(story->locks, 0))->owner, ==, "bob, svid 8");
    nh_story_free(story);
    nh_watch_free(t.watch);
}

static void
test_waits_end(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7);
    LOCK(&t, &bob, BLOCKED, .svid = 1, .length = 10);
    LOCK(&t, &bob, BLOCKED, .svid = 2, .length = 20);
    LOCK(&t, &bob, BLOCKED, .svid = 3, .length = 30);
    LOCK(&t, &bob, BLOCKED, .svid = 4, .length = 40);
    talk_ask(&t, &bob, NH_NLM_CANCEL, GRANTED, (words){ .svid = 1, .length = 10 });
    UNLOCK(&t, &bob, .svid = 2, .length = 20);
    LOCK(&t, &bob, DENIED, .svid = 3, .length = 30);
    talk_ask(&t, &bob, NH_NLM_CANCEL, GRANTED, (words){ .svid = 4, .length = 41 }); /* another range */
    talk_expect(&t, "alice 7 holds 0-; bob 4 waits 0-39");
    nh_watch_free(t.watch);
}

/* A lock that is granted proves that what stood against it is gone, though the capture missed how. */
static void
test_grant_proves(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 100);
    LOCK(&t, &bob, GRANTED, .svid = 8, .offset = 50, .length = 100);
    talk_expect(&t, "alice 7 holds 0-49; bob 8 holds 50-149");
    LOCK(&t, &carol, GRANTED, .svid = 9, .file = 0xbeef);
    talk_expect(&t, "alice 7 holds 0-49; bob 8 holds 50-149; carol 9 holds 0-");
    nh_watch_free(t.watch);
}

static void
answer_test(talk *t, const nh_addr *client, words asked, uint32_t status, words holder)
{
    uint32_t xid = talk_call(t, client, &server, NH_NLM_TEST, asked);
    nh_message m = talk_between(&server, client, NH_PROG_NLM, NH_NLM_TEST, xid);

    m.reply = true;
    m.nlm = (nh_nlm){ .has_status = true, .status = status, .has_holder = status == DENIED, .svid = holder.svid,
                      .offset = holder.offset, .length = holder.length, .exclusive = !holder.shared };
    talk_message(t, &m);
}

static void
test_holder_told_by_test(void)
{
    talk t = talk_begin();
    words mine = { .svid = 8, .length = 10 }, his = { .svid = 42, .length = 100 };

    answer_test(&t, &bob, mine, DENIED, his);
    answer_test(&t, &bob, mine, DENIED, his); /* once is enough */
    talk_expect(&t, "somebody 42 holds 0-99");
    answer_test(&t, &bob, mine, GRANTED, his);
    talk_expect(&t, "somebody 42 holds 10-99");
    LOCK(&t, &carol, GRANTED, .svid = 42, .length = 100); /* it is carol's */
    talk_expect(&t, "carol 42 holds 0-99");
    answer_test(&t, &bob, mine, DENIED, his); /* known */
    talk_expect(&t, "carol 42 holds 0-99");
    nh_watch_free(t.watch);
}

static void
test_restart_and_reclaim(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 10);
    LOCK(&t, &alice, GRANTED, .svid = 8, .offset = 10, .length = 10);
    LOCK(&t, &bob, GRANTED, .svid = 9, .offset = 20, .length = 10);
    talk_sm_notify(&t, &server, &alice, 5);
    talk_expect(&t, "bob 9 holds 20-29");
    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 10, .reclaim = true);
    LOCK(&t, &bob, GRACE, .svid = 1, .offset = 90); /* the rest is older than the restart */
    talk_expect(&t, "alice 7 holds 0-9");
    LOCK(&t, &bob, GRANTED, .svid = 9, .offset = 20, .length = 10);
    talk_sm_notify(&t, &server, &alice, 5); /* the same restart */
    talk_expect(&t, "alice 7 holds 0-9; bob 9 holds 20-29");
    talk_sm_notify(&t, &server, &alice, 7); /* the next */
    talk_expect(&t, "bob 9 holds 20-29");
    talk_sm_notify(&t, &bob, &server, 3); /* the client's */
    talk_expect(&t, "");
    nh_watch_free(t.watch);
}

static void
test_free_all(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .length = 10);
    LOCK(&t, &bob, GRANTED, .svid = 9, .offset = 20, .length = 10);
    LOCK(&t, &alice, BLOCKED, .svid = 7, .offset = 20, .length = 10);
    talk_call(&t, &alice, &server, NH_NLM_FREE_ALL, (words){ .no_lock = true });
    talk_expect(&t, "bob 9 holds 20-29");
    nh_watch_free(t.watch);
}

static void
test_other_procedures(void)
{
    talk t = talk_begin();

    talk_ask(&t, &alice, NH_NLM_NM_LOCK, GRANTED, (words){ .svid = 7, .length = 10 });
    talk_ask(&t, &alice, NH_NLM_SHARE, GRANTED, (words){ .shared = false });
    talk_expect(&t, "alice 7 holds 0-9; alice 0 holds 0- reservation");
    UNLOCK(&t, &alice, .svid = 7);
    talk_expect(&t, "alice 0 holds 0- reservation");
    talk_ask(&t, &alice, NH_NLM_UNSHARE, GRANTED, (words){ .shared = false });
    talk_expect(&t, "");
    nh_watch_free(t.watch);
}

/* --- what the story says of it ------------------------------------------------------- */

static void
expect_said(talk *t, const char *beginning, const char *wanted)
{
    char *said = talk_said(t, beginning);
    g_assert_cmpstr(said, ==, wanted);
    g_free(said);
}

static void
test_wait_chain(void)
{
    talk t = talk_begin();

    LOCK(&t, &bob, GRANTED, .svid = 2, .file = 0x1);
    LOCK(&t, &carol, GRANTED, .svid = 3, .file = 0x2);
    LOCK(&t, &bob, BLOCKED, .svid = 2, .file = 0x2);
    expect_said(&t, "Wait chain", NULL);
    LOCK(&t, &alice, BLOCKED, .svid = 1, .file = 0x1);
    expect_said(&t, "Wait chain",
                "Wait chain: svid 1 of alice (192.0.2.10) waits since 10:00:00.006 (frame 7) for file 0x00000001, held by svid 2 of bob (192.0.2.11), "
                "which waits since 10:00:00.004 (frame 5) for file 0x00000002, held by svid 3 of carol (192.0.2.12).");
    expect_said(&t, "Deadlock", NULL);
    LOCK(&t, &carol, BLOCKED, .svid = 3, .file = 0x1);
    expect_said(&t, "Deadlock",
                "Deadlock: svid 2 of bob (192.0.2.11) waits since 10:00:00.004 (frame 5) for file 0x00000002, held by svid 3 of carol (192.0.2.12), "
                "which waits since 10:00:00.008 (frame 9) for file 0x00000001, held by svid 2 of bob (192.0.2.11).");
    nh_watch_free(t.watch);
}

static void
test_holder_went_away(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7);
    LOCK(&t, &bob, BLOCKED, .svid = 8);
    talk_wait(&t, 119);
    LOCK(&t, &bob, BLOCKED, .svid = 8);
    expect_said(&t, "File", NULL);
    talk_wait(&t, 5);
    LOCK(&t, &bob, BLOCKED, .svid = 8);
    char *said = talk_said(&t, "File 0x0000f11e is locked since frame 2 by svid 7 of alice (192.0.2.10), who was last seen in frame 2, 2 min");
    g_assert_nonnull(said);
    g_assert_nonnull(strstr(said, "while svid 8 of bob (192.0.2.11) waits for it."));
    g_free(said);
    LOCK(&t, &alice, GRANTED, .svid = 1, .file = 0x3); /* she lives */
    expect_said(&t, "File", NULL);
    nh_watch_free(t.watch);
}

/* A LOCK that is refused long after the holder was last seen. */
static void
test_holder_went_away_refusal(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7);
    talk_wait(&t, 600);
    LOCK(&t, &bob, GRANTED, .svid = 8, .file = 0x3);
    expect_said(&t, "File", NULL); /* nobody minds */
    LOCK(&t, &bob, DENIED, .svid = 8);
    char *said = talk_said(&t, "File 0x0000f11e is locked since frame 2 by svid 7 of alice");
    g_assert_nonnull(said);
    g_assert_nonnull(strstr(said, "while others are refused (frame 6)"));
    g_free(said);
    nh_watch_free(t.watch);
}

/* The locks of the client when its outage began, and those in its way. */
static void
test_locks_of_incident(void)
{
    talk t = talk_begin();

    LOCK(&t, &alice, GRANTED, .svid = 7, .file = 0x1);
    LOCK(&t, &bob, GRANTED, .svid = 8, .file = 0x2);
    LOCK(&t, &carol, GRANTED, .svid = 9, .file = 0x3);
    LOCK(&t, &alice, BLOCKED, .svid = 7, .file = 0x2);
    uint32_t xid = talk_call(&t, &alice, &server, NH_NLM_UNLOCK, (words){ .svid = 7, .file = 0x1 });
    for (unsigned i = 0; i < 3; i++) {
        talk_wait(&t, 10);
        talk_call(&t, &alice, &server, NH_NLM_UNLOCK, (words){ .svid = 7, .file = 0x1, .xid = xid });
    }
    talk_reply(&t, &server, &alice, NH_NLM_UNLOCK, xid, GRANTED);
    nh_story *story = nh_watch_story(t.watch);
    g_assert_cmpuint(story->incidents->len, ==, 1);
    char *then = talk_locks(((nh_incident *)g_ptr_array_index(story->incidents, 0))->locks), *now = talk_locks(story->locks);
    g_assert_cmpstr(then, ==, "alice 7 holds 0-; alice 7 waits 0-; bob 8 holds 0-");
    g_assert_cmpstr(now, ==, "alice 7 waits 0-; bob 8 holds 0-; carol 9 holds 0-");
    g_free(then);
    g_free(now);
    nh_story_free(story);
    nh_watch_free(t.watch);
}

/* The sentence of the incident about a lock that nobody owns; NULL when there is none; caller frees. */
static char *
leak_told(talk *t)
{
    nh_story *story = nh_watch_story(t->watch);
    char *text = NULL;

    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        if (incident->cause == NH_LOCK_LEAKED && !text)
            text = g_strdup(incident->summary);
    }
    nh_story_free(story);
    return text;
}

/* NOLOCKS for a LOCK that was resent, and then the range is taken by nobody known: its other copy was granted. */
static void
test_suspect(void)
{
    talk t = talk_begin();
    uint32_t xid = talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .length = 100 });

    talk_wait(&t, 10);
    talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .length = 100, .xid = xid });
    talk_reply(&t, &server, &alice, NH_NLM_LOCK, xid, NOLOCKS);
    LOCK(&t, &bob, DENIED, .svid = 8, .offset = 200, .length = 10);
    g_assert_null(leak_told(&t)); /* not there */
    LOCK(&t, &bob, DENIED, .svid = 8, .length = 10);
    char *said = leak_told(&t);
    g_assert_nonnull(said);
    g_assert_nonnull(strstr(said, "svid 7"));
    g_free(said);
    talk_expect(&t, "");
    nh_watch_free(t.watch);
}

/* The same with a holder that is known: nothing is wrong. */
static void
test_no_suspect(void)
{
    talk t = talk_begin();

    LOCK(&t, &carol, GRANTED, .svid = 9);
    uint32_t xid = talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .length = 100 });
    talk_wait(&t, 10);
    talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .length = 100, .xid = xid });
    talk_reply(&t, &server, &alice, NH_NLM_LOCK, xid, NOLOCKS);
    LOCK(&t, &bob, DENIED, .svid = 8, .length = 10);
    g_assert_null(leak_told(&t));
    nh_watch_free(t.watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock_table/ranges", test_ranges);
    g_test_add_func("/lock_table/end_of_range", test_end_of_range);
    g_test_add_func("/lock_table/upgrade_and_downgrade", test_upgrade_and_downgrade);
    g_test_add_func("/lock_table/only_answers_count", test_only_answers_count);
    g_test_add_func("/lock_table/wait_and_callback", test_wait_and_callback);
    g_test_add_func("/lock_table/waits_end", test_waits_end);
    g_test_add_func("/lock_table/grant_proves", test_grant_proves);
    g_test_add_func("/lock_table/holder_told_by_test", test_holder_told_by_test);
    g_test_add_func("/lock_table/restart_and_reclaim", test_restart_and_reclaim);
    g_test_add_func("/lock_table/free_all", test_free_all);
    g_test_add_func("/lock_table/other_procedures", test_other_procedures);
    g_test_add_func("/lock_table/wait_chain", test_wait_chain);
    g_test_add_func("/lock_table/holder_went_away", test_holder_went_away);
    g_test_add_func("/lock_table/holder_went_away_refusal", test_holder_went_away_refusal);
    g_test_add_func("/lock_table/locks_of_incident", test_locks_of_incident);
    g_test_add_func("/lock_table/suspect", test_suspect);
    g_test_add_func("/lock_table/no_suspect", test_no_suspect);
    return g_test_run();
}
