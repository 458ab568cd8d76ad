/* test_encrypted.c
 * Headers of calls that cannot be read.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "nlm_talk.h"

#include "core/wire/records.h"

/* Big-endian words of a message. */
static nh_rpc_header
header_of(const uint32_t *words, unsigned n, unsigned length)
{
    uint8_t bytes[64];
    nh_rpc_header header = { 0 };

    for (unsigned i = 0; i < n; i++) {
        uint32_t wire = g_htonl(words[i]);
        memcpy(bytes + 4 * i, &wire, 4);
    }
    g_assert_true(nh_rpc_header_read(bytes, length ? length : 4 * n, &header));
    return header;
}

static void
test_privacy(void)
{
    uint32_t call[] = { 1, 0, 2, NH_PROG_NLM, 4, 2, 6, 24, 1, 0, 1, 3 };

    g_assert_true(header_of(call, 12, 0).privacy);
    g_assert_false(header_of(call, 12, 44).privacy); /* cut before the service */
    call[11] = 2;                                    /* integrity: the arguments can be read */
    g_assert_false(header_of(call, 12, 0).privacy);
    call[11] = 3;
    call[9] = 1; /* the context is being made: no arguments yet */
    g_assert_false(header_of(call, 12, 0).privacy);
    call[9] = 0;
    call[6] = 1; /* AUTH_UNIX with the same bytes behind it */
    g_assert_false(header_of(call, 12, 0).privacy);
}

static void
test_starttls(void)
{
    uint32_t reply[] = { 1, 1, 0, 0, 8, 0x53544152, 0x54544c53, 0 };

    g_assert_true(header_of(reply, 8, 0).starttls);
    g_assert_false(header_of(reply, 8, 24).starttls);
    reply[6] = 0x54544c54;
    g_assert_false(header_of(reply, 8, 0).starttls);
}

static void
datagram(talk *t, nh_rpc_header header)
{
    nh_message m = talk_between(&alice, &server, header.prog, 0, 1);

    m.frame = ++t->frame;
    m.time = t->now;
    nh_watch_datagram(t->watch, &m, &header);
    nh_watch_frame(t->watch, m.frame, m.time);
}

/* Said once per pair, and only of programs that are followed. */
static void
test_message(void)
{
    talk t = talk_begin();

    datagram(&t, (nh_rpc_header){ .prog = NH_PROG_NFS, .privacy = true });
    g_assert_null(talk_said(&t, "From frame"));
    datagram(&t, (nh_rpc_header){ .prog = NH_PROG_NLM });
    g_assert_null(talk_said(&t, "From frame"));
    datagram(&t, (nh_rpc_header){ .prog = NH_PROG_NLM, .privacy = true });
    datagram(&t, (nh_rpc_header){ .prog = NH_PROG_NLM, .privacy = true });
    nh_story *story = nh_watch_story(t.watch);
    g_assert_cmpuint(story->messages->len, ==, 1);
    g_assert_true(g_str_has_prefix(g_ptr_array_index(story->messages, 0),
                                   "From frame 3 on calls between 192.0.2.10 and 192.0.2.20 are hidden by Kerberos with privacy"));
    g_assert_true(story->lock_traffic);
    nh_story_free(story);
    nh_watch_free(t.watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encrypted/privacy", test_privacy);
    g_test_add_func("/encrypted/starttls", test_starttls);
    g_test_add_func("/encrypted/message", test_message);
    return g_test_run();
}
