"""Real peers, captured live: what tshark -i with the plugin says against what was done to the packets.

Every scenario runs in a network of its own, so all run at the same time; the slowest takes less than a minute.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import shutil
import threading
import time

import pytest

import harness
import peers

pytestmark = pytest.mark.live

# Seconds by which what the client notes may be later than the packet: it notes when it is scheduled, which takes long on a
# machine that is busy. Half of the shortest step of its timers, so that no line is taken for that of another timeout.
CLOCK = peers.TIMEOUT / 2
FINDINGS = ["peer_silent", "syn_refused", "synack_unacked", "denied_nolocks", "grant_lost", "not_registered",
            "grace"]


class Run:
    """What happened in a scenario and what the plugin said."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.lifted = None  # when the fault ended

    @property
    def causes(self):
        return [(incident["cause"], incident["side"]) for incident in self.live["incidents"]]


def healthy(network, client, run):
    for _ in range(2):
        client.lock_and_unlock()


def contention(network, client, run):
    """Owner 2 waits for owner 1 and is called back."""
    client.command("lock 1", "GRANTED")
    client.command("block 2", "BLOCKED")
    time.sleep(1)
    client.command("unlock 1", "GRANTED")
    client.wait(" granted 2$")
    client.wait(" granted_res$")
    client.command("unlock 2", "GRANTED")


def outlast(client, run, end_fault):
    """Lock under a fault, end it after the client complained, wait for the lock."""
    client.command("lock 1")
    client.wait(" not_responding$", seconds=8 * peers.TIMEOUT)
    time.sleep(2)
    run.lifted = time.time()
    end_fault()
    client.wait(" answer LOCK 1 .*GRANTED$", len(client.output.lines) - 1, 40)
    client.command("unlock 1", "GRANTED")


def blackhole(network, client, run):
    """Nothing passes in either direction; the connection is open."""
    client.lock_and_unlock()
    network.server.drop("input", "iifname lan")
    network.server.drop("output", "oifname lan")
    outlast(client, run, network.server.lift)


def refused(network, client, run):
    """The server's lock manager dies, its port is still registered."""
    client.lock_and_unlock()
    network.end_ganesha("KILL")
    client.wait(" lost lockd ")
    outlast(client, run, network.start_ganesha)


def not_registered(network, client, run):
    """The server's lock manager is shut down and says so to its rpcbind."""
    client.lock_and_unlock()
    network.end_ganesha("TERM")
    peers.until(lambda: not network.server.registered("100021"), "NLM to unregister")
    client.wait(" lost lockd ")
    outlast(client, run, network.start_ganesha)


def link_down(network, client, run):
    """The server's link is down; the client's is not."""
    client.lock_and_unlock()
    network.server.run("ip", "link", "set", "lan", "down")
    outlast(client, run, lambda: network.server.run("ip", "link", "set", "lan", "up"))


def grace(network, client, run):
    """The server has just started and waits for clients that reclaim their locks; this one tries until it succeeds."""
    client.command("lock 1", "GRACE_PERIOD")
    for _ in range(20):
        time.sleep(1)
        after = len(client.output.lines)
        client.command("lock 1", "(GRACE_PERIOD|GRANTED)")
        if client.output.first("GRANTED$", after):
            break
    client.command("unlock 1", "GRANTED")


def synack_dropped(network, client, run):
    """The client drops SYN-ACKs of the lock manager behind the point of capture."""
    client.lock_and_unlock()
    client.command("abort")
    network.client_host.drop("input", f"tcp sport {peers.NLM_PORT} tcp flags & (syn | ack) == syn | ack")
    outlast(client, run, network.client_host.lift)


def statd_missing(network, client, run):
    """The server has no statd, so it cannot watch the client; one failed lock is reason enough."""
    client.command("lock 1", "NOLOCKS")


def deaf(network, client, run):
    """Nothing reaches the server, though it can send: it resends the reply of which the ACK was dropped."""
    client.command("lock 1", "GRANTED")
    network.server.drop("input", "ip length < 70")
    client.command("unlock 1", "GRANTED")
    network.server.drop("input", "iifname lan")
    outlast(client, run, network.server.lift)


def grant_lost(network, client, run):
    """The client drops the server's look-up of the port for its callback; the poll gets the lock."""
    client.command("lock 1", "GRANTED")
    network.client_host.drop("input", "tcp dport 111")
    client.command("block 2", "BLOCKED")
    client.command("unlock 1", "GRANTED")
    client.wait(" answer LOCK 2 .*GRANTED$", seconds=20 * peers.TIMEOUT)
    client.command("unlock 2", "GRANTED")


SCENARIOS = {scenario.__name__: scenario
             for scenario in [healthy, contention, blackhole, deaf, link_down, refused, not_registered, synack_dropped,
                              grant_lost, statd_missing, grace]}
