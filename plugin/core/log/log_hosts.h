/* log_hosts.h
 * Whose lines those of a kernel log are, by the host that each of them names.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_HOSTS_H
#define NLM_HEALTH_LOG_HOSTS_H

#include "core/log/kernel_log.h"
#include "core/model/model.h"
#include "core/model/story.h"

/*
 * Clients tell their names in their calls (caller_name), kernel_log_host says it for all of them: sets the
 * speakers of lines, and host of incidents.
 */
void nh_log_hosts_know(const nh_watch *watch, nh_story *story, nh_kernel_log *log);
/*
 * Of a log that was aligned with all hosts: which strange host's lines are those of a client, or of a server that calls
 * back, because they stand where it must have printed its own. true if it has strangers at all.
 */
bool nh_log_hosts_fit(nh_story *story, nh_kernel_log *log);
/* The line may have been printed by the host that prints the predicted one. */
bool nh_log_hosts_may_be(const nh_log_line *logged, const nh_incident *incident, const nh_kernel_line *line);
/* What the reader should know of lines of other hosts. */
void nh_log_hosts_remark(nh_story *story, const nh_kernel_log *log);

#endif
