/* first_syns.h
 * First SYNs between hosts of which nothing else is known yet: kept small, because of floods and port scans most stay alone.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FIRST_SYNS_H
#define NLM_HEALTH_FIRST_SYNS_H

#include "core/model/model.h"

/* The table: nh_segment by its two hosts, whichever sent it. Owned by the watch. */
GHashTable *nh_first_syns_new(void);
/*
 * Put a SYN aside that would open the first connection between its hosts; false
 * for any other segment. The frame tells the service, as with every connection.
 */
bool nh_first_syn_keep(nh_watch *watch, const nh_segment *segment);
/* Take out the SYN between two hosts, because something follows it; false when there is none. */
bool nh_first_syn_take(nh_watch *watch, const nh_addr *a, const nh_addr *b, nh_segment *syn);

#endif
