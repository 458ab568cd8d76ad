/* lock_text.h
 * Locks and their owners in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_TEXT_H
#define NLM_HEALTH_LOCK_TEXT_H

#include "core/locks/lock.h"

/* "host, svid 7"; caller frees. */
char *nh_lock_owner_text(const nh_lock *lock);
/* "host, svid 7 (192.0.2.10)"; caller frees. */
char *nh_lock_who(const nh_lock *lock);
/* "bytes 0-99 of file 0x12345678"; caller frees. */
char *nh_lock_what(const nh_lock *lock);

#endif
