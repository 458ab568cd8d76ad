/* kernel_lines.h
 * Kernel lines of an outage: predicted, and observed in the capture.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LINES_H
#define NLM_HEALTH_KERNEL_LINES_H

#include "core/base/limits.h"
#include "core/model/model.h"
#include "core/model/story.h"

/*
 * The line that lockd logs when a call of this way outlives its major timeout
 * (the client's kernel; for callbacks the server's), or is answered after that.
 * The other host stands there as the log has it, once a line was matched, else
 * as its address. Caller frees.
 */
char *nh_line_text(const nh_pair *pair, nh_way way, nh_log_event event);
/*
 * What outliving the major timeout makes lockd log: server-kind hosts are soft
 * (nlmsvc_lookup_host, fs/lockd/host.c). They send the calls of the server's way
 * and the answers to callbacks: call is a GRANTED_RES, or the GRANTED_MSG that an
 * attempt is to answer; other calls and NULL go by the way, and by the mount's
 * hard or soft where the preference timer says that it rules.
 */
nh_log_event nh_line_event(const nh_pair *pair, nh_way way, const nh_call *call);
/* "... is expected between A and B", of the client's kernel; or came at the time that a frame dates. */
nh_remark nh_line_remark(const nh_pair *pair, nh_log_event event, const nh_deadlines *deadlines, nh_moment seen);
/* false for a *_MSG or *_RES that was sent in time: its task is over then. */
bool nh_line_may_come(const nh_call *call);
/* Add the lines that this call makes its client write (story_call: its counterpart in the story). */
void nh_lines_of_call(nh_incident *incident, nh_call *call, const nh_story_call *story_call);
/* The same for an attempt that never led to a call. */
void
nh_lines_of_attempt(nh_incident *incident, const nh_pair *pair, nh_way way, const nh_attempt *attempt, const nh_story_call *story_call);
/*
 * The same for an NFS call, by the timers of the mount: sent first, answered
 * (frame 0: not in this capture).
 */
void nh_lines_of_nfs(nh_incident *incident, const nh_pair *pair, nh_l4 l4, nh_moment sent, nh_moment answered);
/* The text of a line anew, once the log has told the server's name. Caller frees. */
char *nh_line_text_again(const nh_kernel_line *line, const nh_pair *pair);

#endif
