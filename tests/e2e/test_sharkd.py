"""sharkd, the engine behind other front ends, with the plugin.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

import pytest

import harness

pytestmark = pytest.mark.skipif(not shutil.which("sharkd"), reason="sharkd is not installed")


def ask(lab, *questions, tool=(), env=None, timeout=120):
    """The results of sharkd's answers to (method, parameters)."""
    lines = [json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
             for number, (method, parameters) in enumerate(questions, 1)]
    run = subprocess.run([*harness.AS_USER, *tool, "sharkd", "-"], env={**lab.environment, **(env or {})}, cwd=lab.home, text=True,
                         input="\n".join(lines) + "\n", capture_output=True, timeout=timeout)
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
    calls, findings = statistics["taps"][0]["stats"]
    assert (calls["name"], findings["name"]) == ("Lock calls", "Findings")
    assert calls["sub"][0]["name"] == findings["sub"][0]["name"] == "10.7.1.2 -> 10.7.1.1"
    assert calls["sub"][0]["count"] == 4
    assert {node["name"]: node["count"] for node in findings["sub"][0]["sub"]}["fin_unacked"] == 11


def test_second_file_shows_no_trace_of_the_first(lab):
    outage, healthy = lab.capture("stuck_fin.pcap"), lab.capture("healthy.pcap")
    # sharkd remembers what a filter's text gave, from file to file: each question is another text.
    shown = [("frames", {"filter": text}) for text in ("nlm_health", "nlm_health && frame", "nlm_health.incident")]
    _, first, _, second, incident = ask(lab, ("load", {"file": str(outage)}), shown[0],
                                        ("load", {"file": str(healthy)}), shown[1], shown[2])
    assert [frame["num"] for frame in first] == frames(lab, outage, "nlm_health") != []
    assert [frame["num"] for frame in second] == frames(lab, healthy, "nlm_health") != []
    assert incident == []


TEN = ["stuck_fin", "healthy", "grace", "server_slow", "udp_blackhole_k4.14", "grant_callback_lost", "server_down_syn",
       "rst_once", "ipv6_blackhole_k6.1", "not_registered_k5.10"]


def our_frames(leak):
    """The stack from our innermost frame on, as text; None if none of it is ours or it only handed on to other dissectors."""
    stack = leak.findall("stack/frame")
    while stack and "nlm_health" not in (stack[0].findtext("obj") or ""):
        stack.pop(0)
    if not stack:
        return None
    source = next((harness.TOP / "plugin").rglob(stack[0].findtext("file") or "-"), None)
    number = int(stack[0].findtext("line") or 0)
    # What Wireshark's own dissector leaves behind that we stand before, or that a port of lockd was given to.
    if number and source and re.search(r"\bcall_dissector", source.read_text().splitlines()[number - 1]):
        return None
    return " < ".join(f"{frame.findtext('fn')} ({frame.findtext('file')}:{frame.findtext('line')})" for frame in stack[:6])


@pytest.mark.slow
def test_ten_files_in_one_session_leak_nothing(lab):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    if "LD_PRELOAD" in lab.environment:
        pytest.skip("a sanitizer is at work already")
    questions = []
    for number, name in enumerate(TEN):
        questions += [("load", {"file": str(lab.capture(f"{name}.pcap"))}), ("tap", {"tap0": "stat:nlm_health"}),
                      ("frames", {"filter": f"nlm_health && frame.number > {number}"}), ("frame", {"frame": 20, "proto": True})]
        if number == 4:
            questions.append(("setconf", {"name": "nlm_health.nlm_timeout", "value": "5"}))
    leaks = lab.folder() / "leaks.xml"
    answers = ask(lab, *questions, timeout=1500, env={"G_SLICE": "always-malloc", "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple"},
                  tool=["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--keep-debuginfo=yes",
                        "--num-callers=40", "--xml=yes", f"--xml-file={leaks}"])
    assert [len(answer) > 0 for answer in answers[2:19:4]] == [True] * 5  # the plugin was at work
    errors = xml.parse(leaks).getroot().findall("error")
    assert errors, "sharkd itself leaks; valgrind saw none of it"
    ours = {our_frames(error): f"{error.findtext('kind')}: {error.findtext('xwhat/text') or error.findtext('what')}" for error in errors}
    assert {stack: kind for stack, kind in ours.items() if stack} == {}
