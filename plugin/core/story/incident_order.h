/* incident_order.h
 * Which outages and faults are incidents, in capture order.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_INCIDENT_ORDER_H
#define NLM_HEALTH_INCIDENT_ORDER_H

#include "core/locks/fault.h"

/* An incident: one of the two. */
typedef struct {
    nh_moment start;
    nh_outage *outage;
    nh_fault *fault;
} nh_numbered;

/* Takes symptoms of connections that turned out to be another program's out of all outages. */
void nh_outages_drop_foreign(nh_watch *watch);
/* The outages that are incidents (nh_outage *), numbered from 1; caller unrefs. */
GPtrArray *nh_outages_number(nh_watch *watch);
/* Outages and faults of locks (nh_numbered), numbered from 1; caller unrefs. */
GArray *nh_incidents_number(nh_watch *watch);

#endif
