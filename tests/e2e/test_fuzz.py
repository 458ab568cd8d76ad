"""Damaged captures: no crash, no complaint, whatever happened to the packets. A short run with fixed seeds.

tests/fuzz/run --minutes N goes on with other seeds.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import random
import types

import pytest

import fuzzing
import harness
import mutate

SEEDS = 24


@pytest.fixture(scope="module")
def originals(lab):
    return sorted((lab.home / "captures").glob("*.pcap"))


def try_all(lab, captures):
    """Assert that none of [(path, what was done)] fails."""
    wrong = harness.in_parallel(lambda item: (item[1], fuzzing.try_capture(lab, item[0])), captures)
    assert captures
    assert not [item for item in wrong if item[1]], "\n".join(f"{done}: {why}" for done, why in wrong if why)


def test_spoiled_captures(lab, originals, workdir):
    samples = [fuzzing.sample(originals, seed, workdir) for seed in range(SEEDS)]
    for path, _ in samples:
        harness.hand_over(path)
    try_all(lab, samples)


def test_changed_bytes(lab, originals, workdir):
    captures = []
    for seed, original in enumerate(originals[::2], 1):
        path = workdir / original.name
        mutate.Capture.read(original).first(300).write(path)
        harness.hand_over(path)
        captures.append((fuzzing.flip_bytes(lab, path, seed, 0.02), f"editcap -E 0.02 --seed {seed} of {original.name}"))
    try_all(lab, captures)


def test_every_snaplen(lab, workdir):
    """A lock capture cut after each length from 54 to 300 bytes; all lengths in one file, so that a run serves many."""
    original = mutate.Capture.read(lab.capture("stuck_fin.pcap"))
    dice, captures = random.Random(1), []
    for lowest in range(54, 300, 50):
        pieces = [mutate.cut(original.first(60), dice, length) for length in range(lowest, min(lowest + 50, 301))]
        path = workdir / f"{lowest}.pcap"
        mutate.Capture(original.link, [packet for piece in pieces for packet in piece.packets]).write(path)
        harness.hand_over(path)
        captures.append((path, f"cut from {lowest} bytes on"))
    try_all(lab, captures)


@pytest.mark.parametrize("status, stdout, stderr", [
    (134, "", ""), (-11, "", ""), (139, "", ""),
    (0, "[Dissector bug, protocol TCP]", ""), (0, "", "Dissector bug, protocol NLM"),
    (0, "", "(tshark:1): GLib-CRITICAL **: assertion failed"), (0, "", "** (tshark:1): WARNING **: NLM Health"),
    (0, "", "plugin/core/base/core.c:1:2: runtime error: signed integer overflow"), (1, "", "ERROR: AddressSanitizer"),
])
def test_failures_are_recognised(status, stdout, stderr):
    assert fuzzing.complaint(types.SimpleNamespace(status=status, stdout=stdout, stderr=stderr))


@pytest.mark.parametrize("text", ["", "Frame 1\n", "{\n", "{\n  1\n}\n"])
def test_what_is_no_document_is_recognised(text):
    assert fuzzing.no_document(text)
    assert fuzzing.no_document(f"Frame 1\n{{\n}}\n{text}") is None


def test_damage_is_no_failure():
    """tshark ends with 2 when the file is cut short, and says so."""
    output = types.SimpleNamespace(status=2, stdout="", stderr="appears to have been cut short in the middle of a packet")
    assert fuzzing.complaint(output) is None
