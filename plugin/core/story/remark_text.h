/* remark_text.h
 * Remarks in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REMARK_TEXT_H
#define NLM_HEALTH_REMARK_TEXT_H

#include "core/base/remark.h"

/* The words of a remark as they are now (a server may have got its name from the log meanwhile), clean; caller frees. NULL for none. */
char *nh_remark_text(const nh_remark *remark);
/* The words of a row as they stand in findings.def; static. For tests. */
const char *nh_remark_words(nh_remark_id id);

#endif
