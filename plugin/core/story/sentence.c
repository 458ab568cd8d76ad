/* sentence.c
 * One plain sentence on an outage, and what to check next.
 *
 * Nothing that the capture contradicts may stand in it: who was answered meanwhile
 * did get service, and a call that was sent before the end was not held back until then.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/sentence.h"

#include "core/story/remark_text.h"
#include "core/model/ports.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/clock/grant_answers.h"
#include "core/wire/procedures.h"

/* --- what became of the calls --------------------------------------------------------- */

/* The client had another way to the server, or needed none: what came meanwhile was answered at once. */
static bool
nobody_waited(const nh_outage *outage)
{
    return outage->calls->len == 0 && outage->ended_by && outage->ended_by->outage != outage;
}

/* The client's attempt to send a call that did not get on the wire. */
static const nh_attempt *
attempt_of(const nh_outage *outage)
{
    return outage->given_up ? &outage->side[NH_FORWARD].attempt : &outage->pair->side[NH_FORWARD].attempt;
}

/* Held back, and sent when it was over: the answer to it, or to another one that waited, is the end. */
static bool
was_sent_at_the_end(const nh_outage *outage, const nh_call *call)
{
    return call->deferred && outage->end.frame && outage->end.time - nh_call_first(call)->at.time <= NH_RELEASE_SLACK;
}

static bool
any_deferred(const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->calls->len; i++)
        if (((const nh_call *)g_ptr_array_index(outage->calls, i))->deferred)
            return true;
    return false;
}

/* Its calls for locks: NULL asks whether anybody is there. */
static unsigned
count_lock_calls(const nh_outage *outage)
{
    unsigned calls = 0;

    for (unsigned i = 0; i < outage->calls->len; i++)
        calls += !nh_call_is_ping(g_ptr_array_index(outage->calls, i));
    return calls;
}

static unsigned
count_sent_at_the_end(const nh_outage *outage)
{
    unsigned sent = 0;

    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(outage->calls, i);
        sent += !nh_call_is_ping(call) && was_sent_at_the_end(outage, call);
    }
    return sent;
}

static char *
no_calls_clause(const nh_outage *outage)
{
    if (nobody_waited(outage))
        return g_strdup("no lock call had to wait for it");
    bool unread = outage->pair->encrypted.how || nh_calls_unread(outage->pair);
    if (outage->calls->len)
        return g_strdup_printf("%u NULL call%s waited, which ask%s whether the lock manager lives, and no lock call was seen meanwhile",
                               outage->calls->len, nh_plural(outage->calls->len), outage->calls->len == 1 ? "s" : "");
    return g_strdup(unread                       ? "its calls cannot be read"
                    : attempt_of(outage)->active ? "no lock call could be sent"
                                                 : "no lock call was seen meanwhile");
}

/* nlmclnt_grant, fs/lockd/clntlock.c: the process goes on before the answer is sent. */
static char *
answer_clause(const nh_outage *outage, const nh_call *unanswered)
{
    nh_deadlines deadlines;
    const char *fate = nh_grant_answer_given_up(unanswered, &deadlines) ? "could not be sent"
                       : outage->end.frame                              ? "was held back until it ended"
                                                                        : "is held back";

    return g_strdup_printf("the GRANTED_RES for frame %u %s (a Linux client has its lock all the same)",
                           nh_call_first(unanswered)->at.frame, fate);
}

/* What an application asked for counts once, however often it asked. */
static char *
affected_clause(const nh_outage *outage)
{
    unsigned calls = count_lock_calls(outage), others = outage->served + outage->hindsight.beside;
    unsigned requests = outage->hindsight.requests ? outage->hindsight.requests : calls;
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%u lock %s%s affected", requests, requests < calls ? "request" : "call",
                           requests == 1 ? " was" : "s were");
    if (requests < calls)
        g_string_append_printf(text, " (asked %u times)", calls);
    if (any_deferred(outage))
        g_string_append(text, " and held back at first");
    if (others)
        g_string_append_printf(text, ", %u other%s answered meanwhile", others, others == 1 ? " was" : "s were");
    return g_string_free(text, false);
}

/* What the client's calls met: how many, held back or sent in vain. */
static char *
calls_clause(const nh_outage *outage, const nh_call *unanswered)
{
    unsigned calls = count_lock_calls(outage), deferred = count_sent_at_the_end(outage);

    if (unanswered)
        return answer_clause(outage, unanswered);
    if (calls == 0)
        return no_calls_clause(outage);
    if (deferred == 0)
        return affected_clause(outage);
    if (deferred == calls)
        return g_strdup_printf("%s held back until it ended", calls == 1 ? "the lock call was" : "the lock calls were");
    return g_strdup_printf("%u of %u lock calls %s held back until it ended", deferred, calls, deferred == 1 ? "was" : "were");
}

static char *
duration_clause(const nh_outage *outage, nh_time now)
{
    const nh_call *answered = outage->ended_by;
    const char *status = answered && answered->has_status && answered->status ? nh_nlm_status_name(answered->status) : NULL;
    char *lasted = nh_duration_text(nh_elapsed(outage->start.time, outage->end.frame ? outage->end.time : now));
    char *text = answered ? g_strdup_printf("for %s, until the answer in frame %u%s%s%s,", lasted, outage->end.frame, status ? " (" : "",
                                            status ? status : "", status ? ")" : "")
                 : outage->given_up  ? g_strdup_printf("for %s, after which nothing more was tried,", lasted)
                 : outage->end.frame ? g_strdup_printf("for %s", lasted)
                                     : g_strdup_printf("for the %s until the end of the capture", lasted);
    g_free(lasted);
    return text;
}

