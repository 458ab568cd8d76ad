/* copies.h
 * What a copy of a call tells of the kernel line when the capture has no look-up that does.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COPIES_H
#define NLM_HEALTH_COPIES_H

#include "core/model/model.h"

/* RPC sent the call again: the copy may date its major timeout. */
void nh_copy_sent(nh_call *call, nh_moment at);

#endif
