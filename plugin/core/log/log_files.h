/* log_files.h
 * The files and folders of a kernel log: found, opened, decompressed; and kept
 * while they do not change.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_FILES_H
#define NLM_HEALTH_LOG_FILES_H

#include "core/log/kernel_log.h"

/* Parse text (need not end in NUL, may be anything); never NULL. */
nh_kernel_log *nh_kernel_log_parse(const char *text, size_t length, const nh_log_hints *hints);
/*
 * Read files and folders, separated by ";"; never NULL: what cannot be read, is binary
 * or has no line of ours has no lines and is named in message.
 */
nh_kernel_log *nh_kernel_log_read(const char *paths, const nh_log_hints *hints);

nh_log_shelf *nh_log_shelf_new(void);
void nh_log_shelf_free(nh_log_shelf *shelf);
/* As nh_kernel_log_read(); shelf may be NULL. */
nh_kernel_log *nh_log_shelf_read(nh_log_shelf *shelf, const char *paths, const nh_log_hints *hints);

#endif
