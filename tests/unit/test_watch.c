/* test_watch.c
 * What the core promises to whoever feeds it: it keeps what it is given, and bears every time and every role.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/frames.h"
#include "core/model/ports.h"
#include "core/net/follow.h"
#include "core/net/pairs.h"
#include "core/story/remark_text.h"
#include "core/watch.h"
#include "nlm_talk.h"

/* Preferences change while a capture is open; the strings of before are freed then. */
static void
test_strings_are_copied(void)
{
    char path[] = "/nowhere/first.log";
    nh_options options = { .lockd = { .nlm_timeout = 10 }, .mount = { .timeo = 600, .retrans = 2 }, .log_path = path };
    talk t = { .watch = nh_watch_new(&options), .now = T0 };

    talk_ask(&t, &alice, NH_NLM_LOCK, 0, (words){ .svid = 6 });
    memset(path, 'x', sizeof path - 1);
    nh_story *story = nh_watch_story(t.watch);
    g_assert_cmpuint(story->messages->len, >, 0);
    g_assert_nonnull(strstr(g_ptr_array_index(story->messages, 0), "first.log"));
    nh_story_free(story);
    nh_watch_free(t.watch);
}

static void
test_times_are_clamped(void)
{
    nh_time first = nh_time_of(G_MININT64, -1), last = nh_time_of(G_MAXINT64, G_MAXINT64);

    g_assert_cmpint(nh_time_of(1750000000, 5), ==, G_GINT64_CONSTANT(1750000000) * NH_SECOND + 5);
    g_assert_cmpint(first, <, 0);
    g_assert_cmpint(last, >, nh_time_of(1750000000, 0));
    g_assert_cmpint(last - first, >, 0);                                                     /* no overflow */
    g_assert_cmpint(nh_time_of(G_GINT64_CONSTANT(9300000000), 0), ==, last - NH_SECOND + 1); /* the year 2264 */
    g_assert_cmpint(nh_elapsed(last, first), ==, 0);
    g_assert_cmpint(nh_elapsed(first, last), ==, last - first);
}

static void
refuse_negative(const char *text)
{
    for (const char *at = text; at && (at = strchr(at, '-')); at++)
        if (g_ascii_isdigit(at[1]) && (at == text || at[-1] == ' ')) {
            g_test_message("%s", text);
            g_test_fail();
        }
}

/* The clock is set back five minutes between the copies of a call: nothing lasts less than no time, and nobody was silent for it. */
static void
test_clock_set_back(void)
{
    talk t = talk_begin();
    uint32_t xid = talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7 });

    talk_wait(&t, 10);
    talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .xid = xid, .cookie = xid });
    talk_wait(&t, -300);
    for (int i = 0; i < 3; i++) {
        talk_call(&t, &alice, &server, NH_NLM_LOCK, (words){ .svid = 7, .xid = xid, .cookie = xid });
        talk_wait(&t, 2);
    }
    nh_story *story = nh_watch_story(t.watch);
    for (unsigned i = 0; i < t.watch->frames.len; i++) {
        const nh_frame *frame = t.watch->frames.items[i];
        for (const GSList *item = nh_frame_notes(frame); item; item = item->next) {
            const nh_note *note = item->data;
            char *text = nh_remark_text(&note->says);
            refuse_negative(text);
            g_free(text);
            g_assert_true(note->finding != NH_PEER_SILENT);
        }
    }
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        refuse_negative(incident->summary);
        g_assert_cmpint(incident->duration, >=, 0);
    }
    nh_story_free(story);
    nh_watch_free(t.watch);
}

static void
pass_segment(talk *t, bool by_client, uint8_t flags, uint32_t ack)
{
    static const uint8_t hosts[2] = { 1, 2 }, ports[2][2] = { { 0, 111 }, { 3, 132 } }; /* 900 */
    uint8_t bytes[NH_TCP_HEADER] = { ports[by_client][0],
                                     ports[by_client][1],
                                     ports[!by_client][0],
                                     ports[!by_client][1],
                                     0,
                                     0,
                                     0,
                                     1,
                                     0,
                                     0,
                                     0,
                                     (uint8_t)ack,
                                     NH_TCP_HEADER / 4 << 4,
                                     flags,
                                     2,
                                     0 };
    nh_packet packet = { .frame = ++t->frame,
                         .time = t->now,
                         .kind = NH_PACKET_SEGMENT,
                         .src = { 4, { 10, 0, 0, hosts[by_client] } },
                         .dst = { 4, { 10, 0, 0, hosts[!by_client] } },
                         .bytes = bytes,
                         .captured = sizeof bytes,
                         .length = sizeof bytes };
    bytes[7] = by_client && ack ? 2 : 1;
    nh_packet_take(t->watch, &packet);
    nh_watch_frame(t->watch, t->frame, t->now);
}

