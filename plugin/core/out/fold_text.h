/* fold_text.h
 * What a row of a report says of the events that it stands for.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FOLD_TEXT_H
#define NLM_HEALTH_FOLD_TEXT_H

#include "core/model/story.h"

/* What the events of a group have in common. */
typedef enum { NH_FOLD_ALONE, NH_FOLD_LOOKUP, NH_FOLD_OPENING, NH_FOLD_CLOSING, NH_FOLD_TROUBLE, NH_FOLD_RESENT, NH_FOLD_LOG } nh_fold_kind;

typedef struct {
    nh_fold_kind kind;
    GPtrArray *events; /* const nh_event* */
} nh_fold;

/* Whether the event is no finding and has this name. */
bool nh_event_is_named(const nh_event *event, const char *name);
/* The text of the row; caller frees. */
char *nh_fold_text(const nh_fold *its);

/* A text of the story without the names of findings, which are for filters; caller frees. */
char *nh_plain_words(const char *text);

#endif
