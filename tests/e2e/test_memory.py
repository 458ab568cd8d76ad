"""Memory is bounded by what is followed, not by packets: growth of tshark's peak from a smaller to a larger capture of the
same kind, with the plugin and without.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pytest

import harness
import mutate
import traffic

TAP = ["-q", "-z", "camel,counter"]  # never fires: -q alone does not dissect
LOCK_CLIENT_PACKETS = 8  # of traffic.clients: opened, one call, closed


def grown(lab, capture, packets, *arguments):
    """Bytes per packet that the plugin adds."""
    paths = []
    for count in (packets // 4, packets):
        paths.append(lab.folder() / f"{count}.pcap")
        capture(count).write(paths[-1])
        harness.hand_over(paths[-1])
    more = [lab.usage("-n", "-r", path, *arguments, env=env).peak for env in ({}, lab.without_plugin()) for path in paths]
    return ((more[1] - more[0]) - (more[3] - more[2])) / (packets - packets // 4)


# The limits are some 12 % above what is measured at most: peaks vary by 25 bytes a packet from run to run.
@pytest.mark.slow
@pytest.mark.parametrize("kind,packets,limit", [
    ("foreign", 60_000, 16),
    ("locks", 60_000, 262),
    ("flood", 60_000, 165),  # each SYN is from another host
    ("clients", 60_000, 4560 / LOCK_CLIENT_PACKETS),  # each has a lock of its own
])
def test_generated_traffic(lab, kind, packets, limit):
    added = grown(lab, traffic.KINDS[kind], packets, *TAP)
    assert added <= limit, f"{kind}: {added:.0f} bytes per packet"


@pytest.mark.slow
def test_storm(lab):
    """67,000 SYN and RST of one pair: the connections that were refused are no more than their frames."""
    storm = mutate.Capture.read(harness.TOP / "captures" / "rst.pcap.gz")
    added = grown(lab, storm.first, 64_000, *TAP)
    assert added <= 220, f"{added:.0f} bytes per packet"
