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

/* The capture lost packets: a look-up that dates the call's line may have begun before its first SYN that was captured. The line then came before it. */
void nh_line_doubt(nh_call *call);

#endif
