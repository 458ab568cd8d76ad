/* test_outage.c
 * When an outage ends, and what belongs to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "nlm_talk.h"

static nh_message
lookup(uint32_t xid)
{
    nh_message m = talk_between(&alice, &server, NH_PROG_PORTMAP, 3, xid);

    m.vers = 2;
    m.dst.port = 111;
    m.n_mappings = 1;
    m.mappings[0] = (nh_mapping){ .prog = NH_PROG_NLM, .vers = 4, .prot = NH_L4_UDP };
    return m;
}

/* Copies of a look-up, and its answer. */
static void
look_up_late(talk *t)
{
    nh_message call = lookup(0x100), reply = talk_between(&server, &alice, NH_PROG_PORTMAP, 3, 0x100);

    for (int i = 0; i < 3; i++) {
        talk_message(t, &call);
        talk_wait(t, 5);
    }
    reply.reply = true;
    reply.vers = 2;
    reply.src.port = 111;
    reply.dst.port = 700;
    reply.n_mappings = 1;
    reply.mappings[0] = (nh_mapping){ .port = 4045 };
    talk_message(t, &reply);
}

static void
silent_lock(talk *t)
{
    uint32_t xid = talk_call(t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7 });

    for (int i = 1; i < 3; i++) {
        talk_wait(t, 10 * i);
        talk_call(t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .xid = xid, .cookie = xid });
    }
}

static unsigned
incidents(talk *t)
{
    nh_story *story = nh_watch_story(t->watch);
    unsigned n = story->incidents->len;

    nh_story_free(story);
    return n;
}

/* Whoever asks for the report while packets still come gets the same incidents in the end. */
static void
test_story_told_early(void)
{
    talk t = talk_begin();

    talk_ask(&t, &alice, NH_NLM_LOCK, 0, (words){ .svid = 6, .offset = 100 });
    look_up_late(&t);
    talk_wait(&t, 2);
    g_assert_cmpuint(incidents(&t), ==, 1);
    silent_lock(&t);
    g_assert_cmpuint(incidents(&t), ==, 1);
    nh_watch_free(t.watch);
}

static void
test_another_one_later(void)
{
    talk t = talk_begin();

    talk_ask(&t, &alice, NH_NLM_LOCK, 0, (words){ .svid = 6, .offset = 100 });
    look_up_late(&t);
    talk_wait(&t, 30);
    silent_lock(&t);
    g_assert_cmpuint(incidents(&t), ==, 2);
    nh_watch_free(t.watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outage/story_told_early", test_story_told_early);
    g_test_add_func("/outage/another_one_later", test_another_one_later);
    return g_test_run();
}
