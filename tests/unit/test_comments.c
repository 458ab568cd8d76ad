/* test_comments.c
 * What the annotated capture says on which frame.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/comments.h"

static nh_incident *
add_incident(nh_story *story, uint32_t first, uint32_t last)
{
    nh_incident *incident = nh_story_add_incident(story);

    incident->first_frame = first;
    incident->last_frame = last;
    incident->cause = NH_RESET;
    incident->side = NH_SIDE_SERVER;
    incident->confidence = NH_CONFIDENCE_SHOWN;
    incident->summary = g_strdup_printf("Summary\nof %u.", incident->id);
    return incident;
}

static const char *
text_of(GHashTable *comments, uint32_t frame)
{
    const nh_comment *comment = g_hash_table_lookup(comments, GUINT_TO_POINTER(frame));
    return comment ? comment->text->str : NULL;
}

/* One comment per frame, whatever happened on it. */
static void
test_merged(void)
{
    nh_story *story = nh_story_new();
    nh_incident *incident = add_incident(story, 3, 9);

    nh_incident_add_event(incident, 3, 77, "call", NH_FINDING_NONE, g_strdup("LOCK"));
    nh_incident_add_event(incident, 3, 77, "dead_call", NH_DEAD_CALL, g_strdup("on a dead connection"));
    nh_incident_add_event(incident, 0, 78, "log", NH_FINDING_NONE, g_strdup("no frame, no comment"));
    nh_incident_add_event(incident, 9, 79, "recovered", NH_RECOVERED, g_strdup("over\x1b[2J"));
    incident = add_incident(story, 9, 12);
    GHashTable *comments = nh_frame_comments(story);
    g_assert_cmpuint(g_hash_table_size(comments), ==, 2);
    g_assert_cmpstr(text_of(comments, 3), ==,
                    "NLM Health: incident 1, call, dead_call\nLOCK\non a dead connection\nSummary: Summary of 1.\n"
                    "Cause: reset; side: server; confidence: shown; frames 3 to 9");
    g_assert_cmpstr(text_of(comments, 9), ==,
                    "NLM Health: incident 1, recovered\nover [2J\nNLM Health: incident 2\nSummary: Summary of 2.\n"
                    "Cause: reset; side: server; confidence: shown; frames 9 to 12");
    g_assert_cmpint(((nh_comment *)g_hash_table_lookup(comments, GUINT_TO_POINTER(3)))->time, ==, 77);
    g_hash_table_unref(comments);
    nh_story_free(story);
}

/* A storm is told on its first and its last frame. */
static void
test_storm(void)
{
    nh_story *story = nh_story_new();
    nh_incident *incident = add_incident(story, 1, 60000);

    for (unsigned i = 1; i <= 60000; i++)
        nh_incident_add_event(incident, i, i, "reset", NH_RESET, g_strdup("RST"));
    GHashTable *comments = nh_frame_comments(story);
    g_assert_cmpuint(g_hash_table_size(comments), ==, 2);
    g_assert_true(g_str_has_prefix(text_of(comments, 1), "NLM Health: incident 1, reset\n"
                                                         "RST (first of 60000, the last is frame 60000)\n"));
    g_assert_cmpstr(text_of(comments, 60000), ==,
                    "NLM Health: incident 1, reset\nRST (last of 60000, the first is frame 1)");
    g_hash_table_unref(comments);
    nh_story_free(story);
}

static void
test_section(void)
{
    nh_story *story = nh_story_new();
    char *text = nh_section_comment(story);

    g_assert_cmpstr(text, ==, "NLM Health: no lock traffic");
    g_free(text);
    story->lock_traffic = true;
    text = nh_section_comment(story);
    g_assert_cmpstr(text, ==, "NLM Health: no incident");
    g_free(text);
    add_incident(story, 3, 9);
    text = nh_section_comment(story);
    g_assert_cmpstr(text, ==, "NLM Health: 1 incident\nIncident 1, frames 3 to 9: Summary of 1.");
    g_free(text);
    nh_story_free(story);
}

/* An option of a pcapng block holds 65,535 bytes. */
static void
test_length(void)
{
    nh_story *story = nh_story_new();

    for (unsigned i = 0; i < 3000; i++) {
        nh_incident *incident = add_incident(story, 5, 9);
        g_free(incident->summary);
        incident->summary = g_strnfill(100, 'x');
    }
    char *text = nh_section_comment(story);
    g_assert_cmpuint(strlen(text), <, 65000);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_free(text);
    GHashTable *comments = nh_frame_comments(story);
    g_assert_cmpuint(strlen(text_of(comments, 5)), <, 65000);
    g_hash_table_unref(comments);
    nh_story_free(story);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/comments/merged", test_merged);
    g_test_add_func("/comments/storm", test_storm);
    g_test_add_func("/comments/section", test_section);
    g_test_add_func("/comments/length", test_length);
    return g_test_run();
}
