/* mount_options.h
 * Mount options of NFS, alone or in a line of /proc/mounts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MOUNT_OPTIONS_H
#define NLM_HEALTH_MOUNT_OPTIONS_H

#include "core/clock/rpc_timer.h"

/*
 * Read timeo, retrans, proto and hard/soft from mount options or from a whole
 * line of /proc/mounts into *policy (others stay, but timeo and retrans that
 * nobody gave become the kernel's defaults for the protocol). false with *error set (caller
 * frees) when a value is wrong; *policy is then unchanged.
 */
bool nh_mount_options_parse(const char *line, nh_policy *policy, char **error);

/* How many of its options are among these, right or wrong. */
unsigned nh_mount_options_known(const char *line);

#endif
