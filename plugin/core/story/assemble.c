/* assemble.c
 * The story of a capture, told from what the core remembers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/assemble.h"

#include "core/base/limits.h"
#include "core/rpc/async_calls.h"
#include "core/clock/issue_time.h"
#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/copies.h"
#include "core/model/call.h"
#include "core/net/follow.h"
#include "core/net/pairs.h"
#include "core/model/frames.h"
#include "core/rpc/encrypted.h"
#include "core/judge/compared.h"
#include "core/judge/holder.h"
#include "core/judge/incident.h"
#include "core/story/faults.h"
#include "core/story/flows.h"
#include "core/clock/kernel_lines.h"
#include "core/story/parts.h"
#include "core/story/sentence.h"
#include "core/locks/lock_story.h"
#include "core/log/log_match.h"
#include "core/log/log_timers.h"
#include "core/rpc/nfs_calls.h"
#include "core/judge/other_clients.h"
#include "core/judge/outage.h"
#include "core/wire/procedures.h"
#include "core/rpc/statd.h"
#include "core/story/timeline.h"
#include "core/story/incident_calls.h"
#include "core/story/verdict.h"
#include "core/model/ports.h"

/* --- completing earlier frames ---------------------------------------------------- */

/* Until when the socket of a FIN blocks its port; how long another system's lasts is not known. */
static void
add_fin_block(nh_remark *says, const nh_conn *conn, const nh_trouble *trouble)
{
    const nh_half *half = &conn->half[conn->half[0].fin_at.frame == trouble->since.frame ? 0 : 1];
    nh_time earliest, latest;

    if (!nh_finding_get(trouble->finding)->blocks_port || nh_client_is_other(conn->pair))
        return;
    nh_timer_fin_block(half->fin_since, half->fin_at.time, &earliest, &latest);
    says->values[2].number = true;
    says->values[3].number = earliest;
    says->values[4].number = latest;
}

/* A packet that nobody answers is known for what it is only when it comes again. */
static void
complete_trouble(nh_watch *watch, const nh_conn *conn)
{
    for (unsigned i = 0; conn->troubles && i < conn->troubles->len; i++) {
        const nh_trouble *trouble = &g_array_index(conn->troubles, nh_trouble, i);
        nh_time lasted = nh_elapsed(trouble->since.time, trouble->until.frame ? trouble->until.time : trouble->last.time);
        nh_remark says = { nh_finding_get(trouble->finding)->first, { NH_NUMBER(lasted), NH_NUMBER(trouble->count) } };

        if (says.id == NH_REMARK_NONE)
            continue;
        add_fin_block(&says, conn, trouble);
        nh_frame_note(watch, trouble->since.frame, trouble->finding, &says);
    }
}

/* Nothing may be said of a pair of which one direction is missing. */
static bool
is_one_sided(const nh_pair *pair)
{
    return pair->half_captured && !(pair->seen_client && pair->seen_server);
}

/* A FIN that was acknowledged, but whose peer never closed its side before the port pair was used again. */
static void
complete_half_closed(nh_watch *watch, const nh_conn *conn)
{
    const nh_half *client = &conn->half[0], *server = &conn->half[1];

    if (client->fin_acked && !server->fin && conn->state == NH_TCP_ESTABLISHED &&
        watch->last - client->fin_acked_at.time > NH_HALF_CLOSED_TIME && conn->service != NH_SERVICE_PORTMAP)
        nh_frame_note(watch, client->fin_at.frame, NH_HALF_CLOSED,
                      &(nh_remark){ NH_REMARK_NEVER_CLOSED, { NH_NUMBER(nh_conn_role(conn, 1)) } });
}

/* Whatever was expected before it showed that this client is no Linux. */
static void
forget_line(nh_call *call)
{
    nh_watch *watch = call->pair->watch;

    if (call->line_seen.frame) {
        nh_frame_unnote(watch, call->line_seen.frame, NH_REBIND);
        nh_frame_unnote(watch, call->line_seen.frame, NH_NOT_RESPONDING);
    }
    if (call->outlived_in)
        nh_frame_unnote(watch, call->outlived_in, NH_NOT_RESPONDING);
    call->line_seen.frame = call->outlived_in = 0;
}

