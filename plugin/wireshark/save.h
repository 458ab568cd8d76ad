/* save.h
 * Writing the file that somebody asked for, and no other.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SAVE_H
#define NLM_HEALTH_SAVE_H

#include "core/base/core.h"

/*
 * May a file of this name be written? Not to standard output, not over a file
 * that this process has open (the capture that is being read, by whatever name),
 * not over a folder, pipe or device. false: *error (caller frees) says why.
 */
bool nh_save_may(const char *out, char **error);

/*
 * Reserve OUT.tmp-XXXXXX beside out, so that the rename at the end stays in one
 * file system; NULL on failure, *error says why. Caller renames or unlinks, and frees.
 */
char *nh_save_reserve(const char *out, char **error);
/* Give the reserved file its name; true when it has it. On failure it is unlinked, an older out is untouched. */
bool nh_save_finish(const char *temporary, const char *out, char **error);

/* All of a text to out, or nothing. */
bool nh_save_text(const char *out, const char *text, char **error);

#endif
