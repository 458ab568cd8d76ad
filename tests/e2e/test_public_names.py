"""docs/public-names.txt: what filters, profiles and scripts may rely on, and since which version.

Whoever adds a name runs this with --update, which writes the new ones down. A name that is in the list and no longer in
the plugin is a break of somebody's script: it is not taken from the list, the plugin gets it back.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re

import pytest

import harness

LIST = harness.TOP / "docs" / "public-names.txt"
HEAD = """# What filters, profiles and scripts may rely on, and the version that first had it: version, kind, name.
# field: display filter (findings are filters, too); value: text of a field's value; json: key of the JSON document,
# [] for each of a list; enum: value of such a key; preference: nlm_health.NAME; output: tshark -z NAME
# tests/e2e/test_public_names.py refuses a name that is gone.
"""


def json_names(schema, path=""):
    """Every key of the JSON document, and the values of those that have a fixed set."""
    for value in schema.get("enum", []):
        if isinstance(value, str):
            yield f"enum {path} {value}"
    for key, part in schema.get("properties", {}).items():
        yield f"json {path}.{key}".replace(" .", " ")
        yield from json_names(part, f"{path}.{key}".lstrip("."))
    if isinstance(schema.get("items"), dict):
        yield from json_names(schema["items"], f"{path}[]")
    for parts in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(parts, []):
            yield from json_names(part, path)


def resolved(part, schema):
    """A schema with its references followed."""
    if isinstance(part, list):
        return [resolved(item, schema) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        target = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return {**resolved(target, schema), **{key: resolved(value, schema) for key, value in part.items() if key != "$ref"}}
    return {key: resolved(value, schema) for key, value in part.items()}


@pytest.fixture(scope="module")
def present(lab):
    """The public names that this build has, with their kinds."""
    found = {f"field {name}" for name in lab.fields}
    for line in lab.tshark("-G", "values").stdout.splitlines():
        row = line.split("\t")
        if row[0] == "V" and row[1].startswith("nlm_health."):
            found.add(f"value {row[1]} {row[3]}")
    schema = json.loads((harness.TOP / "docs" / "nlm_health.schema.json").read_text(encoding="utf-8"))
    found |= set(json_names(resolved({key: part for key, part in schema.items() if key not in ("$defs", "definitions")}, schema)))
    found |= {f"preference {name}" for name in
              re.findall(r"^#?nlm_health\.(\w+):", lab.tshark("-G", "currentprefs").stdout, re.MULTILINE)}
    outputs = lab.tshark("-z", "help", check=False)
    found |= {f"output {name}" for name in re.findall(r"^\s*(nlm_health,\w+)", outputs.stdout + outputs.stderr, re.MULTILINE)}
    return found


def version():
    text = (harness.TOP / "plugin" / "sources.cmake").read_text(encoding="utf-8")
    return re.search(r"NLM_HEALTH_VERSION (\S+)\)", text).group(1)


def listed():
    """{kind and name: version}"""
    if not LIST.exists():
        return {}
    rows = [line.split(" ", 1) for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: since for since, name in rows}


def test_kinds_are_all_seen(present):
    """That none is overlooked: a pattern that finds nothing would refuse nothing."""
    kinds = {name.split()[0] for name in present}
    assert kinds == {"field", "value", "json", "enum", "preference", "output"}
    assert {"field nlm_health.dead_call", "value nlm_health.incident.side server", "json incidents[].side",
            "enum incidents[].side server", "preference kernel_log", "output nlm_health,report"} <= present


def test_no_public_name_is_gone(present):
    gone = set(listed()) - present
    assert not gone, f"gone or renamed, although public: {sorted(gone)}"


def test_every_public_name_has_its_version(present, pytestconfig):
    names = listed()
    new = present - set(names)
    if pytestconfig.getoption("--update"):
        names.update({name: version() for name in new})
        LIST.write_text(HEAD + "".join(f"{names[name]} {name}\n" for name in sorted(names)), encoding="utf-8")
        new = set()
    assert not new, f"not in docs/public-names.txt (run this with --update): {sorted(new)}"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", since) for since in names.values())
