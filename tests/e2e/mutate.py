"""Captures made worse: what happens to packets and clocks on the way into a file. Deterministic for a given seed.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import gzip
import struct

MAGIC_MICRO, MAGIC_NANO = 0xA1B2C3D4, 0xA1B23C4D


class Capture:
    """A classic pcap file: link type and packets of (nanoseconds, length on the wire, captured bytes)."""

    def __init__(self, link, packets):
        self.link = link
        self.packets = packets

    @classmethod
    def read(cls, path):
        data = (gzip.open if str(path).endswith(".gz") else open)(path, "rb").read()
        order = "<" if struct.unpack_from("<I", data)[0] in (MAGIC_MICRO, MAGIC_NANO) else ">"
        magic, link = struct.unpack_from(order + "I", data)[0], struct.unpack_from(order + "I", data, 20)[0]
        unit = 1 if magic == MAGIC_NANO else 1000
        packets, at = [], 24
        while at + 16 <= len(data):
            seconds, fraction, size, length = struct.unpack_from(order + "IIII", data, at)
            packets.append((seconds * 10**9 + fraction * unit, length, data[at + 16:at + 16 + size]))
            at += 16 + size
        return cls(link, packets)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHIIII", MAGIC_NANO, 2, 4, 0, 0, 262144, self.link))
            for time, length, data in self.packets:
                time = min(max(time, 0), 2**32 * 10**9 - 1)
                file.write(struct.pack("<IIII", time // 10**9, time % 10**9, len(data), length) + data)

    def first(self, count):
        return Capture(self.link, self.packets[:count])


def cut(capture, random, length=None):
    length = length or random.randint(54, 300)
    return Capture(capture.link, [(time, wire, data[:length]) for time, wire, data in capture.packets])


def drop(capture, random):
    share = random.choice([0.05, 0.3, 0.7])
    return Capture(capture.link, [packet for packet in capture.packets if random.random() >= share])


def duplicate(capture, random):
    packets = []
    for packet in capture.packets:
        packets += [packet] * (random.randint(2, 4) if random.random() < 0.3 else 1)
    return Capture(capture.link, packets)


def reorder(capture, random):
    """Frames change places with their neighbours; the times stay with the frames or with the places."""
    order = sorted(range(len(capture.packets)), key=lambda i: i + random.uniform(0, random.choice([2, 10, 100])))
    packets = [capture.packets[i] for i in order]
    if random.random() < 0.5:
        packets = [(old[0], *new[1:]) for old, new in zip(capture.packets, packets)]
    return Capture(capture.link, packets)


def clocks(capture, random):
    """The clock jumps, backwards too; now and then to the ends of what a file can hold."""
    shift, packets = 0, []
    for time, wire, data in capture.packets:
        if random.random() < 0.05:
            shift += random.choice([-3600, -60, -1, 1, 300, 86400, -2**33, 2**33]) * 10**9
        packets.append((time + shift, wire, data))
    return Capture(capture.link, packets)


def twist(capture, random):
    """Header fields of the transport take each other's extreme values: flags, sequence numbers, lengths."""
    packets = []
    for time, wire, data in capture.packets:
        data = bytearray(data)
        if random.random() < 0.2 and len(data) > 60:
            at = random.randrange(14, len(data) - 4)
            data[at:at + random.choice([1, 2, 4])] = random.choice([b"\0", b"\xff", b"\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0"])
        packets.append((time, wire, bytes(data)))
    return Capture(capture.link, packets)


def merge(capture, random, other):
    """Another capture of the same link type between the frames, its clock moved next to this one's."""
    if not capture.packets or not other.packets or capture.link != other.link:
        return capture
    shift = capture.packets[0][0] - other.packets[0][0] + random.randint(-10, 60) * 10**9
    packets = capture.packets + [(time + shift, wire, data) for time, wire, data in other.packets]
    return Capture(capture.link, sorted(packets, key=lambda packet: packet[0]))


KINDS = [cut, drop, duplicate, reorder, clocks, twist]


def worsen(capture, random, other):
    """One to three mishaps at once; returns the capture and their names."""
    names = []
    for kind in random.sample([*KINDS, merge], random.randint(1, 3)):
        capture = kind(capture, random, other) if kind is merge else kind(capture, random)
        names.append(kind.__name__)
    return capture, names
