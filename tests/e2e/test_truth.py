"""The sentence is true: what an incident says of itself holds against its own timeline, for every case and capture. And their
documents keep to the schema.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re
from datetime import datetime

import pytest

import harness
import test_cases

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = jsonschema.Draft7Validator(json.loads((harness.TOP / "docs" / "nlm_health.schema.json").read_text()))
CAPTURES = sorted(path for path in (harness.TOP / "captures").glob("*.pcap*") if path.suffix != ".gz")
CASES = sorted((harness.TOP / "tests" / "cases").glob("*.expect"))
LOCK_REPLY = re.compile(r"(NM_LOCK|LOCK|UNLOCK|TEST|CANCEL|SHARE|UNSHARE) reply, ")
# What a client does not hear is no service either.
UNHEARD = "did not hear the server"


def seconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).timestamp() + float(f"0.{fraction or 0}")


def end_of(incident):
    """The frame that the sentence calls the end, or None."""
    found = re.search(r"until the answer in frame (\d+)", incident["summary"])
    return int(found[1]) if found else None


def served_though_it_says_not(incident):
    if "got no lock service" not in incident["summary"] or UNHEARD in incident["summary"]:
        return
    start, end = seconds(incident["start"]), seconds(incident["end"] or "9999-01-01T00:00:00.0Z")
    for event in incident["timeline"]:
        inside = event["frame"] and event["frame"] != end_of(incident) and start < seconds(event["time"]) < end
        if inside and event["event"] == "reply" and LOCK_REPLY.match(event["text"]):
            yield f"no lock service, but frame {event['frame']} answers: {event['text']}"


def held_back_to_another_end(incident):
    text = incident["summary"]
    if "held back until it ended" not in text:
        return
    if incident["end"] is None or "until the end of the capture" in text:
        yield "held back until it ended, but it did not end"
        return
    times = {event["frame"]: seconds(event["time"]) for event in incident["timeline"]}
    sent = [times[call["frames"][0]] for call in incident["calls"] if call["deferred"] and call["frames"] and call["frames"][0] in times]
    late = [time for time in sent if time >= seconds(incident["end"]) - 1.001]
    said = re.search(r"(\d+) of \d+ lock calls w\w+ held back until it ended", text)
    if "GRANTED_RES" not in text and len(late) < (int(said[1]) if said else 1):
        yield f"held back until it ended, but sent at {sent}, and it ended at {seconds(incident['end'])}"


def begins_nowhere(incident):
    frame = int(re.search(r"from frame (\d+) on\)", incident["summary"])[1])
    if frame not in {event["frame"] for event in incident["timeline"]}:
        yield f"from frame {frame} on, which the timeline does not have"


def logged_without_a_log(incident):
    lines = {line["logged"] for line in incident["kernel_lines"]} - {None}
    for event in incident["timeline"]:
        if "was logged" in event["text"] and not lines:
            yield f"frame {event['frame']}: {event['text']}"


def refusal_for_a_cause(incident):
    first = next((event["frame"] for event in incident["timeline"] if event["event"] == "denied_nolocks"), None)
    for event in incident["timeline"]:
        if incident["cause"] == "denied_nolocks" and event["event"] == "reply_overdue" and event["frame"] < first:
            yield f"a refusal ends the wait that frame {event['frame']} shows; it is not its cause"


RULES = [served_though_it_says_not, held_back_to_another_end, begins_nowhere, logged_without_a_log, refusal_for_a_cause]


def untruths(story):
    for incident in story["incidents"]:
        if incident["kind"] == "lock":  # every call is answered; the sentence speaks of locks
            continue
        for rule in RULES:
            for what in rule(incident):
                yield f"incident {incident['id']}: {what}\n    {incident['summary']}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_sentence_is_true(lab, path):
    case = test_cases.Case(path)
    told = json.loads(lab.replay(case.replay_arguments(), "--json") or "null") or lab.story(*case.arguments(lab)[1:])
    assert list(untruths(told)) == []
    verdict = told["capture"]["verdict"]
    assert (verdict == "incidents") == bool(told["incidents"])
    told["nlm_health"]["wireshark"] = told["nlm_health"]["wireshark"] or "4.0"  # the replay has none
    SCHEMA.validate(told)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_sentence_is_true_of_captures(lab, path):
    """Also without a log, whatever a case asks for."""
    told = json.loads(lab.replay([path], "--json") or "null") or lab.story(lab.capture(path.name))
    assert list(untruths(told)) == []