/* --- what the client missed -------------------------------------------------------------- */

/* Lockd answered before the end, and refused. */
static bool
was_refused_meanwhile(const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (nh_finding_get(symptom->finding)->refusal && symptom->service == NH_SERVICE_NLM && symptom->way == NH_FORWARD &&
            (!outage->ended_by || symptom->at.frame != outage->end.frame))
            return true;
    }
    return false;
}

/* Nobody is known to have wanted anything meanwhile. */
static bool
nobody_asked(const nh_outage *outage)
{
    return nobody_waited(outage) || (outage->calls->len == 0 && !attempt_of(outage)->active && !outage->pair->encrypted.how);
}

/* What the client missed, up to the server's name. */
static const char *
what_was_missing(const nh_outage *outage, const nh_judgement *judgement, const nh_call *unanswered)
{
    if (unanswered)
        return "could not answer the callback of";
    if (nobody_asked(outage))
        return "had trouble with the lock service of";
    if (nh_finding_is_of_callback(judgement->cause))
        return "was not told of its lock by";
    if (outage->served || outage->hindsight.beside)
        return count_lock_calls(outage) == 1 ? "got no answer to one lock call from" : "got no answer to some lock calls from";
    if (judgement->evidence && judgement->evidence->client_acks_nothing)
        return "did not get the answers of";
    if (outage->hindsight.answered)
        return "had trouble with the lock service of";
    return was_refused_meanwhile(outage) ? "got no lock from" : "got no lock service from";
}

/* --- the sentence ------------------------------------------------------------------------------ */

/* Whether the frame is the outage's and has something to show. */
static bool
is_shown(const nh_outage *outage, nh_moment at)
{
    const nh_frame *frame = at.frame ? nh_frame_find(outage->pair->watch, at.frame) : NULL;

    return frame && frame->pair == outage->pair && at.frame >= outage->start.frame && at.frame <= outage->last.frame;
}

nh_moment
nh_outage_began(const nh_outage *outage, const nh_judgement *judgement)
{
    const nh_symptom *evidence = judgement->evidence;

    if (evidence && is_shown(outage, evidence->since))
        return evidence->since;
    return evidence && is_shown(outage, evidence->at) ? evidence->at : outage->start;
}

char *
nh_outage_summary(const nh_outage *outage, const nh_judgement *judgement, const char *compared, nh_time now)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *start = nh_time_clock(outage->start.time);
    const nh_call *unanswered = nh_grant_answer_all_that_suffered(outage);
    char *calls = calls_clause(outage, unanswered), *lasted = duration_clause(outage, now);
    char *side = nh_side_sentence(judgement->side, judgement->confidence);
    char *each = judgement->each ? g_strdup_printf(", %u in a row", judgement->each) : g_strdup("");
    char *holder = nh_finding_get(judgement->cause)->hangs ? nh_remark_text(&outage->hindsight.holder) : NULL;
    char *text = g_strdup_printf("From %s UTC %s %s %s %s because %s%s (%s, from frame %u on); %s.%s%s%s%s%s", start, lasted,
                                 nh_addr_text(&outage->pair->client, client), what_was_missing(outage, judgement, unanswered),
                                 nh_addr_text(&outage->pair->server, server), judgement->clause, each, nh_finding_name(judgement->cause),
                                 nh_outage_began(outage, judgement).frame, calls, holder ? " " : "", holder ? holder : "",
                                 compared ? " " : "", compared ? compared : "", side);
    g_free(side);
    g_free(holder);
    g_free(each);
    g_free(start);
    g_free(calls);
    g_free(lasted);
    return text;
}

/* --- what to check next ------------------------------------------------------------------ */

/* Where each finding with advice appears first; 0 = nowhere. Verdicts that had to wait stand late among the symptoms. */
static void
first_appearances(const nh_outage *outage, uint32_t *frames)
{
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        uint32_t *first = &frames[symptom->finding];
        /* advice is written for the client's way to the server; of the way back it is that on the callback */
        bool fits = symptom->way == NH_FORWARD || nh_finding_is_of_callback(symptom->finding);
        if (fits && nh_finding_get(symptom->finding)->next && (*first == 0 || symptom->at.frame < *first))
            *first = symptom->at.frame;
    }
}

/* The cause first, then what else explains something, as it appeared. */
void
nh_outage_next_steps(const nh_outage *outage, nh_finding cause, GPtrArray *steps)
{
    uint32_t frames[NH_FINDING_COUNT] = { 0 };
    const nh_finding_row *row = nh_finding_get(cause);

    first_appearances(outage, frames);
    for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
        if (frames[finding] && nh_is_explained(outage, (nh_finding)finding, cause))
            frames[finding] = 0;
    for (int next = cause; row && steps->len < NH_NEXT_STEPS_MAX; row = nh_finding_get(next)) {
        const char *advice = nh_advice(outage, next);
        if (advice)
            g_ptr_array_add(steps, g_strdup(advice));
        frames[next] = 0;
        next = NH_FINDING_NONE;
        for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
            if (frames[finding] && (!next || frames[finding] < frames[next]))
                next = finding;
    }
}
