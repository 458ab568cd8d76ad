/* head.c
 * What there is to say of an incident, in the order in which it is asked.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/head.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/out/fold_text.h"
#include "core/out/folds.h"
#include "core/out/owners.h"
#include "core/out/request.h"
#include "core/wire/procedures.h"

/* A report is read by people: the JSON document has all lines. */
#define MAX_LINES  8
#define MAX_PARTS  6
#define MAX_OWNERS 3

/* --- times ------------------------------------------------------------------------ */

nh_clock_text
nh_clock_of(const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->timeline->len; i++) {
        const nh_event *event = incident->timeline->pdata[i];
        if (!nh_same_day(incident->start, event->time))
            return nh_time_date_clock;
    }
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        if (!nh_same_day(incident->start, line->latest) || !nh_same_day(incident->start, line->logged))
            return nh_time_date_clock;
    }
    return nh_same_day(incident->start, incident->end) ? nh_time_clock : nh_time_date_clock;
}

/* Append what format makes of a text and free it. */
static void
append_owned(GString *out, const char *format, char *text)
{
    g_string_append_printf(out, format, text);
    g_free(text);
}

void
nh_window_append(GString *out, nh_clock_text clock, nh_time earliest, nh_time latest)
{
    if (nh_time_known(earliest) && nh_time_known(latest) && earliest != latest) {
        append_owned(out, "between %s", clock(earliest));
        append_owned(out, " and %s", clock(latest));
    } else if (nh_time_known(earliest))
        append_owned(out, earliest == latest ? "at %s" : "at %s or later", clock(earliest));
    else
        append_owned(out, "at %s or earlier", clock(latest));
}

/* --- parts -------------------------------------------------------------------------- */

static void
part_free(void *data)
{
    nh_head_part *part = data;
    g_ptr_array_unref(part->texts);
    g_free(part);
}

static nh_head_part *
add_part(GPtrArray *head, const char *name)
{
    nh_head_part *part = g_new(nh_head_part, 1);
    *part = (nh_head_part){ name, g_ptr_array_new_with_free_func(g_free), false };
    g_ptr_array_add(head, part);
    return part;
}

static void
add_text(nh_head_part *part, GString *text)
{
    g_ptr_array_add(part->texts, g_string_free(text, false));
}

/* --- what ---------------------------------------------------------------------------- */

/* A lock or a reservation, and not that one is given back. */
static bool
gives(const nh_story_call *call)
{
    uint32_t kind = nh_nlm_kind(call->proc);

    return kind == NH_NLM_LOCK || kind == NH_NLM_SHARE || kind == NH_NLM_GRANTED;
}

/* Who waited for what, how long, and what came of it. */
static void
append_wait(GString *text, const nh_incident *incident, const nh_asked *asked)
{
    const nh_story_call *last = nh_asked_last(asked);
    bool granted = g_strcmp0(last->status, "NLM_GRANTED") == 0;

    append_owned(text, "%s", nh_request_text(asked->calls->pdata[0]));
    if (!nh_time_known(asked->answered))
        g_string_append_printf(text, ": no answer%s %s", last->status ? " that ends the wait" : "",
                               nh_time_known(incident->end) ? "while it lasted" : "in this capture");
    else {
        g_string_append(text, !granted ? ", waited " : gives(last) ? ", got it after " : ", done after ");
        append_owned(text, asked->asked_latest > asked->asked ? "up to %s" : "%s", nh_duration_text(asked->answered - asked->asked));
        if (!granted)
            g_string_append_printf(text, ", then got %s", last->status ? last->status : "an answer");
    }
    if (asked->waited) {
        append_owned(text, " (it waited for another owner's lock since %s", nh_time_clock(asked->asked));
        g_string_append_printf(text, ", frame %u)", asked->waited->frame);
    } else if (asked->calls->len > 1)
        g_string_append_printf(text, " (asked %u times)", asked->calls->len);
}

static const nh_story_lock *
first_waiting(const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->locks->len; i++)
        if (((const nh_story_lock *)incident->locks->pdata[i])->waiting)
            return incident->locks->pdata[i];
    return NULL;
}

static void
append_waiting_lock(GString *text, const nh_story_lock *lock)
{
    char *range = nh_range_text(lock->offset, lock->length);

    g_string_append_printf(text, "%s waits for %s lock on %s of file %s", lock->owner ? lock->owner : "An unknown owner",
                           lock->exclusive ? "an exclusive" : "a shared", range, lock->file ? lock->file : "?");
    append_owned(text, ", since %s", nh_time_clock(lock->since));
    g_string_append_printf(text, " (frame %u)", lock->frame);
    g_free(range);
}

