"""The public names of the plugin. Filters, profiles and scripts rely on them: none may vanish or change its type.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re

import harness

FIELDS = {
    "nlm_health.service": "FT_UINT",
    "nlm_health.trouble": "FT_UINT",
    "nlm_health.trouble.first_frame": "FT_FRAMENUM",
    "nlm_health.trouble.since": "FT_ABSOLUTE_TIME",
    "nlm_health.trouble.duration": "FT_RELATIVE_TIME",
    "nlm_health.call.dead_reason": "FT_UINT",
    "nlm_health.call.deferred": "FT_BOOLEAN",
    "nlm_health.call.issued_earliest": "FT_ABSOLUTE_TIME",
    "nlm_health.call.issued_latest": "FT_ABSOLUTE_TIME",
    "nlm_health.call.held": "FT_RELATIVE_TIME",
    "nlm_health.call.attempt": "FT_UINT",
    "nlm_health.call.first_frame": "FT_FRAMENUM",
    "nlm_health.call.reply_frame": "FT_FRAMENUM",
    "nlm_health.call.answered_in": "FT_RELATIVE_TIME",
    "nlm_health.timeout.policy": "FT_STRING",
    "nlm_health.timeout.minor": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.major_earliest": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.major_latest": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.mount.major_earliest": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.mount.major_latest": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.observed": "FT_ABSOLUTE_TIME",
    "nlm_health.timeout.message": "FT_STRING",
    "nlm_health.kernel_log.line": "FT_STRING",
    "nlm_health.kernel_log.offset": "FT_RELATIVE_TIME",
    "nlm_health.incident": "FT_UINT32",
    "nlm_health.incident.cause": "FT_UINT",
    "nlm_health.incident.side": "FT_UINT",
    "nlm_health.incident.confidence": "FT_UINT",
    "nlm_health.incident.summary": "FT_STRING",
    "nlm_health.detail": "FT_STRING",
    "nlm_health.packet": "FT_STRING",
    "nlm_health.connection": "FT_STRING",
    "nlm_health.incident.step": "FT_STRING",
    "nlm_health.point": "FT_UINT",
    "nlm_health.twin": "FT_FRAMENUM",
    "nlm_health.point.offset": "FT_RELATIVE_TIME",
}

FINDINGS = re.findall(r'^NH_FINDING\(NH_\w+, "(\w+)"', (harness.TOP / "plugin/core/base/findings.def").read_text(encoding="utf-8"),
                      re.MULTILINE)
