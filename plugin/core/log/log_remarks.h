/* log_remarks.h
 * What the reader of a report is told of a kernel log that does not meet the capture.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_REMARKS_H
#define NLM_HEALTH_LOG_REMARKS_H

#include "core/log/kernel_log.h"
#include "core/log/kernel_log_skew.h"
#include "core/model/story.h"

/* Lines (nh_log_line*) that nothing in the capture explains: a few by themselves, many in one sentence. */
void nh_log_remark_unmatched(nh_story *story, const GPtrArray *lines);
/* Lines that calls which the capture does not show may have printed: with the incident that lasted then. */
typedef struct {
    const nh_log_line *logged;
    unsigned incident;
} nh_log_unseen;
void nh_log_remark_unseen(nh_story *story, const GArray *unseen);
/* Frames show lines that the log does not have; gaps (nh_log_line*): where it says that it lacks some. */
void nh_log_remark_unlogged(nh_story *story, const GPtrArray *gaps);
/* Lines (nh_log_line*) of a lock client that is not Linux's. */
void nh_log_remark_foreign(nh_story *story, const GPtrArray *lines);
/* The log's clock is wrong, and was set right if that is certain. offset: kernel_log_offset as it is. */
void nh_log_remark_skew(nh_story *story, const nh_log_skew *skew, nh_time offset);

#endif
