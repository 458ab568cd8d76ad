"""Every public field through every door: filter, -T fields, custom column, two passes, PDML, JSON, EK.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re
import xml.etree.ElementTree as xml

import pytest

import harness
import names

EVERY = [*names.FIELDS, *(f"nlm_health.{finding}" for finding in names.FINDINGS)]
# Of a slow server: what a call that nobody held back shows.
SLOW = ["nlm_health.timeout.minor", "nlm_health.call_resent", "nlm_health.reply_overdue"]
# Of a file with the client's and the server's view.
POINTS = ["nlm_health.point", "nlm_health.twin", "nlm_health.point.offset"]
SEEN = {
    "stuck_fin": [*(name for name in names.FIELDS if name not in [*SLOW, *POINTS]),
                  *(f"nlm_health.{finding}" for finding in
                    ("dead_call", "not_responding", "fin_unacked", "rebind", "recovered"))],
    "server_slow": SLOW,
    "two-points": POINTS,
}


@pytest.fixture(scope="module", params=SEEN)
def capture(request):
    return request.param


@pytest.fixture(scope="module")
def seen(capture):
    """The names that this capture must show."""
    return SEEN[capture]


@pytest.fixture(scope="module")
def arguments(lab, capture):
    if capture == "two-points":
        return ["-r", lab.scenario("two-points-request-lost.scn", "--points=0.0001,0.3")]
    return ["-r", lab.capture(f"{capture}.pcap"), *lab.with_log(f"{capture}.cli.kernel.log")]


def frames_with_values(lab, arguments, *more):
    """{field: {frame: value}} from -T fields"""
    output = lab.tshark(*arguments, *more, "-T", "fields", "-E", "separator=/t", "-e", "frame.number",
                        *(word for name in EVERY for word in ("-e", name)))
    found = {name: {} for name in EVERY}
    for line in output.stdout.splitlines():
        frame, *values = line.split("\t")
        for name, value in zip(EVERY, values):
            if value:
                found[name][int(frame)] = value
    return found


@pytest.fixture(scope="module")
def one_pass(lab, arguments):
    return frames_with_values(lab, arguments)


@pytest.fixture(scope="module")
def two_passes(lab, arguments):
    return frames_with_values(lab, arguments, "-2")


@pytest.fixture(scope="module")
def filtered(lab, arguments, seen):
    """{(field, passes): [frames]} from -Y"""
    def frames(key):
        name, passes = key
        output = lab.tshark(*arguments, *(["-2"] if passes == 2 else []), "-Y", name, "-T", "fields",
                            "-e", "frame.number")
        return [int(line) for line in output.stdout.split()]
    keys = [(name, passes) for name in seen for passes in (1, 2)]
    return dict(zip(keys, harness.in_parallel(frames, keys)))


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("scenario, shows", [("foreign-tdp.scn", False), ("probable-stuck-fin.scn", True)])
def test_a_mere_guess_shows_nothing(lab, scenario, shows, passes):
    """Only a reserved port speaks for it: no field, not even the service, until it is in trouble."""
    output = lab.tshark("-r", lab.scenario(scenario), *(["-2"] if passes == 2 else []), "-Y", "nlm_health")
    assert bool(output.stdout) == shows, output.stdout


def test_names_and_types(lab):
    """Exactly the public names are registered; enumerations may be any unsigned size."""
    registered = lab.fields
    assert sorted(registered) == sorted(EVERY)
    wrong = {name: registered[name] for name, kind in names.FIELDS.items() if not registered[name].startswith(kind)}
    assert not wrong


def test_every_field_is_seen(seen, two_passes):
    assert [name for name in seen if not two_passes[name]] == []


@pytest.mark.parametrize("passes", [1, 2])
def test_filter_selects_the_frames_that_show_a_value(seen, two_passes, one_pass, filtered, passes):
    shown = one_pass if passes == 1 else two_passes
    for name in seen:
        assert filtered[name, passes] == list(shown[name]), name


def test_two_passes_know_at_least_what_one_knows(capture, one_pass, two_passes):
    """But whose connection the second view's copies are of: on the second pass that is said of the packet itself alone."""
    of_copies = {"nlm_health.connection", "nlm_health.service"} if capture == "two-points" else set()
    lost = {name: sorted(set(one_pass[name]) - set(two_passes[name])) for name in set(EVERY) - of_copies
            if set(one_pass[name]) - set(two_passes[name])}
    assert not lost


@pytest.mark.parametrize("passes", [1, 2])
def test_custom_columns(lab, arguments, seen, one_pass, two_passes, passes):
    expected = one_pass if passes == 1 else two_passes
    shown = shown_in_columns(lab, arguments, seen, *(["-2"] if passes == 2 else []))
    for name in seen:
        assert sorted(shown[name]) == sorted(expected[name]), name


def shown_in_columns(lab, arguments, seen, *more):
    """{field: {frame: text}}"""
    layout = ",".join(['"No.","%m"', *(f'"{name}","%Cus:{name}:0:R"' for name in seen)])
    found = {name: {} for name in seen}
    for line in lab.tshark(*arguments, *more, "-o", f"gui.column.format:{layout}", "-T", "tabs").stdout.splitlines():
        frame, *texts = line.split("\t")
        for name, text in zip(seen, texts):
            if text.strip():
                found[name][int(frame)] = text
    return found


