/* async_calls.h
 * Asynchronous calls: *_MSG and the *_RES that answers it, and callbacks that nobody answers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ASYNC_CALLS_H
#define NLM_HEALTH_ASYNC_CALLS_H

#include "core/model/model.h"

/* A new call of NLM: remembers what is to be answered by a *_RES, and sees callbacks that are repeated as new calls. */
void nh_async_call(nh_call *call, nh_moment at);
/* A callback is sent again under its XID. */
void nh_async_resent(nh_call *call, nh_moment at);
/* The calls that this new *_RES answers, to be unreffed: same pair, cookie and kind; NULL when it is none or there are none. */
GPtrArray *nh_async_answered(nh_call *result);
/* The call got its answer. */
void nh_async_settle(nh_call *call);

/* A LOCK is answered, before the lock table knows of it: does its client ask again because the server never called back? */
void nh_grant_not_tried(nh_call *call, nh_moment at);
/* A callback is answered, before the lock table knows of it: is it refused by a client that waits? */
void nh_grant_refused(nh_call *grant, nh_moment at);
/* LOCK or callback, before the lock table knows of its answer: is a lock left behind on the server? */
void nh_leak_judge(nh_call *call, nh_moment at);
/* At the end of the capture: UNLOCKs that were taken by a server that never answered. */
void nh_leak_complete(nh_watch *watch);

/* The same procedure for the same lock, or with the same cookie. */
bool nh_async_asks_the_same(const nh_call *a, const nh_call *b);
/* The *_RES to this *_MSG was not taken: another may come. */
void nh_async_unsettle(nh_call *call);
/* The *_MSG that this *_RES from another address answers, sent over UDP from the end that gets it; NULL when there is none. */
nh_call *nh_async_asked_elsewhere(const nh_call *result);

#endif
