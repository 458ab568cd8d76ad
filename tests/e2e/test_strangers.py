"""Captures of other projects ($NLM_HEALTH_CORPUS): no crash on any, and nothing to say where there is no lock traffic.

The folder has sub-folders A-rpc (ONC RPC of all kinds), B-tcp (TCP in trouble) and C-general.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import subprocess

import pytest

import harness
import names

FOLDERS = ["A-rpc", "B-tcp", "C-general"]
FOLLOWED = {"portmap", "nlm", "stat"}

pytestmark = pytest.mark.slow


def captures():
    top = pathlib.Path(os.environ.get("NLM_HEALTH_CORPUS") or "/nonexistent")
    found = [path for folder in FOLDERS for path in sorted((top / folder).glob("*"))]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="NLM_HEALTH_CORPUS is not set or empty"))]


def name_of(path):
    return f"{path.parent.name}/{path.name}" if path else None


class Reading:
    """What two passes over a capture gave."""

    def __init__(self, lab, path):
        known = [f"nlm_health.{name}" for name in names.FINDINGS]
        columns = ["frame.number", "frame.protocols", "tcp.port", "udp.port", *known]
        try:
            output = lab.tshark("-2", "-n", "-r", lab.outside(path), "-T", "fields", "-E", "separator=/t",
                                *(word for column in columns for word in ("-e", column)),
                                "-z", "nlm_health,report", check=False)
        except subprocess.TimeoutExpired:
            self.status, self.errors, self.findings, self.report = None, "no end within the time limit", [], ""
            return
        self.status = output.status
        self.errors = output.stderr
        self.findings = []  # (frame, is it traffic that is followed, [finding])
        report = []
        for line in output.stdout.splitlines():
            frame, *values = line.split("\t")
            if report or not frame.isdigit() or len(values) != len(columns) - 1:
                report.append(line)
                continue
            protocols, tcp, udp, *shown = values
            raised = [name for name, value in zip(names.FINDINGS, shown) if value]
            if raised:
                followed = FOLLOWED & set(protocols.replace(",", ":").split(":")) or \
                    "111" in f"{tcp},{udp}".split(",")
                self.findings.append((int(frame), bool(followed), raised))
        self.report = "\n".join(report)


@pytest.fixture(scope="module")
def readings(lab, request):
    """{capture: Reading} of every selected one, as many at a time as there are processors."""
    selected = {item.callspec.params["path"] for item in request.session.items
                if item.module is request.module and hasattr(item, "callspec")} - {None}
    selected = sorted(selected, key=lambda path: -path.stat().st_size)
    return dict(zip(selected, harness.in_parallel(lambda path: Reading(lab, path), selected)))


@pytest.mark.parametrize("path", captures(), ids=name_of)
def test_stranger(path, readings):
    reading = readings[path]
    # 1 and 2: tshark refuses a damaged file; a signal is negative, or 128 and more through setpriv.
    assert reading.status in (0, 1, 2), f"{reading.status}: {reading.errors[-2000:]}"
    assert "nlm_health" not in reading.errors and "NLM Health" not in reading.errors, reading.errors[-2000:]
    assert "CRITICAL" not in reading.errors, reading.errors[-2000:]
    assert reading.status or reading.report, "no report"
    if path.parent.name == "A-rpc":
        if reading.findings:
            print(f"{path.name}: {reading.findings[:20]}")  # to be read: tests/run -k A-rpc -rP
        return
    assert [(frame, raised) for frame, followed, raised in reading.findings if not followed] == []
