/* early_replies.h
 * Answers that were captured before their calls.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_EARLY_REPLIES_H
#define NLM_HEALTH_EARLY_REPLIES_H

#include "core/model/model.h"

/* A reply whose call was not captured yet; it is copied. */
void nh_early_keep(nh_watch *watch, const nh_message *message, const nh_rpc_header *header);
/*
 * The reply that came shortly before this new call, and answers it; false when there is none. It is kept no longer;
 * header->body lives until the next nh_early_keep().
 */
bool nh_early_take(nh_watch *watch, const nh_call *call, nh_message *message, nh_rpc_header *header);

#endif
