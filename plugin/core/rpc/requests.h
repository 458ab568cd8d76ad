/* requests.h
 * Requests of applications, which outlive the calls that carry them.
 *
 * A client that gives a call up and asks anew (FreeBSD and macOS do, over UDP each
 * second on a UDP mount) takes another XID and another cookie. Owner, file, range
 * and kind stay: it is the same request.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_REQUESTS_H
#define NLM_HEALTH_REQUESTS_H

#include "core/model/model.h"

/* The watch goes: the requests of its pairs are forgotten. */
void nh_requests_free(nh_watch *watch);
/* A new lock call: the first one without an answer that asked for the same, or NULL; *copies gets how many did before. */
nh_call *nh_request_asked(nh_call *call, unsigned *copies);
/* The call is answered, and its request with it. */
void nh_request_answered(const nh_call *call);

#endif
