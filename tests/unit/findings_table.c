/* findings_table.c
 * Prints the table of findings as Markdown: docs/findings.md is its output,
 * and a test holds the two together.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>

#include <glib.h>

#include "core/base/findings.h"

int
main(void)
{
    puts("# Findings\n\nMade from `plugin/core/base/findings.def` by `tools/tables`.\n");
    puts("| filter | severity | says | raised on | what to check next |\n|---|---|---|---|---|");
    for (int finding = NH_FINDING_NONE + 1; finding < NH_FINDING_COUNT; finding++) {
        const nh_finding_row *row = nh_finding_get(finding);
        char *severity = g_ascii_strdown(row->severity, -1);
        printf("| `nlm_health.%s` | %s | %s | %s | %s |\n", row->name, severity, row->title, row->raised, row->next ? row->next : "");
        g_free(severity);
    }
    return 0;
}
