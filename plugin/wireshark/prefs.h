/* prefs.h
 * Preferences of NLM Health.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PREFS_H
#define NLM_HEALTH_PREFS_H

#include "wireshark/compat.h"
#include "core/model/model.h"

void nh_prefs_register(int proto);
/* The preferences as the core's options; wrong values are left at their defaults and complained about. */
void nh_prefs_options(nh_options *options);
/* Append a message (char*, owned by the array) for each wrong value. */
void nh_prefs_complaints(GPtrArray *messages);
const wsbool *nh_prefs_decode_as(void);

/*
 * A log belongs to a capture, not to a profile: what is chosen in the window holds
 * for that capture, before the preference, until Wireshark ends. "" takes it back.
 */
void nh_prefs_choose_log(const char *capture, const char *log);
/* The log that goes with a capture, chosen or by preference; "" = none. Valid until the next choice. */
const char *nh_prefs_log_of(const char *capture);

#endif
