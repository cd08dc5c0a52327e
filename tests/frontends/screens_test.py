#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of roms/screens, as --screenshot writes them and as QEMU shows them.

    screens_test.py SATORI SCREENS_DISK
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from pictures import difference, read_png, read_ppm

SATORI, DISK = sys.argv[1:3]
SEABIOS = "/usr/share/seabios/bios-256k.bin"
QEMU = "qemu-system-x86_64"
PICTURES = "abcdefghijkl"
# QEMU makes eight bits of fewer in its own way; only these upper ones count.
BITS = {"h": 5, "i": 8}
PALETTE_BITS = 6
SPLIT_AFTER, PANNED = 200, 3  # Of picture j.
FIRST, APART = 2.0, 0.2  # Seconds of virtual time.


def take_ours(folder):
    typed, arguments = "", []
    for place, letter in enumerate(PICTURES):
        typed += f"{letter}<wait {APART - 0.02:.3f}>"
        when = FIRST + (place + 0.9) * APART
        arguments += ["--screenshot", f"{os.path.join(folder, letter)}.png@{when:.3f}"]
    end = ["--type", f".@{FIRST + len(PICTURES) * APART}"]
    started = time.monotonic()
    ran = subprocess.run(
        [SATORI, "run", "--headless", "--debug-console", "none", "--memory", "16M",
         "--disk", DISK + ",snapshot=on",
         "--type", f"{typed}@{FIRST}", *arguments, *end],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    print(f"satori: status {ran.returncode}, {time.monotonic() - started:.1f} s")
    print(ran.stderr.decode(), end="")
    return ran.stdout


def without(picture, dropped):
    """Dots for which dropped(x, y) holds are black."""
    width, height, dots = picture
    kept = bytearray(dots)
    for y in range(height):
        for x in range(width):
            if dropped(x, y):
                kept[3 * (y * width + x) : 3 * (y * width + x) + 3] = bytes(3)
    return width, height, bytes(kept)


def panned(picture, lines, by):
    """The upper lines moved to the left."""
    width, height, dots = picture
    rows = [dots[3 * width * y : 3 * width * (y + 1)] for y in range(height)]
    moved = [row[3 * by :] + bytes(3 * by) for row in rows[:lines]]
    return width, height, b"".join(moved + rows[lines:])


def comparable(letter, ours, theirs):
    """Without what QEMU 7.2 does not show as the VGA's reference says."""
    if letter in "ab":
        # The ninth dot is the eighth for characters C0 to DF; QEMU takes B0 to BF with them.
        return [without(picture, lambda x, y: x % 9 == 8) for picture in (ours, theirs)]
    if letter == "j":
        # QEMU does not pan by dots.
        return [without(picture, lambda x, y: y <= SPLIT_AFTER and x >= ours[0] - PANNED)
                for picture in (ours, panned(theirs, SPLIT_AFTER + 1, PANNED))]
    return [ours, theirs]


class Qemu:
    def __init__(self, folder):
        self.log = os.path.join(folder, "qemu.log")
        address = os.path.join(folder, "qemu.socket")
        self.process = subprocess.Popen(
            [QEMU, "-M", "pc", "-m", "16", "-vga", "std", "-display", "none", "-net", "none",
             "-bios", SEABIOS, "-drive", f"file={DISK},format=raw,snapshot=on,file.locking=off",
             "-qmp", f"unix:{address},server=on,wait=off",
             "-serial", f"file:{self.log}"])
        self.wait_until(lambda: os.path.exists(address))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def wait_until(self, done):
        end = time.monotonic() + 120
        while not done():
            assert time.monotonic() < end and self.process.poll() is None, "QEMU does not answer"
            time.sleep(0.02)

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        answer = {"event": None}
        while "event" in answer:
            answer = json.loads(self.stream.readline())
        assert "return" in answer, answer

    def wait_for(self, letter):
        def said():
            with open(self.log, "rb") as file:
                return file.read().endswith(letter.encode())
        self.wait_until(lambda: os.path.exists(self.log) and said())

    def show(self, letter, path):
        self.ask("send-key", keys=[{"type": "qcode", "data": letter}])
        self.wait_for(letter)
        # Its display is drawn at intervals of its own.
        time.sleep(0.1)
        self.ask("screendump", filename=path)


def take_theirs(folder):
    qemu = Qemu(folder)
    try:
        qemu.wait_for("!")
        for letter in PICTURES:
            qemu.show(letter, os.path.join(folder, f"{letter}.ppm"))
    finally:
        qemu.process.kill()
        qemu.process.wait()


def main():
    if not os.path.exists(SEABIOS) or not shutil.which(QEMU):
        print("not tested: seabios or qemu-system-x86 is missing (apt-get install)")
        return 0
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        said = take_ours(folder)
        if said != ("!" + PICTURES).encode():
            print(f"FAIL the guest said {said!r}")
            return 1
        take_theirs(folder)
        for letter in PICTURES:
            ours = read_png(os.path.join(folder, f"{letter}.png"))
            theirs = read_ppm(os.path.join(folder, f"{letter}.ppm"))
            ours, theirs = comparable(letter, ours, theirs)
            wrong = difference(ours, theirs, BITS.get(letter, PALETTE_BITS))
            failures += wrong != ""
            size = f"{ours[0]} x {ours[1]}"
            print(f"FAIL picture {letter}: {wrong}" if wrong else f"ok picture {letter}, {size}")
    print(f"{failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
