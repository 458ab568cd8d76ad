/* picture_owners.h
 * The lanes of an incident of the locks themselves.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PICTURE_OWNERS_H
#define NLM_HEALTH_PICTURE_OWNERS_H

#include "core/out/drawing.h"

/* One lane for each owner of a lock: when it asked, since when it holds, when it gave back; and one for what went wrong. */
void nh_picture_owners(nh_drawing *d);

#endif
