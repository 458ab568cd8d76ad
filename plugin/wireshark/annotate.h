/* annotate.h
 * A copy of the capture that tells the story without the plugin: comments on
 * the frames of the incidents and on the section.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ANNOTATE_H
#define NLM_HEALTH_ANNOTATE_H

#include "core/model/story.h"

/* What speaks against it, as far as the names and the beginning of the input tell: false, and *error (caller frees) says what. Nothing is written. */
bool nh_annotate_may(const char *in, const char *out, char **error);
/*
 * Write the capture file in, annotated, to out (pcapng). in must be the file
 * the story was made of; a regular file, not out itself. Comments that start with "NLM Health:"
 * are replaced, all others are kept. false on failure: nothing is left behind,
 * an older out is untouched, and *error (caller frees) says why.
 */
bool nh_annotate(const char *in, const char *out, const nh_story *story, char **error);

#endif