def test_pdml(lab, arguments, seen, two_passes):
    root = xml.fromstring(lab.tshark(*arguments, "-2", "-T", "pdml").stdout)
    found = {name: set() for name in seen}
    for number, packet in enumerate(root.iter("packet"), 1):
        for field in packet.iter("field"):
            if field.get("name") in found:
                found[field.get("name")].add(number)
    for name in seen:
        assert sorted(found[name]) == sorted(two_passes[name]), name


class Pairs(list):
    """An object of a JSON document whose keys may repeat, as _ws.expert does."""


def keys_of(value):
    """Every key of a JSON document."""
    if isinstance(value, Pairs):
        for key, inner in value:
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def read_json(text):
    return json.loads(text, object_pairs_hook=Pairs)


def test_json(lab, arguments, seen, two_passes):
    packets = read_json(lab.tshark(*arguments, "-2", "-T", "json").stdout)
    keys = [set(keys_of(packet)) for packet in packets]
    for name in seen:
        assert [i for i, found in enumerate(keys, 1) if name in found] == sorted(two_passes[name]), name


def test_ek(lab, arguments, seen, two_passes):
    lines = lab.tshark(*arguments, "-2", "-T", "ek").stdout.splitlines()
    keys = [set(keys_of(document)) for document in map(read_json, lines)]
    keys = [found for found in keys if "layers" in found]  # without the index lines between
    for name in seen:
        plain = name.replace(".", "_")
        shown = [i for i, found in enumerate(keys, 1) if plain in found or f"nlm_health_{plain}" in found]
        assert shown == sorted(two_passes[name]), name


def test_every_field_says_what_it_means(lab):
    rows = [line.split("\t") for line in lab.tshark("-G", "fields").stdout.splitlines()]
    ours = {row[2]: row[7] for row in rows if row[0] == "F" and row[2] in names.FIELDS}
    assert set(ours) == set(names.FIELDS)
    assert not [name for name, meaning in ours.items() if not meaning.strip()]


def test_expert_infos_are_of_this_protocol(lab):
    lines = lab.tshark("-q", "-r", lab.capture("stuck_fin.pcap"), "-z", "expert").stdout.splitlines()
    ours = [line for line in lines if "Stuck FIN:" in line]
    assert ours and all("NLM Health" in line and "Frame" not in line for line in ours), ours


def test_the_folded_tree_says_incident_cause_and_side(lab):
    text = lab.tshark("-2", "-O", "nlm_health", "-Y", "frame.number == 162", "-r", lab.capture("stuck_fin.pcap")).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("[NLM Health")]
    assert ", incident 1: Stuck FIN: " in line and "(side: server)" in line, line


@pytest.mark.parametrize("name", ["stuck_fin.pcap", "server_slow.pcap", "rst.pcap.gz"])
def test_steps_are_the_packets_that_the_timeline_names(lab, name):
    """Few of many: of a storm, not one in a thousand."""
    capture = lab.capture(name)
    rows = lab.tshark("-2", "-r", capture, "-Y", "nlm_health.incident", "-T", "fields", "-e", "frame.number", "-e", "nlm_health.incident.step")
    steps = {frame: text for frame, text in (line.split("\t") for line in rows.stdout.splitlines()) if text}
    named = re.findall(r"^ +(\d+)(?:-(\d+))?  [\d:.]+  ", lab.report(capture), re.MULTILINE)
    assert set(steps) == {frame for row in named for frame in row if frame}
    if name.startswith("rst"):
        assert 1000 * len(steps) < len(rows.stdout.splitlines())


def test_no_sentence_of_the_tree_is_cut_off(lab):
    for name in ("stuck_fin.pcap", "udp_blackhole_k4.14.pcap"):
        text = lab.tshark("-2", "-r", lab.capture(name), "-O", "nlm_health").stdout
        ours = re.search(r"^\[NLM Health.*", text, re.MULTILINE | re.DOTALL)[0]
        assert "[Step: " in ours and "[Summary: " in ours and "truncated" not in ours


def test_each_connection_says_whose_it_is_and_what_is_wrong(lab):
    rows = lab.tshark("-2", "-r", lab.capture("stuck_fin.pcap"), "-T", "fields", "-e", "frame.number", "-e", "nlm_health.connection").stdout
    words = dict(line.split("\t") for line in rows.splitlines())
    assert [words[frame] for frame in ("1", "144", "159", "176", "191")] == ["", "lockd", "lockd: Stuck FIN", "port mapper", "lockd"]


def test_flow_graph_of_the_incident(lab):
    if "flow,nlm_health" not in str(lab.tshark("-z", "help")):
        pytest.skip("this Wireshark's development files have no epan/sequence_analysis.h")
    text = lab.tshark("-2", "-q", "-r", lab.capture("stuck_fin.pcap"), *lab.with_log("stuck_fin.cli.kernel.log"),
                      "-z", "flow,nlm_health,standard").stdout
    assert "kernel log" in text.splitlines()[0]
    assert re.search(r"Stuck FIN.*65\.52 s later.*not responding.*held back.*answered after", text, re.DOTALL)


def test_each_packet_says_what_it_is_in_the_story(lab):
    rows = lab.tshark("-2", "-r", lab.capture("stuck_fin.pcap"), "-T", "fields", "-e", "frame.number", "-e", "nlm_health.packet")
    words = dict(line.split("\t") for line in rows.stdout.splitlines())
    assert [words[frame] for frame in ("159", "162", "163", "164", "165")] == \
        ["Stuck FIN", "FIN resent, 1st", "FIN resent, 2nd", "FIN resent, 3rd", "FIN resent, 4th"]
    assert words["191"].startswith("LOCK, held back for up to 109.")
    assert words["193"].startswith("LOCK, answered after ")
    assert not words["1"]
