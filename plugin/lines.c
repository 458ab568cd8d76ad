/* lines.c
 * Kernel lines of an outage: predicted, observed, and matched with a real log.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lines.h"

#include "async_calls.h"
#include "attempt.h"
#include "frames.h"

/* A frame that follows a major timeout dates the line this well. */
#define OBSERVED_SLACK (100 * NH_MSEC)
/* Clocks of log and capture may differ this much without a word. */
#define MATCH_SLACK (2 * NH_SECOND)

/* --- predictions -------------------------------------------------------------- */

static void
narrow(nh_time *earliest, nh_time *latest, nh_time from, nh_time to)
{
    nh_time low = MAX(*earliest, from), high = MIN(*latest, to);
    if (low <= high) {
        *earliest = low;
        *latest = high;
    }
}

static void
narrow_by_line(nh_call *call, nh_time line_earliest, nh_time line_latest)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, FALSE);
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(call->pair), call->wait, &shortest, &longest);
    narrow(&call->issued_earliest, &call->issued_latest, line_earliest - longest, line_latest - shortest);
}

void
nh_lines_narrow(nh_call *call)
{
    if (call->line_seen.frame && (call->wait == NH_WAIT_CLOSING || call->wait == NH_WAIT_CONNECT))
        narrow_by_line(call, call->line_seen.time, call->line_seen.time);
}

static nh_kernel_line *
add_line(nh_incident *incident, const nh_addr *peer, const char *what, nh_time earliest, nh_time latest, nh_moment seen,
         const nh_story_call *call)
{
    nh_kernel_line *line = nh_incident_add_line(incident);
    char text[NH_ADDR_TEXT];

    line->text = g_strdup_printf("lockd: server %s %s", nh_addr_text(peer, text), what);
    line->earliest = earliest;
    line->latest = MAX(earliest, latest);
    line->call = call;
    if (seen.frame) {
        line->observed = seen.time;
        line->observed_frame = seen.frame;
        line->earliest = seen.time - OBSERVED_SLACK;
        line->latest = seen.time + OBSERVED_SLACK;
    }
    return line;
}

#define STILL_TRYING "not responding, still trying"
/* Server-kind hosts of lockd are soft: a callback that cannot be sent ends so (nlmsvc_lookup_host, fs/lockd/host.c). */
#define TIMED_OUT "not responding, timed out"

void
nh_lines_of_call(nh_incident *incident, nh_call *call, const nh_story_call *story_call)
{
    nh_deadlines deadlines;
    const char *what = call->way == NH_CALLBACK ? TIMED_OUT : STILL_TRYING;
    const nh_addr *peer = call->way == NH_CALLBACK ? &call->pair->client : &call->pair->server;

    /* an answer may reach its caller later than it passed the capture */
    nh_moment answered = call->outage && call->outage->ended_by == call ? call->outage->end : nh_async_done(call);

    nh_call_deadlines(call, call->pair->watch->options.use_mount, &deadlines);
    if (answered.frame && answered.time < deadlines.major_earliest && !call->line_seen.frame)
        return;
    gboolean certain = call->line_seen.frame || (answered.frame && answered.time > deadlines.major_latest);
    if (answered.frame)
        deadlines.major_latest = MIN(deadlines.major_latest, answered.time);
    add_line(incident, peer, what, deadlines.major_earliest, deadlines.major_latest, call->line_seen, story_call);
    if (answered.frame && call->way == NH_FORWARD) /* printed only if the other one was */
        add_line(incident, peer, "OK", answered.time - OBSERVED_SLACK, answered.time + OBSERVED_SLACK,
                 certain ? answered : (nh_moment){ 0, NH_TIME_NONE }, story_call);
}

void
nh_lines_of_attempt(nh_incident *incident, const nh_pair *pair, nh_way way, const nh_story_call *story_call)
{
    nh_deadlines deadlines;
    const nh_attempt *attempt = &pair->attempt[way];

    nh_attempt_deadlines(pair, attempt, &deadlines);
    add_line(incident, way == NH_CALLBACK ? &pair->client : &pair->server, way == NH_CALLBACK ? TIMED_OUT : STILL_TRYING,
             deadlines.major_earliest, deadlines.major_latest, attempt->line_seen, story_call);
}

/* --- the real log ------------------------------------------------------------------ */

static nh_log_event
event_of_line(const nh_kernel_line *line)
{
    if (g_str_has_suffix(line->text, STILL_TRYING))
        return NH_LOG_STILL_TRYING;
    return g_str_has_suffix(line->text, TIMED_OUT) ? NH_LOG_TIMED_OUT : NH_LOG_OK;
}

static GArray *
expectations(const nh_story *story)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(nh_log_expectation));

    for (guint i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            nh_log_expectation expected = { event_of_line(line), line->earliest, line->latest, line->observed };
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

/* The server's name as the log has it stands in the predicted text. */
static void
take_name(nh_kernel_line *line, const nh_log_line *logged)
{
    const char *rest = strstr(line->text, event_of_line(line) == NH_LOG_OK ? "OK" : "not responding");
    char *text = g_strdup_printf("lockd: server %s %s", logged->server, rest);
    g_free(line->text);
    line->text = text;
}

typedef struct {
    nh_incident *incident;
    nh_kernel_line *line;
} candidate;

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
            if (nh_time_known(line->logged) || event_of_line(line) != logged->event || distance(line, logged) >= nearest)
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
    narrow_by_line(call, logged->time, logged->time + logged->resolution);
    story_call->issued_earliest = call->issued_earliest;
    story_call->issued_latest = call->issued_latest;
    narrow(&line->earliest, &line->latest, logged->time, logged->time + logged->resolution);
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

static void
match_line(nh_watch *watch, nh_story *story, const nh_log_line *logged)
{
    candidate found = nearest_line(story, logged);

    if (!found.line) {
        char *clock = nh_time_rfc3339(logged->time);
        gboolean outside = nh_time_known(logged->time) && (logged->time < watch->first - MATCH_SLACK || logged->time > watch->last + MATCH_SLACK);
        if (logged->event != NH_LOG_OTHER)
            g_ptr_array_add(story->messages, g_strdup_printf("Kernel log line %u (%s, %s): %s", logged->number, clock ? clock : "undated",
                                                             logged->text, outside ? "outside the time of the capture"
                                                                                   : "no packet of this capture explains it"));
        g_free(clock);
        return;
    }
    found.line->logged = logged->time;
    found.line->logged_text = g_strdup(logged->text);
    take_name(found.line, logged);
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

static gboolean
speaks_of_lockd(const nh_log_line *line)
{
    return line->program && strcmp(line->program, "lockd") == 0 && line->server;
}

static void
report_unlogged(nh_story *story)
{
    for (guint i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        for (guint j = 0; j < incident->kernel_lines->len; j++) {
            const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, j);
            if (nh_time_known(line->observed) && !nh_time_known(line->logged) && event_of_line(line) != NH_LOG_TIMED_OUT)
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
        else if (line->event == NH_LOG_STILL_TRYING && speaks_of_lockd(line) && task)
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
nh_lines_read_log(nh_watch *watch)
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
nh_lines_match_log(nh_watch *watch, nh_story *story, nh_kernel_log *log)
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
        if (speaks_of_lockd(line))
            match_line(watch, story, line);
        else if (line->event >= NH_LOG_ALARM && line->event <= NH_LOG_MAJOR)
            show_debug(watch, story, line);
    }
    if (log->lines->len)
        report_unlogged(story);
    report_skew(story);
}
