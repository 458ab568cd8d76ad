/* comments.h
 * What the annotated capture says on which frame. Needs no capture file, so
 * that it can be tested as a plain library.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMMENTS_H
#define NLM_HEALTH_COMMENTS_H

#include "core/model/story.h"

/* Every comment of ours starts with this; that is how an older one is found and replaced. */
#define NH_COMMENT_PREFIX "NLM Health: "

typedef struct {
    nh_time time; /* of the frame as the story knows it; NH_TIME_NONE when it does not */
    GString *text;
} nh_comment;

/* Frame number (GUINT_TO_POINTER) to nh_comment; caller unrefs. */
GHashTable *nh_frame_comments(const nh_story *story);

/* The comment on the section header; caller frees. */
char *nh_section_comment(const nh_story *story);

#endif
