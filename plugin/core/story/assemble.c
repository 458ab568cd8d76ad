/* assemble.c
 * The story of a capture, told from what the core remembers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/assemble.h"

#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/issue.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/judge/compared.h"
#include "core/judge/holder.h"
#include "core/story/compared_text.h"
#include "core/story/complete.h"
#include "core/story/conclude.h"
#include "core/story/faults.h"
#include "core/story/flows.h"
#include "core/clock/kernel_lines.h"
#include "core/story/incident_order.h"
#include "core/story/messages.h"
#include "core/story/nfs_story.h"
#include "core/story/parts.h"
#include "core/story/sentence.h"
#include "core/story/lock_story.h"
#include "core/log/log_match.h"
#include "core/log/log_timers.h"
#include "core/story/other_clients.h"
#include "core/judge/outage.h"
#include "core/judge/outage_end.h"
#include "core/wire/procedures.h"
#include "core/story/timeline.h"
#include "core/story/incident_calls.h"
#include "core/story/verdict.h"
#include "core/model/ports.h"

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
    entry->callback = way == NH_CALLBACK;
    entry->dead_reason = way == NH_CALLBACK ? NH_GRANT_LOST : nh_judge(outage).cause;
    entry->issued_earliest = attempt->issue.earliest;
    entry->issued_latest = attempt->start.time;
    entry->issue = attempt->issue;
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

/* One sentence, what two capture points add to it, and the side. */
static char *
summary_of(const nh_outage *outage, const nh_judgement *judgement)
{
    char *compared = nh_compared_text(outage, judgement);
    char *summary = nh_outage_summary(outage, judgement, compared, outage->pair->watch->last);

    g_free(compared);
    return summary;
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

/* Whose timers the log tells shows in whose lines it has. */
static void
learn_timers(nh_watch *watch, nh_kernel_log *log)
{
    nh_story *draft = nh_story_new();
    GArray *before = nh_log_assume_timers(watch, log);
    GPtrArray *outages = nh_outages_number(watch);

    nh_other_clients_begin(watch);
    for (unsigned i = 0; i < outages->len; i++)
        add_outage(watch, draft, g_ptr_array_index(outages, i));
    nh_other_clients_end(watch);
    nh_log_keep_timers(watch, draft, log, before);
    g_ptr_array_unref(outages);
    nh_story_free(draft);
}

/* Until when the cause shows, and whether the server's NFS went on: the timeline adds what else was answered. */
static void
look_beside(nh_outage *outage, const nh_judgement *judgement)
{
    memset(&outage->hindsight, 0, sizeof outage->hindsight);
    nh_holder_find(outage);
    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == judgement->cause)
            outage->hindsight.latest = MAX(outage->hindsight.latest, symptom->at.frame);
    }
    bool ended_by_another = outage->ended_by && outage->ended_by->outage != outage;
    outage->hindsight.alive = outage->served > 0 || ended_by_another ||
                              (outage->nfs_answers > 0 && outage->nfs_first.frame < outage->hindsight.latest);
}

/* What the sentence and the advice say needs all of the timeline. */
static void
conclude_incident(nh_incident *incident, nh_outage *outage)
{
    outage->hindsight.requests = nh_incident_requests(incident);
    for (unsigned i = 0; i < incident->timeline->len; i++) {
        const nh_event *event = g_ptr_array_index(incident->timeline, i);
        outage->hindsight.alive |= strcmp(event->event, "others") == 0 && event->frame < outage->hindsight.latest;
    }
    nh_judgement judgement = nh_judge(outage);
    g_free(incident->summary);
    incident->summary = summary_of(outage, &judgement);
    incident->side = judgement.side;
    incident->confidence = judgement.confidence;
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

/*
 * What changes the memory of the core comes first and is done once for the same frames and the same log; all that is told
 * then follows from that memory, however often it is told.
 */
static void
conclude(nh_watch *watch, nh_kernel_log *log)
{
    unsigned lines = log ? log->lines->len : 0;

    if (watch->concluded.done && watch->concluded.frames == watch->frames_total && watch->concluded.log_lines == lines)
        return;
    nh_story_reopen(watch);
    nh_story_end(watch);
    nh_outages_drop_foreign(watch);
    if (log && nh_log_shows_timers(log))
        learn_timers(watch, log);
    nh_story_conclude(watch);
    watch->concluded.done = true;
    watch->concluded.frames = watch->frames_total;
    watch->concluded.log_lines = lines;
}

/* What the last story left behind where it looked: hindsight of outages, and what the log told. */
static void
forget_last(const nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++) {
            nh_outage *outage = g_ptr_array_index(pair->outages, j);
            memset(&outage->hindsight, 0, sizeof outage->hindsight);
        }
        pair->side[NH_FORWARD].log_name = pair->side[NH_CALLBACK].log_name = NULL;
    }
    for (unsigned i = 0; i < watch->call_list.len; i++)
        nh_issue_forget_log(watch->call_list.items[i]);
}

static void
add_incidents(nh_watch *watch, nh_story *story, const GArray *incidents)
{
    for (unsigned i = 0; i < incidents->len; i++)
        if (g_array_index(incidents, nh_numbered, i).outage)
            nh_compared_fill(g_array_index(incidents, nh_numbered, i).outage);
    nh_other_clients_begin(watch);
    for (unsigned i = 0; i < incidents->len; i++) {
        const nh_numbered *row = &g_array_index(incidents, nh_numbered, i);
        if (row->outage)
            add_outage(watch, story, row->outage);
        else
            nh_fault_story(story, row->fault);
    }
    nh_other_clients_end(watch);
}

static void
add_pairs(const nh_watch *watch, nh_story *story)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        story->lock_traffic |= pair->lock_traffic;
        add_pair(story, pair);
    }
}

static void
add_flows(nh_incident *incident, nh_outage *outage)
{
    nh_story_flows(incident, outage);
}

/* Of each incident that is an outage. */
static void
for_each_outage(nh_story *story, const GArray *incidents, void (*act)(nh_incident *incident, nh_outage *outage))
{
    for (unsigned i = 0; i < incidents->len; i++) {
        nh_outage *outage = g_array_index(incidents, nh_numbered, i).outage;
        if (outage)
            act(g_ptr_array_index(story->incidents, i), outage);
    }
}

/* After the log, which knows the server's name. */
static void
add_timelines(nh_watch *watch, nh_story *story, const GArray *incidents)
{
    nh_timeline_begin(watch);
    for_each_outage(story, incidents, add_timeline);
    for_each_outage(story, incidents, conclude_incident);
    nh_messages_on_pairs(watch, story);
    for_each_outage(story, incidents, add_flows);
    nh_timeline_end(watch);
}

nh_story *
nh_story_assemble(nh_watch *watch)
{
    nh_story *story = nh_story_new();

    story->frames = watch->frames_total;
    story->first = watch->first;
    story->last = watch->last;
    forget_last(watch);
    nh_kernel_log *log = nh_log_match_read(watch);
    conclude(watch, log);
    nh_story_complete(watch);
    GArray *incidents = nh_incidents_number(watch);
    add_incidents(watch, story, incidents);
    add_pairs(watch, story);
    nh_log_match(watch, story, log);
    nh_kernel_log_free(log);
    add_timelines(watch, story, incidents);
    nh_lock_story(watch, story);
    nh_messages_on_encryption(watch, story);
    nh_verdict_story(watch, story);
    for (unsigned i = 0; i < story->incidents->len; i++)
        nh_timeline_sort(g_ptr_array_index(story->incidents, i));
    g_array_unref(incidents);
    nh_story_clean(story);
    return story;
}
