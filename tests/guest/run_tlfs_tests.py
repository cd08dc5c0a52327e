#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the TLFS conformance guest (roms/tlfs) on Satori's PC.

The guest prints `ok GROUP: NAME`, `FAIL GROUP: NAME: got ... expected ... [section]`, `skip GROUP: NAME: why`,
a total and `done`. One image serves all choices of features: the guest reads CPUID, what is shown must work and
what is not shown must answer as the specification says.
"""
import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS_FILE = os.path.join(ROOT, "roms", "tlfs", "groups.def")
MAGIC = b"SATROM1\0"
SEED_OFFSET, OPTIONS_OFFSET, SELECTION_OFFSET = 16, 20, 24  # struct rom_header in roms/runtime/runtime.h
OPTION_HYPERVISOR, OPTION_BARE = 1, 2  # roms/tlfs/guest.cpp
HASH_INTERVAL = 100000


class Failure(Exception):
    """Ends the program with one line."""


def known_groups():
    with open(GROUPS_FILE, encoding="utf-8") as file:
        return re.findall(r"^TLFS_GROUP\((\w+)\)$", file.read(), re.MULTILINE)


def selection_of(names):
    known = known_groups()
    mask = 0
    for name in names:
        if name not in known:
            raise Failure(f"--groups: no group {name!r}; there are: {', '.join(known)}")
        mask |= 1 << known.index(name)
    return mask or 2 ** 64 - 1


def write_image(arguments, path):
    with open(arguments.rom, "rb") as file:
        image = bytearray(file.read())
    if image[:8] != MAGIC:
        raise Failure(f"{arguments.rom}: not a ROM of ours; build the target tlfs_rom")
    options = OPTION_BARE if arguments.hyperv == "off" else OPTION_HYPERVISOR
    struct.pack_into("<I", image, SEED_OFFSET, arguments.seed & 0xffffffff)
    struct.pack_into("<I", image, OPTIONS_OFFSET, options)
    struct.pack_into("<Q", image, SELECTION_OFFSET, selection_of(arguments.groups))
    with open(path, "wb") as file:
        file.write(image)


def run(arguments):
    with tempfile.TemporaryDirectory(prefix="satori-tlfs-") as folder:
        image = os.path.join(folder, "tlfs.rom")
        write_image(arguments, image)
        command = [arguments.satori, "run", "--bios", image, "--vgabios", "none", "--headless", "--serial", "none",
                   "--pace", "off", "--rtc", "2026-01-01T00:00:00", "--seed", str(arguments.seed),
                   "--memory", "64M", "--cpus", str(arguments.cpus), "--debug-console", "stdout"]
        if arguments.hyperv:
            command += ["--hyperv", arguments.hyperv]
        try:
            done = subprocess.run(command + arguments.option, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=arguments.timeout, check=False)
            return done.stdout.decode("latin-1"), done.stderr.decode("latin-1"), done.returncode
        except subprocess.TimeoutExpired as error:
            return (error.stdout or b"").decode("latin-1"), f"not done after {arguments.timeout:g} s", None
        except OSError as error:
            raise Failure(f"{arguments.satori}: {error.strerror}; give the program by --satori") from None


def count(text, beginning):
    return sum(line.startswith(beginning) for line in text.splitlines())


def verdict(text, errors, status):
    """None if all is as it should be, else what is not."""
    passed, failed = count(text, "ok "), count(text, "FAIL ")
    if "done" not in text.splitlines():
        last = (text.strip().splitlines() or ["nothing"])[-1]
        return f"stopped before its end, after: {last}" + (f"; {errors.strip()}" if errors.strip() else "")
    if failed:
        return f"{failed} of {passed + failed} checks failed"
    if passed == 0:
        return "no check was reached"
    return None if status == 0 else f"ended with status {status}"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--satori", metavar="PROGRAM", default=os.path.join(ROOT, "build", "release", "satori"),
                        help="default: build/release/satori")
    parser.add_argument("--rom", metavar="FILE", default=os.path.join(ROOT, "build", "release", "roms", "tlfs.rom"),
                        help="default: build/release/roms/tlfs.rom")
    parser.add_argument("--cpus", type=int, default=1, help="processors (default: %(default)s)")
    parser.add_argument("--hyperv", metavar="CHOICE", default="", help="what --hyperv of the machine is to be")
    parser.add_argument("--groups", metavar="LIST", type=lambda text: text.split(","), default=[],
                        help="comma-separated (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="what the group `abuse` is made from (default: %(default)s)")
    parser.add_argument("--option", metavar="WORD", action="append", default=[],
                        help="a further word of Satori's command line")
    parser.add_argument("--twice", action="store_true",
                        help=f"run it twice; the machine's state is the same every {HASH_INTERVAL} instructions")
    parser.add_argument("--timeout", type=float, default=120, help="seconds (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="print the checks that hold, too")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.twice:
        arguments.option += ["--hash-every", str(HASH_INTERVAL)]
    try:
        first = run(arguments)
        text, errors, status = first
        differs = arguments.twice and run(arguments) != first
    except Failure as failure:
        print(f"run_tlfs_tests.py: {failure}", file=sys.stderr)
        return 2
    for line in text.splitlines():
        if arguments.verbose or line.startswith(("FAIL ", "skip ")):
            print(line)
    problem = verdict(text, errors, status)
    if not problem and differs:
        problem = "two runs were not the same"
    print(problem or f"{count(text, 'ok ')} checks hold")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