/* What the client's log says of a call stands at the call, too; and the kernel's family may be known better than when it was told. */
static void
complete_call(nh_watch *watch, nh_call *call)
{
    nh_deadlines deadlines;
    nh_moment done = nh_call_done(call);

    if (call->prog != NH_PROG_NLM || !call->outage || call->way == NH_CALLBACK)
        return;
    if (nh_client_is_other(call->pair)) {
        forget_line(call);
        return;
    }
    if (call->proc == 0)
        return;
    nh_issue_time_by_beginning(call);
    nh_line_doubt(call);
    nh_lines_narrow(call);
    nh_call_deadlines(call, watch->options.use_mount, &deadlines);
    if (!call->line_seen.frame && (done.frame ? done.time : watch->last) <= deadlines.major_latest)
        return;
    nh_remark says = nh_line_remark(call->pair, nh_line_event(call->pair, call->way, call), &deadlines, call->line_seen), for_call = says;
    for_call.values[6].number = true;
    nh_frame_note(watch, nh_call_first(call)->at.frame, NH_NOT_RESPONDING, &for_call);
    if (call->outlived_in)
        nh_frame_note(watch, call->outlived_in, NH_NOT_RESPONDING, &says);
}

/* The same where no call came of it. */
static void
complete_attempt(const nh_pair *pair)
{
    const nh_attempt *attempt = &pair->side[NH_FORWARD].attempt;
    nh_deadlines deadlines;

    if (attempt->outlived_in && nh_client_is_other(pair))
        nh_frame_unnote(pair->watch, attempt->outlived_in, NH_NOT_RESPONDING);
    if (!attempt->outlived_in || !nh_attempt_pending(attempt) || nh_client_is_other(pair))
        return;
    nh_attempt_deadlines(pair, NH_FORWARD, attempt, &deadlines);
    nh_remark says = nh_line_remark(pair, nh_line_event(pair, NH_FORWARD, attempt->answers), &deadlines, attempt->line_seen);
    nh_frame_note(pair->watch, attempt->outlived_in, NH_NOT_RESPONDING, &says);
}

static void
complete(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->conn_list->len; i++) {
        const nh_conn *conn = g_ptr_array_index(watch->conn_list, i);
        if (!conn->foreign && !is_one_sided(conn->pair)) {
            complete_trouble(watch, conn);
            complete_half_closed(watch, conn);
        }
    }
    for (unsigned i = 0; i < watch->call_list->len; i++)
        complete_call(watch, g_ptr_array_index(watch->call_list, i));
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        complete_attempt(g_ptr_array_index(watch->pair_list, i));
        nh_statd_complete(g_ptr_array_index(watch->pair_list, i));
    }
    nh_leak_complete(watch);
    nh_faults_complete(watch);
}

/* --- incidents in capture order ------------------------------------------------------- */

static int
by_start(const void *a, const void *b)
{
    const nh_outage *x = *(nh_outage *const *)a, *y = *(nh_outage *const *)b;

    if (x->start.frame != y->start.frame)
        return x->start.frame < y->start.frame ? -1 : 1;
    return x->pair->order < y->pair->order ? -1 : x->pair->order > y->pair->order;
}

/* Symptoms of connections that turned out to be another program's count no longer. */
static void
drop_foreign_symptoms(nh_outage *outage)
{
    for (unsigned i = outage->symptoms->len; i-- > 0;) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->conn && nh_conn_service(symptom->conn) == NH_SERVICE_NONE)
            nh_outage_retract(outage, i);
        else if (symptom->conn && nh_conn_service(symptom->conn) != NH_SERVICE_PROBABLE)
            outage->only_probable = false;
    }
}

static GPtrArray *
number_outages(nh_watch *watch)
{
    GPtrArray *outages = g_ptr_array_new();

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++) {
            nh_outage *outage = g_ptr_array_index(pair->outages, j);
            drop_foreign_symptoms(outage);
            outage->id = 0;
            if (!is_one_sided(pair) && outage->symptoms->len && nh_outage_is_incident(outage, watch->last))
                g_ptr_array_add(outages, outage);
        }
    }
    g_ptr_array_sort(outages, by_start);
    for (unsigned i = 0; i < outages->len; i++)
        ((nh_outage *)g_ptr_array_index(outages, i))->id = i + 1;
    watch->incidents = outages->len;
    return outages;
}

/* An incident: one of the two. */
typedef struct {
    nh_moment start;
    nh_outage *outage;
    nh_fault *fault;
} numbered;

