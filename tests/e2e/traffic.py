"""Generated captures for measurements: foreign traffic, lock traffic, floods; n packets, the same on each run.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import random
import struct

import mutate

START = 1_750_000_000 * 10**9
SYN, ACK, PSH, FIN = 2, 16, 8, 1


def address(number, network=10):
    return bytes([network, number >> 16 & 255, number >> 8 & 255, number & 255])


def _ip(protocol, source, target, payload, ident):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident & 0xFFFF, 0x4000, 64, protocol, 0, source, target)
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0" + head + payload


def udp(source, target, payload, ident=0):
    head = struct.pack(">HHHH", source[1], target[1], 8 + len(payload), 0)
    return _ip(17, source[0], target[0], head + payload, ident)


def tcp(source, target, seq, ack, flags, payload=b"", ident=0):
    option = b"\x01\x01\x08\x0a" + struct.pack(">II", ident & 0xFFFFFFFF, 1)
    head = struct.pack(">HHIIBBHHH", source[1], target[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x80, flags, 512, 0, 0)
    return _ip(6, source[0], target[0], head + option + payload, ident)


class Connection:
    """A TCP connection as a list of frames; ends are (address, port)."""

    def __init__(self, client, server, isn):
        self.ends = (client, server)
        self.seq = [isn, isn + 7_000_000]
        self.frames = []
        self._add(0, SYN, advance=1)
        self._add(1, SYN | ACK, advance=1)
        self._add(0, ACK)

    def _add(self, side, flags, payload=b"", advance=0):
        ack = self.seq[1 - side] if flags & ACK else 0
        self.frames.append(tcp(self.ends[side], self.ends[1 - side], self.seq[side], ack, flags, payload, len(self.frames) + 1))
        self.seq[side] += len(payload) + advance

    def send(self, side, payload):
        self._add(side, PSH | ACK, payload)

    def acknowledge(self, side):
        self._add(side, ACK)

    def close(self):
        self._add(0, FIN | ACK, advance=1)
        self._add(1, FIN | ACK, advance=1)
        self._add(0, ACK)


def _interleave(sources, count, dice):
    """Frames of several running connections in turn; sources yields lists of frames."""
    running, frames = [], []
    while len(frames) < count:
        while len(running) < 40:
            running.append(iter(next(sources)))
        flow = dice.randrange(len(running))
        frame = next(running[flow], None)
        if frame is None:
            running.pop(flow)
        else:
            frames.append(frame)
    return frames


def _foreign_flows(dice):
    number = 0
    while True:
        number += 1
        client = (address(dice.randrange(5000)), dice.randint(32768, 60999))
        if number % 3 == 0:
            query = struct.pack(">HHHHHH", number & 0xFFFF, 0x100, 1, 0, 0, 0) + b"\x03www\x07example\x03org\0\0\x01\0\x01"
            server = (address(1, 192), 53)
            answer = query[:2] + b"\x81\x80" + query[4:6] + b"\0\1" + query[8:] + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4" + address(number)
            yield [udp(client, server, query), udp(server, client, answer)]
            continue
        flow = Connection(client, (address(dice.randrange(50), 192), dice.choice([80, 443, 8443, 5432, 2049, 22, 9000])), number * 7919)
        for _ in range(dice.randrange(2, 12)):
            flow.send(0, dice.randbytes(dice.randrange(20, 300)))
            for _ in range(dice.randrange(1, 5)):
                flow.send(1, dice.randbytes(dice.randrange(200, 900)))
            flow.acknowledge(0)
        flow.close()
        yield flow.frames


def _xdr(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def _record(message):
    return struct.pack(">I", 0x80000000 | len(message)) + message


def _lock(xid, client, svid):
    """A lock that nobody else has: each client has a file of its own, each of its owners eight bytes of it."""
    call = struct.pack(">IIIIII", xid, 0, 2, 100021, 4, 2) + struct.pack(">II", 0, 0) * 2
    return _record(call + _xdr(struct.pack(">I", xid)) + struct.pack(">II", 1, 1) + _xdr(b"client%d" % client)
                   + _xdr(client.to_bytes(32, "big")) + _xdr(b"%d@client%d" % (svid, client))
                   + struct.pack(">IQQII", svid, 8 * svid, 8, 0, 0))


def _granted(xid):
    return _record(struct.pack(">IIIIII", xid, 1, 0, 0, 0, 0) + _xdr(struct.pack(">I", xid)) + struct.pack(">I", 0))


def _lock_flows(clients, calls):
    number = 0
    while True:
        number += 1
        flow = Connection((address(number % clients + 1), 800 + number % 32), (address(1, 192), 4045), number * 104729)
        for call in range(calls):
            xid = number * 1000 + call
            flow.send(0, _lock(xid, number % clients + 1, call))
            flow.send(1, _granted(xid))
            flow.acknowledge(0)
        flow.close()
        yield flow.frames


def _spread(frames, step=50_000):
    return mutate.Capture(1, [(START + i * step, len(frame), frame) for i, frame in enumerate(frames)])


def foreign(count):
    dice = random.Random(count)
    return _spread(_interleave(_foreign_flows(dice), count, dice))


def locks(count):
    dice = random.Random(count)
    return _spread(_interleave(_lock_flows(200, 60), count, dice))


def clients(count):
    """Each connection is another lock client's, with one call."""
    dice = random.Random(count)
    return _spread(_interleave(_lock_flows(1 << 24, 1), count, dice))


def flood(count):
    """A SYN to the port mapper from another address each."""
    return _spread([tcp((address(i + 1), 1024 + i % 60000), (address(1, 192), 111), i * 7, 0, SYN, ident=i) for i in range(count)])


KINDS = {kind.__name__: kind for kind in (foreign, locks, clients, flood)}
