"""What may not grow faster than the capture: generated captures of one kind of work, n times. What TShark's own work would
hide is measured without it; what its side of the plugin does is in the kinds of TShark.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import struct
import typing

import harness
import mutate
import traffic
from traffic import ACK, FIN, PSH, START, SYN

SERVER = traffic.address(1, 192)
MSEC = 1_000_000
REPORT = ["-q", "-z", "nlm_health,report"]
CORE = ["--report"]


class Frames:
    """Frames with their times, in any order."""

    def __init__(self):
        self.list = []

    def add(self, milliseconds, frame):
        self.list.append((START + int(milliseconds * MSEC), len(frame), frame))

    def capture(self):
        return mutate.Capture(1, sorted(self.list, key=lambda record: record[0]))


def _call(xid, procedure, arguments=b""):
    return struct.pack(">IIIIII", xid, 0, 2, 100021, 4, procedure) + bytes(16) + arguments


def _res(cookie):
    return struct.pack(">II", 4, cookie) + bytes(4)


def _lock(xid, svid, offset=0, length=0, block=0, file=0, exclusive=1):
    """A LOCK; length 0: to the end."""
    handle = traffic._xdr(b"client") + traffic._xdr(struct.pack(">I", file) + bytes(28)) + traffic._xdr(b"%d@client" % svid)
    return _call(xid, 2, struct.pack(">II", 4, xid) + struct.pack(">II", block, exclusive) + handle
                 + struct.pack(">IQQII", svid, offset, length, 0, 0))


def _answer(xid, status=0):
    return struct.pack(">IIIIII", xid, 1, 0, 0, 0, 0) + struct.pack(">II", 4, xid) + struct.pack(">I", status)


def dead_server(n):
    """Clients of one server that answers nobody: SYNs to its port mapper, from 1 s on."""
    frames = Frames()
    for i in range(n):
        for delay in (0, 1000, 3000, 7000):
            frames.add(i + delay, traffic.tcp((traffic.address(i + 1), 800), (SERVER, 111), i * 7, 0, SYN, ident=i))
    return frames.capture()


def waiting_calls(n):
    """Locks on one connection that the server takes and does not answer."""
    frames = Frames()
    client, server, seq = (traffic.address(7), 800), (SERVER, 4045), 1000
    frames.add(0, traffic.tcp(client, server, seq, 0, SYN))
    frames.add(1, traffic.tcp(server, client, 5000, seq + 1, SYN | ACK))
    frames.add(2, traffic.tcp(client, server, seq + 1, 5001, ACK))
    seq += 1
    for i in range(n):
        record = traffic._record(_lock(i + 1, i, offset=i * 10, length=10))
        frames.add(10 + i, traffic.tcp(client, server, seq, 5001, PSH | ACK, record, i + 1))
        seq += len(record)
        frames.add(10.5 + i, traffic.tcp(server, client, 5001, seq, ACK, ident=i + 1))
    for i in range(n):  # time goes on, and other packets of the pair pass
        frames.add(100_000 + i * 20, traffic.tcp(server, client, 5001, seq, ACK, ident=n + i))
    return frames.capture()


def alternating_results(n):
    """Results of asynchronous calls, by turns the server's and the client's: who is who?"""
    frames = Frames()
    for i in range(n):
        procedure = 12 if i % 2 else 15  # LOCK_RES, GRANTED_RES
        frames.add(i, traffic.udp((traffic.address(7), 800), (SERVER, 4045), _call(i + 1, procedure, _res(i)), i))
    return frames.capture()


def turned_pairs(n):
    """Pairs that begin with a look-up by the server, and a callback that tells who is who."""
    frames = Frames()
    for i in range(n):
        client = traffic.address(i + 1)
        lookup = struct.pack(">IIIIII", i + 1, 0, 2, 100000, 2, 3) + bytes(16) + struct.pack(">IIII", 100021, 4, 17, 0)
        frames.add(i, traffic.udp((SERVER, 700), (client, 111), lookup, i))
        frames.add(i + 0.5, traffic.udp((SERVER, 700), (client, 4045), _call(i + 70_000, 5, _lock(1, 1)[40:]), i))
    return frames.capture()


def copies(n):
    """One call, sent again and again."""
    frames = Frames()
    for i in range(n):
        frames.add(i * 1000, traffic.udp((traffic.address(7), 800), (SERVER, 4045), _lock(1, 1), i))
    return frames.capture()


def pairs(n):
    """Healthy clients of one server."""
    frames = Frames()
    for i in range(n):
        client = (traffic.address(i + 1), 800)
        frames.add(i, traffic.udp(client, (SERVER, 4045), _lock(i + 1, i, file=i), i))
        frames.add(i + 0.3, traffic.udp((SERVER, 4045), client, _answer(i + 1), i))
    return frames.capture()


def connections(n):
    """Connections of one pair, each with a lock, and each fourth reset with its call unanswered."""
    frames = Frames()
    server = (SERVER, 4045)
    for i in range(n):
        client = (traffic.address(1 + i // 60_000), 1024 + i % 60_000)
        start, seq = i * 5, i * 1009
        lock, answer = traffic._record(_lock(i + 1, i, file=i)), traffic._record(_answer(i + 1))
        frames.add(start, traffic.tcp(client, server, seq, 0, SYN))
        frames.add(start + 0.2, traffic.tcp(server, client, 7, seq + 1, SYN | ACK))
        frames.add(start + 0.3, traffic.tcp(client, server, seq + 1, 8, PSH | ACK, lock, i))
        end = seq + 1 + len(lock)
        if i % 4 == 3:
            frames.add(start + 0.5, traffic.tcp(server, client, 8, end, 4 | ACK))
            continue
        frames.add(start + 0.5, traffic.tcp(server, client, 8, end, PSH | ACK, answer, i))
        frames.add(start + 0.7, traffic.tcp(client, server, end, 8 + len(answer), FIN | ACK, ident=i + 1))
        frames.add(start + 0.8, traffic.tcp(server, client, 8 + len(answer), end + 1, FIN | ACK, ident=i + 2))
        frames.add(start + 0.9, traffic.tcp(client, server, end + 1, 9 + len(answer), ACK, ident=i + 3))
    return frames.capture()


def locks_of_a_file(n):
    """Ranges of one file, all held."""
    frames = Frames()
    for i in range(n):
        client = (traffic.address(7), 800)
        frames.add(i, traffic.udp(client, (SERVER, 4045), _lock(i + 1, 1, offset=i * 20, length=10), i))
        frames.add(i + 0.3, traffic.udp((SERVER, 4045), client, _answer(i + 1), i))
    return frames.capture()


def readers(n):
    """Clients that share a lock of one file."""
    frames = Frames()
    for i in range(n):
        client = (traffic.address(7 + i % 50), 800)
        frames.add(i, traffic.udp(client, (SERVER, 4045), _lock(i + 1, i, exclusive=0), i))
        frames.add(i + 0.3, traffic.udp((SERVER, 4045), client, _answer(i + 1), i))
    return frames.capture()


def waiters(n):
    """One holds a file's lock, all others wait for it."""
    frames = Frames()
    for i in range(n):
        client = (traffic.address(7 + i % 50), 800)
        frames.add(i, traffic.udp(client, (SERVER, 4045), _lock(i + 1, i, block=1), i))
        frames.add(i + 0.3, traffic.udp((SERVER, 4045), client, _answer(i + 1, 3 if i else 0), i))
    return frames.capture()


