"""Spoiled captures through every output of the plugin; shared by test_fuzz.py and tests/fuzz/run.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import random
import re
import subprocess

import harness
import mutate

# Wireshark's own switches that turn silent damage into a crash.
STRICT = {
    "WIRESHARK_DEBUG_WMEM_OVERRIDE": "strict",
    "WIRESHARK_ABORT_ON_DISSECTOR_BUG": "1",
    "WIRESHARK_ABORT_ON_TOO_MANY_ITEMS": "1",
    "G_DEBUG": "fatal-criticals",
    "G_SLICE": "always-malloc",
}
COMPLAINTS = re.compile(r"Dissector bug|\bCRITICAL\b|WARNING \*\*|nlm_health|NLM Health|Sanitizer|runtime error:")


def complaint(output):
    """Why this run of tshark is a failure, or None. 1 and 2 say that the file is damaged, which is true."""
    if output.status not in (0, 1, 2):
        return f"exit status {output.status}"
    found = COMPLAINTS.search(output.stderr) or re.search(r"Dissector bug", output.stdout)
    return f"it says {found.group()!r}" if found else None


def sample(paths, seed, folder):
    """(path of a spoiled capture, what was done to it): the same for the same seed and captures."""
    dice = random.Random(seed)
    first, second = dice.choice(paths), dice.choice(paths)
    capture, done = mutate.worsen(mutate.Capture.read(first).first(400), dice, mutate.Capture.read(second).first(400))
    path = folder / f"{seed}.pcap"
    capture.write(path)
    return path, f"seed {seed}: {first.name} {' '.join(done)} ({second.name})"


def flip_bytes(lab, path, seed, rate):
    """The same capture with bytes changed at random by editcap."""
    target = path.with_suffix(".flipped.pcap")
    lab.run("editcap", "-E", rate, "--seed", seed, path, target, env={"G_DEBUG": "", "LD_PRELOAD": ""})
    return target


def runs(path):
    """Arguments of tshark: between them one pass, two passes, all details, and every output."""
    copy = path.with_suffix(".pcapng")
    outputs = ["-z", "nlm_health,report", "-z", "nlm_health,json"]
    return [
        ["-n", "-V", "-r", path, *outputs, "-z", "expert"],
        ["-n", "-2", "-q", "-r", path, *outputs, "-z", f"nlm_health,annotate,in={path},out={copy}"],
    ]


def no_document(text):
    """Why what is printed has no JSON document in it, or None."""
    try:
        json.loads(harness.story_in(text)[1])
    except (AttributeError, ValueError) as error:
        return f"no JSON: {error}"
    return None


def try_capture(lab, path, env=None):
    """What goes wrong with this capture because of the plugin, or None."""
    env = {**STRICT, **(env or {})}
    for arguments in runs(path):
        try:
            output = lab.tshark(*arguments, env=env, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return f"no end within two minutes: tshark {' '.join(map(str, arguments))}"
        wrong = complaint(output) or (no_document(output.stdout) if output.status == 0 else None)
        if wrong and "nlm_health" not in output.stderr and _fails_without_plugin(lab, arguments, env):
            wrong = None
        if wrong:
            return f"{wrong}\n{output}"
    return None


def _fails_without_plugin(lab, arguments, env):
    """Whether it is Wireshark's own fault."""
    plain, skip = [], False
    for word in arguments:
        if skip and "nlm_health" in str(word):
            plain.pop()
        else:
            plain.append(word)
        skip = word == "-z"
    output = lab.tshark(*plain, "--disable-protocol", "nlm_health", env={**env, "HOME": "/nonexistent",
                        "WIRESHARK_PLUGIN_DIR": "/nonexistent"}, check=False)
    return complaint(output) is not None