/* The locks in question, by their owners. */
static void
append_owners(GString *text, const nh_incident *incident)
{
    GPtrArray *owners = nh_owners_of(incident);
    unsigned named = MIN(owners->len, MAX_OWNERS);

    for (unsigned i = 0; i < named; i++) {
        const nh_owner *owner = owners->pdata[i];
        append_owned(text, i ? "; that of %s" : "The lock of %s", nh_owner_text(owner));
        append_owned(text, ", %s", nh_range_text(owner->offset, owner->length));
        g_string_append_printf(text, " of file %s", owner->file ? owner->file : "?");
    }
    if (named < owners->len)
        g_string_append_printf(text, "; and %u more", owners->len - named);
    if (!named)
        g_string_append(text, "No call of an owner is in this capture");
    g_ptr_array_unref(owners);
}

/* The request that waited longest, or the lock that waits for a callback. */
static void
append_requests(GString *text, const nh_incident *incident)
{
    GPtrArray *requests = nh_requests_by_wait(incident);
    const nh_story_lock *waiting = first_waiting(incident);
    unsigned all = nh_incident_requests(incident);

    if (requests->len) {
        append_wait(text, incident, requests->pdata[0]);
        if (all > 1)
            g_string_append_printf(text, "; the longest wait of %u requests", all);
    } else if (waiting)
        append_waiting_lock(text, waiting);
    else
        g_string_append(text, "No request of an application is in this capture while it lasts");
    g_ptr_array_unref(requests);
}

static void
say_what(GPtrArray *head, const nh_incident *incident)
{
    GString *text = g_string_new(NULL);

    (incident->kind == NH_INCIDENT_LOCK ? append_owners : append_requests)(text, incident);
    add_text(add_part(head, "What"), text);
}

/* --- why ---------------------------------------------------------------------------- */

/* The summary; the side that stands at its end is told under Where. */
static void
say_why(GPtrArray *head, const nh_incident *incident)
{
    char *plain = nh_plain_words(incident->summary);
    char *side = nh_side_sentence(incident->side, incident->confidence);

    if (g_str_has_suffix(plain, side))
        plain[strlen(plain) - strlen(side)] = '\0';
    g_free(side);
    g_ptr_array_add(add_part(head, "Why")->texts, plain);
}

/* --- where ---------------------------------------------------------------------------- */

static const char *
meaning_of(nh_confidence confidence)
{
    switch (confidence) {
    case NH_CONFIDENCE_SHOWN:
        return " (the packets show it)";
    case NH_CONFIDENCE_LIKELY:
        return " (likely: another cause would look the same from here)";
    case NH_CONFIDENCE_POSSIBLE:
        return " (possible: the capture shows too little to tell)";
    default:
        return "";
    }
}

typedef struct {
    unsigned n;
    uint32_t first, last;
    nh_time since; /* of the first */
} answers;

/* What the server sent on connections of one service before the incident ended. */
static answers
count_answers(const nh_incident *incident, nh_service service)
{
    answers found = { 0, 0, 0, NH_TIME_NONE };

    for (unsigned i = 0; i < incident->flows->len; i++) {
        const nh_flow *flow = incident->flows->pdata[i];
        for (unsigned j = 0; flow->service == service && j < flow->marks->len; j++) {
            const nh_sign *mark = &g_array_index(flow->marks, nh_sign, j);
            bool meanwhile = mark->time > incident->start && (!nh_time_known(incident->end) || mark->time < incident->end);
            if (mark->by_server == flow->callback || mark->kind != NH_SIGN_REPLY || !meanwhile)
                continue;
            if (found.n == 0 || mark->frame < found.first) {
                found.first = mark->frame;
                found.since = mark->time;
            }
            found.last = MAX(found.last, mark->frame);
            found.n++;
        }
    }
    return found;
}

/* The connection that an incident's first packet belongs to, as far as pictures show it by itself; or NULL. */
static const nh_flow *
first_flow(const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->flows->len; i++) {
        const nh_flow *flow = incident->flows->pdata[i];
        for (unsigned j = 0; flow->connections <= 1 && j < flow->marks->len; j++)
            if (g_array_index(flow->marks, nh_sign, j).frame == incident->first_frame)
                return flow;
    }
    return NULL;
}

