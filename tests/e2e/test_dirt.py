"""Captures as people have them: begun late, ended early, with losses, one direction only, short packets, everything twice.

A spoilt capture may be told with less confidence, or not at all. What must never come: a side that contradicts what the
kernels logged (captures/truth.json), a line that was never logged, one "shown" by the capture where it was not, a window
without the application's call, "healthy" of a run that was not, an incident in one that was.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import functools
import json
import random
import socket
import struct

import pytest

import harness
from harness import epoch

TRUTH = {truth["name"]: truth for truth in json.loads((harness.TOP / "captures" / "truth.json").read_text())}
NAMES = ["healthy", "rst_once", "server_blackhole", "server_down_syn", "server_slow", "stuck_fin", "synack_noack",
         "udp_blackhole_k4.14"]
# Of these the dirt that once was told wrong is tried, in the core alone: two clients, callbacks, errors, other kernels.
MORE = ["grace_clib", "grant_callback_lost_clib", "late_blackhole_k6.1", "not_registered_k5.10",
        "server_blackhole", "server_down_syn", "server_slow_ksid", "stuck_fin", "stuck_fin_k6.12", "synack_noack_ksid"]
SIDES = {"grace_clib": "grace", "grant_callback_lost_clib": "grant_callback_lost"}  # other hosts' views, by the truth that they show
OBSERVED, PREDICTED, ISSUED = 0.25, 0.25, 0.5  # seconds that a log, a capture and a program may differ
CUT, FIN_SYN_RST, TCP, UDP = 96, 7, 6, 17


# --- capture files: frames are [nanoseconds, bytes, length on the wire] ------------------------

def read(name):
    data = (harness.TOP / "captures" / f"{name}.pcap").read_bytes()
    finer = 1 if struct.unpack_from("<I", data)[0] == 0xA1B23C4D else 1000
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        frames.append([seconds * 10**9 + fraction * finer, data[at + 16:at + 16 + captured], length])
        at += 16 + captured
    return frames


def write(path, frames, link=1):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link))
        for time, data, length in frames:
            file.write(struct.pack("<IIII", time // 10**9, time % 10**9, len(data), length) + data)


def sender(data):
    """Address of the sender of an IPv4 packet, or None."""
    return socket.inet_ntoa(data[26:30]) if data[12:14] == b"\x08\x00" else None


def layer4(data):
    """(protocol, ports, TCP's flags) of an IPv4 packet, or (None, (), 0)."""
    if sender(data) is None or data[23] not in (TCP, UDP):
        return None, (), 0
    at = 14 + (data[14] & 15) * 4
    return data[23], struct.unpack_from("!HH", data, at), data[at + 13] if data[23] == TCP else 0


def payload(data):
    """Bytes that a TCP segment or a datagram carries; 0 of anything else."""
    protocol, _, _ = layer4(data)
    if protocol is None:
        return 0
    headers = (data[14] & 15) * 4
    return struct.unpack_from("!H", data, 16)[0] - headers - (data[14 + headers + 12] >> 4) * 4 if protocol == TCP else 1


# --- the dirt: each takes the frames and the outage (nanoseconds), and returns frames and link type ----

def begins(part):
    return lambda frames, since, until: ([frame for frame in frames if frame[0] >= since + (until - since) * part], 1)


def ends(part):
    return lambda frames, since, until: ([frame for frame in frames if frame[0] <= since + (until - since) * part], 1)


def lost(rate, seed):
    def some(frames, *_):
        dice = random.Random(seed)
        return [frame for frame in frames if dice.random() >= rate], 1
    return some


def only_from(address):
    return lambda frames, *_: ([frame for frame in frames if sender(frame[1]) in (None, address)], 1)


def cut(frames, *_):
    return [[time, data[:CUT], length] for time, data, length in frames], 1


def flags_only(frames, *_):
    return [frame for frame in frames if layer4(frame[1])[2] & FIN_SYN_RST], 1


def without_port_111(frames, *_):
    return [frame for frame in frames if 111 not in layer4(frame[1])[1]], 1


def lost_and_begins(rate, seed, part):
    return lambda frames, since, until: (lost(rate, seed)(begins(part)(frames, since, until)[0])[0], 1)


def data_only(frames, *_):
    """What somebody keeps who looks for messages: no handshake, no acknowledgement, no end."""
    return [frame for frame in frames if payload(frame[1]) > 0], 1


def halves_swapped(frames, since, until):
    """Two files of a ring buffer, put together in the wrong order."""
    middle = since + (until - since) * 0.4
    return [frame for frame in frames if frame[0] > middle] + [frame for frame in frames if frame[0] <= middle], 1


def seconds_lost(seconds):
    """The capturing host stalls when the outage ends: what ends it is missing."""
    return lambda frames, since, until: ([frame for frame in frames if not until - 10**8 <= frame[0] < until + seconds * 10**9], 1)


def answers_early(frames, *_):
    """A tap whose second card is 5 ms behind: answers stand before their questions."""
    return sorted([time - 5 * 10**6 * (sender(data) == "10.7.1.1"), data, length] for time, data, length in frames), 1


def on_any(frames, *_):
    """Each frame on the bond and on its card, in Linux's cooked format of version 2."""
    twice = []
    for time, data, length in frames:
        for card in (5, 2):
            head = data[12:14] + struct.pack("!HIHBB8s", 0, card, 1, 4, 6, data[6:12])
            twice.append([time + (card == 2) * 9000, head + data[14:], length + 6])
    return sorted(twice), 276


DIRT = {"begins at 10 %": begins(0.1), "begins at 75 %": begins(0.75), "ends at 50 %": ends(0.5), "5 % lost": lost(0.05, 3),
        "30 % lost": lost(0.3, 1), "client only": only_from("10.7.1.2"), "server only": only_from("10.7.1.1"), "cut": cut,
        "flags only": flags_only, "no port 111": without_port_111, "answers early": answers_early, "any": on_any}

# Where bytes or segments are missing, and where frames have another head, TShark hands packets over in its own way.
BY_TSHARK = {"30 % lost", "cut", "any"}

MORE_DIRT = {"begins at 2 %": begins(0.02), "begins at 50 %": begins(0.5), "begins at 75 %": begins(0.75),
             "10 % lost, begins at 30 %": lost_and_begins(0.1, 5, 0.3), "10 % lost": lost(0.1, 2), "30 % lost": lost(0.3, 4),
             "60 % lost": lost(0.6, 2), "halves swapped": halves_swapped, "data only": data_only, "end missing": seconds_lost(1.5)}


# --- the truth ---------------------------------------------------------------------------------

@functools.cache
def outage(name):
    """When the application that waited longest called, and when it got its answer."""
    waits, since = [], {}
    for host, when, process, _what, event in TRUTH[name]["app"]:
        if event == "call":
            since[host, process] = epoch(when)
        elif (host, process) in since:
            asked = since.pop((host, process))
            waits.append((epoch(when) - asked, asked, epoch(when)))
    return max(waits)[1:]


def logged(name, text):
    kind = "not_responding" if "still trying" in text else "timed_out" if "timed out" in text else "ok"
    return [epoch(row[1]) for row in TRUTH[name][kind]]


def false_lines(name, incident):
    for line in incident["kernel_lines"]:
        if not line["text"].startswith("lockd"):
            continue
        times, observed = logged(name, line["text"]), line["observed"] and epoch(line["observed"])
        if observed and not any(abs(observed - time) < OBSERVED for time in times):
            yield f"shown at {line['observed']}: {line['text']}"
        if not observed and not any(epoch(line["earliest"]) - PREDICTED <= time <= epoch(line["latest"]) + PREDICTED for time in times):
            yield f"predicted {line['earliest']} to {line['latest']}: {line['text']}"


def false_windows(name, incident, frames):
    for call in incident["calls"]:
        if call["procedure"] not in ("LOCK", "UNLOCK") or not call["frames"] or not call["issued_earliest"]:
            continue
        sent = frames[call["frames"][0] - 1][0] / 1e9 + ISSUED
        asked = [epoch(row[1]) for row in TRUTH[name]["app"]
                 if row[4] == "call" and ("UNLCK" in row[3]) == (call["procedure"] == "UNLOCK") and epoch(row[1]) <= sent]
        if asked and not epoch(call["issued_earliest"]) - ISSUED <= max(asked) <= epoch(call["issued_latest"]) + ISSUED:
            yield f"{call['procedure']} issued {call['issued_earliest']} to {call['issued_latest']}"


def contradictions(name, story, frames):
    truth, (since, until) = TRUTH[name], outage(name)
    if not truth["cause"]:
        yield from (f"incident: {incident['summary']}" for incident in story["incidents"])
        return
    if story["capture"]["verdict"] == "healthy" and frames[-1][0] / 1e9 > since + 5:
        yield "healthy"
    for incident in story["incidents"]:
        about_it = epoch(incident["start"]) < until + 3 and (incident["end"] is None or epoch(incident["end"]) > since - 15)
        if about_it and incident["side"] not in ("unknown", *truth["side"].split("|")):
            yield f"side {incident['side']}, but it is {truth['side']}"
        yield from false_lines(name, incident)
        if name not in SIDES.values():  # there lockd asks again by itself, with calls of its own
            yield from false_windows(name, incident, frames)


@pytest.mark.parametrize("name", NAMES)
def test_dirt_contradicts_no_truth(lab, name):
    clean, folder = read(name), lab.folder()
    since, until = (int(time * 10**9) for time in outage(name))

    def judge(kind):
        frames, link = DIRT[kind](clean, since, until)
        if not frames:
            return []
        path = folder / f"{kind.replace(' ', '-').replace('%', 'percent')}.pcap"
        write(path, frames, link)
        harness.hand_over(path)
        # That the core without Wireshark says the same of whole captures is test_cases.py's.
        story = lab.story(path) if kind in BY_TSHARK else json.loads(lab.replay([path, "--json"]))
        return [f"{kind}: {what}" for what in contradictions(name, story, frames)]

    found = [what for kinds in harness.in_parallel(judge, DIRT) for what in kinds]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", MORE)
def test_more_dirt_contradicts_no_truth(lab, name):
    clean, folder, truth = read(name), lab.folder(), SIDES.get(name, name)
    since, until = (int(time * 10**9) for time in outage(truth))
    found = []

    for kind, dirty in MORE_DIRT.items():
        frames, link = dirty(clean, since, until)
        if frames:
            path = folder / "dirty.pcap"
            write(path, frames, link)
            story = json.loads(lab.replay([path, "--json"]))
            found += [f"{kind}: {what}" for what in contradictions(truth, story, frames)]
    assert not found, "\n".join(found)


def test_the_judge_sees_a_contradiction():
    """What is asked above can fail: the truth turned round is refused."""
    name = "server_down_syn"
    shown = {"start": "2000-01-01T00:00:00Z", "end": None, "side": "client", "summary": "", "calls": [],
             "kernel_lines": [{"text": "lockd: server x not responding, still trying", "observed": "2000-01-01T00:00:00Z"}]}
    story = {"capture": {"verdict": "healthy"}, "incidents": [shown]}
    found = list(contradictions(name, story, read(name)))
    assert len(found) == 3, found
