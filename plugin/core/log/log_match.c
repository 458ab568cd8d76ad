/* log_match.c
 * The lines of a real kernel log beside those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_match.h"

#include "core/base/text.h"
#include "core/model/frames.h"
#include "core/clock/issue.h"
#include "core/clock/kernel_lines.h"
#include "core/log/log_candidates.h"
#include "core/log/log_hosts.h"
#include "core/log/log_merge.h"
#include "core/log/log_remarks.h"
#include "core/net/pairs.h"
#include "core/clock/policy.h"
#include "core/log/kernel_log_align.h"
#include "core/log/kernel_log_skew.h"
#include "core/log/log_files.h"

typedef struct {
    nh_watch *watch;
    nh_story *story;
    const nh_log_names *names;
    nh_log_skew skew;
    GPtrArray *unmatched;      /* nh_log_line* */
    GArray *unseen;            /* nh_log_unseen */
    GPtrArray *foreign, *gaps; /* nh_log_line* */
} matching;

/* --- the server's name ------------------------------------------------------------ */

/* The server's name as the log has it stands in the predicted text, and in every other line of the pair. */
static void
take_name(nh_pair *pair, nh_kernel_line *line, const nh_log_line *logged)
{
    pair->side[line->of_server ? NH_CALLBACK : NH_FORWARD].log_name = g_intern_string(logged->server);
    g_free(line->text);
    line->text = nh_line_text_again(line, pair);
}

/* Lines that the log does not have. */
static void
name_unlogged(const nh_watch *watch, const nh_incident *incident)
{
    const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);

    for (unsigned i = 0; pair && i < incident->kernel_lines->len; i++) {
        nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, i);
        if (line->logged_text || line->event == NH_LOG_OTHER) /* which names no server */
            continue;
        g_free(line->text);
        line->text = nh_line_text_again(line, pair);
    }
}

static void
name_servers(const nh_watch *watch, const nh_story *story)
{
    for (unsigned i = 0; i < story->incidents->len; i++)
        name_unlogged(watch, g_ptr_array_index(story->incidents, i));
}

/* --- a line that has its match ------------------------------------------------------ */

static nh_call *
call_of_story(nh_watch *watch, const nh_story_call *story_call)
{
    if (!story_call || story_call->frames->len == 0)
        return NULL;
    for (unsigned i = 0; i < watch->call_list.len; i++) {
        nh_call *call = watch->call_list.items[i];
        if (call->sendings[0].at.frame == g_array_index(story_call->frames, uint32_t, 0) && call->xid == story_call->xid)
            return call;
    }
    return NULL;
}

/*
 * A logged line tells when its call was issued: 60 s before, give or take the
 * lateness of the timers. What was expected stays: it is what the log is held against.
 */
static void
narrow_issue(nh_watch *watch, const nh_kernel_line *line, const nh_log_line *logged)
{
    nh_call *call = call_of_story(watch, line->call);
    nh_story_call *story_call = (nh_story_call *)line->call;

    if (!call || logged->event != NH_LOG_STILL_TRYING || call->issue.earliest == call->issue.latest)
        return;
    nh_issue_by_logged_line(call, MAX(logged->time, line->earliest), MIN(logged->time + logged->resolution, line->latest));
    story_call->issued_earliest = nh_issue_of(call)->earliest;
    story_call->issued_latest = nh_issue_of(call)->latest;
    story_call->issue = *nh_issue_of(call);
}

/* The logged line stands at its call, too. */
static void
note_call(nh_watch *watch, const nh_kernel_line *line, const nh_log_line *logged)
{
    if (logged->event != NH_LOG_STILL_TRYING || !line->call || line->call->frames->len == 0)
        return;
    nh_frame_note(watch, g_array_index(line->call->frames, uint32_t, 0), NH_NOT_RESPONDING,
                  &(nh_remark){ NH_REMARK_LINE_LOGGED,
                                { NH_POINTER(g_string_chunk_insert_const(watch->names, logged->text)), NH_NUMBER(logged->time) } });
}

