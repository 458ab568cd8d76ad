"""tools/prefilter: of a smaller capture the plugin tells the same.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re
import shutil
import struct

import pytest

import harness
import mutate
import traffic

MISSING = [tool for tool in ("tcpdump", "editcap", "mergecap", "capinfos") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

CAPTURES = sorted(path.name for path in (harness.TOP / "captures").glob("*.pcap"))
# No look-up names the port of statd that these speak to: nothing tells the filter of it.
UNTOLD = ["two-holders-false-notice.scn", "two-holders-true-notice.scn"]
SCENARIOS = sorted(path.name for path in (harness.TOP / "tests" / "scenarios").glob("*.scn") if path.name not in UNTOLD)
# "frame 5", "frames 5, 7 and 9"; what follows may also be an address, or a time.
FRAMES = re.compile(r"\bframe \d+|\bframes \d+(?:(?:, | and |-)\d+\b(?![.:]))*")


def tools(lab):
    """A folder with the script and the command that it calls."""
    folder = lab.folder()
    for name in ("prefilter", "nlm-health"):
        shutil.copy(harness.TOP / "tools" / name, folder)
        harness.hand_over(folder / name)
    return folder


@pytest.fixture(scope="module")
def prefilter(lab):
    """prefilter(capture, *more) -> path of the smaller one"""
    folder = tools(lab)

    def run(capture, *more):
        smaller = lab.folder() / "smaller.pcap"
        lab.run(folder / "prefilter", capture, smaller, *more)
        return smaller
    return run


def packets(lab, path):
    plain = lab.folder() / "plain.pcap"
    lab.run("editcap", "-F", "nsecpcap", path, plain)
    return mutate.Capture.read(plain).packets


def old_numbers(lab, original, smaller):
    """{frame of the smaller capture: frame of the original}; every packet must be one of the original, in order."""
    number, found = 0, {}
    whole = packets(lab, original)
    for index, packet in enumerate(packets(lab, smaller), 1):
        number = whole.index(packet, number) + 1
        found[index] = number
    return found


def with_old_numbers(value, old, key=""):
    """A part of a JSON document, as it would be with the original's frame numbers."""
    if isinstance(value, dict):
        return {name: with_old_numbers(inner, old, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_old_numbers(inner, old, key) for inner in value]
    if isinstance(value, str):
        return FRAMES.sub(lambda named: re.sub(r"\d+", lambda number: str(old[int(number.group())]), named.group()), value)
    return old[value] if value is not None and re.search(r"(^|_)frames?$", key) else value


def by_core(lab, path):
    """As the core has it without Wireshark, in milliseconds; TShark's where only TShark can read the capture."""
    return json.loads(lab.replay([path], "--json") or "null") or lab.story(path)


def same(lab, original, smaller, told=harness.Lab.story):
    """The documents of both, with the same frame numbers, without what is said of the capture as a whole."""
    plain, other = told(lab, original), told(lab, smaller)
    assert other["capture"]["last"] == plain["capture"]["last"] and other["capture"]["frames"] <= plain["capture"]["frames"]
    for story in (plain, other):
        lock_traffic = story.pop("capture")["lock_traffic"]
        story["lock_traffic"] = lock_traffic
    return with_old_numbers(other, old_numbers(lab, original, smaller)), plain


@pytest.mark.parametrize("name", ["stuck_fin.pcap", "ipv6_blackhole_k6.1.pcap", "udp_blackhole_k4.14.pcap", "server_down_syn.pcap"])
def test_same_story(lab, prefilter, name):
    other, plain = same(lab, lab.capture(name), prefilter(lab.capture(name)))
    assert other == plain


@pytest.mark.parametrize("options", [["--vlan=7"], ["--ipv6", "--vlan=7"], ["--mtu=100"], ["--mtu=100", "--ipv6"], ["--link=sll"],
                                     ["--link=sll2"], ["--link=raw"], ["--link=null"]], ids=" ".join)
@pytest.mark.parametrize("name", ["fin-unacked.scn", "unreachable-router.scn", "udp-silent.scn"])
def test_same_story_whatever_is_around_the_packets(lab, prefilter, name, options):
    path = lab.scenario(name, *options)
    other, plain = same(lab, path, prefilter(path))
    assert other == plain and plain["incidents"]


@pytest.mark.slow
def test_same_story_of_every_capture_and_scenario(lab, prefilter):
    paths = [lab.capture(name) for name in CAPTURES] + [lab.scenario(name) for name in SCENARIOS]

    def differs(path):
        # That TShark says the same as the core is test_cases.py's.
        other, plain = same(lab, path, prefilter(path), by_core)
        return other != plain
    assert [path.name for path, changed in zip(paths, harness.in_parallel(differs, paths)) if changed] == []


def among_strangers(lab, name, first, count=20_000, after=300):
    """The first packets of a capture among foreign ones, which go on for `after` seconds."""
    lock = mutate.Capture.read(lab.capture(name)).first(first)
    start, end = lock.packets[0][0], lock.packets[-1][0] + after * 10**9
    foreign = [(start + number * (end - start) // count, *packet[1:]) for number, packet in enumerate(traffic.foreign(count).packets)]
    path = lab.folder() / "mixed.pcap"
    mutate.Capture(lock.link, sorted(lock.packets + foreign, key=lambda packet: packet[0])).write(path)
    harness.hand_over(path)
    return path


@pytest.mark.parametrize("useful", [[], ["not port 2049"]])
def test_among_strangers(lab, prefilter, useful):
    """An outage that lasts when the capture ends, long after its last packet."""
    path = among_strangers(lab, "stuck_fin.pcap", 170)
    smaller = prefilter(path, *useful)
    other, plain = same(lab, path, smaller)
    assert other == plain and plain["incidents"][0]["end"] is None and plain["incidents"][0]["duration"] > 300
    # Of the foreign packets a seventh is from or to 2049, which the port mapper told.
    assert len(packets(lab, smaller)) < (1000 if useful else 20_170 // 4)


def test_what_cannot_work_says_so(lab):
    folder = tools(lab)
    capture = folder / "healthy.pcap"
    shutil.copy(lab.capture("healthy.pcap"), capture)
    harness.hand_over(capture)
    before = capture.read_bytes()
    for words, said in [([folder / "missing.pcap", folder / "out"], "no such file"), ([capture, folder / "out", "no filter"], "syntax error"),
                        ([capture, capture], "is the capture itself"), ([capture, folder / "none" / "out"], "cannot write")]:
        run = lab.run(folder / "prefilter", *words, check=False)
        assert run.status == 2 and said in run.stderr and not (folder / "out").exists(), str(run)
    assert capture.read_bytes() == before


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "pcapng"])
@pytest.mark.parametrize("name", ["stuck_fin.pcap", "ipv6_blackhole_k6.1.pcap"])
def test_last_packet(lab, prefilter, form, name):
    """It is there once, whether it has to do with locks or not, in every format, also of a machine with the other byte order."""
    whole = lab.folder() / "whole"
    for count in (60, 61, 62, 63):
        lab.run("editcap", "-F", form, "-r", lab.capture(name), whole, f"1-{count}")
        swapped = other_order(whole) if form != "pcapng" else whole
        for path in (whole, swapped):
            kept, packet = packets(lab, prefilter(path)), packets(lab, path)[-1]
            assert kept.count(packet) == 1 and kept[-1] == packet


def other_order(path):
    """The same pcap file, written by a machine with the other byte order."""
    data, at = path.read_bytes(), 24
    out = bytearray(struct.pack(">IHHIIII", *struct.unpack("<IHHIIII", data[:24])))
    while at < len(data):
        record = struct.unpack("<IIII", data[at:at + 16])
        out += struct.pack(">IIII", *record) + data[at + 16:at + 16 + record[2]]
        at += 16 + record[2]
    swapped = path.with_name("swapped")
    swapped.write_bytes(out)
    harness.hand_over(swapped)
    return swapped
