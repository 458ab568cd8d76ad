"""Captures that begin later, end earlier or lost packets, made of the real ones: what is claimed of them is what the kernels logged.

Such a capture knows less, and may say less. But what it says must be true: a dated kernel line was logged at that time, a
window contains the logged line, a call was issued when the application asked, a side that is shown is the right one.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import random

import pytest

import harness
import mutate
from harness import epoch

TRUTH = [truth for truth in json.loads((harness.TOP / "captures/truth.json").read_text())
         # a storm is large; the next are the second client's; files of two capture points have tests of their own (test_points.py)
         if not truth["base"].startswith(("rst", "gra")) and "points" not in truth]
CLOCK, WARM_UP = 0.05, 0.3  # as in test_real_captures.py
LOOKUP = 0.1  # a look-up that follows the line may be on the wire so much before it is logged
# Retries that are all alike (from Linux 6.5 on the first SYNs, too): nothing shows that the capture begins among them.
BEGIN_UNKNOWN = ("not_registered_k5.10", "server_down_arp_k5.10", "server_down_arp_k6.1", "synack_noack_ksid")


def logged(truth):
    return [epoch(when) for host, when, _ in truth["not_responding"] if host == "cli"]


def app(truth, what):
    return [epoch(when) for block, when, _, call, event in truth["app"]
            if block.startswith("locktest.lock") and (call, event) == ("F_SETLKW", what)]


def near(when, earliest, latest, before, after):
    return epoch(earliest) - before <= when <= epoch(latest) + after


def untrue_lines(truth, incident, end):
    for line in incident["kernel_lines"]:
        if not line["text"].startswith("lockd") or "still trying" not in line["text"]:
            continue
        if line["observed"] and not any(abs(epoch(line["observed"]) - when) <= 0.1 for when in logged(truth)):
            yield f"observed at {line['observed']}"
        # a window that the capture does not reach says what comes unless an answer does
        if epoch(line["earliest"]) <= end and not any(near(when, line["earliest"], line["latest"], CLOCK, LOOKUP) for when in logged(truth)):
            yield f"line between {line['earliest']} and {line['latest']}, logged {truth['not_responding']}"


def untrue_claims(truth, story):
    """What a story says that did not happen."""
    end = epoch(story["capture"]["last"])
    for incident in story["incidents"]:
        if incident["confidence"] == "shown" and incident["side"] not in (truth["side"] or "").split("|"):
            yield f"{incident['cause']} shown on the side of {incident['side']}"
        yield from untrue_lines(truth, incident, end)
        for call in incident["calls"]:
            asked = app(truth, "call")
            if call["procedure"] == "LOCK" and call["issued_earliest"] and \
                    not any(near(when, call["issued_earliest"], call["issued_latest"], WARM_UP, CLOCK) for when in asked):
                yield f"LOCK issued between {call['issued_earliest']} and {call['issued_latest']}"
    if truth["cause"] is None and story["incidents"]:
        yield "incidents of a healthy client"


def place(capture, when):
    """How many packets came before that time."""
    return sum(time < when * 10**9 for time, _, _ in capture.packets)


def endings(truth, capture):
    """After the call was asked, while it waits, around the kernel's line and the answer."""
    moments = [*app(truth, "call")[:1], *logged(truth)[:1], *app(truth, "returned")[-1:]]
    for when in moments:
        yield from (place(capture, when) + step for step in (-1, 2, 4))


def prefixes(truth, capture):
    return [capture.first(count) for count in sorted(set(endings(truth, capture))) if count > 0]


def suffixes(truth, capture):
    """From before the call, and from when it waits already."""
    starts = [when + late for when in app(truth, "call")[:1] for late in (-4, 5, 20)]
    if truth["name"] in BEGIN_UNKNOWN:
        starts = starts[:1]
    late = [mutate.Capture(capture.link, capture.packets[place(capture, when):]) for when in starts]
    return [capture for capture in late if capture.packets]


def jittered(truth, capture):
    """Frames of two queues: each up to 1 ms late, in the order of the clock or of the wire."""
    dice = random.Random(truth["name"])
    late = [(time + dice.randrange(10**6), wire, data) for time, wire, data in capture.packets]
    return [mutate.Capture(capture.link, sorted(late, key=lambda packet: packet[0]))]


def lossy(truth, capture):
    """One packet in a hundred was dropped by the capturing host."""
    dice = random.Random(truth["name"])
    return [mutate.Capture(capture.link, [packet for packet in capture.packets if dice.random() >= 0.01])]


def snapped(truth, capture):
    """96 bytes of each packet, tcpdump's old habit: over IPv4 they just hold the head of a call."""
    return [mutate.Capture(capture.link, [(time, wire, data[:96]) for time, wire, data in capture.packets])]


BY_TSHARK = [lossy, snapped]


@pytest.mark.parametrize("derive", [prefixes, suffixes, jittered, lossy, snapped], ids=lambda derive: derive.__name__)
@pytest.mark.parametrize("truth", TRUTH, ids=lambda truth: truth["name"])
def test_what_is_claimed_happened(lab, workdir, truth, derive):
    def untrue(derived):
        number, capture = derived
        path = workdir / f"{number}.pcap"
        capture.write(path)
        harness.hand_over(path)
        # That the core without Wireshark says the same of whole captures is test_cases.py's; where bytes are missing, TShark shows it.
        story = lab.story(path) if derive in BY_TSHARK else json.loads(lab.replay([path], "--json"))
        return [f"{derive.__name__} {number}, {len(capture.packets)} packets: {claim}" for claim in untrue_claims(truth, story)]

    whole = mutate.Capture.read(lab.capture(truth["name"] + ".pcap"))
    derived = derive(truth, whole)
    assert [claim for claims in harness.in_parallel(untrue, enumerate(derived)) for claim in claims] == []


def test_untrue_claims_are_noticed(lab):
    """Another capture's truth does not fit."""
    story = lab.story(lab.capture("server_slow.pcap"))
    truths = {truth["name"]: truth for truth in TRUTH}
    assert list(untrue_claims(truths["server_slow"], story)) == []
    assert len(list(untrue_claims(truths["synack_noack"], story))) >= 3
