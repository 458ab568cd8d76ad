"""Real peers with a router between them, captured at both ends: the path or the server, decided whatever the clocks say.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import subprocess
import threading

import pytest

import peers
from test_live_peers import outlast

pytestmark = pytest.mark.live

TO_LOCKD = f"tcp dport {peers.NLM_PORT}"
FROM_LOCKD = f"tcp sport {peers.NLM_PORT}"
SYNACK = "tcp flags & (syn | ack) == syn | ack"


class Run:
    lifted = None


def under(network, client, rule, *more):
    """Lock on the open connection while the router drops that."""
    client.lock_and_unlock()
    for each_rule in (rule, *more):
        network.router.drop("forward", each_rule)
    outlast(client, Run(), network.router.lift)


def healthy(network, client):
    for _ in range(2):
        client.lock_and_unlock()


def everything(network, client):
    under(network, client, f"ip daddr {peers.SERVER}", f"ip saddr {peers.SERVER}")


def to_server(network, client):
    under(network, client, f"ip daddr {peers.SERVER}")


def to_client(network, client):
    under(network, client, f"ip saddr {peers.SERVER}")


def only_lockd(network, client):
    under(network, client, TO_LOCKD)


def only_large(network, client):
    under(network, client, f"ip daddr {peers.SERVER} ip length > 160")


def only_synacks(network, client):
    client.lock_and_unlock()
    client.command("abort")
    network.router.drop("forward", f"{FROM_LOCKD} {SYNACK}")
    outlast(client, Run(), network.router.lift)


def translated(network, client):
    healthy(network, client)


def translation_forgets(network, client):
    """The router loses its table: what goes to lockd on the old connection is dropped as belonging to none."""
    client.lock_and_unlock()
    network.router.drop("forward", TO_LOCKD)
    outlast(client, Run(), network.router.lift)


def server_deaf(network, client):
    """The packets arrive, and the server's own filter, behind its capture point, drops them."""
    client.lock_and_unlock()
    network.server.drop("input", TO_LOCKD)
    outlast(client, Run(), network.server.lift)


def client_deaf(network, client):
    client.lock_and_unlock()
    client.command("abort")
    network.client_host.drop("input", f"{FROM_LOCKD} {SYNACK}")
    outlast(client, Run(), network.client_host.lift)


# What the two ends show: (causes, side), None for nothing wrong.
SCENARIOS = {healthy: None, translated: None,
             everything: ({"path_loss"}, "path"), to_server: ({"path_loss"}, "path"), to_client: ({"path_loss"}, "path"),
             only_lockd: ({"path_loss"}, "path"), only_large: ({"path_loss"}, "path"), only_synacks: ({"path_loss"}, "path"),
             translation_forgets: ({"path_loss"}, "path"),
             server_deaf: ({"peer_silent"}, "server"), client_deaf: ({"synack_unacked"}, "client")}
BY_NAME = {scenario.__name__: scenario for scenario in SCENARIOS}
TRANSLATED = {translated, translation_forgets}
OFFSETS = [0, 0.3, 7, -40, 3600]
STARTING = threading.Lock()


def play(lab, program, name):
    """The two captures."""
    scenario = BY_NAME[name]
    network = peers.RoutedNetwork()
    files = [lab.folder() / f"{name}_{end}.pcap" for end in ("client", "server")]
    try:
        with STARTING:
            network.start(lab.home)
            if scenario in TRANSLATED:
                network.translate()
            captures = [peers.Capture(host, file) for host, file in zip([network.client_host, network.server], files)]
            client = network.start_client(program)
        scenario(network, client)
        client.close()
        for capture in captures:
            capture.stop()
    finally:
        network.close()
    return files


@pytest.fixture(scope="session")
def captures(request, lab, tmp_path_factory):
    """{scenario: future of its two captures} of those that were selected."""
    with peers.playing(request, lab, tmp_path_factory, "name", play, 4) as started:
        yield started


def merged(lab, files, offset, apart):
    """As an expert makes it of what two hosts captured, with the server's clock so many seconds ahead."""
    folder = lab.folder()
    server, both = folder / "server.pcap", folder / "both.pcapng"
    subprocess.run(["editcap", "-F", "pcap", "-t", str(offset), files[1], server], check=True)
    subprocess.run(["mergecap", *(["-I", "none"] if apart else []), "-w", both, files[0], server], check=True)
    both.chmod(0o644)
    return both


@pytest.mark.parametrize("apart", [True, False], ids=["two-interfaces", "one-interface"])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("name", list(BY_NAME))
def test_two_ends_decide(lab, captures, name, offset, apart):
    files = captures[name].result()
    story = lab.story(merged(lab, files, offset, apart), *peers.PREFERENCES)
    points = story["capture"]["points"]
    assert [point["name"] for point in points] == [peers.ROUTED_CLIENT, peers.SERVER]
    assert abs(points[1]["offset"] - offset) < 0.05
    expected = SCENARIOS[BY_NAME[name]]
    assert [(i["side"], i["confidence"]) for i in story["incidents"]] == ([(expected[1], "shown")] if expected else []), \
        [i["summary"] for i in story["incidents"]]
    assert all(i["cause"] in expected[0] for i in story["incidents"])
    alone = lab.story(merged(lab, [files[0], files[0]], 0, False), *peers.PREFERENCES)
    assert sum(pair["calls"] for pair in story["pairs"]) == sum(pair["calls"] for pair in alone["pairs"])


@pytest.mark.parametrize("name, words", [
    ("to_client", f"nothing that {peers.SERVER} sent passed"),
    ("only_large", "large"), ("only_synacks", "Only SYN-ACKs are lost")])
def test_what_passes_meanwhile_is_told(lab, captures, name, words):
    story = lab.story(merged(lab, captures[name].result(), 7, True), *peers.PREFERENCES)
    assert words in story["incidents"][0]["summary"]
