"""tools/prefilter: of a smaller capture the plugin tells the same.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import shutil

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


@pytest.fixture(scope="module")
def prefilter(lab):
    """prefilter(capture, *more) -> path of the smaller one"""
    folder = lab.folder()
    shutil.copy(harness.TOP / "tools" / "prefilter", folder)
    harness.hand_over(folder / "prefilter")

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


def same(lab, original, smaller):
    """The documents of both, with the same frame numbers, without what is said of the capture as a whole."""
    plain, other = lab.story(original), lab.story(smaller)
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
        other, plain = same(lab, path, prefilter(path))
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


def test_what_cannot_work_says_so(lab, prefilter):
    folder = lab.folder()
    script = harness.TOP / "tools" / "prefilter"
    copy = folder / "prefilter"
    shutil.copy(script, copy)
    harness.hand_over(copy)
    for words, env in [([lab.home / "missing.pcap", folder / "out"], {}), ([lab.capture("healthy.pcap"), folder / "out", "no filter"], {}),
                       ([lab.capture("healthy.pcap"), folder / "out"], {"WIRESHARK_CONFIG_DIR": "/nonexistent", "HOME": str(folder)})]:
        run = lab.run(copy, *words, env=env, check=False)
        assert run.status != 0 and run.stderr and not (folder / "out").exists()