# What must be said: the causes and the sides that are right.
EXPECTED = {"blackhole": ({"peer_silent"}, {"server", "path"}),
            "refused": ({"syn_refused"}, {"server"}),
            "synack_dropped": ({"synack_unacked"}, {"client", "path"}),
            "statd_missing": ({"denied_nolocks"}, {"server"}),
            "deaf": ({"peer_silent"}, {"server", "path"}),
            "link_down": ({"peer_silent"}, {"server", "path"}),
            "not_registered": ({"not_registered", "syn_refused"}, {"server"}),
            "grace": ({"grace"}, {"server"}),
            "grant_lost": ({"grant_lost"}, {"client", "path"})}
STARTING = threading.Lock()  # one after the other: many daemons at once take long on a small machine
# So long that the client says "not responding".
COMPLAIN = ["blackhole", "refused", "synack_dropped", "deaf", "link_down", "not_registered"]


def play(lab, program, name):
    run = Run(name)
    network = peers.Network()
    capture = None
    try:
        with STARTING:
            network.start(lab.home, statd=name != "statd_missing", grace=name == "grace")
            capture = peers.LiveCapture(lab, network.client_host, FINDINGS)
            client = network.start_client(program)
        SCENARIOS[name](network, client, run)
        client.close()
        run.client = client
        run.live = capture.stop()
        run.capture = capture
        run.afterwards = lab.story(capture.file, "-2", *peers.PREFERENCES)
    finally:
        if capture:
            capture.close()
        network.close()
    return run


@pytest.fixture(scope="session")
def runs(request, lab, tmp_path_factory):
    """{scenario: future of its Run} for the scenarios that were selected."""
    with peers.playing(request, lab, tmp_path_factory, "scenario", play, len(SCENARIOS)) as started:
        yield started


@pytest.fixture
def run(request, lab, runs, scenario):
    result = runs[scenario].result()
    folder = request.config.getoption("--keep-captures")
    if folder:
        # The older format: the newer one names the machine that captured.
        copy = lab.folder() / f"ganesha_{scenario}.pcap"
        lab.tshark("-r", result.capture.file, "-F", "pcap", "-w", copy)
        shutil.copyfile(copy, pathlib.Path(folder) / copy.name)
    return result


def each(names):
    return pytest.mark.parametrize("scenario", list(names))


@each(SCENARIOS)
def test_one_incident_with_what_was_injected(run, scenario):
    if scenario not in EXPECTED:
        assert run.causes == []
        return
    causes, sides = EXPECTED[scenario]
    (cause, side), = run.causes
    assert cause in causes
    assert side in sides


@each(SCENARIOS)
def test_two_passes_over_the_file_say_the_same(run):
    """The live capture judged packet after packet; no packet is missing in either."""
    assert run.live["capture"]["frames"] == run.afterwards["capture"]["frames"]
    assert run.live["pairs"] == run.afterwards["pairs"]
    assert run.causes == [(incident["cause"], incident["side"]) for incident in run.afterwards["incidents"]]


@each(SCENARIOS)
def test_calls_are_counted(run):
    """Each call that the client issued and no other, on the pair of client and server."""
    pair = next(pair for pair in run.live["pairs"] if pair["client"] == peers.CLIENT)
    assert pair["server"] == peers.SERVER
    assert pair["unanswered"] == 0
    assert pair["calls"] >= len(run.client.events("issue"))


@each(EXPECTED)
def test_finding_is_shown_while_it_lasts(run, scenario):
    """Live means before the end: the frame was printed while the fault was there."""
    for finding in EXPECTED[scenario][0]:
        seen = run.capture.seen(finding)
        assert seen, run.capture.output.lines[-5:]
        assert run.lifted is None or seen[0][0] < run.lifted


@each(COMPLAIN)
def test_incident_ends_with_the_first_answer(run):
    incident, = run.live["incidents"]
    answer, = run.client.events("ok")
    assert abs(harness.epoch(incident["end"]) - answer) < CLOCK


@each(COMPLAIN)
def test_line_of_the_client_is_in_the_predicted_window(run):
    """lock_client keeps the timers of lockd, so it complains when lockd would."""
    logged = run.client.events("not_responding")[0]
    windows = [(harness.epoch(line["earliest"]), harness.epoch(line["latest"]))
               for incident in run.live["incidents"] for line in incident["kernel_lines"]
               if line["text"] == f"lockd: server {peers.SERVER} not responding, still trying"]
    assert any(earliest - CLOCK <= logged <= latest + CLOCK for earliest, latest in windows), (logged, windows)


@each(COMPLAIN)
def test_issue_of_the_lock_is_in_the_predicted_window(run):
    """Also where the lock call was sent long after it was issued."""
    issued = [float(line.split()[0]) for _, line in run.client.output.lines if " issue LOCK 1 " in line][-1]
    windows = [(harness.epoch(call["issued_earliest"]), harness.epoch(call["issued_latest"]))
               for incident in run.live["incidents"] for call in incident["calls"]
               if call["procedure"] == "LOCK" and call["issued_earliest"]]
    assert any(earliest - CLOCK <= issued <= latest + CLOCK for earliest, latest in windows), (issued, windows)
