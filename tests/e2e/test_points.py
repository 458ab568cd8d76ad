"""Two capture points in one file: the same verdict whatever the clocks, and none that one view alone does not allow.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json

import pytest

import harness

SCENARIOS = {  # cause, side
    "healthy-lock": None,
    "two-points-request-lost": ("path_loss", "path", "shown"),
    "two-points-answer-lost": ("path_loss", "path", "shown"),
    "two-points-server-silent": ("peer_silent", "server", "shown"),
}
OFFSETS = ["0.3", "7", "-40", "3600", "-0.05"]


def story(lab, *arguments):
    return json.loads(lab.replay(arguments, "--json"))


def source(name):
    return harness.TOP / "tests" / "scenarios" / f"{name}.scn"


@pytest.mark.parametrize("family", ["--ipv6", None])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_clocks(lab, name, offset, family):
    """As with one clock, and nothing counted twice."""
    more = [family] if family else []
    one = story(lab, source(name), *more)
    two = story(lab, source(name), f"--points=0.0001,{offset}", *more)
    found = [(i["cause"], i["side"], i["confidence"]) for i in two["incidents"]]
    assert found == ([SCENARIOS[name]] if SCENARIOS[name] else [])
    assert two["capture"]["verdict"] == ("incidents" if found else "healthy")
    counts = [[pair[key] for key in ("calls", "resent", "denied")] for pair in two["pairs"]]
    assert counts == [[pair[key] for key in ("calls", "resent", "denied")] for pair in one["pairs"]]
    points = two["capture"]["points"]
    assert len(points) == 2 and points[0]["offset"] == 0 and abs(points[1]["offset"] - float(offset)) < 0.0002


@pytest.mark.parametrize("options", [[], ["--frames-twice"]], ids=str)
@pytest.mark.parametrize("name", ["healthy-duplicates", "two-points-server-silent", "stuck-fin-other-port"])
def test_one_point(lab, name, options):
    """Copies at the same host are no second point."""
    assert story(lab, source(name), *options)["capture"]["points"] == []


def test_fields(lab):
    """Each frame says where it was captured, and which is the same packet at the other point."""
    path = lab.scenario("two-points-request-lost.scn", "--points=0.0001,7")
    rows = [line.split("\t") for line in lab.tshark(
        "-2", "-r", path, "-Y", "nlm_health.point", "-T", "fields", "-e", "frame.number", "-e", "nlm_health.point", "-e", "nlm_health.twin",
        "-e", "nlm_health.point.offset", "-e", "nlm_health.path_loss").stdout.splitlines()]
    point = {row[0]: row[1] for row in rows}
    twin = {row[0]: row[2] for row in rows}
    assert set(point.values()) == {"1", "2"}
    assert {row[3] for row in rows} == {"7.000000000"}
    for frame, other in twin.items():
        assert not other or (twin[other] == frame and point[other] != point[frame])
    lost = [row[0] for row in rows if len(row) > 4 and row[4]]
    assert len(lost) == 6 and all(not twin[frame] and point[frame] == "1" for frame in lost)


def test_two_views(lab, workdir):
    """The script merges two captures, and never over one of them."""
    capture, out = lab.capture("healthy.pcap"), workdir / "both.pcapng"
    script = harness.TOP / "tools" / "two-views"
    if lab.run("test", "-x", script, check=False).status:
        pytest.skip("the ordinary user cannot read the checkout")
    lab.run(script, capture, capture, out)
    frames = story(lab, capture)["capture"]["frames"]
    assert story(lab, out)["capture"]["frames"] == 2 * frames
    before = capture.read_bytes()
    assert lab.run(script, capture, capture, capture, check=False).status == 1
    assert capture.read_bytes() == before