static int
by_frame(const void *a, const void *b)
{
    const numbered *x = a, *y = b;

    if (x->start.frame != y->start.frame)
        return x->start.frame < y->start.frame ? -1 : 1;
    if (x->outage && y->outage)
        return x->outage->pair->order < y->outage->pair->order ? -1 : x->outage->pair->order > y->outage->pair->order;
    return (x->fault != NULL) - (y->fault != NULL);
}

static void
add_faults(nh_watch *watch, GArray *all)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++)
        ((nh_pair *)g_ptr_array_index(watch->pair_list, i))->faults = 0;
    for (unsigned i = 0; i < watch->faults->len; i++) {
        nh_fault *fault = g_ptr_array_index(watch->faults, i);
        numbered row = { fault->at, NULL, fault };
        fault->id = 0;
        if (!nh_fault_is_reported(fault))
            continue;
        fault->pair->faults++;
        g_array_append_val(all, row);
    }
}

/* Outages and faults of locks in capture order, with their numbers. */
static GArray *
number_incidents(nh_watch *watch)
{
    GPtrArray *outages = number_outages(watch);
    GArray *all = g_array_new(false, false, sizeof(numbered));

    for (unsigned i = 0; i < outages->len; i++) {
        nh_outage *outage = g_ptr_array_index(outages, i);
        numbered row = { outage->start, outage, NULL };
        g_array_append_val(all, row);
    }
    g_ptr_array_unref(outages);
    add_faults(watch, all);
    g_array_sort(all, by_frame);
    for (unsigned i = 0; i < all->len; i++) {
        const numbered *row = &g_array_index(all, numbered, i);
        *(row->outage ? &row->outage->id : &row->fault->id) = i + 1;
    }
    watch->incidents = all->len;
    return all;
}

/* --- incidents ------------------------------------------------------------------------------ */

/* A request that never was on the wire in this capture. */
static nh_story_call *
add_attempt(nh_incident *incident, const nh_outage *outage, nh_way way, const nh_attempt *attempt)
{
    const nh_pair *pair = outage->pair;
    nh_story_call *entry = nh_incident_add_call(incident);
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, pair->watch->options.use_mount);

    entry->prog = NH_PROG_NLM;
    if (attempt->answers) {
        entry->vers = attempt->answers->vers;
        entry->proc = NH_NLM_GRANTED_RES;
        entry->procedure = nh_nlm_procedure_name(entry->proc);
    }
    entry->dead = true;
    entry->dead_reason = way == NH_CALLBACK ? NH_GRANT_LOST : nh_judge(outage).cause;
    entry->issued_earliest = attempt->earliest;
    entry->issued_latest = attempt->start.time;
    entry->policy = nh_client_policy_text(pair, way, NH_L4_TCP, &policy, nh_pair_family(pair));
    return entry;
}

/* The attempt that this outage left without a call, or NULL. */
static const nh_attempt *
attempt_of(const nh_outage *outage, nh_way way)
{
    const nh_pair *pair = outage->pair;
    const nh_attempt *attempt = &pair->side[way].attempt;
    bool latest = g_ptr_array_index(pair->outages, pair->outages->len - 1) == outage;

    if (outage->given_up)
        return outage->side[way].attempt.active ? &outage->side[way].attempt : NULL;
    if (!latest || !nh_attempt_pending(attempt) || outage->ended_by || !(outage->ways & (1u << way)) ||
        attempt->start.time > outage->last.time)
        return NULL;
    if (outage->end.frame && !nh_attempt_lasts(pair, way, (nh_moment){ pair->watch->frames_total, pair->watch->last }))
        return NULL;
    return attempt;
}

static void
add_calls(nh_incident *incident, const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->calls->len; i++) {
        nh_call *call = g_ptr_array_index(outage->calls, i);
        nh_lines_of_call(incident, call, nh_incident_describe_call(incident, call));
    }
    for (int way = NH_FORWARD; way <= NH_CALLBACK; way++) {
        const nh_attempt *attempt = attempt_of(outage, way);
        if (attempt)
            nh_lines_of_attempt(incident, outage->pair, way, attempt, add_attempt(incident, outage, way, attempt));
    }
}

/* A sentence more, taken over; NULL: none. */
static char *
with_sentence(char *summary, char *sentence)
{
    if (!sentence)
        return summary;
    char *both = g_strconcat(summary, " ", sentence, NULL);
    g_free(summary);
    g_free(sentence);
    return both;
}