/* Its ports: a firewall's rule takes them. */
static void
append_flow(GString *text, const nh_incident *incident)
{
    const nh_flow *flow = incident->kind == NH_INCIDENT_OUTAGE ? first_flow(incident) : NULL;

    if (flow && flow->client && flow->server)
        g_string_append_printf(text, "; it began on %s -> %s", flow->client, flow->server);
}

/* Nobody shall read "meanwhile" as "from the beginning" when it was not. */
static void
append_late(GString *text, nh_time late)
{
    if (late > NH_LATE_ANSWER)
        append_owned(text, ", from %s after the beginning on", nh_duration_text(late));
}

static void
say_where(GPtrArray *head, const nh_incident *incident)
{
    const char *side = nh_side_name(incident->side);
    GString *text = g_string_new("Side: ");
    answers portmap = count_answers(incident, NH_SERVICE_PORTMAP);
    nh_head_part *part = add_part(head, "Where");

    g_string_append_printf(text, "%s%s", side ? side : "unknown", side ? meaning_of(incident->confidence) : "");
    append_flow(text, incident);
    if (portmap.n || incident->other_answers)
        g_string_append(text, "; meanwhile the server answered");
    if (portmap.n) {
        g_string_append_printf(text, " %u port look-up%s (frame%s %u", portmap.n, nh_plural(portmap.n), nh_plural(portmap.n),
                               portmap.first);
        if (portmap.n > 1)
            g_string_append_printf(text, " to %u", portmap.last);
        append_late(text, portmap.since - incident->start);
        g_string_append(text, incident->other_answers ? ") and" : ")");
    }
    if (incident->other_answers) {
        g_string_append_printf(text, " %u NFS call%s", incident->other_answers, nh_plural(incident->other_answers));
        append_late(text, incident->other_first - incident->start);
    }
    add_text(part, text);
}

/* --- when ------------------------------------------------------------------------------ */

static void
append_span(GString *text, const nh_incident *incident)
{
    bool lasts = !nh_time_known(incident->end);

    append_owned(text, "From %s", nh_time_date_clock(incident->start));
    if (lasts)
        g_string_append(text, " UTC, not over when the capture ends");
    else
        append_owned(text, " to %s UTC", (nh_same_day(incident->start, incident->end) ? nh_time_clock : nh_time_date_clock)(incident->end));
    append_owned(text, lasts ? " (%s so far)" : " (%s)", nh_duration_text(incident->duration));
    if (incident->first_frame)
        g_string_append_printf(text, ", frames %u to %u", incident->first_frame, incident->last_frame);
}

/* One part that is the whole says no more than what the cause says. */
static bool
is_of_one_part(const nh_incident *incident)
{
    const nh_part *part = incident->parts->len == 1 ? g_ptr_array_index(incident->parts, 0) : NULL;

    return part && part->from == incident->start && part->to == incident->end;
}

static void
say_when(GPtrArray *head, const nh_incident *incident)
{
    nh_head_part *when = add_part(head, "When");
    nh_clock_text clock = nh_clock_of(incident);
    GString *text = g_string_new(NULL);

    append_span(text, incident);
    add_text(when, text);
    for (unsigned i = 0; !is_of_one_part(incident) && i < incident->parts->len && i < MAX_PARTS; i++) {
        const nh_part *part = incident->parts->pdata[i];
        text = g_string_new(NULL);
        append_owned(text, "%s", clock(part->from));
        if (nh_time_known(part->to)) {
            append_owned(text, " to %s", clock(part->to));
            append_owned(text, " (%s)", nh_duration_text(part->to - part->from));
        }
        g_string_append_printf(text, ": %s", part->what);
        add_text(when, text);
    }
}

/* --- the log ------------------------------------------------------------------------------ */

/* How far the logged line is from what the capture says. */
static void
append_log_distance(GString *out, const nh_kernel_line *line)
{
    bool seen = nh_time_known(line->observed);
    nh_time distance = nh_kernel_line_offset(line);

    if (!nh_time_known(distance))
        return;
    if (distance == 0) {
        g_string_append(out, seen ? " (as the capture shows)" : " (as predicted)");
        return;
    }
    append_owned(out, " (%s", nh_duration_text(ABS(distance)));
    g_string_append_printf(out, " %s %s)", distance < 0 ? "before" : "after", seen ? "that" : "predicted");
}

