/* log_candidates.h
 * Which line of a real kernel log can be which of those that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_CANDIDATES_H
#define NLM_HEALTH_LOG_CANDIDATES_H

#include "core/base/limits.h"
#include "core/log/kernel_log.h"
#include "core/model/story.h"

/* Which host the log means by which name. */
typedef struct nh_log_names nh_log_names;

typedef struct {
    nh_incident *incident;
    nh_kernel_line *line; /* NULL: none */
} nh_log_candidate;

/* What the capture predicts (nh_log_expectation). */
GArray *nh_log_expectations(const nh_story *story);
/*
 * A name belongs to the address whose predictions most of its lines meet, and to
 * no other. An address has one name among the lines of a program: lockd keeps one
 * handle for each (nsm_get_handle, fs/lockd/mon.c), NFS one client
 * (nfs_match_client, fs/nfs/client.c).
 */
nh_log_names *nh_log_names_new(const nh_story *story, const nh_kernel_log *log);
void nh_log_names_free(nh_log_names *names);
/* The logged line may speak of this host. */
bool nh_log_may_be(const nh_log_names *names, const nh_log_line *logged, const nh_addr *host);
/* The nearest predicted line that has no logged one yet. */
nh_log_candidate nh_log_nearest(const nh_story *story, const nh_log_names *names, const nh_log_line *logged);
/* Lines of these programs are predicted. */
bool nh_log_speaks_of(const nh_log_line *logged, const char *program);

#endif
