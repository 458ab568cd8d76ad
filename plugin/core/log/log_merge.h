/* log_merge.h
 * One event that stands in several files, or several times in one, is one event.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_MERGE_H
#define NLM_HEALTH_LOG_MERGE_H

#include "core/log/kernel_log.h"

/* Of an aligned log: sets copy on all lines but one of each event; that one gets the finest time of them. */
void nh_log_merge(nh_kernel_log *log);

#endif
