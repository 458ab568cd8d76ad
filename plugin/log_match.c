/* log_match.c
 * The lines of a real kernel log beside those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "log_match.h"

#include "attempt.h"
#include "frames.h"
#include "lines.h"
#include "pairs.h"

/* Clocks of log and capture may differ this much without a word. */
#define MATCH_SLACK (2 * NH_SECOND)
/* An observed line is dated this well. */
#define OBSERVED_SLACK (100 * NH_MSEC)

/* The host that a line speaks of. */
static const nh_addr *
host_of(const nh_incident *incident, const nh_kernel_line *line)
{
    return line->of_server ? &incident->client : &incident->server;
}

static GArray *
expectations(const nh_story *story)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(nh_log_expectation));

    for (guint i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            nh_log_expectation expected = { line->event, line->program, *host_of(incident, line), line->earliest, line->latest, line->observed };
            g_array_append_val(all, expected);
        }
    }
    return all;
}

static nh_time
distance(const nh_kernel_line *line, const nh_log_line *logged)
{
    if (logged->time + logged->resolution < line->earliest)
        return line->earliest - logged->time - logged->resolution;
    return logged->time > line->latest ? logged->time - line->latest : 0;
}

/* The server's name as the log has it stands in the predicted text, and in every other line of the pair. */
static void
take_name(nh_pair *pair, nh_kernel_line *line, const nh_log_line *logged)
{
    pair->log_name[line->of_server ? NH_CALLBACK : NH_FORWARD] = g_intern_string(logged->server);
    g_free(line->text);
    line->text = nh_line_text_again(line, pair);
}

/* Lines that the log does not have. */
static void
name_unlogged(const nh_watch *watch, const nh_incident *incident)
{
    const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);

    for (guint i = 0; pair && i < incident->kernel_lines->len; i++) {
        nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, i);
        if (line->logged_text)
            continue;
        g_free(line->text);
        line->text = nh_line_text_again(line, pair);
    }
}

/* Notes that were written before the log was read: they quote the line of the client's kernel. */
static void
name_in_notes(const nh_frame *frame)
{
    char address[NH_ADDR_TEXT];
    char *by_address = g_strdup_printf("lockd: server %s ", nh_addr_text(&frame->pair->server, address));
    char *by_name = g_strdup_printf("lockd: server %s ", frame->pair->log_name[NH_FORWARD]);

    for (const GSList *item = frame->notes; item; item = item->next) {
        nh_note *note = item->data;
        GString *text = g_string_new(note->text);
        g_string_replace(text, by_address, by_name, 0);
        g_free(note->text);
        note->text = g_string_free(text, FALSE);
    }
    g_free(by_address);
    g_free(by_name);
}

static void
name_servers(const nh_watch *watch, const nh_story *story)
{
    for (guint i = 0; i < story->incidents->len; i++)
        name_unlogged(watch, g_ptr_array_index(story->incidents, i));
    for (guint i = 0; i < watch->frames->len; i++) {
        const nh_frame *frame = g_ptr_array_index(watch->frames, i);
        if (frame->notes && frame->pair && frame->pair->log_name[NH_FORWARD])
            name_in_notes(frame);
    }
}

typedef struct {
    nh_incident *incident;
    nh_kernel_line *line;
} candidate;

static gboolean
speaks_of(const nh_kernel_line *line, const nh_log_line *logged)
{
    return line->event == logged->event && strcmp(line->program, logged->program) == 0;
}

static candidate
nearest_line(const nh_story *story, const nh_log_line *logged)
{
    candidate best = { NULL, NULL };
    nh_time nearest = MATCH_SLACK + 1;

    if (!nh_time_known(logged->time))
        return best;
    for (guint i = 0; i < story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (nh_time_known(line->logged) || !speaks_of(line, logged) || distance(line, logged) >= nearest)
                continue;
            nearest = distance(line, logged);
            best = (candidate){ incident, line };
        }
    }
    return best;
}

static nh_call *
call_of_story(nh_watch *watch, const nh_story_call *story_call)
{
    if (!story_call || story_call->frames->len == 0)
        return NULL;
    for (guint i = 0; i < watch->call_list->len; i++) {
        nh_call *call = g_ptr_array_index(watch->call_list, i);
        if (g_array_index(call->sendings, nh_sending, 0).at.frame == g_array_index(story_call->frames, guint32, 0) &&
            call->xid == story_call->xid)
            return call;
    }
    return NULL;
}

