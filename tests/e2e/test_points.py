"""Two capture points: what both ends together decide holds at any offset of their clocks, whether they are two interfaces or
one, and is not contradicted by what is left when either view is cut.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import random
import struct

import pytest

import harness
import pcapng

TRUTH = [row for row in json.loads((harness.TOP / "captures" / "truth.json").read_text()) if "points" in row]
# One packet of each of thousands is cut in the others.
SMALL = [row for row in TRUTH if row["base"] != "path_resets"]
OFFSETS = [0, 0.3, 7, -40, 3600]
CUTS = 12


def rows(wanted):
    return pytest.mark.parametrize("row", wanted, ids=lambda row: row["name"])


def read_views(row):
    """[link type, [(microseconds, bytes)]] of the client's and of the server's view, with the clocks as they were"""
    data = (harness.TOP / "captures" / f"{row['name']}.pcapng").read_bytes()
    views, units, at = [], [], 0
    while at < len(data):
        kind, length = struct.unpack("<II", data[at:at + 8])
        body = data[at + 8:at + length - 4]
        if kind == pcapng.INTERFACE:
            views.append([struct.unpack("<H", body[:2])[0], []])
            units.append(1000 if struct.pack("<HHB", 9, 1, 9) in body else 1)  # if_tsresol: nanoseconds
        elif kind == pcapng.PACKET:
            view, high, low, captured, _ = struct.unpack("<IIIII", body[:20])
            views[view][1].append(((high << 32 | low) // units[view], body[20:20 + captured]))
        at += length
    assert len(views) == 2
    return views


def write_views(path, views, offset, apart):
    """As mergecap would, the server's clock so many seconds further ahead."""
    moved = [views[0][1], [(time + int(offset * 1e6), packet) for time, packet in views[1][1]]]
    packets = sorted(((time, view, number, packet) for view in (0, 1) for number, (time, packet) in enumerate(moved[view])),
                     key=lambda row: row[:3])
    heads = [pcapng.interface(link) for link, _ in (views if apart else views[:1])]
    path.write_bytes(pcapng.section() + b"".join(heads) +
                     b"".join(pcapng.packet(view if apart else 0, time, packet) for time, view, _, packet in packets))
    return path


def story_of(lab, path):
    return json.loads(lab.replay([path], "--json"))


def decided(story):
    return [(i["cause"], i["side"], i["confidence"]) for i in story["incidents"]]


def calls(story):
    return sum(pair["calls"] for pair in story["pairs"])


@pytest.mark.parametrize("apart", [True, False], ids=["two-interfaces", "one-interface"])
@pytest.mark.parametrize("offset", OFFSETS)
@rows(SMALL)
def test_both_ends_decide_at_any_offset(lab, workdir, row, offset, apart):
    views = read_views(row)
    told = story_of(lab, write_views(workdir / "both.pcapng", views, offset, apart))
    alone = story_of(lab, write_views(workdir / "one.pcapng", [views[0], [views[0][0], []]], 0, False))
    if row["cause"] is None:
        assert told["capture"]["verdict"] == "healthy"
    else:
        (cause, side, confidence), = decided(told)
        assert cause in row["cause"].split("|")
        assert (side, confidence) == (row["side"], "shown")
    assert calls(told) == calls(alone)
    points = told["capture"]["points"]
    assert [point["name"] for point in points] == row["points"]
    real = row["clock_offsets"]["srv"] - row["clock_offsets"]["cli"]
    assert abs(points[1]["offset"] - offset - real) < 1  # the offsets of truth.json are those of emulated machines before the run


def cut(random_numbers, packets):
    i, j = sorted(random_numbers.randrange(len(packets) + 1) for _ in range(2))
    return random_numbers.choice([packets[i:], packets[:j], packets[i:j]])


@rows(SMALL)
def test_cut_views_contradict_nothing(lab, workdir, row):
    """What is left of a view that began late or ended early gives no side that the whole does not, but what one view alone says."""
    numbers = random.Random(row["name"])
    views = read_views(row)
    alone = {decision[1:] for view in views for decision in
             decided(story_of(lab, write_views(workdir / "one.pcapng", [view, [view[0], []]], 0, False)))}
    for _ in range(CUTS):
        offset, apart, which = numbers.choice(OFFSETS), numbers.random() < 0.5, numbers.randrange(2)
        left = [list(view) for view in views]
        left[which][1] = cut(numbers, left[which][1])
        for cause, side, confidence in decided(story_of(lab, write_views(workdir / "cut.pcapng", left, offset, apart))):
            right = side == row["side"] or (confidence != "shown" and (side, confidence) in alone | {("unknown", "possible")})
            assert right, f"{cause}, {side}, {confidence}: offset {offset}, apart {apart}, view {which} of {len(left[which][1])} packets"
