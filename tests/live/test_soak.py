"""A capture that runs on and on into a ring of files: what the plugin adds to TShark's memory.

TShark 4.0 itself keeps some 20 MB for every file of the ring, so one with and one without the plugin capture the same
packets side by side, and what grows between them is ours.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

import pytest

import harness
import mutate
import peers
import traffic

pytestmark = pytest.mark.live

PACKETS, RATE, IN_A_FILE = 122_500, 5000, 5000
BYTES_A_PACKET = 40  # some 15 is noise; keeping what is known of each file makes it 100


def why_not():
    if not harness.IS_ROOT:
        return "needs root: a network namespace"
    if not shutil.which("ip", path=peers.PATH):
        return "not installed: ip"
    probe = subprocess.run(["unshare", "--net", "ip", "link", "add", "name", "sender", "type", "veth", "peer", "name", "wire"],
                           capture_output=True, text=True, env={"PATH": peers.PATH})
    return f"namespaces or veth are not allowed here: {probe.stderr.strip()}" if probe.returncode else None


@pytest.fixture
def inside():
    """What runs a command in a network of its own, where `wire` hears what is sent to `sender`."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    setup = ("ip link add name sender type veth peer name wire && for end in sender wire;"
             " do ip link set dev $end arp off addrgenmode none up; done && echo ready && exec sleep infinity")
    holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", setup], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, env={"PATH": peers.PATH})
    assert holder.stdout.readline() == "ready\n"
    yield ["nsenter", "--target", str(holder.pid), "--net", "--"]
    holder.kill()
    holder.wait()


class Ring:
    """tshark -i into a ring of files."""

    def __init__(self, lab, inside, plugin):
        self.folder = lab.folder()
        may_capture = ["--inh-caps", "+net_raw,+net_admin", "--ambient-caps", "+net_raw,+net_admin"]
        elsewhere = {name: "/nonexistent" for name in ("HOME", "WIRESHARK_PLUGIN_DIR") if name in lab.environment}
        self.log = open(self.folder / "log", "w+")
        self.output = open(self.folder / "output", "w+")
        self.process = subprocess.Popen(
            [*inside, *harness.AS_USER, *may_capture, "tshark", "-n", "-q", "-i", "wire", "-w", self.folder / "ring.pcapng",
             "-b", f"packets:{IN_A_FILE}", "-b", "files:1000", "-z", "nlm_health,json" if plugin else "camel,counter"],
            env={**lab.environment, **({} if plugin else elsewhere)}, cwd=lab.home, stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=self.log)
        peers.until(lambda: self.process.poll() is not None or list(self.folder.glob("ring_*")), "the capture")

    def memory(self):
        """Resident memory in bytes."""
        assert self.process.poll() is None, (self.folder / "log").read_text()
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def stop(self):
        """What it prints."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return (self.folder / "output").read_text()

    def close(self):
        self.process.kill()
        self.process.wait()


def mixed(lab):
    """One packet in five is lock traffic."""
    foreign, locks = traffic.foreign(16_000).packets, traffic.locks(4000).packets
    path = lab.folder() / "mixed.pcap"
    mutate.Capture(1, [packet for number, lock in enumerate(locks) for packet in [*foreign[4 * number:4 * number + 4], lock]]).write(path)
    return path


def test_plugin_keeps_nothing_of_files_that_are_over(lab, inside):
    rings = [Ring(lab, inside, True), Ring(lab, inside, False)]
    try:
        time.sleep(1)
        sender = subprocess.Popen([*inside, sys.executable, pathlib.Path(__file__).with_name("send.py"), mixed(lab), "sender",
                                   str(PACKETS), str(RATE)])
        more = []  # what the plugin adds, from time to time
        while sender.poll() is None:
            more.append(rings[0].memory() - rings[1].memory())
            time.sleep(0.1)
        assert sender.returncode == 0
        time.sleep(2)
        story, _ = [ring.stop() for ring in rings]
    finally:
        for ring in rings:
            ring.close()
    story = json.loads(story)
    assert 0 < story["capture"]["frames"] < IN_A_FILE and story["pairs"]  # of the last file: with each one TShark begins anew
    assert len(list(rings[0].folder.glob("ring_*"))) >= PACKETS // IN_A_FILE
    # The last third against the second: the first one is for warming up. Medians: files change at slightly different times.
    third = len(more) // 3
    grown = statistics.median(more[2 * third:]) - statistics.median(more[third:2 * third])
    assert grown / (PACKETS / 3) <= BYTES_A_PACKET, f"{grown / 1024:.0f} kB more after {PACKETS // 3} packets"
