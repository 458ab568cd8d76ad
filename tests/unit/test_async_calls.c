/* test_async_calls.c
 * Asynchronous calls, callbacks without an answer, locks left behind.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "nlm_talk.h"

#include "core/model/frames.h"
#include "core/story/remark_text.h"

enum { GRANTED = NH_NLM_STAT_GRANTED, DENIED = NH_NLM_STAT_DENIED, BLOCKED = NH_NLM_STAT_BLOCKED };

static const nh_call *
call_of(const talk *t, uint32_t xid)
{
    for (unsigned i = 0; i < t->watch->call_list.len; i++) {
        const nh_call *call = t->watch->call_list.items[i];
        if (call->xid == xid)
            return call;
    }
    return NULL;
}

static nh_story_pair
only_pair(talk *t)
{
    nh_story *story = nh_watch_story(t->watch);
    g_assert_cmpuint(story->pairs->len, ==, 1);
    nh_story_pair pair = *(nh_story_pair *)g_ptr_array_index(story->pairs, 0);
    nh_story_free(story);
    return pair;
}

static const char *
note_on(const talk *t, uint32_t frame, nh_finding finding)
{
    const nh_note *note = nh_frame_has(nh_frame_find(t->watch, frame), finding);
    char *text = note ? nh_remark_text(&note->says) : NULL;
    const char *words = g_intern_string(text);
    g_free(text);
    return words;
}

/* Each kind by its own result, whatever else has the same cookie. */
static void
test_kinds(void)
{
    static const uint32_t kinds[] = { NH_NLM_TEST_MSG, NH_NLM_LOCK_MSG, NH_NLM_CANCEL_MSG, NH_NLM_UNLOCK_MSG };
    talk t = talk_begin();
    uint32_t xids[G_N_ELEMENTS(kinds)];

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        xids[i] = talk_call(&t, &alice, &server, kinds[i], (words){ .svid = 7, .cookie = 1 });
    for (unsigned i = G_N_ELEMENTS(kinds); i-- > 0;) {
        g_assert_false(call_of(&t, xids[i])->has_status);
        talk_result(&t, &server, &alice, kinds[i] + 5, 1, i);
        g_assert_cmpuint(call_of(&t, xids[i])->reply.frame, ==, t.frame);
        g_assert_cmpuint(call_of(&t, xids[i])->status, ==, i);
    }
    nh_story_pair pair = only_pair(&t);
    g_assert_cmpuint(pair.calls, ==, 4);
    g_assert_cmpuint(pair.unanswered, ==, 0);
    g_assert_cmpint(pair.slowest, ==, 7 * NH_MSEC);
    nh_watch_free(t.watch);
}

/* Cookies are counted by each host for itself. */
static void
test_pairs_apart(void)
{
    talk t = talk_begin();
    uint32_t first = talk_call(&t, &alice, &server, NH_NLM_LOCK_MSG, (words){ .svid = 7, .cookie = 1 });
    uint32_t second = talk_call(&t, &bob, &server, NH_NLM_LOCK_MSG, (words){ .svid = 8, .cookie = 1, .file = 0x2 });

    talk_result(&t, &server, &bob, NH_NLM_LOCK_RES, 1, GRANTED);
    g_assert_cmpuint(call_of(&t, first)->reply.frame, ==, 0);
    g_assert_cmpuint(call_of(&t, second)->reply.frame, ==, 3);
    talk_result(&t, &server, &alice, NH_NLM_LOCK_RES, 2, GRANTED); /* a cookie that nobody used */
    g_assert_cmpuint(call_of(&t, first)->reply.frame, ==, 0);
    talk_expect(&t, "bob 8 holds 0-");
    nh_watch_free(t.watch);
}

