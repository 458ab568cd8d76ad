/* text_window.h
 * The plugin's one text window, and the buttons below the text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TEXT_WINDOW_H
#define NLM_HEALTH_TEXT_WINDOW_H

#include <stdint.h>

/* Which buttons a text has. */
typedef enum {
    NH_TEXT_MESSAGE, /* none */
    NH_TEXT_REPORT,  /* Copy, Save, Show packets, Next incident */
    NH_TEXT_CAPTURE, /* Copy, Open: for a capture that was written */
    NH_TEXT_HELP     /* Open documentation: in a browser */
} nh_text_kind;

/*
 * Show a text, in the window that is open or in a new one: all have one title, so
 * that Wireshark keeps their size. text is taken over. incident: which one a
 * report is about, 0 = all. file: what the Open button opens, or NULL.
 */
void nh_text_window_show(nh_text_kind kind, char *text, uint32_t incident, const char *file);
/* A message for that window: one sentence. */
void nh_text_window_say(const char *sentence);
/* The report on an incident of the present story; 0 = on all. */
void nh_text_window_report(uint32_t incident);

/*
 * A name beside the capture that nothing has yet: DIR/NAME-nlm_health.ENDING,
 * else -2, -3 ...: an older file may hold something of the user's. Caller frees.
 */
char *nh_free_name(const char *capture, const char *ending);

#endif
