/* polls.h
 * Clients that ask again for a lock while they wait for its callback.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POLLS_H
#define NLM_HEALTH_POLLS_H

#include "core/model/model.h"

/*
 * Whether it asks again for the lock whose callback is due (Linux polls every
 * 30 s, nlmclnt_lock, fs/lockd/clntproc.c); where the capture began after
 * NLM_BLOCKED nothing tells which lock that is.
 */
bool nh_call_polls(const nh_call *call);

#endif
