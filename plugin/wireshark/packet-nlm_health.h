/* packet-nlm_health.h
 * What the taps and the GUI may ask of the dissector's state.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PACKET_H
#define NLM_HEALTH_PACKET_H

#include "core/model/story.h"

/* Called by Wireshark, once each, in this order (plugin.c). */
void proto_register_nlm_health(void);
void proto_reg_handoff_nlm_health(void);

/* What the packets dissected so far tell; owned by the dissector, valid until the next call or the next file. Never NULL. */
const nh_story *nlm_health_story(void);

/* The story if it is known without telling it anew: on a later pass than the first. NULL otherwise. */
const nh_story *nlm_health_known_story(void);
/* Tells stories apart: another with each one that is told. */
unsigned nlm_health_story_number(void);

/* The incident that a frame shows: its id in the story, or 0. */
uint32_t nlm_health_incident_of(uint32_t frame);

#endif
