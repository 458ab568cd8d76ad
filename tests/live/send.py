"""Sends the packets of a capture over an interface, again and again:  send.py CAPTURE INTERFACE COUNT RATE

RATE is packets per second. In each round clients 10.x.y.z have another x, so that nothing goes on where it was.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import mutate  # noqa: E402

SOURCE, TARGET = 26, 30  # IPv4 addresses behind an Ethernet header


def of_round(packet, number):
    packet = bytearray(packet)
    for at in (SOURCE, TARGET):
        if packet[at] == 10:
            packet[at + 1] = (packet[at + 1] + number) & 255
    return packet


def main():
    capture, interface, count, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    packets = [data for _, _, data in mutate.Capture.read(capture).packets]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    start = time.monotonic()
    for number in range(count):
        turn, index = divmod(number, len(packets))
        wire.send(of_round(packets[index], turn))
        if number % 100 == 0:
            time.sleep(max(0, start + number / rate - time.monotonic()))


main()