def errors(n):
    """Locks of which nobody takes the datagrams, as ICMP tells."""
    frames = Frames()
    client = (traffic.address(7), 800)
    for i in range(n):
        lost = traffic.udp(client, (SERVER, 4045), _lock(i + 1, i, offset=i * 10, length=10), i)
        frames.add(i, lost)
        frames.add(n + 1000 + i, unreachable(lost))
    return frames.capture()


def unreachable(lost):
    """The error of the host that has no such port (RFC 792)."""
    body = struct.pack(">BBHI", 3, 3, 0, 0) + lost[14:42]
    head = bytearray(lost[14:34])
    head[2:4], head[9], head[12:16], head[16:20] = struct.pack(">H", 20 + len(body)), 1, lost[30:34], lost[26:30]
    return lost[:14] + bytes(head) + body


def incidents(n):
    """Each its own: three copies of a call without an answer, then one."""
    frames = Frames()
    for i in range(n):
        client = (traffic.address(1 + i % 100), 800)
        start = i * 40_000
        for delay in (0, 10_000, 30_000):
            frames.add(start + delay, traffic.udp(client, (SERVER, 4045), _lock(i + 1, 1, file=i % 100), i + delay))
        frames.add(start + 30_001, traffic.udp((SERVER, 4045), client, _answer(i + 1), i))
    return frames.capture()


