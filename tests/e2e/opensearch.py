"""What OpenSearch and Elasticsearch would refuse: documents against a mapping with "dynamic": "strict".

SPDX-License-Identifier: GPL-2.0-or-later
"""

import ipaddress
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z")
DEEPEST_NESTED = 10_000  # index.mapping.nested_objects.limit unless the index says otherwise


def _is_ip(value):
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _whole(bits):
    return lambda value: type(value) is int and -2**(bits - 1) <= value < 2**(bits - 1)


FITS = {
    "boolean": lambda value: type(value) is bool,
    "date_nanos": lambda value: isinstance(value, str) and bool(TIME.fullmatch(value)) and "1970" <= value[:4] <= "2261",
    "double": lambda value: type(value) in (int, float),
    "integer": _whole(32),
    "ip": _is_ip,
    "keyword": lambda value: isinstance(value, str) and len(value.encode()) <= 32766,  # Lucene's longest term
    "long": _whole(64),
    "text": lambda value: isinstance(value, str),
}


def _wrong(value, mapping, path):
    """(what is wrong with a value, in order; how many nested objects it has)"""
    if value is None:
        return [], 0
    if isinstance(value, list):
        found = [_wrong(item, mapping, path) for item in value]
        return sum((wrong for wrong, _ in found), []), sum(nested for _, nested in found)
    if "properties" not in mapping:
        return ([] if FITS[mapping["type"]](value) else [f"{path}: {value!r} is no {mapping['type']}"]), 0
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"], 0
    wrong, nested = [], mapping.get("type") == "nested"
    for name, inner in value.items():
        if name not in mapping["properties"]:
            wrong.append(f"{path}.{name}: not in the mapping")
            continue
        more, below = _wrong(inner, mapping["properties"][name], f"{path}.{name}")
        wrong += more
        nested += below
    return wrong, nested


def wrong(document, index):
    """What is wrong with a document for an index that was made with `index` = {"settings", "mappings"}."""
    found, nested = _wrong(document, index["mappings"], "")
    limit = index.get("settings", {}).get("index.mapping.nested_objects.limit", DEEPEST_NESTED)
    return found + [f"{nested} nested objects, {limit} are allowed"] * (nested > limit)


def lenient(mapping, path=""):
    """Objects of a mapping that would take fields it does not know."""
    if "properties" not in mapping:
        return []
    inner = [name for key, value in mapping["properties"].items() for name in lenient(value, f"{path}.{key}")]
    return inner + [path or "."] * (mapping.get("dynamic") != "strict")
