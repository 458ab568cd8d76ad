"""Every public field through every door: filter, -T fields, custom column, two passes, PDML, JSON, EK.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import xml.etree.ElementTree as xml

import pytest

import harness
import names

CAPTURE = "stuck_fin.pcap"
LOG = "stuck_fin.cli.kernel.log"
EVERY = [*names.FIELDS, *(f"nlm_health.{finding}" for finding in names.FINDINGS)]
# What this capture shows on a first pass too; the rest takes knowledge of the whole capture, or another kind of outage.
SEEN = [*names.FIELDS,
        *(f"nlm_health.{finding}" for finding in
          ("dead_call", "not_responding", "fin_unacked", "port_reused", "rebind", "recovered"))]


@pytest.fixture(scope="module")
def arguments(lab):
    return ["-r", lab.capture(CAPTURE), *lab.with_log(LOG)]


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
def filtered(lab, arguments):
    """{(field, passes): [frames]} from -Y"""
    def frames(key):
        name, passes = key
        output = lab.tshark(*arguments, *(["-2"] if passes == 2 else []), "-Y", name, "-T", "fields",
                            "-e", "frame.number")
        return [int(line) for line in output.stdout.split()]
    keys = [(name, passes) for name in SEEN for passes in (1, 2)]
    return dict(zip(keys, harness.in_parallel(frames, keys)))


def test_names_and_types(lab):
    """Exactly the public names are registered; enumerations may be any unsigned size."""
    registered = lab.fields
    assert sorted(registered) == sorted(EVERY)
    wrong = {name: registered[name] for name, kind in names.FIELDS.items() if not registered[name].startswith(kind)}
    assert not wrong


@pytest.mark.parametrize("name", SEEN)
def test_filter_selects_the_frames_that_show_a_value(name, two_passes, one_pass, filtered):
    assert two_passes[name], f"no frame of {CAPTURE} has {name}"
    assert filtered[name, 2] == list(two_passes[name])
    assert filtered[name, 1] == list(one_pass[name])


def test_two_passes_know_at_least_what_one_knows(one_pass, two_passes):
    lost = {name: sorted(set(one_pass[name]) - set(two_passes[name])) for name in EVERY
            if set(one_pass[name]) - set(two_passes[name])}
    assert not lost


@pytest.mark.parametrize("passes", [1, 2])
def test_custom_columns(lab, arguments, one_pass, two_passes, passes):
    expected = one_pass if passes == 1 else two_passes
    shown = shown_in_columns(lab, arguments, *(["-2"] if passes == 2 else []))
    for name in SEEN:
        assert sorted(shown[name]) == sorted(expected[name]), name


def shown_in_columns(lab, arguments, *more):
    """{field: {frame: text}}: one run per column, since nothing separates two columns' texts for sure"""
    def one(name):
        layout = f'"No.","%m","it","%Cus:{name}:0:R"'
        output = lab.tshark(*arguments, *more, "-o", f"gui.column.format:{layout}")
        rows = [line.split(None, 1) for line in output.stdout.splitlines()]
        return {int(row[0]): row[1].strip() for row in rows if len(row) == 2 and row[1].strip()}
    return dict(zip(SEEN, harness.in_parallel(one, SEEN)))


def test_pdml(lab, arguments, two_passes):
    root = xml.fromstring(lab.tshark(*arguments, "-2", "-T", "pdml").stdout)
    found = {name: set() for name in SEEN}
    for number, packet in enumerate(root.iter("packet"), 1):
        for field in packet.iter("field"):
            if field.get("name") in found:
                found[field.get("name")].add(number)
    for name in SEEN:
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


def test_json(lab, arguments, two_passes):
    packets = read_json(lab.tshark(*arguments, "-2", "-T", "json").stdout)
    keys = [set(keys_of(packet)) for packet in packets]
    for name in SEEN:
        assert [i for i, found in enumerate(keys, 1) if name in found] == sorted(two_passes[name]), name


def test_ek(lab, arguments, two_passes):
    lines = lab.tshark(*arguments, "-2", "-T", "ek").stdout.splitlines()
    keys = [set(keys_of(document)) for document in map(read_json, lines)]
    keys = [found for found in keys if "layers" in found]  # without the index lines between
    for name in SEEN:
        plain = name.replace(".", "_")
        shown = [i for i, found in enumerate(keys, 1) if plain in found or f"nlm_health_{plain}" in found]
        assert shown == sorted(two_passes[name]), name
