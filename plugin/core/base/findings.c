/* findings.c
 * Look-ups in the table of findings and the names of the other enumerations.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/findings.h"

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

static const nh_finding_row rows[NH_FINDING_COUNT] = {
#define X(id, name, group, severity, kind, title, raised, next, blame, clause) \
    [id] = { name, #group, #severity, kind, title, raised, next, blame, clause },
    NH_FINDINGS(X)
#undef X
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
