/* grant_answers.h
 * The client's answer to a callback: how it is sent, and what becomes of one that cannot be.
 *
 * Linux answers GRANTED_MSG with a call of its own, GRANTED_RES, through an RPC
 * client of the "server" kind, with a look-up and a connection of its own to the
 * server's lockd (nlm4svc_callback, fs/lockd/svc4proc.c). Such clients are soft:
 * after the major timeout they give up and log "timed out".
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_GRANT_ANSWERS_H
#define NLM_HEALTH_GRANT_ANSWERS_H

#include "core/model/model.h"

/*
 * The client looks a port up or connects: for the answer to a GRANTED_MSG that
 * reached it just before? Then that attempt begins, unless it has begun already.
 * false when it is for something else.
 */
bool nh_grant_answer_begins(nh_pair *pair, nh_way way, nh_moment at);
/* When the client gives the answer to this callback up: a window. false if it tried none, or was in time. */
bool nh_grant_answer_given_up(const nh_call *grant, nh_deadlines *out);
/* Whether nothing but answers to callbacks suffered in this outage: the first such callback, or NULL. */
const nh_call *nh_grant_answer_all_that_suffered(const nh_outage *outage);

#endif
