/* page.h
 * A story as one page for a browser: nothing from elsewhere, no script, for the
 * screen (light or dark) and for paper.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PAGE_H
#define NLM_HEALTH_PAGE_H

#include "core/model/story.h"

/* The page as UTF-8; caller frees. */
char *nh_page_html(const nh_story *story);

#endif
