#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long a Debian guest takes from the start of the process to the first line of its first program.

The same disk image (firmware, GRUB, Linux, initial RAM disk) on Satori, QEMU TCG and Bochs, in interleaved rounds; the
host's clock is read when the line arrives at the serial port. One processor, 512 MiB, nothing is written to the image.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "roms"))
sys.path.insert(0, os.path.join(ROOT, "tests", "guests"))
import debian_guest  # noqa: E402
import peers  # noqa: E402
from packages import Unavailable  # noqa: E402

FIRST_LINE = b"guest: userland"
MEMORY_MIB = 512
MACHINES = ("satori", "qemu", "bochs")


class Failure(Exception):
    """Ends the program with one line."""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--satori", default=os.path.join(ROOT, "build", "release", "satori"),
                        help="the program (default: build/release/satori)")
    parser.add_argument("--machines", default=",".join(MACHINES), help="comma-separated, of: %(default)s")
    parser.add_argument("--flavour", choices=tuple(debian_guest.KERNELS), default="cloud",
                        help="which kernel of Debian (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, median taken (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=900, help="seconds per boot (default: %(default)s)")
    return parser.parse_args()


def program(name):
    path = shutil.which(name)
    if path is None:
        raise peers.Unavailable(f"{name} is not there")
    return path


def satori_command(arguments, disk, serial, folder):
    del folder
    redirect = 'exec "$0" "$@" >' + serial
    return ["sh", "-c", redirect, program(arguments.satori), "run", "--disk", disk.replace(",", ",,") + ",snapshot=on",
            "--headless", "--debug-console", "none", "--memory", f"{MEMORY_MIB}M"]


def qemu_command(arguments, disk, serial, folder):
    del arguments, folder
    return [program(peers.QEMU), "-accel", "tcg", "-cpu", "max", "-m", str(MEMORY_MIB), "-nodefaults", "-vga", "std",
            "-display", "none", "-no-reboot", "-serial", f"file:{serial}",
            "-drive", f"file={disk.replace(',', ',,')},format=raw,if=ide,snapshot=on"]


def bochs_command(arguments, disk, serial, folder):
    """What is written goes into a file beside the image (volatile), and is deleted."""
    del arguments
    return peers.bochs(
        folder, f"romimage: file={peers.BOCHS_BIOS}", f"vgaromimage: file={peers.BOCHS_VGABIOS}",
        "cpu: model=corei7_haswell_4770, count=1, ips=50000000, ignore_bad_msrs=1",
        f"memory: guest={MEMORY_MIB}, host={MEMORY_MIB}",
        "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
        f"ata0-master: type=disk, path={disk}, mode=volatile, journal={folder}/redolog",
        f"com1: enabled=1, mode=file, dev={serial}", "boot: disk")


COMMANDS = {"satori": satori_command, "qemu": qemu_command, "bochs": bochs_command}


def said(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def boot_once(machine, arguments, disk):
    """Seconds until the first line."""
    with tempfile.TemporaryDirectory(prefix="satori-boot-time-") as folder:
        serial = os.path.join(folder, "serial")
        command = COMMANDS[machine](arguments, disk, serial, folder)
        started = time.perf_counter()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            try:
                while FIRST_LINE not in said(serial):
                    if time.perf_counter() - started > arguments.timeout:
                        raise Failure(f"{machine}: not there after {arguments.timeout:g} s (see --timeout)")
                    if process.poll() is not None:
                        raise Failure(f"{machine}: ended with status {process.returncode} before the guest was there")
                    time.sleep(0.02)
                return time.perf_counter() - started
            finally:
                process.kill()


def measure(arguments, disk):
    machines = arguments.machines.split(",")
    samples = {}
    for number in range(arguments.rounds):
        for machine in machines:
            if machine not in COMMANDS:
                raise Failure(f"--machines: no machine {machine!r}; there are: {', '.join(MACHINES)}")
            try:
                seconds = boot_once(machine, arguments, disk)
            except peers.Unavailable as reason:
                print(f"skipping {machine}: {reason}", file=sys.stderr)
                continue
            samples.setdefault(machine, []).append(seconds)
            print(f"round {number + 1}/{arguments.rounds} {machine}: {seconds:.1f} s", file=sys.stderr)
    return samples


def main():
    arguments = parse_arguments()
    try:
        if arguments.rounds < 1:
            raise Failure("--rounds: at least 1")
        disk = os.path.join(debian_guest.assemble(arguments.flavour), "login.img")
        medians = {machine: statistics.median(values) for machine, values in measure(arguments, disk).items()}
    except (Failure, Unavailable, OSError) as failure:
        print(f"boot_time.py: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for machine, seconds in medians.items():
        against = medians.get("satori")
        ratio = f"{seconds / against:8.2f}x Satori's time" if against and machine != "satori" else ""
        print(f"{machine:<8}{seconds:8.1f} s{ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
