"""What must not matter does not: the same outage with other addresses, ports, times, link layers, or among other traffic.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import random

import pytest

import harness
import mutate
import traffic

SCENARIOS = ["fin-unacked.scn", "syn-unanswered.scn", "reset-by-server.scn", "slow-server.scn", "denied-nolocks.scn",
             "unreachable-router.scn", "healthy-lock.scn", "udp-silent.scn", "grant-lost-unanswered.scn"]
CAPTURES = ["stuck_fin.pcap", "server_slow.pcap", "grant_callback_lost.pcap", "rst_once.pcap", "healthy.pcap"]
OPTIONS = [["--vlan=7"], ["--vxlan=9"], ["--gre=9"], ["--link=sll"], ["--link=sll2"], ["--link=raw"], ["--link=null"], ["--ipv6"],
           ["--shift=86400"], ["--shift=-3.5"], ["--mtu=100"], ["--mtu=100", "--ipv6"]]
# Fragments that nobody puts together: the first one has the header of RPC.
APART = {"not reassembled": (["--mtu=200"], ["-o", "ip.defragment:FALSE"]),
         "not reassembled, IPv6": (["--mtu=200", "--ipv6"], ["-o", "ipv6.defragment:FALSE"]),
         "cut": (["--mtu=200", "--snaplen=180"], [])}


def essence(story):
    """What an outage is, whatever its packets look like: times count from its start."""
    def since(incident, time):
        return round(harness.epoch(time) - harness.epoch(incident["start"]), 3) if time else None

    return [{
        "cause": incident["cause"], "side": incident["side"], "service": incident["service"],
        "confidence": incident["confidence"], "ends": since(incident, incident["end"]),
        "calls": [(call["procedure"], call["dead_reason"], call["deferred"], len(call["frames"])) for call in incident["calls"]],
        "lines": [(since(incident, line["earliest"]), since(incident, line["latest"])) for line in incident["kernel_lines"]],
        "events": [(event["event"], since(incident, event["time"])) for event in incident["timeline"]],
    } for incident in story["incidents"]]


def assert_same(lab, original, changed, *arguments):
    plain, other = lab.story(original), lab.story(changed, *arguments)
    assert essence(other) == essence(plain)
    assert [pair["calls"] for pair in other["pairs"]] == [pair["calls"] for pair in plain["pairs"]]
    return plain


def changed_capture(lab, workdir, name, change):
    """A capture after change(Capture) -> Capture."""
    path = workdir / name
    change(mutate.Capture.read(lab.capture(name))).write(path)
    harness.hand_over(path)
    return path


def test_the_originals_differ(lab):
    """Otherwise `same` would mean nothing."""
    known = [str(essence(lab.story(lab.scenario(name)))) for name in SCENARIOS]
    assert len(set(known)) == len(SCENARIOS)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("name", SCENARIOS)
def test_encapsulation_and_time(lab, name, options):
    assert_same(lab, lab.scenario(name), lab.scenario(name, *options))


@pytest.mark.parametrize("how", APART)
@pytest.mark.parametrize("name", SCENARIOS)
def test_fragments_apart(lab, name, how):
    """Calls that nobody puts together may be older ones: what dates a line of whole packets is in the window of pieces."""
    options, preferences = APART[how]
    plain, other = essence(lab.story(lab.scenario(name))), essence(lab.story(lab.scenario(name, *options), *preferences))
    for whole, pieces in zip(plain, other):
        whole.pop("events"), pieces.pop("events")
        for (earliest, latest), (from_, to) in zip(whole.pop("lines"), pieces.pop("lines")):
            assert from_ <= earliest + 0.11 and latest <= to + 0.11
    assert other == plain


def frames(lab, capture, what):
    return lab.tshark("-r", capture, "-Y", what).stdout.splitlines()


@pytest.mark.parametrize("family", [[], ["--ipv6"]], ids=["IPv4", "IPv6"])
def test_late_fragments(lab, workdir, family):
    """The last fragment comes first. (And there are fragments at all.)"""
    made = lab.scenario("slow-server.scn", "--mtu=100", *family)
    lab.run("editcap", "-F", "nsecpcap", made, workdir / "made.pcap")
    capture, packets = mutate.Capture.read(workdir / "made.pcap"), {}
    for packet in capture.packets:
        packets.setdefault(packet[0], []).insert(0, packet)
    late = workdir / "late.pcap"
    mutate.Capture(capture.link, [packet for same in packets.values() for packet in same]).write(late)
    harness.hand_over(late)
    assert_same(lab, made, late)
    for path in (made, late):
        assert len(frames(lab, path, "ip.fragments || ipv6.fragments")) >= 4
        assert len(frames(lab, path, "ip.flags.mf == 1 || ipv6.fraghdr.more == 1")) >= 8


@pytest.mark.parametrize("name", CAPTURES)
def test_other_addresses(lab, workdir, name):
    """Every 10.x or 192.168.x address of the headers moves to another network, also in what portmap and ICMP quote."""
    def change(capture):
        packets = []
        for time, wire, data in capture.packets:
            at = 14
            if data[12:14] == b"\x08\x00":
                data = bytearray(data)
                for field in (at + 12, at + 16):
                    data[field] = data[field] ^ 0x40
                if data[at + 9] == 1 and len(data) >= at + 48:  # the packet that ICMP quotes
                    for field in (at + 28 + 12, at + 28 + 16):
                        data[field] = data[field] ^ 0x40
                data = bytes(data)
            packets.append((time, wire, data))
        return mutate.Capture(capture.link, packets)

    assert_same(lab, lab.capture(name), changed_capture(lab, workdir, name, change))


@pytest.mark.parametrize("name", CAPTURES)
def test_split_and_merged_again(lab, workdir, name):
    original = lab.capture(name)
    lab.run("editcap", "-c", "7", original, workdir / "part.pcap")
    parts = sorted(workdir.glob("part*.pcap"), reverse=True)
    lab.run("mergecap", "-w", workdir / "whole.pcapng", *parts)
    assert len(parts) > 2
    assert_same(lab, original, workdir / "whole.pcapng")


@pytest.mark.parametrize("name", CAPTURES)
def test_among_foreign_traffic(lab, workdir, name):
    """An hour of other people's traffic, before, between and after."""
    def change(capture):
        noise = traffic.foreign(3000)
        start = capture.packets[0][0] - 1800 * 10**9
        dice = random.Random(1)
        packets = [(start + int(i * 1.2e9) + dice.randrange(10**6), wire, data)
                   for i, (_, wire, data) in enumerate(noise.packets)]
        return mutate.Capture(capture.link, sorted(capture.packets + packets, key=lambda packet: packet[0]))

    plain = lab.story(lab.capture(name))
    among = lab.story(changed_capture(lab, workdir, name, change))
    # what lasts until the end of the capture lasts longer in a longer one
    finished = [i for i, incident in enumerate(plain["incidents"]) if incident["end"]]
    assert [incident["cause"] for incident in among["incidents"]] == [incident["cause"] for incident in plain["incidents"]]
    assert [essence(among)[i] for i in finished] == [essence(plain)[i] for i in finished]
