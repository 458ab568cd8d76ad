/* verdict.c
 * What a whole capture comes to.
 *
 * A capture without an incident is healthy only if it shows that: all calls with
 * their answers, none of them late, and nothing at its edges that may be the half
 * of something. Of any other it can be said that no trouble was seen, and why that
 * is not more.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/verdict.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/net/unfollowed.h"
#include "core/model/call.h"
#include "core/model/losses.h"
#include "core/model/ports.h"
#include "core/model/trouble.h"
#include "core/wire/procedures.h"

/* What the calls of all pairs show. */
typedef struct {
    unsigned calls, unanswered, pings, resent, unread, surplus, orphans, cut, one_sided, one_sided_pairs, unread_lookups, by_retry, late,
        unasked, answers_first, early, unexplained, errors, reclaims;
    uint32_t error; /* status of one of these */
    nh_time slowest;
    bool runs_back;
    bool losses;  /* many packets of a pair are missing */
    bool symptom; /* something was amiss that made no incident */
    bool waits;   /* a client was about to send something when the capture ended */
} sight;

/* NULL, FREE_ALL and the like are answered with nothing. */
static bool
has_status(uint32_t proc)
{
    uint32_t kind = nh_nlm_kind(proc);

    return (kind >= NH_NLM_TEST && kind <= NH_NLM_GRANTED) || kind == NH_NLM_SHARE || kind == NH_NLM_UNSHARE;
}

/* The capture begins with it, on a connection of before: whether it is the first of its kind nobody knows (copies, a LOCK asked again). */
static bool
is_early(const nh_watch *watch, const nh_call *call)
{
    const nh_sending *first = nh_call_first(call);
    bool middle = call->l4 == NH_L4_UDP ? !call->pair->mounts : first->conn && first->conn->middle;

    bool few = call->pair->calls < NH_HEALTHY_CALLS || (call->l4 == NH_L4_TCP && watch->last - watch->first < NH_HEALTHY_ANSWER);

    return call->prog == NH_PROG_NLM && call->reply.frame && middle && few && first->at.time - watch->first < NH_HEALTHY_ANSWER;
}

static void
look_at_calls(const nh_watch *watch, sight *seen)
{
    for (unsigned i = 0; i < watch->call_list.len; i++) {
        const nh_call *call = watch->call_list.items[i];
        bool told = call->prog == NH_PROG_NLM && call->reply.frame && !call->refused;
        seen->surplus += call->prog == NH_PROG_NLM && call->l4 == NH_L4_TCP && call->replies > call->n_sendings;
        seen->unread += told && !call->has_status && has_status(call->proc);
        seen->early += is_early(watch, call);
        seen->reclaims += call->prog == NH_PROG_NLM && call->nlm.reclaim;
        if (told && call->has_status && nh_nlm_status_is_error(call->status)) {
            seen->errors++;
            seen->error = call->status;
        }
        seen->pings += nh_call_is_ping(call) && !call->reply.frame;
        bool unanswered = call->prog == NH_PROG_PORTMAP && call->l4 == NH_L4_UDP && !call->reply.frame;
        seen->late += unanswered && call->asked->prog == NH_PROG_NLM;
        seen->unread_lookups += unanswered && call->asked->prog == 0;
    }
}

/* Bytes of lockd's port without a single call that could be read: frames that are cut, or one direction. */
static void
look_at_conns(const nh_watch *watch, sight *seen)
{
    for (unsigned i = 0; i < watch->conn_list->len; i++) {
        const nh_conn *conn = g_ptr_array_index(watch->conn_list, i);
        bool of_locks = !conn->foreign && nh_conn_service(conn) == NH_SERVICE_NLM;
        bool looks_up = !conn->foreign && conn->service == NH_SERVICE_PORTMAP && conn->pair->lock_traffic && !conn->asked;
        bool opening = conn->syn.frame && conn->state == NH_TCP_SYN_SENT;
        bool knocks = conn->reset_by_client && !conn->established.frame && !conn->pair->lock_traffic;
        seen->symptom |= (of_locks || looks_up) && !knocks && conn->troubles && conn->troubles->len;
        seen->unread_lookups += looks_up && conn->half[0].newest.frame;
        seen->waits |= (of_locks || looks_up) && opening && conn->pair->lock_traffic;
        if (!of_locks)
            continue;
        seen->answers_first += conn->answers_first;
        seen->unasked += conn->unasked && conn->pair->calls < NH_HEALTHY_CALLS;
        seen->cut += !conn->port_learnt && (conn->half[0].newest.frame || conn->half[1].newest.frame);
        seen->one_sided += conn->one_sided || (conn->middle && (conn->half[0].packets == 0) != (conn->half[1].packets == 0));
    }
}

