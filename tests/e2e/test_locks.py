"""The lock table as -z nlm_health,locks and the JSON document give it.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json

import pytest

import harness

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads((harness.TOP / "docs" / "nlm_health.schema.json").read_text())


def story_of(lab, name, *options):
    story = lab.story(lab.scenario(name, *options))
    jsonschema.validate(story, SCHEMA, cls=jsonschema.Draft7Validator)
    return story


def ranges(locks):
    return [(lock["svid"], lock["offset"], lock["length"], lock["exclusive"], lock["waiting"], lock["share"])
            for lock in locks]


def test_table(lab):
    locks = story_of(lab, "lock-table.scn")["locks"]
    assert ranges(locks) == [
        (1, 0, 40, True, False, False), (1, 60, 40, True, False, False),
        (2, 200, 100, False, False, False), (2, 300, 50, True, False, False), (2, 350, 0, False, False, False),
        (4, 0, 10, True, True, False), (0, 0, 0, True, False, True)]
    assert {lock["client"] for lock in locks} == {"192.0.2.10"}
    assert locks[0]["owner"] == "nfs-client, svid 1" and locks[0]["frame"] == 5
    assert locks[5]["frame"] == 16


def test_list_prints_the_table(lab):
    text = lab.tshark("-q", "-r", lab.scenario("lock-table.scn"), "-z", "nlm_health,locks").stdout
    assert text.startswith("Locks at the end of the capture (UTC)\n  client 192.0.2.10, server 192.0.2.20\n")
    assert text.count("holds ") == 6 and text.count("waits for ") == 1
    empty = lab.tshark("-q", "-r", lab.scenario("healthy-lock.scn"), "-z", "nlm_health,locks").stdout
    assert empty == "NLM Health: no lock is held or waited for at the end of the capture.\n"


def test_holder_of_an_unknown_client(lab):
    """TEST in 64 and in 32 bits: where the words of the answer stand differs."""
    locks = story_of(lab, "lock-holder-by-test.scn")["locks"]
    assert [lock["client"] for lock in locks] == [None, None]
    assert ranges(locks) == [(4711, 0, 100, True, False, False), (4712, 200, 0, False, False, False)]


def test_over_ipv6(lab):
    plain, six = (story_of(lab, "lock-wait-chain.scn", *options) for options in ([], ["--ipv6"]))
    assert ranges(six["locks"]) == ranges(plain["locks"])
    assert len(six["messages"]) == len(plain["messages"]) == 1


def test_incident_lists_what_the_client_waited_for(lab):
    """The table when the incident began, though it looks otherwise at the end of the capture."""
    story = story_of(lab, "grant-lost-no-result.scn")
    incident, = story["incidents"]
    assert [(lock["svid"], lock["waiting"], lock["frame"]) for lock in incident["locks"]] == [(7, True, 9)]
    restart, = story_of(lab, "server-restarted.scn")["incidents"]
    assert restart["locks"], "the lock that was held before the restart"


def test_restart_and_reclaim(lab):
    locks = story_of(lab, "server-restarted.scn")["locks"]
    assert sorted(ranges(locks)) == [(7, 0, 100, True, False, False), (8, 100, 100, True, False, False)]
    assert min(lock["frame"] for lock in locks) > 20, "reclaimed, not the lock of before"
