/* tap_tree.c
 * Statistics > NLM Health > Calls and findings, and -z nlm_health,tree.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/tap.h>

#include "wireshark/tap-nlm_health.h"

/*
 * Wireshark shows each row's share of the row above it. So a row stands below
 * what it is a part of: answers and refusals below calls, a finding below all
 * findings of its pair.
 */
#define CALLS    "Lock calls"
#define FINDINGS "Findings"

static int calls_root = -1, findings_root = -1;

static void
init_tree(stats_tree *tree)
{
    calls_root = stats_tree_create_node(tree, CALLS, 0, STAT_DT_INT, true);
    findings_root = stats_tree_create_node(tree, FINDINGS, 0, STAT_DT_INT, true);
}

static void
count_calls(stats_tree *tree, const char *pair, const nh_tap_info *info)
{
    if (!(info->calls || info->resent || info->answers))
        return;
    increase_stat_node(tree, CALLS, 0, true, (int)info->calls);
    int node = increase_stat_node(tree, pair, calls_root, true, (int)info->calls);
    increase_stat_node(tree, "answered", node, false, (int)info->answers);
    increase_stat_node(tree, "refused", node, false, (int)info->denied);
    increase_stat_node(tree, "resent", node, false, (int)info->resent);
    if (nh_time_known(info->answered_in))
        avg_stat_node_add_value_float(tree, "milliseconds to the answer", node, false, (gfloat)((double)info->answered_in / NH_MSEC));
}

static void
count_findings(stats_tree *tree, const char *pair, uint64_t findings)
{
    for (unsigned i = 1; i < NH_FINDING_COUNT; i++) {
        if (!(findings & (G_GUINT64_CONSTANT(1) << i)))
            continue;
        tick_stat_node(tree, FINDINGS, 0, true);
        tick_stat_node(tree, nh_finding_name(i), tick_stat_node(tree, pair, findings_root, true), false);
    }
}

static tap_packet_status
count_in_tree(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt, const void *data, tap_flags_t flags)
{
    const nh_tap_info *info = data;
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *pair = g_strdup_printf("%s -> %s", nh_addr_text(&info->client, client), nh_addr_text(&info->server, server));

    count_calls(tree, pair, info);
    count_findings(tree, pair, info->findings);
    g_free(pair);
    return TAP_PACKET_REDRAW;
}

void
nlm_health_register_tree(void)
{
    /* tshark puts ",tree" behind the name */
    stats_tree_register_plugin(NH_TAP_NAME, NH_TAP_NAME, "NLM Health" NH_TREE_MENU "Calls and findings", TL_REQUIRES_NOTHING, count_in_tree,
                               init_tree, NULL);
}