static void
look_at_pairs(const nh_watch *watch, sight *seen)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        if (!pair->lock_traffic)
            continue;
        seen->calls += pair->calls;
        seen->unanswered += pair->calls - MIN(pair->calls, pair->answered);
        seen->resent += pair->resent;
        seen->orphans += pair->orphans;
        seen->losses |= nh_loss_is_heavy(pair);
        seen->late += nh_unfollowed_late(pair);
        if (nh_time_known(pair->slowest))
            seen->slowest = MAX(seen->slowest, pair->slowest);
        seen->waits |= nh_attempt_pending(&pair->side[NH_FORWARD].attempt) && pair->troubled->len > 0;
        seen->one_sided_pairs += pair->half_captured && !(pair->seen_client && pair->seen_server);
        seen->symptom |= pair->open != NULL;
        seen->by_retry += pair->retry_grants;
    }
}

static void G_GNUC_PRINTF(3, 4) caveat(nh_story *story, bool holds, const char *format, ...)
{
    va_list arguments;

    if (!holds)
        return;
    va_start(arguments, format);
    g_ptr_array_add(story->caveats, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* Each reason why a capture without an incident is not healthy. */
static void
add_caveats(nh_story *story, const sight *seen)
{
    char *slowest = nh_duration_text(seen->slowest);
    const char *error = nh_nlm_status_name(seen->error);

    caveat(story, seen->unanswered, "%u call%s without an answer", seen->unanswered, nh_plural(seen->unanswered));
    caveat(story, seen->pings, "%u NULL call%s without an answer", seen->pings, nh_plural(seen->pings));
    caveat(story, seen->unexplained, "%u line%s of the kernel log that no packet of it explains", seen->unexplained,
           nh_plural(seen->unexplained));
    caveat(story, seen->resent, "%u call%s sent again by RPC", seen->resent, nh_plural(seen->resent));
    caveat(story, seen->slowest > NH_HEALTHY_ANSWER, "an answer that took %s", slowest);
    caveat(story, seen->errors, "%u answer%s with an error (%s)", seen->errors, nh_plural(seen->errors),
           error ? error : "a status that NLM does not have");
    caveat(story, seen->unread, "%u answer%s whose status could not be read (frames that are cut)", seen->unread, nh_plural(seen->unread));
    caveat(story, seen->surplus, "%u call%s with more answers than copies: what was sent before the capture began", seen->surplus,
           nh_plural(seen->surplus));
    caveat(story, seen->orphans, "%u answer%s without the call", seen->orphans, nh_plural(seen->orphans));
    caveat(story, seen->calls > 0 && seen->cut, "%u connection%s of lockd whose calls could not be read", seen->cut, nh_plural(seen->cut));
    caveat(story, seen->one_sided, "%u connection%s of which only one direction was captured", seen->one_sided, nh_plural(seen->one_sided));
    caveat(story, seen->one_sided_pairs && !seen->one_sided, "%u pair%s of hosts of which only one direction was captured",
           seen->one_sided_pairs, nh_plural(seen->one_sided_pairs));
    caveat(story, seen->answers_first, "%u connection%s that begin%s with an answer: the calls were sent before the capture began",
           seen->answers_first, nh_plural(seen->answers_first), seen->answers_first == 1 ? "s" : "");
    caveat(story, seen->early, "%u call%s at the very beginning, which may have been asked before", seen->early, nh_plural(seen->early));
    caveat(story, seen->unasked, "%u connection%s opened without a look-up: what it is for may have waited before the capture began",
           seen->unasked, nh_plural(seen->unasked));
    caveat(story, seen->unread_lookups, "%u look-up%s that could not be read", seen->unread_lookups, nh_plural(seen->unread_lookups));
    caveat(story, seen->by_retry, "%u lock%s that came late, by asking again, and not by the callback that was due", seen->by_retry,
           nh_plural(seen->by_retry));
    caveat(story, seen->reclaims, "%u lock%s that %s asked back, as after a restart of the server", seen->reclaims,
           nh_plural(seen->reclaims), seen->reclaims == 1 ? "is" : "are");
    caveat(story, seen->losses && !seen->runs_back && !seen->one_sided && !seen->one_sided_pairs,
           "many packets that the capture should have and has not");
    caveat(story, seen->runs_back, "frames that are not in the order of time");
    caveat(story, seen->late, "%u look-up%s of lockd's port after which nothing was sent to it at once", seen->late, nh_plural(seen->late));
    caveat(story, seen->symptom, "a connection in trouble, which made no incident");
    caveat(story, seen->waits, "a client that could not send yet when the capture ended");
    g_free(slowest);
}

void
nh_verdict_story(const nh_watch *watch, nh_story *story)
{
    sight seen = { .unexplained = story->unexplained, .runs_back = watch->runs_back.frame != 0 };

    look_at_calls(watch, &seen);
    look_at_conns(watch, &seen);
    look_at_pairs(watch, &seen);
    if (story->incidents->len == 0)
        add_caveats(story, &seen);
    story->verdict = story->incidents->len                           ? NH_VERDICT_INCIDENTS
                     : seen.calls == 0 && (seen.cut || seen.orphans) ? NH_VERDICT_UNREADABLE
                     : seen.calls == 0 && seen.one_sided             ? NH_VERDICT_UNREADABLE
                     : !story->lock_traffic                          ? NH_VERDICT_NO_LOCK_TRAFFIC
                     : seen.calls == 0 || story->caveats->len        ? NH_VERDICT_NOTHING_SEEN
                                                                     : NH_VERDICT_HEALTHY;
}
