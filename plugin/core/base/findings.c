/* findings.c
 * Look-ups in the table of findings.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/findings.h"

#include <stddef.h>

static const nh_finding_row rows[NH_FINDING_COUNT] = {
#define NH_FINDING(id, filter_name, pi_group, pi_severity, words, ...) \
    [id] = { .name = filter_name, .group = #pi_group, .severity = #pi_severity, .title = words, __VA_ARGS__ },
#include "core/base/findings.def"
};

const nh_finding_row *
nh_finding_get(nh_finding finding)
{
    return finding > NH_FINDING_NONE && finding < NH_FINDING_COUNT ? &rows[finding] : NULL;
}

const char *
nh_finding_name(nh_finding finding)
{
    const nh_finding_row *row = nh_finding_get(finding);
    return row ? row->name : NULL;
}
