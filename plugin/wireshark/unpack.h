/* unpack.h
 * Compressed kernel logs, as logrotate and sosreport leave them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_UNPACK_H
#define NLM_HEALTH_UNPACK_H

#include "core/log/kernel_log.h"

/* As nh_log_unpack has it (model/log.h; NULL: it cannot): gzip, and xz where liblzma was there when the plugin was built. */
char *nh_unpack(const char *packed, size_t size, size_t most, size_t *length, const char **why);

#endif
