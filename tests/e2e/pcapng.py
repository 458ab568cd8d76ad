"""Just enough pcapng to build captures with every kind of block and to look into the copies made of them.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import struct

SECTION, INTERFACE, NAMES, STATISTICS, PACKET, SECRETS = 0x0A0D0D0A, 1, 4, 5, 6, 10
COMMENT = 1


def _padded(data):
    return data + bytes(-len(data) % 4)


def option(code, value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<HH", code, len(data)) + _padded(data)


def _block(kind, body, options=()):
    if options:
        body += b"".join(options) + struct.pack("<HH", 0, 0)
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def section(*options):
    return _block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), options)


def interface(link, *options):
    return _block(INTERFACE, struct.pack("<HHI", link, 0, 262144), options)


def packet(interface_id, microseconds, data, *options):
    head = struct.pack("<IIIII", interface_id, microseconds >> 32, microseconds & 0xFFFFFFFF, len(data), len(data))
    return _block(PACKET, head + _padded(data), options)


def statistics(interface_id, microseconds, received):
    head = struct.pack("<III", interface_id, microseconds >> 32, microseconds & 0xFFFFFFFF)
    return _block(STATISTICS, head, [option(4, struct.pack("<Q", received))])


def names(*pairs):
    """Name resolution of (IPv4 address, name)"""
    records = [option(1, bytes(map(int, address.split("."))) + name.encode() + b"\0") for address, name in pairs]
    return _block(NAMES, b"".join(records) + struct.pack("<HH", 0, 0))


def resolved(block):
    """The records of a names block, sorted: their order means nothing."""
    at, found = 8, []
    while at + 4 <= len(block) - 4:
        code, length = struct.unpack("<HH", block[at:at + 4])
        if code == 0:
            break
        found.append(block[at:at + 4 + length])
        at += 4 + length + -length % 4
    return sorted(found)


def secrets(data):
    """A TLS key log"""
    return _block(SECRETS, struct.pack("<II", 0x544C534B, len(data)) + _padded(data))


def read_pcap(path):
    """Link type and [(microseconds, bytes)] of a little-endian pcap file with microseconds."""
    data = path.read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1", f"{path} is no such file"
    packets, at = [], 24
    while at < len(data):
        seconds, micros, captured, _ = struct.unpack("<IIII", data[at:at + 16])
        packets.append((seconds * 1_000_000 + micros, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return struct.unpack("<I", data[20:24])[0], packets


def blocks(path):
    """[(type, bytes)] of a little-endian pcapng file"""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack("<II", data[at:at + 8])
        assert length >= 12 and data[at + length - 4:at + length] == data[at + 4:at + 8], f"{path}: broken at {at}"
        found.append((kind, data[at:at + length]))
        at += length
    return found


def comments(kind, block):
    """Texts of the comments of a section or packet block, in their order."""
    captured = struct.unpack("<I", block[20:24])[0]
    at = 24 if kind == SECTION else 28 + captured + -captured % 4
    found = []
    while at + 4 <= len(block) - 4:
        code, length = struct.unpack("<HH", block[at:at + 4])
        if code == 0:
            break
        if code == COMMENT:
            found.append(block[at + 4:at + 4 + length].decode())
        at += 4 + length + -length % 4
    return found