/* RPC's reply is a receipt: the call has no status by it, and is sent no more. */
static void
test_receipt(void)
{
    talk t = talk_begin();
    uint32_t xid = talk_call(&t, &alice, &server, NH_NLM_LOCK_MSG, (words){ .svid = 7 });

    g_assert_true(call_of(&t, xid)->waits);
    talk_receipt(&t, &server, &alice, xid);
    g_assert_false(call_of(&t, xid)->waits);
    g_assert_cmpuint(call_of(&t, xid)->reply.frame, ==, 0);
    g_assert_cmpuint(only_pair(&t).unanswered, ==, 1);
    uint32_t result = talk_result(&t, &server, &alice, NH_NLM_LOCK_RES, xid, BLOCKED);
    talk_receipt(&t, &alice, &server, result);
    g_assert_cmpuint(call_of(&t, xid)->reply.frame, ==, 3);
    g_assert_cmpuint(only_pair(&t).unanswered, ==, 0);
    talk_expect(&t, "alice 7 waits 0-");
    nh_watch_free(t.watch);
}

/* Linux's statd to its lockd, on one host or wherever: no pair, no call. */
static void
test_private_procedure(void)
{
    talk t = talk_begin();

    talk_call(&t, &alice, &alice, NH_NLM_NSM_NOTIFY, (words){ .no_lock = true });
    talk_call(&t, &server, &alice, NH_NLM_NSM_NOTIFY, (words){ .no_lock = true });
    g_assert_cmpuint(t.watch->pair_list->len, ==, 0);
    g_assert_cmpuint(t.watch->call_list.len, ==, 0);
    nh_watch_free(t.watch);
}

static uint32_t
blocked_lock(talk *t)
{
    talk_ask(t, &bob, NH_NLM_LOCK, DENIED, (words){ .svid = 8 }); /* somebody locked it before the capture began */
    talk_ask(t, &alice, NH_NLM_LOCK, BLOCKED, (words){ .svid = 7 });
    return t->frame;
}

static nh_finding
only_cause(talk *t)
{
    nh_story *story = nh_watch_story(t->watch);
    nh_finding cause = story->incidents->len == 1 ? ((nh_incident *)g_ptr_array_index(story->incidents, 0))->cause : NH_FINDING_NONE;
    g_assert_cmpuint(story->incidents->len, <=, 1);
    nh_story_free(story);
    return cause;
}

/* The callback is taken by RPC, but no GRANTED_RES comes: the server makes a new one each minute (fs/lockd/svclock.c). */
static void
test_grant_without_result(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t xid = talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 });
        talk_receipt(&t, &alice, &server, xid);
        talk_wait(&t, 60);
    }
    g_assert_null(note_on(&t, 5, NH_GRANT_LOST));
    g_assert_cmpstr(note_on(&t, 7, NH_GRANT_LOST), ==,
                    "The callback is made anew: that of frame 5 has had no GRANTED_RES (RPC did acknowledge it) for 60.00 s");
    g_assert_nonnull(note_on(&t, 9, NH_GRANT_LOST));
    g_assert_cmpint(only_cause(&t), ==, NH_GRANT_LOST);
    talk_result(&t, &alice, &server, NH_NLM_GRANTED_RES, 500, GRANTED);
    g_assert_cmpint(only_cause(&t), ==, NH_GRANT_LOST);
    talk_expect(&t, "alice 7 holds 0-");
    nh_watch_free(t.watch);
}

/* The synchronous GRANTED, sent again under its XID. */
static void
test_grant_resent(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    uint32_t xid = talk_call(&t, &server, &alice, NH_NLM_GRANTED, (words){ .svid = 7 });
    talk_wait(&t, 10);
    talk_call(&t, &server, &alice, NH_NLM_GRANTED, (words){ .svid = 7, .xid = xid });
    g_assert_cmpstr(note_on(&t, 6, NH_GRANT_LOST), ==, "The callback is sent again: that of frame 5 has had no answer for 10.00 s");
    g_assert_cmpint(only_cause(&t), ==, NH_GRANT_LOST);
    nh_watch_free(t.watch);
}

