/* rpc_timer.h
 * When a Linux RPC client retransmits, gives up and writes to its log: pure
 * arithmetic over net/sunrpc (xprt.c, clnt.c), fs/lockd/host.c and
 * fs/nfs/client.c.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RPC_TIMER_H
#define NLM_HEALTH_RPC_TIMER_H

#include "core/model/timers.h"

/* Public name; static; NULL for NH_FAMILY_UNKNOWN. */
const char *nh_family_name(nh_family family);
/*
 * The family of "auto" (unknown), of its own name, or of a version of Linux as
 * uname -r prints it. false with *error set (caller frees) when that tells none;
 * *family then stays.
 */
bool nh_family_parse(const char *text, nh_family *family, char **error);

/* The mount's policy over this protocol: what nobody gave gets the kernel's default (nfs_init_timeout_values(), fs/nfs/client.c). */
void nh_policy_over(nh_policy *policy, nh_l4 proto);

/*
 * Predict; for NH_FAMILY_UNKNOWN the window is the union over all families.
 * Retransmissions are given where all that is possible agrees on them: none
 * without `sent`, and none of a call that was sent 3 s or more after its issue
 * on a new connection, because failed attempts to connect change the alarms.
 */
void nh_timer_predict(const nh_policy *policy, nh_family family, const nh_wait_facts *facts, nh_deadlines *out);

/*
 * The family that explains the transmissions of one XID (sent[0] is the first;
 * rebind: time of the port look-up that followed the first major timeout, or
 * NH_TIME_NONE). NH_FAMILY_UNKNOWN when several families do, or none. Give
 * NH_WAIT_REPLY_NEW only where this call waited for the connect: 10, 20, 30 s on
 * a new connection say 5.3+, on an open one every family.
 */
nh_family nh_timer_recognise(const nh_policy *policy, nh_wait wait, const nh_time *sent, unsigned n_sent, nh_time rebind);

/*
 * The same run backwards: the times from the start of a task to its first major timeout that are possible, as runs apart
 * from each other. Returns how many; between two of them no line can come.
 */
unsigned nh_timer_runs(const nh_policy *policy, nh_family family, nh_wait wait, nh_timer_run runs[NH_TIMER_RUNS]);

/* Shortest and longest time from the start of a task to its first major timeout (ns). */
void nh_timer_major_range(const nh_policy *policy, nh_family family, nh_wait wait, nh_time *shortest, nh_time *longest);

/* "lockd nlm_timeout=10 (Linux 5.3+)", "mount timeo=600,retrans=2,proto=tcp,hard"; caller frees. */
char *nh_policy_text(const nh_policy *policy, nh_family family);

/* TCP_USER_TIMEOUT block of a FIN that nobody acknowledges and that was first sent between the two: when the port is free again (180.0 .. 184.3 s after it). */
void nh_timer_fin_block(nh_time fin_earliest, nh_time fin_latest, nh_time *earliest, nh_time *latest);

#endif
