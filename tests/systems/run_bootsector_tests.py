#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the medium of roms/bootsector under QEMU, Bochs and Satori: as a hard disk and from CDs.

What is expected stands in its head, as for the ROM tests (tests/guest/run_guest_tests.py).
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "roms"), os.path.join(ROOT, "tests", "guest")]
import peers  # noqa: E402
import run_guest_tests as guest_tests  # noqa: E402

SOURCE = os.path.join(ROOT, "roms", "bootsector", "bootsector.asm")
# Medium, file, drive.
MEDIA = [("disk", "disk.img", "disk"), ("cd", "cd.iso", "cdrom"), ("floppy of a CD", "floppy.iso", "cdrom")]


def command_for(machine, image, kind, folder, satori):
    if machine == "qemu":
        return peers.qemu_boot_command(image, kind)
    if machine == "bochs":
        own = shutil.copy(image, folder)
        return peers.bochs_boot_command(own, kind, folder, guest_tests.BOCHS_MODEL)
    if shutil.which(satori) is None:
        raise peers.Unavailable(f"{satori} does not exist (build it, or give another --satori)")
    drive = ["--disk", image + ",snapshot=on"] if kind == "disk" else ["--cdrom", image]
    return [satori, "run", "--memory", f"{peers.MEMORY_MIB}M", "--debug-console", "stdout", "--no-reboot", *drive]


def problem_of(test, machine, command, timeout):
    """(what is not as expected or None, output)"""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        return f"not done after {timeout:g} s", (error.stdout or b"").decode("latin-1")
    text = result.stdout.decode("latin-1")
    problem = guest_tests.verdict(test, machine, text)
    if machine == "satori" and problem is None and result.returncode != 0:
        problem = f"ended with status {result.returncode}: {result.stderr.decode('latin-1').strip()}"
    return problem, text


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("images", help="the folder in which the build has put the media")
    parser.add_argument("--satori", metavar="PROGRAM", help="run Satori too")
    parser.add_argument("--machines", default="qemu,bochs,satori", help="comma-separated (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds per run (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="print what each run prints")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    test = guest_tests.Test(SOURCE)
    runs = bad = 0
    for medium, file, kind in MEDIA:
        image = os.path.join(arguments.images, file)
        if not os.path.exists(image):
            print(f"skipping {medium}: {image} is missing (install xorriso and build bootsector_media)")
            continue
        for machine in arguments.machines.split(","):
            if machine == "satori" and not arguments.satori:
                continue
            with tempfile.TemporaryDirectory(prefix="satori-bootsector-") as folder:
                try:
                    command = command_for(machine, image, kind, folder, arguments.satori)
                except peers.Unavailable as reason:
                    print(f"skipping {machine}: {reason}")
                    continue
                problem, text = problem_of(test, machine, command, arguments.timeout)
            checks = sum(line.startswith("ok ") for line in text.splitlines())
            print(f"{medium:<16}{machine:<8}" + (f"FAILED  {problem}" if problem else f"passed  {checks} checks"))
            runs += 1
            bad += problem is not None
            if arguments.verbose:
                print(text)
    print(f"{runs - bad} of {runs} runs as expected")
    return 1 if bad or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
