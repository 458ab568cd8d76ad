/* report_json.c
 * A story as one JSON document.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <wireshark.h>

#include <wsutil/json_dumper.h>

#include "core/out/report_json.h"

#include "core/base/text.h"

static void
put_null(json_dumper *json, const char *name)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "null");
}

static void
value_text(json_dumper *json, const char *text)
{
    /* the story is clean; what is not of the story may not be, and the dumper passes wrong UTF-8 on */
    char *clean = nh_text_tidy(g_strdup(text));
    json_dumper_value_string(json, clean);
    g_free(clean);
}

static void
put_text(json_dumper *json, const char *name, const char *text)
{
    if (!text) {
        put_null(json, name);
        return;
    }
    json_dumper_set_member_name(json, name);
    value_text(json, text);
}

static void
put_uint(json_dumper *json, const char *name, uint64_t value)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "%" G_GUINT64_FORMAT, value);
}

/* A frame number; 0 is none. */
static void
put_frame(json_dumper *json, const char *name, uint32_t frame)
{
    if (frame)
        put_uint(json, name, frame);
    else
        put_null(json, name);
}

static void
put_bool(json_dumper *json, const char *name, bool value)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, value ? "true" : "false");
}

static void
put_time(json_dumper *json, const char *name, nh_time t)
{
    char *text = nh_time_rfc3339(t);
    put_text(json, name, text);
    g_free(text);
}

/* Seconds as a decimal number, exactly: a double would print 184.32002800000001. */
static void
put_duration(json_dumper *json, const char *name, nh_time duration)
{
    if (!nh_time_known(duration)) {
        put_null(json, name);
        return;
    }
    uint64_t size = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "%s%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT, duration < 0 ? "-" : "", size / NH_SECOND,
                           size % NH_SECOND);
}

static void
put_address(json_dumper *json, const char *name, const nh_addr *address)
{
    char text[NH_ADDR_TEXT];
    put_text(json, name, address->len ? nh_addr_text(address, text) : NULL);
}