/* The handshake ends by a clock that shows a time 127 years later: three times as long is no time that can be told. */
static void
test_clock_set_far_ahead(void)
{
    talk t = talk_begin();
    nh_way way;

    pass_segment(&t, true, NH_TH_SYN, 0);
    t.now += NH_MSEC;
    pass_segment(&t, false, NH_TH_SYN | NH_TH_ACK, 2);
    t.now += G_GINT64_CONSTANT(4000000000) * NH_SECOND;
    pass_segment(&t, true, NH_TH_ACK, 2);
    nh_pair *pair = nh_pair_of_flow(t.watch, &(nh_addr){ 4, { 10, 0, 0, 2 } }, &(nh_addr){ 4, { 10, 0, 0, 1 } }, &way);
    g_assert_cmpuint(pair->near_server, ==, 1);
    g_assert_cmpuint(pair->near_client, ==, 0);
    nh_watch_free(t.watch);
}

/* Everything that is known of a way goes with it when the roles turn round. */
static void
test_roles_turn_round(void)
{
    talk t = talk_begin();
    nh_way way;
    nh_pair *pair = nh_pair_of_flow(t.watch, &server, &alice, &way);
    nh_pair_side *side = &pair->side[NH_FORWARD];

    side->versions_used[0] = 4;
    side->nsm_state = 5;
    side->lookup_before.frame = 6;
    side->log_name = "nfs";
    g_assert_true(nh_pair_of_roles(t.watch, &alice, &server) == pair);
    side = &pair->side[NH_CALLBACK];
    g_assert_cmpuint(side->versions_used[0], ==, 4);
    g_assert_cmpuint(side->nsm_state, ==, 5);
    g_assert_cmpuint(side->lookup_before.frame, ==, 6);
    g_assert_cmpstr(side->log_name, ==, "nfs");
    g_assert_cmpuint(pair->side[NH_FORWARD].nsm_state, ==, 0);
    nh_watch_free(t.watch);
}

/* A bare ACK between alice's port 900 and the port mapper. */
static void
take_ack(talk *t, bool by_server, uint32_t seq, uint32_t ack)
{
    uint8_t bytes[NH_TCP_HEADER] = { [12] = NH_TCP_HEADER / 4 << 4, [13] = NH_TH_ACK };
    nh_packet packet = { .frame = ++t->frame, .time = t->now, .kind = NH_PACKET_SEGMENT, .bytes = bytes };
    const uint16_t ports[] = { 900, NH_PORTMAP_PORT };

    packet.src = by_server ? server : alice;
    packet.dst = by_server ? alice : server;
    packet.captured = packet.length = sizeof bytes;
    for (unsigned i = 0; i < 2; i++) {
        bytes[i] = (uint8_t)(ports[by_server] >> (8 - 8 * i));
        bytes[2 + i] = (uint8_t)(ports[!by_server] >> (8 - 8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        bytes[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
        bytes[8 + i] = (uint8_t)(ack >> (24 - 8 * i));
    }
    nh_packet_take(t->watch, &packet);
    nh_watch_frame(t->watch, packet.frame, packet.time);
}

/* A connection of the port mapper, met in the middle so long after the capture's first packet; how many packets are missing. */
static unsigned
losses_of_lookup(nh_time since_first)
{
    talk t = talk_begin();

    if (since_first > 0)
        nh_watch_frame(t.watch, ++t.frame, T0);
    t.now = T0 + since_first;
    take_ack(&t, false, 1, 1);
    const nh_pair *pair = nh_pair_find(t.watch, &alice, &server);
    g_assert_nonnull(pair);
    unsigned losses = pair->losses;
    nh_watch_free(t.watch);
    return losses;
}

/* Nothing tells how old it is if it is the very first packet. */
static void
test_lookup_in_the_middle(void)
{
    g_assert_cmpuint(losses_of_lookup(0), ==, 0);
    g_assert_cmpuint(losses_of_lookup(NH_MSEC), ==, 0);
    g_assert_cmpuint(losses_of_lookup(10 * NH_SECOND), ==, 1);
}

/* Whether a segment so far from the one before it, both ways, is of another connection. */
static bool
begins_anew(uint32_t away)
{
    talk t = talk_begin();
    const nh_end client = { alice, 900 }, portmap = { server, NH_PORTMAP_PORT };

    take_ack(&t, false, 1000, 5000);
    take_ack(&t, true, 5000, 1000);
    take_ack(&t, false, 1000 + away, 5000 + away);
    bool anew = nh_follow_find(t.watch, &client, &portmap)->established.frame == 3;
    nh_watch_free(t.watch);
    return anew;
}

/* Half of all numbers away is as far as can be. */
static void
test_numbers_far_away(void)
{
    g_assert_false(begins_anew(0));
    g_assert_false(begins_anew(1448));
    g_assert_false(begins_anew(-1448U));
    g_assert_true(begins_anew(0x7fffffff));
    g_assert_true(begins_anew(0x80000000));
    g_assert_true(begins_anew(0x80000001));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/strings-are-copied", test_strings_are_copied);
    g_test_add_func("/watch/times-are-clamped", test_times_are_clamped);
    g_test_add_func("/watch/clock-set-back", test_clock_set_back);
    g_test_add_func("/watch/clock-set-far-ahead", test_clock_set_far_ahead);
    g_test_add_func("/watch/roles-turn-round", test_roles_turn_round);
    g_test_add_func("/watch/lookup-in-the-middle", test_lookup_in_the_middle);
    g_test_add_func("/watch/numbers-far-away", test_numbers_far_away);
    return g_test_run();
}
