/* status.c
 * How TShark comes to an exit status that says that an output failed.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include "wireshark/status.h"
#include "wireshark/tap-nlm_health.h"
#include "wireshark/window.h"

static const char *complaint;

void
nh_status_check(const char *words, const char **filter, char **error)
{
    if (complaint)
        *error = g_strdup(complaint);
}

/* In a window there is no status, and its tables are dialogs. */
static bool
ask_for_table(const char *why)
{
    complaint = why;
    return !nh_window_is_there() && process_stat_cmd_arg(NH_TAP_NAME ",pairs");
}

void
nh_status_refuse(void)
{
    ask_for_table("nlm_health: nothing was read"); /* TShark comes to it next */
}

void
nh_status_failed(void)
{
    if (ask_for_table("nlm_health: not every output was made"))
        start_requested_stats();
}
