/* names.h
 * Carrying the name resolution blocks of a capture file into a copy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_NAMES_H
#define NLM_HEALTH_NAMES_H

#include "wireshark/compat.h"

typedef struct nh_names nh_names;

/* Collect what reader finds from now on; one collection at a time. NULL where wiretap copies such blocks by itself. */
nh_names *nh_names_collect(wtap *reader);
/* Let writer write them when it is closed; they must live until then. */
void nh_names_write(nh_names *names, wtap_dumper *writer);
void nh_names_free(nh_names *names);

#endif