static void
take_match(matching *m, nh_log_candidate found, const nh_log_line *logged)
{
    found.line->logged = logged->time;
    found.line->logged_resolution = logged->resolution;
    found.line->logged_text = g_strdup(logged->text);
    take_name(nh_pair_find(m->watch, &found.incident->client, &found.incident->server), found.line, logged);
    note_call(m->watch, found.line, logged);
    narrow_issue(m->watch, found.line, logged);
    nh_incident_add_event(found.incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s", logged->text));
}

/* --- a line that has none -------------------------------------------------------------- */

/*
 * The incident in which a call that the capture does not show may have printed
 * the line; NULL when there is none. Such calls wait behind the one that is on
 * the wire, or follow it when its process is killed (CANCEL, UNLOCK).
 */
static nh_incident *
incident_of_unseen_call(const matching *m, const nh_log_line *logged)
{
    for (unsigned i = 0; i < m->story->incidents->len && logged->event == NH_LOG_STILL_TRYING && nh_time_known(logged->time); i++) {
        nh_incident *incident = g_ptr_array_index(m->story->incidents, i);
        nh_time end = nh_time_known(incident->end) ? incident->end + NH_OBSERVED_SLACK : m->watch->last + NH_LOG_SLACK;
        if (logged->time > end || logged->time < incident->start - NH_LOG_SLACK) /* nearly all of many */
            continue;
        const nh_pair *pair = nh_pair_find(m->watch, &incident->client, &incident->server);
        nh_policy policy;
        nh_time shortest, longest;
        if (!pair || incident->kind != NH_INCIDENT_OUTAGE || !nh_log_may_be(m->names, logged, &incident->server))
            continue;
        policy = nh_policy_of(pair, NH_L4_TCP, false);
        nh_timer_major_range(&policy, nh_pair_family(pair), NH_WAIT_REPLY, &shortest, &longest);
        if (logged->time >= incident->start + shortest - NH_LOG_SLACK)
            return incident;
    }
    return NULL;
}

/* It would have a match if the log's clock were set right. */
static bool
is_of_skew(const matching *m, const nh_log_line *logged)
{
    nh_log_line moved = *logged;

    if (m->skew.lines == 0 || m->skew.certain || !nh_time_known(logged->time))
        return false;
    moved.time += m->skew.by;
    return nh_log_nearest(m->story, m->names, &moved).line != NULL;
}

static void
take_unmatched(matching *m, nh_log_line *logged)
{
    nh_incident *incident = logged->stranger ? NULL : incident_of_unseen_call(m, logged);

    if (is_of_skew(m, logged) || logged->stranger)
        return;
    if (!incident) {
        g_ptr_array_add(m->unmatched, logged);
        return;
    }
    nh_log_unseen unseen = { logged, incident->id };
    g_array_append_val(m->unseen, unseen);
    nh_incident_add_event(incident, 0, logged->time, "log", NH_FINDING_NONE,
                          g_strdup_printf("kernel log: %s (no call on the wire is due)", logged->text));
}

static void
match_line(matching *m, nh_log_line *logged)
{
    nh_log_candidate found = nh_log_nearest(m->story, m->names, logged);

    if (found.line)
        take_match(m, found, logged);
    else if (logged->event != NH_LOG_OTHER && nh_log_speaks_of(logged, "lockd"))
        take_unmatched(m, logged);
}

/* RPC's own debug lines stand in the timeline. */
static void
show_debug(nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    for (unsigned i = 0; i < story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        nh_time end = nh_time_known(incident->end) ? incident->end : watch->last;
        if (logged->time < incident->start || logged->time > end)
            continue;
        nh_incident_add_event(incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s", logged->text));
    }
}

/* --- all lines ---------------------------------------------------------------------------- */

nh_kernel_log *
nh_log_match_read(nh_watch *watch)
{
    nh_log_hints hints = watch->options.log_hints;

    if (!watch->options.log_path || !*watch->options.log_path)
        return NULL;
    hints.capture_first = watch->first;
    hints.capture_last = watch->last;
    return nh_log_shelf_read(watch->options.log_shelf, watch->options.log_path, &hints);
}

nh_log_skew
nh_log_match_align(const nh_watch *watch, nh_story *story, nh_kernel_log *log)
{
    nh_log_hints hints = watch->options.log_hints;
    GArray *expected = nh_log_expectations(story);
    const nh_log_expectation *first = (const nh_log_expectation *)(void *)expected->data;

    hints.capture_first = watch->first;
    hints.capture_last = watch->last;
    nh_log_hosts_know(watch, story, log);
    log->all_hosts = true;
    nh_kernel_log_align(log, &hints, first, expected->len);
    log->all_hosts = false;
    if (nh_log_hosts_fit(story, log))
        nh_kernel_log_align(log, &hints, first, expected->len);
    nh_log_skew skew = nh_kernel_log_skew(log, &hints, first, expected->len);
    if (skew.lines > 0 && skew.certain)
        nh_kernel_log_move(log, skew.by);
    nh_log_merge(log);
    g_array_unref(expected);
    return skew;
}

/* It came when the capture shows that it did: others of that time are rather another call's, or another host's. */
static bool
match_shown(matching *m, nh_log_line *logged)
{
    nh_log_candidate found = nh_log_nearest(m->story, m->names, logged);
    const nh_kernel_line *line = found.line;

    if (!line || !nh_time_known(line->observed) || logged->time > line->latest || logged->time + logged->resolution < line->earliest)
        return false;
    take_match(m, found, logged);
    return true;
}

/* Lines of another system's client, or that tell of missing ones, stand in the timelines, too. */
static void
take_aside(matching *m, nh_log_line *logged)
{
    g_ptr_array_add(logged->event == NH_LOG_FOREIGN ? m->foreign : m->gaps, logged);
    show_debug(m->watch, m->story, logged);
}

static bool
is_of_locks(const nh_log_line *line)
{
    return nh_log_speaks_of(line, "lockd") || nh_log_speaks_of(line, "nfs");
}

/* A line that names no server, as it was predicted word for word: what lockd says of a lock that is lost or left behind. */
static bool
match_verbatim(matching *m, const nh_log_line *logged)
{
    if (logged->event != NH_LOG_OTHER || !nh_time_known(logged->time) || logged->stranger || !logged->text)
        return false;
    for (unsigned i = 0; i < m->story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(m->story->incidents, i);
        for (unsigned j = 0; incident->kind == NH_INCIDENT_LOCK && j < incident->kernel_lines->len; j++) {
            nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (line->logged_text || strcmp(line->text, logged->text) != 0 || logged->time > line->latest + NH_LOG_SLACK ||
                logged->time + logged->resolution < line->earliest - NH_LOG_SLACK)
                continue;
            line->logged = logged->time;
            line->logged_resolution = logged->resolution;
            line->logged_text = g_strdup(logged->text);
            nh_incident_add_event(incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s", logged->text));
            return true;
        }
    }
    return false;
}

static void
match_other(matching *m, nh_log_line *line)
{
    if (match_verbatim(m, line))
        return;
    if (is_of_locks(line))
        match_line(m, line);
    else if (line->event >= NH_LOG_ALARM && line->event <= NH_LOG_MAJOR)
        show_debug(m->watch, m->story, line);
    else if (line->event >= NH_LOG_FOREIGN)
        take_aside(m, line);
}

static void
match_lines(matching *m, const nh_kernel_log *log)
{
    GHashTable *shown = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->copy || (is_of_locks(line) && match_shown(m, line)))
            g_hash_table_add(shown, line);
    }
    for (unsigned i = 0; i < log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (!g_hash_table_contains(shown, line))
            match_other(m, line);
    }
    g_hash_table_unref(shown);
    name_servers(m->watch, m->story);
}

static void
add_messages(const matching *m, const nh_kernel_log *log)
{
    if (log->remark)
        g_ptr_array_add(m->story->messages, g_strdup(log->remark));
    nh_log_remark_foreign(m->story, m->foreign);
    nh_log_hosts_remark(m->story, log);
    nh_log_remark_unseen(m->story, m->unseen);
    nh_log_remark_unmatched(m->story, m->unmatched);
    if (m->skew.lines)
        nh_log_remark_skew(m->story, &m->skew, log->offset);
    if (log->own > 0 && (m->skew.lines == 0 || m->skew.certain))
        nh_log_remark_unlogged(m->story, m->gaps);
}

/* How the clock of its lines was read; a log without a line of Linux's client has others to tell of. */
static void
remark_reading(nh_story *story, const nh_kernel_log *log)
{
    unsigned copies = 0;

    for (unsigned i = 0; i < log->lines->len; i++)
        copies += ((const nh_log_line *)g_ptr_array_index(log->lines, i))->copy;
    if (copies > 0)
        g_ptr_array_add(story->messages, g_strdup_printf("%s %u of them tell%s again what another one tells.", log->message, copies,
                                                         copies == 1 ? "s" : ""));
    else if (log->own > 0 || log->lines->len == 0)
        g_ptr_array_add(story->messages, g_strdup(log->message));
}

void
nh_log_match(nh_watch *watch, nh_story *story, nh_kernel_log *log)
{
    if (!log)
        return;
    nh_log_skew skew = nh_log_match_align(watch, story, log);
    nh_log_names *names = nh_log_names_new(story, log);
    matching m = {
        watch,
        story,
        names,
        skew,
        g_ptr_array_new(),
        g_array_new(false, false, sizeof(nh_log_unseen)),
        g_ptr_array_new(),
        g_ptr_array_new(),
    };

    remark_reading(story, log);
    match_lines(&m, log);
    add_messages(&m, log);
    g_ptr_array_unref(m.unmatched);
    g_ptr_array_unref(m.foreign);
    g_ptr_array_unref(m.gaps);
    g_array_unref(m.unseen);
    nh_log_names_free(names);
}
