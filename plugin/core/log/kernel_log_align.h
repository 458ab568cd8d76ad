/* kernel_log_align.h
 * The time zone of wall clocks and the boot time of uptimes, found by comparing
 * a kernel log with the lines that the capture predicts.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LOG_ALIGN_H
#define NLM_HEALTH_KERNEL_LOG_ALIGN_H

#include "core/log/kernel_log.h"

/*
 * Find the time zone of wall clocks (multiples of 15 minutes) and the boot time
 * of uptimes under which most lines meet an expectation; update line times and
 * message. Prefers no shift, then the machine's own zone, when as good. May be
 * called again with other expectations.
 */
void nh_kernel_log_align(nh_kernel_log *log, const nh_log_hints *hints, const nh_log_expectation *expected, unsigned n_expected);

#endif