/* Two locks, each called back and answered at once; then the first again after an UNLOCK: nothing is wrong. */
static void
test_grants_in_order(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    for (unsigned i = 0; i < 3; i++) {
        talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 + i });
        talk_result(&t, &alice, &server, NH_NLM_GRANTED_RES, 500 + i, GRANTED);
        talk_wait(&t, 60);
        talk_ask(&t, &alice, NH_NLM_UNLOCK, GRANTED, (words){ .svid = 7 });
        talk_ask(&t, &alice, NH_NLM_LOCK, BLOCKED, (words){ .svid = 7 });
    }
    for (uint32_t frame = 1; frame <= t.frame; frame++) {
        g_assert_null(note_on(&t, frame, NH_GRANT_LOST));
        g_assert_null(note_on(&t, frame, NH_LOCK_LEAKED));
    }
    g_assert_cmpint(only_cause(&t), ==, NH_FINDING_NONE);
    nh_watch_free(t.watch);
}

/* A callback that was lost is forgotten when the client gets the lock by asking again. */
static void
test_grant_by_poll(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 });
    talk_wait(&t, 30);
    talk_ask(&t, &alice, NH_NLM_LOCK, GRANTED, (words){ .svid = 7 });
    talk_ask(&t, &alice, NH_NLM_UNLOCK, GRANTED, (words){ .svid = 7 });
    talk_wait(&t, 600);
    talk_ask(&t, &alice, NH_NLM_LOCK, BLOCKED, (words){ .svid = 7 });
    talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 501 });
    g_assert_null(note_on(&t, t.frame, NH_GRANT_LOST));
    nh_watch_free(t.watch);
}

/* The client accepted the lock, and is called back for it once more. */
static void
test_granted_twice(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 });
    talk_result(&t, &alice, &server, NH_NLM_GRANTED_RES, 500, GRANTED);
    talk_wait(&t, 60);
    talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 });
    g_assert_nonnull(note_on(&t, 7, NH_LOCK_LEAKED));
    g_assert_null(note_on(&t, 7, NH_GRANT_LOST));
    nh_watch_free(t.watch);
}

static void
test_grant_refused_by_rpc(void)
{
    talk t = talk_begin();

    blocked_lock(&t);
    uint32_t xid = talk_call(&t, &server, &alice, NH_NLM_GRANTED_MSG, (words){ .svid = 7, .cookie = 500 });
    nh_message m = talk_between(&alice, &server, 0, 0, xid);
    m.reply = true;
    m.refused = NH_REFUSAL_PROG_UNAVAIL;
    m.frame = ++t.frame;
    m.time = t.now;
    nh_watch_datagram(t.watch, &m, &(nh_rpc_header){ .reply = true, .refused = m.refused, .xid = xid });
    nh_watch_frame(t.watch, m.frame, m.time);
    g_assert_nonnull(note_on(&t, t.frame, NH_GRANT_LOST));
    g_assert_cmpint(only_cause(&t), ==, NH_GRANT_LOST);
    nh_watch_free(t.watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/async_calls/kinds", test_kinds);
    g_test_add_func("/async_calls/pairs_apart", test_pairs_apart);
    g_test_add_func("/async_calls/receipt", test_receipt);
    g_test_add_func("/async_calls/private_procedure", test_private_procedure);
    g_test_add_func("/async_calls/grant_without_result", test_grant_without_result);
    g_test_add_func("/async_calls/grant_resent", test_grant_resent);
    g_test_add_func("/async_calls/grants_in_order", test_grants_in_order);
    g_test_add_func("/async_calls/grant_by_poll", test_grant_by_poll);
    g_test_add_func("/async_calls/granted_twice", test_granted_twice);
    g_test_add_func("/async_calls/grant_refused_by_rpc", test_grant_refused_by_rpc);
    return g_test_run();
}
