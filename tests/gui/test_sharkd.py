"""sharkd, the engine behind other front ends, with the plugin.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import shutil
import subprocess

import pytest

import harness

pytestmark = pytest.mark.skipif(not shutil.which("sharkd"), reason="sharkd is not installed")


def ask(lab, *questions):
    """The results of sharkd's answers to (method, parameters)."""
    lines = [json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
             for number, (method, parameters) in enumerate(questions, 1)]
    run = subprocess.run([*harness.AS_USER, "sharkd", "-"], env=lab.environment, cwd=lab.home, text=True,
                         input="\n".join(lines) + "\n", capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr
    answers = {answer["id"]: answer for answer in map(json.loads, filter(None, run.stdout.splitlines()))}
    assert sorted(answers) == list(range(1, len(questions) + 1)) and all("result" in answer for answer in answers.values()), answers
    return [answers[number]["result"] for number in sorted(answers)]


def frames(lab, path, text):
    """The numbers of the frames that tshark shows with a filter."""
    return list(map(int, lab.tshark("-2", "-r", path, "-Y", text, "-T", "fields", "-e", "frame.number").stdout.split()))


def test_frames_and_statistics(lab):
    path = lab.capture("stuck_fin.pcap")
    load = ("load", {"file": str(path)})
    _, found, statistics = ask(lab, load, ("frames", {"filter": "nlm_health.incident == 1"}), ("tap", {"tap0": "stat:nlm_health"}))
    assert [frame["num"] for frame in found] == frames(lab, path, "nlm_health.incident == 1") != []
    hosts = statistics["taps"][0]["stats"][0]
    assert hosts["name"] == "Hosts" and hosts["sub"][0]["name"] == "10.7.1.2 -> 10.7.1.1"
    counts = {node["name"]: node["count"] for node in hosts["sub"][0]["sub"]}
    assert counts["finding fin_unacked"] == 11 and counts["calls"] == 4


def test_second_file_shows_no_trace_of_the_first(lab):
    outage, healthy = lab.capture("stuck_fin.pcap"), lab.capture("healthy.pcap")
    # sharkd remembers what a filter's text gave, from file to file: each question is another text.
    shown = [("frames", {"filter": text}) for text in ("nlm_health", "nlm_health && frame", "nlm_health.incident")]
    _, first, _, second, incident = ask(lab, ("load", {"file": str(outage)}), shown[0],
                                        ("load", {"file": str(healthy)}), shown[1], shown[2])
    assert [frame["num"] for frame in first] == frames(lab, outage, "nlm_health") != []
    assert [frame["num"] for frame in second] == frames(lab, healthy, "nlm_health") != []
    assert incident == []
