/* layers.h
 * From a frame to the packets in it: link layers, IP, tunnels.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LAYERS_H
#define LAYERS_H

#include "capture_file.h"
#include "include/nlm_health.h"

/* Hand each packet of TCP, UDP and ICMP in the frame to the core: those of a tunnel, too. Fragments are left out. */
void layers_take(nh_watch *watch, uint32_t number, const captured_frame *frame);

#endif
