/* issue_syns.h
 * What SYNs and FINs tell of when the call was issued that they are for.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ISSUE_SYNS_H
#define NLM_HEALTH_ISSUE_SYNS_H

#include "core/model/model.h"

/* The connection's SYN is resent: undates what its first captured SYN dated if that turns out to be a resend, too. */
void nh_issue_by_syn(nh_conn *conn, nh_moment at);
/* The FIN of the incarnation before, with the earliest that it can have been sent, if its socket held this SYN back; frame 0 if not. */
nh_moment nh_blocking_fin(const nh_conn *conn, nh_moment at);
/* That FIN held this attempt back: since before the capture? */
void nh_issue_by_fin(nh_attempt *attempt, const nh_conn *conn, nh_moment fin);

#endif
