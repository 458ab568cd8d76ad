/* comments.c
 * What the annotated capture says on which frame.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/comments.h"

#include "core/story/groups.h"
#include "core/base/text.h"

/* A pcapng option holds 65,535 bytes; nobody reads half of that. */
#define MAX_COMMENT 32000

static void
comment_free(void *data)
{
    nh_comment *comment = data;
    g_string_free(comment->text, true);
    g_free(comment);
}

static nh_comment *
get_comment(GHashTable *comments, uint32_t frame)
{
    nh_comment *comment = g_hash_table_lookup(comments, GUINT_TO_POINTER(frame));
    if (!comment) {
        comment = g_new(nh_comment, 1);
        comment->time = NH_TIME_NONE;
        comment->text = g_string_new(NULL);
        g_hash_table_insert(comments, GUINT_TO_POINTER(frame), comment);
    }
    return comment;
}

/* Cut at a character's end. */
static void
limit_text(GString *text)
{
    if (text->len <= MAX_COMMENT)
        return;
    char *end = g_utf8_find_prev_char(text->str, text->str + MAX_COMMENT);
    g_string_truncate(text, end ? (size_t)(end - text->str) : 0);
    g_string_append(text, " ...");
}

static void
append_line(GString *out, const char *prefix, const char *text)
{
    char *clean = nh_text_clean(text);
    g_string_append_printf(out, "\n%s%s", prefix, clean);
    g_free(clean);
}

static void
append_incident_summary(GString *out, const nh_incident *incident)
{
    const char *cause = nh_finding_name(incident->cause);
    const char *side = nh_side_name(incident->side);
    const char *confidence = nh_confidence_name(incident->confidence);

    append_line(out, "Summary: ", incident->summary);
    g_string_append_printf(out, "\nCause: %s; side: %s; confidence: %s; frames %u to %u", cause ? cause : "unknown",
                           side ? side : "unknown", confidence ? confidence : "unknown", incident->first_frame, incident->last_frame);
}

/* What one incident says on one frame: the names of its events, then their texts. */
typedef struct {
    GString *names, *texts;
    nh_time at;
} frame_part;

static void
part_free(void *data)
{
    frame_part *part = data;
    g_string_free(part->names, true);
    g_string_free(part->texts, true);
    g_free(part);
}

static frame_part *
get_part(GHashTable *parts, uint32_t frame)
{
    frame_part *part = g_hash_table_lookup(parts, GUINT_TO_POINTER(frame));
    if (!part) {
        part = g_new(frame_part, 1);
        *part = (frame_part){ g_string_new(NULL), g_string_new(NULL), NH_TIME_NONE };
        g_hash_table_insert(parts, GUINT_TO_POINTER(frame), part);
    }
    return part;
}

static void
add_event(GHashTable *parts, const nh_event *event, const char *remark)
{
    frame_part *part = get_part(parts, event->frame);

    part->at = event->time;
    g_string_append_printf(part->names, ", %s", event->event ? event->event : "event");
    append_line(part->texts, "", event->text);
    g_string_append(part->texts, remark);
}

/* The ends of a group speak for what lies between. */
static void
add_group(GHashTable *parts, const GPtrArray *timeline, const nh_group *group)
{
    const nh_event *first = nh_group_first(timeline, group), *last = nh_group_last(timeline, group);

    if (first->frame == 0)
        return;
    if (group->count == 1) {
        add_event(parts, first, "");
        return;
    }
    char *remark = g_strdup_printf(" (first of %u, the last is frame %u)", group->count, last->frame);
    add_event(parts, first, remark);
    g_free(remark);
    remark = g_strdup_printf(" (last of %u, the first is frame %u)", group->count, first->frame);
    add_event(parts, last, remark);
    g_free(remark);
}

static void
add_incident(GHashTable *comments, const nh_incident *incident)
{
    GHashTable *parts = g_hash_table_new_full(NULL, NULL, NULL, part_free);
    GArray *groups = nh_timeline_groups(incident->timeline);
    GHashTableIter iter;
    void *frame, *data;

    for (unsigned i = 0; i < groups->len; i++)
        add_group(parts, incident->timeline, &g_array_index(groups, nh_group, i));
    if (incident->first_frame)
        append_incident_summary(get_part(parts, incident->first_frame)->texts, incident);
    g_hash_table_iter_init(&iter, parts);
    while (g_hash_table_iter_next(&iter, &frame, &data)) {
        const frame_part *part = data;
        nh_comment *comment = get_comment(comments, GPOINTER_TO_UINT(frame));
        if (nh_time_known(part->at))
            comment->time = part->at;
        g_string_append_printf(comment->text, "%s" NH_COMMENT_PREFIX "incident %u%s%s", comment->text->len ? "\n" : "", incident->id,
                               part->names->str, part->texts->str);
        limit_text(comment->text);
    }
    g_array_unref(groups);
    g_hash_table_unref(parts);
}

GHashTable *
nh_frame_comments(const nh_story *story)
{
    GHashTable *comments = g_hash_table_new_full(NULL, NULL, NULL, comment_free);

    for (unsigned i = 0; i < story->incidents->len; i++)
        add_incident(comments, story->incidents->pdata[i]);
    return comments;
}

char *
nh_section_comment(const nh_story *story)
{
    GString *out = g_string_new(NH_COMMENT_PREFIX);

    if (story->incidents->len)
        g_string_append_printf(out, "%u incident%s", story->incidents->len, nh_plural(story->incidents->len));
    else
        g_string_append(out, story->lock_traffic ? "no incident" : "no lock traffic");
    for (unsigned i = 0; i < story->incidents->len && out->len < MAX_COMMENT; i++) {
        const nh_incident *incident = story->incidents->pdata[i];
        char *head = g_strdup_printf("Incident %u, frames %u to %u: ", incident->id, incident->first_frame, incident->last_frame);
        append_line(out, head, incident->summary);
        g_free(head);
    }
    limit_text(out);
    return g_string_free(out, false);
}
