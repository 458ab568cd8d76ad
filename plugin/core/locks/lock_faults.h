/* lock_faults.h
 * What is wrong with the locks themselves, though every call is answered: which answer says what of them.
 *
 * Two hold what one can hold; one lost what he believes to hold; the server holds
 * what nobody owns. Each is an incident of its own: data may be at risk.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_FAULTS_H
#define NLM_HEALTH_LOCK_FAULTS_H

#include "core/locks/fault.h"

/* An answer came, before the lock table knows of it: locks are those of the file. */
void nh_faults_answer(GArray *locks, const nh_lock *asked, uint32_t status, nh_moment at);
/* The end of the capture: what was waited for has come, or not. */
void nh_faults_complete(nh_watch *watch);

#endif