/* One sentence, and what two capture points add to it. */
static char *
summary_of(const nh_outage *outage, const nh_judgement *judgement)
{
    char *summary = nh_outage_summary(outage, judgement, outage->pair->watch->last);

    return with_sentence(summary, nh_compared_text(outage, judgement));
}

static void
add_outage(nh_watch *watch, nh_story *story, const nh_outage *outage)
{
    nh_incident *incident = nh_story_add_incident(story);
    nh_judgement judgement = nh_judge(outage);

    incident->client = outage->pair->client;
    incident->server = outage->pair->server;
    incident->service = judgement.evidence && judgement.evidence->conn ? nh_conn_service(judgement.evidence->conn)
                        : judgement.evidence                           ? judgement.evidence->service
                                                                       : NH_SERVICE_NLM;
    incident->cause = judgement.cause;
    incident->side = judgement.side;
    incident->confidence = judgement.confidence;
    incident->summary = summary_of(outage, &judgement);
    incident->first_frame = outage->start.frame;
    incident->last_frame = outage->last.frame;
    nh_timeline_reach_out(incident, outage);
    incident->start = outage->start.time;
    incident->end = outage->end.frame ? outage->end.time : NH_TIME_NONE;
    incident->duration = nh_elapsed(outage->start.time, outage->end.frame ? outage->end.time : watch->last);
    add_calls(incident, outage);
    nh_nfs_story(incident, outage);
    nh_other_clients_story(incident, outage);
    nh_lock_story_incident(outage, incident);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static void
add_pair(nh_story *story, const nh_pair *pair)
{
    nh_story_pair *entry;

    if (!pair->lock_traffic && pair->calls == 0)
        return;
    entry = nh_story_add_pair(story);
    entry->client = pair->client;
    entry->server = pair->server;
    entry->calls = pair->calls;
    entry->answered = pair->answered;
    entry->unanswered = pair->calls - MIN(pair->calls, pair->answered);
    entry->resent = pair->resent;
    entry->denied = pair->denied;
    entry->slowest = pair->slowest;
    for (unsigned i = 0; i < pair->outages->len; i++)
        entry->incidents += ((const nh_outage *)g_ptr_array_index(pair->outages, i))->id != 0;
    entry->incidents += pair->faults;
}

/* Why there is no line of Linux in an incident: once for each client. */
static void
add_messages(const nh_watch *watch, nh_story *story)
{
    GHashTable *said = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);
        char client[NH_ADDR_TEXT], *why = pair ? nh_client_why(pair) : NULL;
        char *text = why ? g_strdup_printf("The client %s is no Linux kernel: it %s. No line of Linux is expected in its log",
                                           nh_addr_text(&incident->client, client), why)
                         : NULL;
        g_free(why);
        if (text && g_hash_table_add(said, text))
            g_ptr_array_add(story->messages, text);
        else
            g_free(text);
    }
    g_hash_table_unref(said);
}

/* Whose timers the log tells shows in whose lines it has. */
static void
learn_timers(nh_watch *watch, nh_kernel_log *log)
{
    nh_story *draft = nh_story_new();
    GArray *before = nh_log_assume_timers(watch, log);
    GPtrArray *outages = number_outages(watch);

    nh_other_clients_begin(watch);
    for (unsigned i = 0; i < outages->len; i++)
        add_outage(watch, draft, g_ptr_array_index(outages, i));
    nh_other_clients_end(watch);
    nh_log_keep_timers(watch, draft, log, before);
    g_ptr_array_unref(outages);
    nh_story_free(draft);
}

/* The capture ends: what calls that still wait did not do tells of their client. */
static void
look_at_waiting(const nh_pair *pair, nh_moment now)
{
    const GPtrArray *waiting = pair->side[NH_FORWARD].outstanding;

    for (unsigned i = 0; i < waiting->len; i++)
        nh_client_waited(g_ptr_array_index(waiting, i), now);
}

/* Until when the cause shows, and whether the server's NFS went on: the timeline adds what else was answered. */
static void
look_beside(nh_outage *outage, const nh_judgement *judgement)
{
    g_free(outage->hindsight.holder);
    memset(&outage->hindsight, 0, sizeof outage->hindsight);
    nh_holder_find(outage);
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == judgement->cause)
            outage->hindsight.latest = MAX(outage->hindsight.latest, symptom->at.frame);
    }
    outage->hindsight.alive = outage->nfs_answers > 0 && outage->nfs_first.frame < outage->hindsight.latest;
}

