/* fuzz.h
 * What the targets that feed the core share: the input, byte by byte, and what must
 * be true of whatever is told.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FUZZ_H
#define NLM_HEALTH_FUZZ_H

#include "core/out/comments.h"
#include "core/out/page.h"
#include "core/out/picture.h"
#include "core/out/report.h"
#include "core/out/report_json.h"
#include "core/out/report_locks.h"
#include "core/out/summary.h"
#include "core/story/view.h"
#include "core/watch.h"

#define PICTURES_MAX 20
#define WHOLE_EVERY  8 /* of so many inputs one is told in every form */

/* What is left of the input; reads as zeros behind its end. */
typedef struct {
    const uint8_t *data;
    size_t size;
} input;

static inline uint8_t
byte(input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static inline uint32_t
number(input *in, unsigned bytes)
{
    uint32_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | byte(in);
    return value;
}

/* A number of this many bytes, but no more than are left. A function: MIN() would take it twice. */
static inline unsigned
count(input *in, unsigned bytes, unsigned most)
{
    uint32_t n = number(in, bytes) % (most + 1);
    return n < in->size ? n : (unsigned)in->size;
}

/* Of a broken clock: any 64 bits. Each part is a statement: C leaves the order of operands and arguments open, and compilers differ. */
static inline nh_time
any_time(input *in)
{
    uint64_t seconds = (uint64_t)number(in, 4) << 32;

    seconds |= number(in, 4);
    return nh_time_of((int64_t)seconds, number(in, 4));
}

/* C0, DEL, and C1 as UTF-8 writes them; but a newline */
static inline bool
is_control(const guchar *c)
{
    return (*c < 0x20 && *c != '\n') || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
}

/* Whatever names packets had: UTF-8 without control characters but newlines. Frees the text. */
static inline void
check_text(char *text)
{
    if (!text)
        return;
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const guchar *c = (const guchar *)text; *c; c++)
        g_assert_false(is_control(c));
    g_free(text);
}

static inline void
check_comment(void *frame, void *comment, void *data)
{
    check_text(g_strdup(((const nh_comment *)comment)->text->str));
}

static inline void
check_incident(const nh_incident *incident, unsigned id)
{
    g_assert_cmpuint(incident->id, ==, id);
    g_assert_nonnull(nh_finding_name(incident->cause));
    g_assert_nonnull(nh_side_name(incident->side));
    g_assert_nonnull(incident->summary);
    g_assert_cmpuint(incident->first_frame, <=, incident->last_frame);
}

/* Pages and pictures take ten times as long as a report. */
static inline void
tell_whole(const nh_story *story)
{
    GHashTable *comments = nh_frame_comments(story);

    for (unsigned i = 0; i < story->incidents->len && i < PICTURES_MAX; i++)
        check_text(nh_picture_svg(g_ptr_array_index(story->incidents, i)));
    check_text(nh_report_json(story));
    check_text(nh_report_locks(story));
    check_text(nh_report_summary(story));
    check_text(nh_section_comment(story));
    if (story->incidents->len <= PICTURES_MAX)
        check_text(nh_page_html(story));
    g_hash_table_foreach(comments, check_comment, NULL);
    g_hash_table_unref(comments);
}

/* The report, which the caller frees; before it every other output if whole. */
static inline char *
tell(nh_watch *watch, bool whole)
{
    nh_story *story = nh_watch_story(watch);
    char *report = nh_report_text(story);

    for (unsigned i = 0; i < story->incidents->len; i++)
        check_incident(g_ptr_array_index(story->incidents, i), i + 1);
    check_text(g_strdup(report));
    if (whole)
        tell_whole(story);
    nh_story_free(story);
    return report;
}

/* Which inputs are told in every form: by their bytes, so that one that fails fails again. */
static inline bool
is_told_whole(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    return (sum >> 16) % WHOLE_EVERY == 0;
}

/* The story, a view of every frame, and the story again, which nobody's looking changes. */
static inline void
tell_all(nh_watch *watch, uint32_t frames, bool whole)
{
    char *first = tell(watch, whole), *again;
    nh_view view;

    for (uint32_t frame = 1; frame <= frames; frame++)
        if (nh_view_frame(watch, frame, &view))
            g_assert_nonnull(view.frame);
    again = tell(watch, false);
    g_assert_cmpstr(first, ==, again);
    g_free(first);
    g_free(again);
}

static inline nh_options
take_options(input *in)
{
    uint8_t how = byte(in);
    nh_options options = {
        .use_mount = how & 1,
        .reserved_ports = how & 2,
        .lockd = { .kind = NH_POLICY_LOCKD, .nlm_timeout = 3 + (how >> 2) % 18, .proto = NH_L4_TCP, .hard = true },
        .mount = { .kind = NH_POLICY_MOUNT, .timeo = number(in, 2), .retrans = byte(in), .proto = NH_L4_TCP, .hard = how & 4 },
        .family = (nh_family)(byte(in) % NH_FAMILY_COUNT),
        .position = (nh_side)(byte(in) % NH_SIDE_COUNT),
    };
    return options;
}

#endif