/* "predicted between A and B; the capture shows it at C (frame N); logged at D (as predicted)"; caller frees. */
static char *
dates_of_line(const nh_kernel_line *line, nh_clock_text clock)
{
    GString *text = g_string_new(NULL);

    if (nh_time_known(line->observed)) /* which leaves nothing to predict */
        append_owned(text, "the capture shows it at %s", clock(line->observed));
    else {
        g_string_append(text, line->beyond ? "if no answer comes: predicted " : "predicted ");
        nh_window_append(text, clock, line->earliest, line->latest);
    }
    if (line->observed_frame)
        g_string_append_printf(text, " (frame %u)", line->observed_frame);
    if (nh_time_known(line->logged)) {
        append_owned(text, "; logged at %s", clock(line->logged));
        append_log_distance(text, line);
    }
    if (line->logged_text && strcmp(line->logged_text, line->text ? line->text : "") != 0)
        g_string_append_printf(text, ": \"%s\"", line->logged_text);
    return g_string_free(text, false);
}

/* The same line may be due several times: it is quoted once, and its dates follow. */
static GPtrArray *
lines_by_text(const nh_incident *incident)
{
    GPtrArray *sorted = g_ptr_array_new();

    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        unsigned at = sorted->len;
        for (unsigned j = 0; j < sorted->len && at == sorted->len; j++)
            if (g_strcmp0(((const nh_kernel_line *)sorted->pdata[j])->text, line->text) == 0)
                at = j;
        while (at < sorted->len && g_strcmp0(((const nh_kernel_line *)sorted->pdata[at])->text, line->text) == 0)
            at++;
        if (sorted->len >= MAX_LINES)
            break;
        g_ptr_array_insert(sorted, (int)at, (void *)line);
    }
    return sorted;
}

static void
say_log(GPtrArray *head, const nh_incident *incident)
{
    nh_clock_text clock = nh_clock_of(incident);
    nh_head_part *log = incident->kernel_lines->len ? add_part(head, "Log") : NULL;
    GPtrArray *lines = lines_by_text(incident);

    for (unsigned i = 0; i < lines->len; i++) {
        const nh_kernel_line *line = lines->pdata[i], *before = i ? lines->pdata[i - 1] : NULL;
        GString *text = g_string_new(NULL);
        if (!before || g_strcmp0(before->text, line->text) != 0) {
            g_string_printf(text, "%s\"%s\"", line->of_server ? "In the server's log: " : "", line->text ? line->text : "");
            add_text(log, text);
            text = g_string_new(NULL);
        }
        append_owned(text, NH_HEAD_INDENT "%s", dates_of_line(line, clock));
        add_text(log, text);
    }
    if (lines->len < incident->kernel_lines->len) {
        GString *text = g_string_new(NULL);
        g_string_printf(text, "... and %u more; the JSON document lists all %u", incident->kernel_lines->len - lines->len,
                        incident->kernel_lines->len);
        add_text(log, text);
    }
    g_ptr_array_unref(lines);
}

/* --- all ------------------------------------------------------------------------------------ */

static void
say_next(GPtrArray *head, const nh_incident *incident)
{
    nh_head_part *next = incident->next_steps->len ? add_part(head, "Next") : NULL;

    for (unsigned i = 0; i < incident->next_steps->len; i++)
        add_text(next, g_string_new(incident->next_steps->pdata[i]));
}

static bool
any_dead(const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->calls->len; i++)
        if (((const nh_story_call *)incident->calls->pdata[i])->dead)
            return true;
    return false;
}

static void
say_filter(GPtrArray *head, const nh_incident *incident)
{
    nh_head_part *filter = add_part(head, "Filter");
    const char *cause = nh_finding_name(incident->cause);

    filter->verbatim = true;
    g_ptr_array_add(filter->texts, g_strdup_printf("nlm_health.incident == %u", incident->id));
    if (cause)
        g_ptr_array_add(filter->texts, g_strdup_printf("nlm_health.%s", cause));
    if (any_dead(incident))
        g_ptr_array_add(filter->texts, g_strdup("nlm_health.dead_call"));
}

GPtrArray *
nh_head_of(const nh_incident *incident)
{
    GPtrArray *head = g_ptr_array_new_with_free_func(part_free);

    say_what(head, incident);
    if (incident->summary)
        say_why(head, incident);
    say_where(head, incident);
    say_when(head, incident);
    say_log(head, incident);
    say_next(head, incident);
    say_filter(head, incident);
    return head;
}
