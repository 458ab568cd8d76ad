/* window.h
 * Wireshark's window as the plugin sees it: the capture, packet and display
 * filter in it. TShark and sharkd have none.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_WINDOW_H
#define NLM_HEALTH_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a person sits in front of a window. */
bool nh_window_is_there(void);
/* Path of the capture that is open in the window, NULL without one; Wireshark's, valid until another is opened. */
const char *nh_window_capture(void);
/* The selected packet; 0 = none. */
uint32_t nh_window_selected(void);
/* The display filter that is in force, "" without one; Wireshark's, valid until the next one. */
const char *nh_window_filter(void);

/*
 * A display filter that is in force while packets are read sees each of them
 * once, and knows no more than that packet and those before it: of an incident it
 * lets a part pass, and nobody is told. These two see to it that such a filter is
 * applied again when all packets are read.
 */
void nh_window_file_begins(void);
void nh_window_file_is_read(void);

#endif
