/* menu.h
 * Tools > NLM Health, and the conversation filter.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MENU_H
#define NLM_HEALTH_MENU_H

/* Register both; call once, after the protocol's registration. Does nothing visible in tshark. */
void nlm_health_register_menu(void);

#endif