def holders(n, extra):
    """Clients that hold a lock each; then extra(frames, i, client) comes for each of them, from 100 s on."""
    before = pairs(n)
    more = Frames()
    for i in range(n):
        extra(more, i, (traffic.address(i + 1), 800))
    return mutate.Capture(1, [*before.packets, *more.capture().packets])


def silent_server(n):
    """A server that answers none of the clients that hold locks there any more."""
    def ask(frames, i, client):
        for delay in (0, 10_000, 30_000):
            frames.add(100_000 + i + delay, traffic.udp(client, (SERVER, 4045), _lock(n + i + 1, n + i, file=i), i + delay))
    return holders(n, ask)


def restarts(n):
    """A server that tells each of the clients that hold locks there of its restart."""
    def notify(frames, i, client):
        notice = struct.pack(">IIIIII", n + i, 0, 2, 100024, 1, 6) + bytes(16) + traffic._xdr(b"server") + struct.pack(">I", 3)
        frames.add(100_000 + i, traffic.udp((SERVER, 700), (client[0], 662), notice, i))
        frames.add(100_000.5 + i, traffic.udp((client[0], 662), (SERVER, 700), struct.pack(">IIIIII", n + i, 1, 0, 0, 0, 0), i))
    return holders(n, notify)


def silent_connections(n):
    """Connections of one pair, each opened for a lock whose call meets silence."""
    frames = Frames()
    for i in range(n):
        client, server, seq = (traffic.address(7 + i // 60_000), 1024 + i % 60_000), (SERVER, 4045), 1000
        record = traffic._record(_lock(i + 1, i, offset=i * 10, length=10))
        frames.add(i * 50, traffic.tcp(client, server, seq, 0, SYN))
        frames.add(i * 50 + 0.2, traffic.tcp(server, client, 7, seq + 1, SYN | ACK))
        frames.add(i * 50 + 0.3, traffic.tcp(client, server, seq + 1, 8, ACK))
        for copy, delay in enumerate((1, 300, 900, 2100, 4500)):
            frames.add(i * 50 + delay, traffic.tcp(client, server, seq + 1, 8, PSH | ACK, record, i * 8 + copy))
    return frames.capture()


def look_ups(n):
    """Locks that a server leaves unanswered, and look-ups of its port for hours."""
    frames = Frames()
    client = (traffic.address(7), 800)
    for i in range(n):
        frames.add(i, traffic.udp(client, (SERVER, 4045), _lock(i + 1, i, offset=i * 10, length=10), i))
    for i in range(n):
        ask = struct.pack(">IIIIII", n + i, 0, 2, 100000, 2, 3) + bytes(16) + struct.pack(">IIII", 100021, 4, 17, 0)
        frames.add(n + 20_000 + i * 12_000, traffic.udp((client[0], 900), (SERVER, 111), ask, i))
    return frames.capture()


def notices(n):
    """A server that restarts after each lock of one client."""
    frames = Frames()
    client, server = (traffic.address(7), 800), (SERVER, 4045)
    for i in range(n):
        notice = struct.pack(">IIIIII", n + i, 0, 2, 100024, 1, 6) + bytes(16) + traffic._xdr(b"server") + struct.pack(">I", 3 + 2 * i)
        frames.add(i * 10, traffic.udp(client, server, _lock(i + 1, 1, offset=i * 20, length=10), i))
        frames.add(i * 10 + 0.3, traffic.udp(server, client, _answer(i + 1), i))
        frames.add(i * 10 + 1, traffic.udp((SERVER, 700), (client[0], 662), notice, i))
        frames.add(i * 10 + 1.5, traffic.udp((client[0], 662), (SERVER, 700), struct.pack(">IIIIII", n + i, 1, 0, 0, 0, 0), i))
    return frames.capture()


def incidents_of_a_holder(locks, n):
    """A client that holds many locks, and whose calls are answered late again and again."""
    before, more = locks_of_a_file(locks), Frames()
    client, server = (traffic.address(7), 800), (SERVER, 4045)
    for i in range(n):
        start = 100_000 + i * 100_000
        for delay in (0, 10_000, 30_000):
            more.add(start + delay, traffic.udp(client, server, _lock(locks + i + 1, 2, file=9, offset=i * 20, length=10), i))
        more.add(start + 30_001, traffic.udp(server, client, _answer(locks + i + 1), i))
    return mutate.Capture(1, [*before.packets, *more.capture().packets])


def two_points(n):
    """Incidents of one client that were captured on both sides of a router, and packets that only its side has."""
    frames = Frames()
    client, server = (traffic.address(7), 800), (SERVER, 4045)
    for i in range(n):
        start = i * 40_000
        for copy, delay in enumerate((0, 10_000, 30_000)):
            frame = traffic.udp(client, server, _lock(i + 1, 1, file=i % 100), 4 * i + copy)
            frames.add(start + delay, frame)
            if copy == 2:
                frames.add(start + delay + 3, routed(frame))
        answer = traffic.udp(server, client, _answer(i + 1), i)
        frames.add(start + 30_004, answer)
        frames.add(start + 30_007, routed(answer))
    return frames.capture()


def routed(frame):
    """The frame behind a router."""
    return frame[:22] + bytes([frame[22] - 1]) + frame[23:]


class Kind(typing.NamedTuple):
    make: typing.Callable
    n: int             # the smaller capture has so many, the larger four times as many
    arguments: list    # of tshark, or of nlmh-replay where they begin with CORE


KINDS = {
    "dead-server": Kind(dead_server, 4000, REPORT),
    "waiting-calls": Kind(waiting_calls, 2000, [*CORE, "-o", "nlm_health.timer:mount"]),
    "alternating-results": Kind(alternating_results, 16000, CORE),
    "turned-pairs": Kind(turned_pairs, 4000, CORE),
    "copies-in-full": Kind(copies, 4000, ["-V"]),
    "pairs": Kind(pairs, 4000, CORE),
    "connections": Kind(connections, 4000, REPORT),
    "locks-of-a-file": Kind(locks_of_a_file, 4000, CORE),
    "readers": Kind(readers, 2000, CORE),
    "waiters": Kind(waiters, 1500, CORE),
    "errors": Kind(errors, 4000, CORE),
    "silent-server": Kind(silent_server, 2000, CORE),
    "restarts": Kind(restarts, 1500, CORE),
    "silent-connections": Kind(silent_connections, 1500, REPORT),
    "notices": Kind(notices, 400, CORE),
    "look-ups": Kind(look_ups, 1000, CORE),
    "two-points": Kind(two_points, 1000, CORE),
    "incidents-report": Kind(incidents, 2500, CORE),
    "incidents-json": Kind(incidents, 2500, ["-q", "-z", "nlm_health,json"]),
    "incidents-annotate": Kind(incidents, 2500, ["-q", "-z", "nlm_health,annotate,in={path},out={path}.out"]),
    "incidents-two-pass": Kind(incidents, 2500, ["-2", "-Y", "nlm_health.incident == 2500"]),
}


def seconds(lab, kind, n):
    """CPU of a run over a capture with this much work."""
    path = lab.folder() / f"{kind}.{n}.pcap"
    KINDS[kind].make(n).write(path)
    harness.hand_over(path)
    arguments = [word.format(path=path) for word in KINDS[kind].arguments]
    try:
        return lab.replay_seconds([path, *arguments]) if arguments[:1] == CORE else lab.usage("-n", "-r", path, *arguments).seconds
    finally:
        path.unlink()


def pair_of_seconds(lab, kind):
    """CPU for n and for four times n pieces of this work, without that of starting up."""
    start = seconds(lab, kind, 1)
    return [max(seconds(lab, kind, KINDS[kind].n * times) - start, 0.01) for times in (1, 4)]
