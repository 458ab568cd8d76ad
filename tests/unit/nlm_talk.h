/* nlm_talk.h
 * For the tests of the core: NLM messages as the dissector side hands them over, in one line each.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_TALK_H
#define NLM_TALK_H

#include "core/wire/procedures.h"
#include "core/watch.h"

/* 2026-03-01T10:00:00Z */
#define T0 (G_GINT64_CONSTANT(1772359200) * NH_SECOND)

static const nh_addr alice = { 4, { 192, 0, 2, 10 } }, bob = { 4, { 192, 0, 2, 11 } }, carol = { 4, { 192, 0, 2, 12 } };
static const nh_addr server = { 4, { 192, 0, 2, 20 } };

typedef struct {
    nh_watch *watch;
    uint32_t frame, xid;
    nh_time now;
} talk;

/* What a line says beyond who, what and when. */
typedef struct {
    uint32_t svid, file;
    uint64_t offset, length;
    bool shared, reclaim, no_lock;
    uint64_t cookie;
    const char *caller;
    uint32_t xid; /* 0: the next one */
    nh_l4 l4;    /* 0: UDP, which needs no segments */
} words;

static talk
talk_begin(void)
{
    nh_options options = { .lockd = { .nlm_timeout = 10 }, .mount = { .timeo = 600, .retrans = 2 } };
    return (talk){ .watch = nh_watch_new(&options), .now = T0 };
}

static inline void
talk_wait(talk *t, double seconds)
{
    t->now += (nh_time)(seconds * 1000) * NH_MSEC;
}

static void
talk_message(talk *t, nh_message *message)
{
    message->frame = ++t->frame;
    message->time = t->now;
    t->now += NH_MSEC;
    nh_watch_message(t->watch, message);
    nh_watch_frame(t->watch, message->frame, message->time);
}

static nh_message
talk_between(const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t proc, uint32_t xid)
{
    return (nh_message){ .l4 = NH_L4_UDP, .src = { *from, 700 }, .dst = { *to, 4045 }, .prog = prog, .vers = 4, .proc = proc, .xid = xid };
}

/* A call; its XID is what is returned. */
static uint32_t
talk_call(talk *t, const nh_addr *from, const nh_addr *to, uint32_t proc, words w)
{
    uint32_t xid = w.xid ? w.xid : ++t->xid;
    nh_message m = talk_between(from, to, NH_PROG_NLM, proc, xid);

    m.nlm = (nh_nlm){ .has_lock = !w.no_lock, .has_cookie = true, .cookie = w.cookie ? w.cookie : xid, .file = w.file ? w.file : 0xf11e,
                      .svid = w.svid, .owner = w.svid * 31, .offset = w.offset, .length = w.length, .exclusive = !w.shared, .reclaim = w.reclaim };
    g_strlcpy(m.caller, w.caller ? w.caller : nh_addr_equal(from, &bob) ? "bob" : nh_addr_equal(from, &carol) ? "carol" : "alice", sizeof m.caller);
    if (proc == NH_NLM_SHARE || proc == NH_NLM_UNSHARE) {
        m.nlm.has_lock = false;
        m.nlm.has_share = true;
    }
    talk_message(t, &m);
    return xid;
}

static void
talk_reply(talk *t, const nh_addr *from, const nh_addr *to, uint32_t proc, uint32_t xid, uint32_t status)
{
    nh_message m = talk_between(from, to, NH_PROG_NLM, proc, xid);

    m.reply = true;
    m.nlm.has_status = true;
    m.nlm.status = status;
    talk_message(t, &m);
}

/* A call of a client and its answer. */
static inline void
talk_ask(talk *t, const nh_addr *client, uint32_t proc, uint32_t status, words w)
{
    uint32_t xid = talk_call(t, client, &server, proc, w);
    talk_reply(t, &server, client, proc, xid, status);
}

/* RPC's empty reply. */
static inline void
talk_receipt(talk *t, const nh_addr *from, const nh_addr *to, uint32_t xid)
{
    nh_message m = talk_between(from, to, 0, 0, xid);

    m.reply = true;
    m.frame = ++t->frame;
    m.time = t->now;
    t->now += NH_MSEC;
    nh_watch_datagram(t->watch, &m, &(nh_rpc_header){ .reply = true, .xid = xid });
    nh_watch_frame(t->watch, m.frame, m.time);
}

/* A *_RES: a call with a status. */
static inline uint32_t
talk_result(talk *t, const nh_addr *from, const nh_addr *to, uint32_t proc, uint64_t cookie, uint32_t status)
{
    nh_message m = talk_between(from, to, NH_PROG_NLM, proc, ++t->xid);

    m.nlm = (nh_nlm){ .has_cookie = true, .cookie = cookie, .has_status = true, .status = status };
    talk_message(t, &m);
    return m.xid;
}

static inline void
talk_sm_notify(talk *t, const nh_addr *from, const nh_addr *to, uint32_t state)
{
    nh_message m = talk_between(from, to, NH_PROG_STAT, 6, ++t->xid);

    m.vers = 1;
    m.nsm_state = state;
    g_strlcpy(m.mon_name, "server", sizeof m.mon_name);
    talk_message(t, &m);
}

/* "alice 7 holds 0-99; bob 8 waits 0- shared"; caller frees. */
static inline char *
talk_locks(const GPtrArray *locks)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < locks->len; i++) {
        const nh_story_lock *lock = g_ptr_array_index(locks, i);
        const char *name = nh_addr_equal(&lock->client, &alice) ? "alice" : nh_addr_equal(&lock->client, &bob) ? "bob"
                           : nh_addr_equal(&lock->client, &carol) ? "carol" : "somebody";
        g_string_append_printf(text, "%s%s %u %s %" G_GUINT64_FORMAT "-", i ? "; " : "", name, lock->svid, lock->waiting ? "waits" : "holds", lock->offset);
        if (lock->length)
            g_string_append_printf(text, "%" G_GUINT64_FORMAT, lock->offset + lock->length - 1);
        g_string_append(text, lock->share ? " reservation" : lock->exclusive ? "" : " shared");
    }
    return g_string_free(text, false);
}

/* The table now must read so. */
static inline void
talk_expect(talk *t, const char *wanted)
{
    nh_story *story = nh_watch_story(t->watch);
    char *got = talk_locks(story->locks);

    g_assert_cmpstr(got, ==, wanted);
    g_free(got);
    nh_story_free(story);
}

/* Whether a message of the story begins so; caller frees it. */
static inline char *
talk_said(talk *t, const char *beginning)
{
    nh_story *story = nh_watch_story(t->watch);
    char *found = NULL;

    for (unsigned i = 0; i < story->messages->len && !found; i++)
        if (g_str_has_prefix(g_ptr_array_index(story->messages, i), beginning))
            found = g_strdup(g_ptr_array_index(story->messages, i));
    nh_story_free(story);
    return found;
}

#endif