/* What the sentence and the advice say needs all of the timeline. */
static void
conclude(const nh_watch *watch, nh_incident *incident, nh_outage *outage)
{
    outage->hindsight.requests = nh_incident_requests(incident);
    for (unsigned i = 0; i < incident->timeline->len; i++) {
        const nh_event *event = g_ptr_array_index(incident->timeline, i);
        outage->hindsight.alive |= strcmp(event->event, "others") == 0 && event->frame < outage->hindsight.latest;
    }
    nh_judgement judgement = nh_judge(outage);
    g_free(incident->summary);
    incident->summary = summary_of(outage, &judgement);
    nh_parts_story(incident, outage);
    nh_outage_next_steps(outage, judgement.cause, incident->next_steps);
}

/* The sentence names the frame from which on something was wrong; where nothing else is told of it, that is. */
static void
add_timeline(nh_incident *incident, nh_outage *outage)
{
    nh_judgement judgement = nh_judge(outage);
    nh_moment began = nh_outage_began(outage, &judgement);

    look_beside(outage, &judgement);
    nh_timeline_add_frames(incident, outage);
    for (unsigned i = 0; i < incident->timeline->len; i++)
        if (((const nh_event *)g_ptr_array_index(incident->timeline, i))->frame == began.frame)
            return;
    if (judgement.cause)
        nh_incident_add_event(incident, began.frame, began.time, "began", NH_FINDING_NONE,
                              g_strdup_printf("Here it begins: %s", nh_finding_get(judgement.cause)->title));
}

nh_story *
nh_story_assemble(nh_watch *watch)
{
    nh_story *story = nh_story_new();
    nh_moment now = { watch->frames_total, watch->last };

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_outage_tick(g_ptr_array_index(watch->pair_list, i), now);
        nh_outage_conclude(g_ptr_array_index(watch->pair_list, i));
        look_at_waiting(g_ptr_array_index(watch->pair_list, i), now);
    }
    nh_kernel_log *log = nh_log_match_read(watch);
    if (log && nh_log_shows_timers(log))
        learn_timers(watch, log);
    complete(watch);
    GArray *incidents = number_incidents(watch);
    for (unsigned i = 0; i < incidents->len; i++)
        if (g_array_index(incidents, numbered, i).outage)
            nh_compared_fill(g_array_index(incidents, numbered, i).outage);
    story->frames = watch->frames_total;
    story->first = watch->first;
    story->last = watch->last;
    nh_other_clients_begin(watch);
    for (unsigned i = 0; i < incidents->len; i++) {
        const numbered *row = &g_array_index(incidents, numbered, i);
        if (row->outage)
            add_outage(watch, story, row->outage);
        else
            nh_fault_story(story, row->fault);
    }
    nh_other_clients_end(watch);
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        story->lock_traffic |= pair->lock_traffic;
        add_pair(story, pair);
    }
    nh_log_match(watch, story, log);
    nh_kernel_log_free(log);
    nh_timeline_begin(watch);
    for (unsigned i = 0; i < incidents->len; i++) /* after the log, which knows the server's name */
        if (g_array_index(incidents, numbered, i).outage)
            add_timeline(g_ptr_array_index(story->incidents, i), g_array_index(incidents, numbered, i).outage);
    for (unsigned i = 0; i < incidents->len; i++)
        if (g_array_index(incidents, numbered, i).outage)
            conclude(watch, g_ptr_array_index(story->incidents, i), g_array_index(incidents, numbered, i).outage);
    add_messages(watch, story);
    for (unsigned i = 0; i < incidents->len; i++)
        if (g_array_index(incidents, numbered, i).outage)
            nh_story_flows(g_ptr_array_index(story->incidents, i), g_array_index(incidents, numbered, i).outage);
    nh_timeline_end(watch);
    nh_lock_story(watch, story);
    nh_encrypted_story(watch, story);
    nh_verdict_story(watch, story);
    for (unsigned i = 0; i < story->incidents->len; i++)
        nh_timeline_sort(g_ptr_array_index(story->incidents, i));
    g_array_unref(incidents);
    nh_story_clean(story);
    return story;
}
