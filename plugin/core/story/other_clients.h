/* other_clients.h
 * Other clients of a server that leaves one alone.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_OTHER_CLIENTS_H
#define NLM_HEALTH_OTHER_CLIENTS_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Before and after the incidents of a story: what each server answered, gone through once for all of them. */
void nh_other_clients_begin(nh_watch *watch);
void nh_other_clients_end(nh_watch *watch);
/* Into the incident's timeline: what the server's lock manager answered to other clients meanwhile. */
void nh_other_clients_story(nh_incident *incident, const nh_outage *outage);

#endif