/* A logged line tells when its call was issued: 60 s before, give or take the lateness of the timers. */
static void
narrow_by_log(nh_watch *watch, nh_kernel_line *line, const nh_log_line *logged)
{
    nh_call *call = call_of_story(watch, line->call);
    nh_story_call *story_call = (nh_story_call *)line->call;

    if (!call || logged->event != NH_LOG_STILL_TRYING || call->issued_earliest == call->issued_latest)
        return;
    nh_lines_narrow_by(call, logged->time, logged->time + logged->resolution);
    story_call->issued_earliest = call->issued_earliest;
    story_call->issued_latest = call->issued_latest;
    line->earliest = MAX(line->earliest, logged->time);
    line->latest = MAX(line->earliest, MIN(line->latest, logged->time + logged->resolution));
}

/* The logged line stands at its call, too. */
static void
note_call(nh_watch *watch, const nh_kernel_line *line, const nh_log_line *logged)
{
    char *clock = nh_time_clock(logged->time);

    if (logged->event == NH_LOG_STILL_TRYING && line->call && line->call->frames->len)
        nh_frame_note(watch, g_array_index(line->call->frames, guint32, 0), NH_NOT_RESPONDING,
                      g_strdup_printf("\"%s\" was logged at %s for this call", logged->text, clock));
    g_free(clock);
}

static gboolean
speaks_of_program(const nh_log_line *line, const char *program)
{
    return line->program && strcmp(line->program, program) == 0 && line->server;
}

/* Whether a host of the pair bears the name of the line, as far as is known. */
static gboolean
may_name(const nh_incident *incident, const nh_pair *pair, const nh_log_line *logged)
{
    char address[NH_ADDR_TEXT];

    if (pair->log_name[NH_FORWARD])
        return strcmp(pair->log_name[NH_FORWARD], logged->server) == 0;
    return strcmp(nh_addr_text(&incident->server, address), logged->server) == 0 || !g_hostname_is_ip_address(logged->server);
}

/*
 * The incident in which a call that the capture does not show may have printed
 * the line; NULL when there is none. Such calls wait behind the one that is on
 * the wire, or follow it when its process is killed (CANCEL, UNLOCK).
 */
static nh_incident *
incident_of_unseen_call(const nh_watch *watch, const nh_story *story, const nh_log_line *logged)
{
    for (guint i = 0; i < story->incidents->len && logged->event == NH_LOG_STILL_TRYING && nh_time_known(logged->time); i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);
        nh_policy policy;
        nh_time shortest, longest;
        if (!pair || !may_name(incident, pair, logged))
            continue;
        policy = nh_policy_of(pair, NH_L4_TCP, FALSE);
        nh_timer_major_range(&policy, nh_pair_family(pair), NH_WAIT_REPLY, &shortest, &longest);
        nh_time end = nh_time_known(incident->end) ? incident->end : watch->last;
        if (logged->time >= incident->start + shortest - MATCH_SLACK && logged->time <= end + MATCH_SLACK)
            return incident;
    }
    return NULL;
}

/* Tell of it, and show it in the incident's timeline. FALSE when there is no such incident. */
static gboolean
attribute_to_unseen_call(const nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    nh_incident *incident = incident_of_unseen_call(watch, story, logged);

    if (!incident)
        return FALSE;
    g_ptr_array_add(story->messages,
                    g_strdup_printf("Kernel log line %u (%s): incident %u lasts then, and no call on the wire is due: a call that the capture does "
                                    "not show. Such calls wait behind the one that it shows, or follow it when its program is killed.",
                                    logged->number, logged->text, incident->id));
    nh_incident_add_event(incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s (no call on the wire is due)", logged->text));
    return TRUE;
}

static void
report_unmatched(const nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    gboolean outside = nh_time_known(logged->time) && (logged->time < watch->first - MATCH_SLACK || logged->time > watch->last + MATCH_SLACK);
    char *clock = nh_time_rfc3339(logged->time);

    g_ptr_array_add(story->messages, g_strdup_printf("Kernel log line %u (%s, %s): %s", logged->number, clock ? clock : "undated",
                                                     logged->text, outside ? "outside the time of the capture"
                                                                           : "no packet of this capture explains it"));
    g_free(clock);
}

static void
match_line(nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    candidate found = nearest_line(story, logged);

    if (!found.line) {
        if (logged->event != NH_LOG_OTHER && speaks_of_program(logged, "lockd") && !attribute_to_unseen_call(watch, story, logged))
            report_unmatched(watch, story, logged);
        return;
    }
    found.line->logged = logged->time;
    found.line->logged_text = g_strdup(logged->text);
    take_name(nh_pair_find(watch, &found.incident->client, &found.incident->server), found.line, logged);
    note_call(watch, found.line, logged);
    narrow_by_log(watch, found.line, logged);
    nh_incident_add_event(found.incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s", logged->text));
}

/* RPC's own debug lines stand in the timeline. */
static void
show_debug(nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    for (guint i = 0; i < story->incidents->len; i++) {
        nh_incident *incident = g_ptr_array_index(story->incidents, i);
        nh_time end = nh_time_known(incident->end) ? incident->end : watch->last;
        if (logged->time < incident->start || logged->time > end)
            continue;
        nh_incident_add_event(incident, 0, logged->time, "log", NH_FINDING_NONE, g_strdup_printf("kernel log: %s", logged->text));
    }
}

static void
report_unlogged(nh_story *story)
{
    for (guint i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (nh_time_known(line->observed) && !nh_time_known(line->logged) && line->event != NH_LOG_TIMED_OUT)
                g_ptr_array_add(story->messages, g_strdup_printf("Incident %u: frame %u shows the line \"%s\", but the kernel log has none there",
                                                                 incident->id, line->observed_frame, line->text));
        }
    }
}

/* Steps of lockd's alarms, which are multiples of nlm_timeout: the alarms of the task that printed the line (0 = not told). */
static guint
step_of_alarms(const nh_kernel_log *log, guint task)
{
    guint before = 0;

    for (guint i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->event != NH_LOG_ALARM || line->task != task)
            continue;
        if (before && line->alarm_ms > before)
            return (line->alarm_ms - before) / 1000;
        before = line->alarm_ms;
    }
    return 0;
}

