/* log_months.h
 * Names of months in the languages that logs are written in.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_MONTHS_H
#define NLM_HEALTH_LOG_MONTHS_H

#include "core/base/core.h"

/*
 * The longest name of a month at the beginning of text, with the full stop that
 * may close it. Its length in bytes, or 0; *months: bit 0 is January, several
 * bits where languages disagree.
 */
size_t nh_log_month_find(const char *text, size_t length, unsigned *months);

#endif
