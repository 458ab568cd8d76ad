"""The real captures against what the kernels logged and when the application asked (captures/truth.json).

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import pytest

import harness
from harness import epoch

TRUTH = json.loads((harness.TOP / "captures/truth.json").read_text())
CLOCK = 0.05  # seconds between the capture's clock and the kernel log's
WARM_UP = 0.3  # what a client may do between fcntl() and its first packet: look up, connect
FIRST_LOCK = 3  # the same of the first lock of a mount on an emulated machine: the client asks its own statd before
FIRST_LOCKS = ("path_lockd", "path_synack", "path_resets")


def each(wanted=lambda truth: True):
    """One test per capture of which the truth says something that can be compared."""
    rows = [truth for truth in TRUTH if wanted(truth)]
    assert rows
    return pytest.mark.parametrize("truth", rows, ids=lambda truth: truth["name"])


def clock(text):
    return text and text[11:23]


@pytest.fixture
def view(truth):
    """The capture of the client that suffers, as a name in captures/."""
    suffers = "_clib" if truth["base"].startswith(("grace", "grant")) else ""
    endings = (".pcap", ".pcap.gz", ".pcapng", ".pcapng.gz")
    return next(name for name in (truth["name"] + suffers + ending for ending in endings) if (harness.TOP / "captures" / name).exists())


@pytest.fixture
def incidents(lab, view):
    return story_of(lab, view)["incidents"]


STORIES = {}


def story_of(lab, name):
    if name not in STORIES:
        STORIES[name] = lab.story(lab.capture(name))
    return STORIES[name]


def lines(incidents):
    return [line for incident in incidents for line in incident["kernel_lines"] if "still trying" in line["text"]]


def logged(truth):
    """When the client's kernel said so, and about whom."""
    return [(when, server) for host, when, server in truth["not_responding"] if host == "cli"]


def asked(truth):
    """When the application asked for the lock that had to wait."""
    return [when for block, when, _, call, what in truth["app"]
            if truth["cause"] and (block, call, what) == ("locktest.lock", "F_SETLKW", "call")]


@each()
def test_one_incident_with_the_injected_cause(truth, incidents):
    found = [(incident["cause"], incident["side"]) for incident in incidents]
    if truth["cause"] is None:
        assert found == []
        return
    assert len(found) == 1, found
    assert found[0][0] in truth["cause"].split("|"), found
    assert found[0][1] in truth["side"].split("|"), found


@each(logged)
def test_kernel_line_was_logged_in_the_predicted_window(truth, incidents):
    for when, server in logged(truth):
        windows = [(clock(line["earliest"]), clock(line["latest"])) for line in lines(incidents)]
        assert any(epoch(line["earliest"]) - CLOCK <= epoch(when) <= epoch(line["latest"]) + CLOCK
                   and line["text"] == f"lockd: server {server} not responding, still trying"
                   for line in lines(incidents)), f"logged {clock(when)}, predicted {windows}"


# Look-ups that never stop, or that wait for ARP unseen, date nothing; those of a call that the capture does not know yet neither.
UNDATED = ("rst", "path_resets", "not_registered", "server_down_arp", "link_flaps")


@each(lambda truth: logged(truth) and truth["base"] not in UNDATED)
def test_packets_date_the_kernel_line(truth, incidents):
    """A port look-up follows each of them."""
    assert any(line["observed"] for line in lines(incidents))


@each(lambda truth: logged(truth) and truth["base"] in UNDATED)
def test_packets_that_date_nothing_are_not_said_to(truth, incidents):
    assert not any(line["observed"] for line in lines(incidents))


@each()
def test_observed_kernel_line_is_the_logged_one(truth, incidents):
    for line in lines(incidents):
        assert line["observed"] is None or any(abs(epoch(line["observed"]) - epoch(when)) <= 0.1
                                               for when, _ in logged(truth)), \
            f"observed {clock(line['observed'])}, logged {[clock(when) for when, _ in logged(truth)]}"


@each(asked)
def test_issue_window_contains_the_call_of_the_application(truth, incidents):
    windows = [(call["issued_earliest"], call["issued_latest"]) for incident in incidents
               for call in incident["calls"] if call["procedure"] == "LOCK" and call["issued_earliest"]]
    warm_up = FIRST_LOCK if truth["base"] in FIRST_LOCKS else WARM_UP
    for when in asked(truth):
        assert any(epoch(earliest) - warm_up <= epoch(when) <= epoch(latest) + CLOCK for earliest, latest in windows), \
            f"asked {clock(when)}, issued {[(clock(a), clock(b)) for a, b in windows]}"


@each(logged)
def test_logged_lines_are_matched(lab, truth, view):
    """The log beside the capture: each line of it that was predicted, and an OK for it."""
    story = lab.story(lab.capture(view), *lab.with_log(truth["name"] + ".cli.kernel.log"))
    matched = [epoch(line["logged"]) for incident in story["incidents"] for line in incident["kernel_lines"]
               if line["logged"]]
    recovered = [when for host, when, server in truth["ok"] if host == "cli" and server != "returns"]
    for when in [when for when, _ in logged(truth)] + recovered:
        assert any(abs(epoch(when) - at) < 0.001 for at in matched), \
            f"{clock(when)} is not among the matched lines {matched}"
