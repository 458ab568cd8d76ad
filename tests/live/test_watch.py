"""nlm-health watch beside real peers: outages begin and end once, and the files that it keeps explain them.

$NLM_HEALTH_WATCH_PAUSE: seconds of healthy traffic before each outage and after the last one (default 15; 150 makes ten minutes).

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import harness
import peers

pytestmark = [pytest.mark.live, pytest.mark.slow]

PAUSE = float(os.environ.get("NLM_HEALTH_WATCH_PAUSE", 15))
FOUND = 1


class Watch:
    """nlm-health watch as an ordinary user who may capture."""

    def __init__(self, lab, host):
        self.folder = lab.folder()
        shutil.copy(harness.TOP / "tools" / "nlm-health", self.folder)
        (self.folder / "kept").mkdir()
        for path in [self.folder, *self.folder.iterdir()]:
            harness.hand_over(path)
        may_capture = ["--inh-caps", "+net_raw,+net_admin", "--ambient-caps", "+net_raw,+net_admin"]
        command = ["nsenter", "--target", host.pid, "--net", "--", *harness.AS_USER, *may_capture, "sh", "nlm-health", "watch", "-i", "lan",
                   "--keep", "kept", "--exec", "echo kept", "--size", "8", "--files", "8"]
        self.process = subprocess.Popen(list(map(str, command)), env=lab.environment, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.output, self.errors = peers.Lines(self.process.stdout), peers.Lines(self.process.stderr)
        peers.until(lambda: self._listens(host), "dumpcap", 60)
        time.sleep(2)  # it may have been the one that only asks which interfaces there are

    def _listens(self, host):
        assert self.process.poll() is None, self.errors.all()
        return len(host.run("cat", "/proc/net/packet").splitlines()) > 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(120) == FOUND, self.errors.all()
        return [line for _, line in self.output.all()]

    def close(self):
        self.process.kill()
        self.process.wait()


def healthy(client):
    end = time.time() + PAUSE
    while time.time() < end:
        client.lock_and_unlock()
        time.sleep(0.3)


def blackhole(network, client):
    """Nothing passes; until after the client complained. When it began and ended."""
    began = time.time()
    network.server.drop("input", "iifname lan")
    network.server.drop("output", "oifname lan")
    before = len(client.output.lines)
    client.command("lock 1")
    client.wait(" not_responding$", before, 8 * peers.TIMEOUT)
    after = len(client.output.lines)
    network.server.lift()
    ended = client.wait(" answer LOCK 1 .*GRANTED$", after, 60)
    client.command("unlock 1", "GRANTED")
    return began, ended


@pytest.fixture
def watched(lab, tmp_path):
    """(what was done: [(began, ended)], lines of the watch, folder of kept files)"""
    reason = peers.why_not()
    if reason:
        pytest.skip(f"live tests: {reason}")
    program = peers.build_client(tmp_path)
    network, watch, done = peers.Network(), None, []
    try:
        network.start(lab.home)
        watch = Watch(lab, network.client_host)
        client = network.start_client(program)
        for _ in range(3):
            healthy(client)
            done.append(blackhole(network, client))
        healthy(client)
        client.close()
        lines = watch.stop()
    finally:
        if watch:
            watch.close()
        network.close()
    return done, lines, watch.folder / "kept"


def seconds(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


def test_three_outages(watched, lab):
    done, lines, folder = watched
    for word in ("begins", "ends"):
        told = [seconds(line) for line in lines if re.match(rf"\S+Z  {word}  ", line)]
        assert len(told) == 3, lines
        for at, (began, ended) in zip(told, done):
            assert began - 2 < at < ended + 2, (at, began, ended)
    kept = [line for line in lines if line.startswith("kept ")]
    names = {path.name for path in folder.iterdir()}
    assert len(kept) == len(set(kept)) == len(names) >= 3 and {line.rsplit("/", 1)[1] for line in kept} == names
    for path in folder.iterdir():
        harness.hand_over(path)
    story = json.loads(lab.run("sh", folder.parent / "nlm-health", "--json", folder, check=False).stdout)
    assert [incident["cause"] for incident in story["incidents"]] == ["peer_silent"] * 3
    assert {incident["side"] for incident in story["incidents"]} <= {"server", "path"}
    for incident, (began, ended) in zip(story["incidents"], done):
        assert began - 2 < seconds(incident["start"]) < ended and abs(seconds(incident["end"]) - ended) < 3