/* The task whose major timeout is followed by lockd's line; 0 when there is none. */
static guint
task_of_lockd(const nh_kernel_log *log)
{
    guint task = 0;

    for (guint i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (line->event == NH_LOG_MAJOR)
            task = line->task;
        else if (line->event == NH_LOG_STILL_TRYING && speaks_of_program(line, "lockd") && task)
            return task;
    }
    return 0;
}

/* Minor timeouts are printed by the old family only (call_timeout, net/sunrpc/clnt.c); alarms tell nlm_timeout. */
static void
learn_timers(nh_watch *watch, const nh_kernel_log *log)
{
    gboolean minor = FALSE;
    guint task = task_of_lockd(log), step = task ? step_of_alarms(log, task) : 0;

    for (guint i = 0; i < log->lines->len; i++)
        minor |= ((const nh_log_line *)g_ptr_array_index(log->lines, i))->event == NH_LOG_MINOR;
    for (guint i = 0; minor && i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        if (pair->family == NH_FAMILY_UNKNOWN)
            pair->family = NH_FAMILY_3_10;
    }
    if (step >= 3 && step <= 20)
        watch->options.lockd.nlm_timeout = step;
}

/* Clocks of the log and of the capture that differ by more than the precision of an observed line. */
static void
report_skew(nh_story *story)
{
    nh_time low = G_MAXINT64, high = G_MININT64;
    guint lines = 0;

    for (guint i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (!nh_time_known(line->logged) || !nh_time_known(line->observed) || line->logged % NH_SECOND == 0)
                continue; /* a clock of whole seconds proves no skew */
            low = MIN(low, line->logged - line->observed);
            high = MAX(high, line->logged - line->observed);
            lines++;
        }
    }
    if (lines >= 2 && (low > OBSERVED_SLACK || high < -OBSERVED_SLACK)) {
        char *skew = nh_duration_text(ABS(low + high) / 2);
        g_ptr_array_add(story->messages, g_strdup_printf("The kernel log's clock is %s %s the capture's (%u lines)", skew,
                                                         low > 0 ? "ahead of" : "behind", lines));
        g_free(skew);
    }
}

nh_kernel_log *
nh_log_match_read(nh_watch *watch)
{
    nh_log_hints hints = watch->options.log_hints;

    if (!watch->options.log_path || !*watch->options.log_path)
        return NULL;
    hints.capture_first = watch->first;
    hints.capture_last = watch->last;
    nh_kernel_log *log = nh_kernel_log_read(watch->options.log_path, &hints);
    learn_timers(watch, log);
    return log;
}

void
nh_log_match(nh_watch *watch, nh_story *story, nh_kernel_log *log)
{
    nh_log_hints hints = watch->options.log_hints;

    if (!log)
        return;
    hints.capture_first = watch->first;
    hints.capture_last = watch->last;
    GArray *expected = expectations(story);
    nh_kernel_log_align(log, &hints, (const nh_log_expectation *)(void *)expected->data, expected->len);
    g_array_unref(expected);
    g_ptr_array_add(story->messages, g_strdup(log->message));
    for (guint i = 0; i < log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(log->lines, i);
        if (speaks_of_program(line, "lockd") || speaks_of_program(line, "nfs"))
            match_line(watch, story, line);
        else if (line->event >= NH_LOG_ALARM && line->event <= NH_LOG_MAJOR)
            show_debug(watch, story, line);
    }
    name_servers(watch, story);
    if (log->lines->len)
        report_unlogged(story);
    report_skew(story);
}
