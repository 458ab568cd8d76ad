/* messages.h
 * What the reader should know of clients and of calls that cannot be read.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MESSAGES_H
#define NLM_HEALTH_MESSAGES_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Why there is no line of Linux in an incident, and why its windows are wide: once for each client, or for all. */
void nh_messages_on_pairs(const nh_watch *watch, nh_story *story);
/* Of which pairs only the transport is judged. */
void nh_messages_on_encryption(const nh_watch *watch, nh_story *story);

#endif
