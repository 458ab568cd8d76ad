# The sources of the core (GLib, nothing of Wireshark) and of Wireshark's side, relative to this folder. Every build reads
# this list: our own, and that inside Wireshark's source tree.
#
# SPDX-License-Identifier: GPL-2.0-or-later

# The one place that has the version; CHANGELOG.md says what is in it.
set(NLM_HEALTH_VERSION 0.1.0)

set(NLM_HEALTH_CORE_SOURCES
    core/base/address.c
    core/base/arena.c
    core/base/core.c
    core/base/crc32.c
    core/base/findings.c
    core/base/table.c
    core/base/text.c
    core/clock/age.c
    core/clock/attempt.c
    core/clock/client.c
    core/clock/copies.c
    core/clock/deadlines.c
    core/clock/lookups.c
    core/clock/mount_options.c
    core/clock/policy.c
    core/clock/queued.c
    core/clock/rpc_timer.c
    core/clock/unfollowed.c
    core/judge/cause.c
    core/judge/incident.c
    core/judge/others.c
    core/judge/outage.c
    core/judge/raise.c
    core/locks/lock_effects.c
    core/locks/lock_story.c
    core/locks/lock_table.c
    core/log/kernel_log.c
    core/log/kernel_log_align.c
    core/log/kernel_log_fit.c
    core/log/kernel_log_stamp.c
    core/log/log_candidates.c
    core/log/log_match.c
    core/log/log_tell.c
    core/log/log_timers.c
    core/model/call.c
    core/model/frames.c
    core/model/ports.c
    core/model/story.c
    core/model/trouble.c
    core/net/follow.c
    core/net/icmp.c
    core/net/lone_syns.c
    core/net/pairs.c
    core/net/tcp_copies.c
    core/net/tcp_life.c
    core/net/tcp_open.c
    core/net/tcp_reset.c
    core/net/reset_storm.c
    core/out/comments.c
    core/out/report.c
    core/out/report_locks.c
    core/out/summary.c
    core/out/title.c
    core/rpc/answers.c
    core/rpc/async_calls.c
    core/rpc/datagrams.c
    core/rpc/dead_calls.c
    core/rpc/hidden.c
    core/rpc/nfs_calls.c
    core/rpc/polls.c
    core/rpc/portmap.c
    core/rpc/rpc_calls.c
    core/rpc/rpc_replies.c
    core/rpc/sealed.c
    core/rpc/statd.c
    core/rpc/unheard.c
    core/story/lines.c
    core/story/runs.c
    core/story/sentence.c
    core/story/tell.c
    core/story/timeline.c
    core/story/verdict.c
    core/story/view.c
    core/watch.c
    core/wire/arguments.c
    core/wire/procedures.c
    core/wire/records.c
    core/wire/transport.c
)

# JSON is written by wsutil's json_dumper.
set(NLM_HEALTH_WSUTIL_SOURCES
    core/out/report_json.c
)

set(NLM_HEALTH_WIRESHARK_SOURCES
    wireshark/annotate.c
    wireshark/facts.c
    wireshark/menu.c
    wireshark/names.c
    wireshark/packet-nlm_health.c
    wireshark/plugin.c
    wireshark/prefs.c
    wireshark/save.c
    wireshark/show.c
    wireshark/tap-nlm_health.c
    wireshark/tap_tables.c
)