/* A named array of objects, each written by write. */
static void
put_objects(json_dumper *json, const char *name, const GPtrArray *items, void (*write)(json_dumper *, const void *))
{
    json_dumper_set_member_name(json, name);
    json_dumper_begin_array(json);
    for (unsigned i = 0; i < items->len; i++) {
        json_dumper_begin_object(json);
        write(json, items->pdata[i]);
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
}

static void
put_texts(json_dumper *json, const char *name, const GPtrArray *texts)
{
    json_dumper_set_member_name(json, name);
    json_dumper_begin_array(json);
    for (unsigned i = 0; i < texts->len; i++)
        value_text(json, texts->pdata[i]);
    json_dumper_end_array(json);
}

static void
write_event(json_dumper *json, const void *data)
{
    const nh_event *event = data;
    put_frame(json, "frame", event->frame);
    put_time(json, "time", event->time);
    put_text(json, "event", event->event);
    put_text(json, "text", event->text);
}

static void
put_request(json_dumper *json, const nh_request *request)
{
    if (!request->known) {
        put_null(json, "request");
        return;
    }
    json_dumper_set_member_name(json, "request");
    json_dumper_begin_object(json);
    put_text(json, "owner", request->owner);
    put_uint(json, "svid", request->svid);
    put_text(json, "file", request->file);
    put_uint(json, "offset", request->offset);
    put_uint(json, "length", request->length);
    put_bool(json, "exclusive", request->exclusive);
    json_dumper_end_object(json);
}

static void
write_part(json_dumper *json, const void *data)
{
    const nh_part *part = data;
    put_time(json, "from", part->from);
    put_time(json, "to", part->to);
    put_text(json, "what", part->what);
}

static void
write_call(json_dumper *json, const void *data)
{
    const nh_story_call *call = data;

    if (call->frames->len)
        put_uint(json, "xid", call->xid);
    else
        put_null(json, "xid");
    put_text(json, "procedure", call->procedure);
    put_uint(json, "version", call->vers);
    json_dumper_set_member_name(json, "frames");
    json_dumper_begin_array(json);
    for (unsigned i = 0; i < call->frames->len; i++)
        json_dumper_value_anyf(json, "%u", g_array_index(call->frames, uint32_t, i));
    json_dumper_end_array(json);
    put_frame(json, "reply_frame", call->reply_frame);
    put_text(json, "status", call->status);
    put_bool(json, "dead", call->dead);
    put_text(json, "dead_reason", nh_finding_name(call->dead_reason));
    put_bool(json, "deferred", call->deferred);
    put_time(json, "issued_earliest", call->issued_earliest);
    put_time(json, "issued_latest", call->issued_latest);
    put_duration(json, "answered_in", call->answered_in);
    put_text(json, "policy", call->policy);
    put_request(json, &call->request);
}

static void
write_kernel_line(json_dumper *json, const void *data)
{
    const nh_kernel_line *line = data;
    put_text(json, "text", line->text);
    put_time(json, "earliest", line->earliest);
    put_time(json, "latest", line->latest);
    put_time(json, "observed", line->observed);
    put_frame(json, "observed_frame", line->observed_frame);
    put_time(json, "logged", line->logged);
}

static void
write_due_line(json_dumper *json, const void *data)
{
    const nh_kernel_line *line = data;
    put_text(json, "text", line->text);
    put_time(json, "earliest", line->earliest);
    put_time(json, "latest", line->latest);
}

/* A line that is due after the capture's end may never come: it is none of this capture, unless the log has it. */
static bool
is_due(const nh_kernel_line *line)
{
    return line->beyond && !nh_time_known(line->logged);
}

static void
put_kernel_lines(json_dumper *json, const char *name, const GPtrArray *all, bool due, void (*write)(json_dumper *, const void *))
{
    GPtrArray *some = g_ptr_array_new();

    for (unsigned i = 0; i < all->len; i++) {
        nh_kernel_line *line = g_ptr_array_index(all, i);
        if (is_due(line) == due)
            g_ptr_array_add(some, line);
    }
    put_objects(json, name, some, write);
    g_ptr_array_unref(some);
}

static void
write_lock(json_dumper *json, const void *data)
{
    const nh_story_lock *lock = data;
    put_address(json, "client", &lock->client);
    put_address(json, "server", &lock->server);
    put_text(json, "file", lock->file);
    put_text(json, "owner", lock->owner);
    put_uint(json, "svid", lock->svid);
    put_uint(json, "offset", lock->offset);
    put_uint(json, "length", lock->length);
    put_bool(json, "exclusive", lock->exclusive);
    put_bool(json, "waiting", lock->waiting);
    put_bool(json, "share", lock->share);
    put_time(json, "since", lock->since);
    put_frame(json, "frame", lock->frame);
}

static void
write_incident(json_dumper *json, const void *data)
{
    const nh_incident *incident = data;
    put_uint(json, "id", incident->id);
    put_text(json, "kind", nh_incident_kind_name(incident->kind));
    put_address(json, "client", &incident->client);
    put_address(json, "server", &incident->server);
    put_text(json, "service", nh_service_name(incident->service));
    put_text(json, "cause", nh_finding_name(incident->cause));
    put_text(json, "side", nh_side_name(incident->side));
    put_text(json, "confidence", nh_confidence_name(incident->confidence));
    put_text(json, "summary", incident->summary);
    put_frame(json, "first_frame", incident->first_frame);
    put_frame(json, "last_frame", incident->last_frame);
    put_time(json, "start", incident->start);
    put_time(json, "end", incident->end);
    put_duration(json, "duration", incident->duration);
    put_uint(json, "requests", nh_incident_requests(incident));
    put_objects(json, "parts", incident->parts, write_part);
    put_objects(json, "timeline", incident->timeline, write_event);
    put_objects(json, "calls", incident->calls, write_call);
    put_kernel_lines(json, "kernel_lines", incident->kernel_lines, false, write_kernel_line);
    put_kernel_lines(json, "kernel_lines_if_unanswered", incident->kernel_lines, true, write_due_line);
    put_objects(json, "locks", incident->locks, write_lock);
    put_texts(json, "next_steps", incident->next_steps);
}

static void
write_pair(json_dumper *json, const void *data)
{
    const nh_story_pair *pair = data;
    put_address(json, "client", &pair->client);
    put_address(json, "server", &pair->server);
    put_uint(json, "calls", pair->calls);
    put_uint(json, "answered", pair->answered);
    put_uint(json, "unanswered", pair->unanswered);
    put_uint(json, "resent", pair->resent);
    put_uint(json, "denied", pair->denied);
    put_duration(json, "slowest", pair->slowest);
    put_uint(json, "incidents", pair->incidents);
}

static void
write_head(json_dumper *json, const nh_story *story)
{
    json_dumper_set_member_name(json, "nlm_health");
    json_dumper_begin_object(json);
    put_text(json, "version", NLM_HEALTH_VERSION);
    put_text(json, "wireshark", story->wireshark);
    json_dumper_end_object(json);

    json_dumper_set_member_name(json, "capture");
    json_dumper_begin_object(json);
    put_uint(json, "frames", story->frames);
    put_time(json, "first", story->first);
    put_time(json, "last", story->last);
    put_bool(json, "lock_traffic", story->lock_traffic);
    put_text(json, "verdict", nh_verdict_name(story->verdict));
    json_dumper_set_member_name(json, "points");
    json_dumper_begin_array(json);
    for (unsigned i = 0; i < story->n_points; i++) {
        json_dumper_begin_object(json);
        put_text(json, "name", story->points[i].name);
        put_duration(json, "offset", story->points[i].offset);
        put_duration(json, "uncertainty", story->points[i].uncertainty);
        put_duration(json, "drift", (nh_time)(story->points[i].drift * NH_SECOND));
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
    json_dumper_end_object(json);
}

char *
nh_report_json(const nh_story *story)
{
    json_dumper json = { .output_string = g_string_new(NULL), .flags = JSON_DUMPER_FLAGS_PRETTY_PRINT };

    json_dumper_begin_object(&json);
    write_head(&json, story);
    put_objects(&json, "pairs", story->pairs, write_pair);
    put_objects(&json, "incidents", story->incidents, write_incident);
    put_objects(&json, "locks", story->locks, write_lock);
    put_texts(&json, "messages", story->messages);
    json_dumper_end_object(&json);
    json_dumper_finish(&json);
    /* finish has ended the line */
    return g_string_free(json.output_string, false);
}
