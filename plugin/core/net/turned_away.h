/* turned_away.h
 * New connections that the server closes or resets as soon as they are open, one after the other.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TURNED_AWAY_H
#define NLM_HEALTH_TURNED_AWAY_H

#include "core/model/model.h"

/* A connection to lockd is open. */
void nh_turned_away_opens(nh_conn *conn);
/* The server closes or resets it: how many it has turned away in a row, this one included; 0 = it does not turn it away. */
unsigned nh_turned_away_count(nh_conn *conn, nh_moment at);
/* What was said of it is said: the outage knows how many there were. */
void nh_turned_away_to_outage(const nh_conn *conn);

#endif
