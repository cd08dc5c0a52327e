#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the Debian guests of debian_guest.py on Satori, and looks at what they say.

boot_test.py --satori PROGRAM CASE...: the cases are the functions below that are marked as such.
"""
import hashlib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import debian_guest  # noqa: E402
from cases import case, expect_equal, run_cases  # noqa: E402
from console import Failure  # noqa: E402

HASH_INTERVAL = 10_000_000
CLOCK = ("--rtc", "2026-01-31T12:00:00")
CONSOLE = "console=ttyS0,115200"

# What Linux says at the level of a warning or above and does not mean this machine: (text, why).
HARMLESS = (
    ("fail to add MMCONFIG information", "an i440FX has no such window; QEMU's PC is told the same"),
)


def expect_end(console):
    status = console.end()
    if status != 0:
        raise Failure(f"the machine ended with status {status}; it said {console.errors()!r}, the guest:\n"
                      f"{console.tail()}")


def disk_of(flavour):
    return ("--disk", os.path.join(debian_guest.assemble(flavour), "login.img") + ",snapshot=on")


def direct(flavour, append):
    folder = debian_guest.assemble(flavour)
    return ("--kernel", os.path.join(folder, "vmlinuz"), "--initrd", os.path.join(folder, "initrd.img"),
            "--append", f"{CONSOLE} {append}")


def hashes(text):
    """Instructions -> state hash, as --hash-every prints them."""
    return {int(count): value for count, value in re.findall(r"^hash (\d+) ([0-9a-f]{16})$", text, re.MULTILINE)}


def numbers_sum(last):
    """What `seq 1 LAST | sha256sum` says in the guest."""
    text = "".join(f"{number}\n" for number in range(1, last + 1))
    return hashlib.sha256(text.encode()).hexdigest()


def complaints(log):
    """Lines of `dmesg -r` at the level of a warning or above that are not known to be harmless."""
    lines = [line for line in log.splitlines() if re.match(r"<[0-4]>", line)]
    return [line for line in lines if not any(text in line for text, _ in HARMLESS)]


def look_around(console, processors):
    expect_equal("processors", console.command("nproc").strip(), str(processors))
    root = console.command("grep ' / ext4 ' /proc/mounts")
    if not root.startswith("/dev/sda1 "):
        raise Failure(f"the root is not ext4 on the IDE disk: {root!r}")
    found = console.command("seq 1 30000 >numbers; sync; echo 3 >/proc/sys/vm/drop_caches; sha256sum numbers")
    expect_equal("check sum of a file", found.split()[:1], [numbers_sum(30000)])
    clock = console.command("cat /sys/devices/system/clocksource/clocksource0/current_clocksource")
    expect_equal("clock source", clock.strip(), "hyperv_clocksource_tsc_page")
    complained = complaints(console.command("dmesg -r"))
    if complained:
        raise Failure("the kernel complains:\n" + "\n".join(complained))


def boot_from_disk(machine, flavour, processors):
    with machine.start(*disk_of(flavour), "--cpus", str(processors)) as console:
        console.expect(rb"Loading Linux")
        console.expect(rb"guest: userland")
        console.log_in()
        look_around(console, processors)
        console.type("poweroff\n")
        expect_end(console)


@case
def direct_boot(machine):
    """The kernel of the cloud flavour without a disk, to its first program and a power-off."""
    with machine.start(*direct("cloud", 'quiet task="uname -a; nproc"')) as console:
        console.expect(rb"guest: userland")
        console.expect(rb"Linux .* x86_64")
        expect_end(console)


@case
def disk_boot_cloud(machine):
    """GRUB, the kernel, a root on IDE, a login over the serial port, a power-off."""
    boot_from_disk(machine, "cloud", 1)


@case
def disk_boot_cloud_2_processors(machine):
    boot_from_disk(machine, "cloud", 2)


@case
def disk_boot_cloud_4_processors(machine):
    boot_from_disk(machine, "cloud", 4)


@case
def disk_boot_generic(machine):
    boot_from_disk(machine, "generic", 1)


@case
def disk_boot_generic_2_processors(machine):
    boot_from_disk(machine, "generic", 2)


@case
def disk_boot_generic_4_processors(machine):
    boot_from_disk(machine, "generic", 4)


TOLD_BY_KERNEL = ("dmesg | grep -ie hyper-v -e hypercall; cat /sys/devices/system/clocksource/*/current_clocksource "
                  "/sys/devices/system/clockevents/clockevent0/current_device")

# What the kernel says under each preset, and what it must not say.
PRESETS = {
    "off": (("tsc",), ("Hyper-V",)),
    "minimal": (("Hypervisor detected: Microsoft Hyper-V",), ("TLB flush",)),
    "windows": (("Hypervisor detected: Microsoft Hyper-V", "hyperv_clocksource_tsc_page", "Hyper-V clockevent",
                 "Using hypercall for remote TLB flush", "Using IPI hypercalls", "Using enlightened APIC"), ()),
    "full": (("Hypervisor detected: Microsoft Hyper-V", "\ntsc", "Hyper-V clockevent"), ()),
}


@case
def hyperv_presets(machine):
    """Each preset of --hyperv with four processors, as the kernel sees it."""
    for preset, (said, not_said) in PRESETS.items():
        with machine.start(*direct("cloud", f'quiet task="{TOLD_BY_KERNEL}"'), "--hyperv", preset, "--cpus",
                           "4") as console:
            console.expect(rb"guest: userland")
            expect_end(console)
            text = console.output.decode(errors="replace").replace("\r", "")
        missing = [each for each in said if each not in text]
        extra = [each for each in not_said if each in text]
        if missing or extra:
            raise Failure(f"--hyperv {preset}: misses {missing}, says {extra}; the guest:\n{text}")


@case
def two_runs(machine):
    """From GRUB to the login prompt, twice: the same state at every 10^7 instructions."""
    runs = []
    arguments = (*disk_of("cloud"), *CLOCK, "--memory", "128M", "--cpus", "2", "--hash-every", str(HASH_INTERVAL))
    with machine.start(*arguments) as console:
        console.expect(rb"debian login: ")
        runs.append(hashes(console.errors()))
    last = max(runs[0])
    with machine.start(*arguments, "--max-instructions", str(last + 1)) as console:
        expect_equal("status at the limit", console.end(), 2)
        runs.append(hashes(console.errors()))
    expect_equal("instants", sorted(runs[0]), sorted(runs[1]))
    different = [count for count in sorted(runs[0]) if runs[0][count] != runs[1][count]]
    if different:
        raise Failure(f"the runs differ after {different[0]} instructions")
    print(f"{len(runs[0])} equal hashes")


DISK_WORK = ("echo begin; for n in 1 2 3 4 5 6; do seq 1 20000 >n$n; sync; echo 3 >/proc/sys/vm/drop_caches; "
             "cat n* | dd of=all bs=4k conv=fsync 2>/dev/null; done; echo 3 >/proc/sys/vm/drop_caches; "
             "sha256sum n1 n6; echo end")


@case
def checkpoint(machine):
    """Stopped twice amid disk work, and restored in another process each time."""
    arguments = (*direct("cloud", f'quiet root=/dev/sda1 task="{DISK_WORK}"'), *disk_of("cloud"), *CLOCK,
                 "--memory", "128M", "--hash-every", str(HASH_INTERVAL))
    with machine.start(*arguments) as console:
        console.expect(rb"begin\r\n")
        first = max(hashes(console.errors()))
        sums = re.findall("[0-9a-f]{64}", console.expect(rb"end\r\n"))
        last = max(hashes(console.errors()))
        expect_end(console)
        whole = hashes(console.errors())
        text = console.output
    expect_equal("check sums", sums, [numbers_sum(20000)] * 2)
    stops = [first + (last - first) * part // 3 // HASH_INTERVAL * HASH_INTERVAL for part in (1, 2)]
    if not first < stops[0] < stops[1]:
        raise Failure(f"too little disk work to stop in: {first} to {last}")
    pieces, cut, restore = [], {}, ()
    for number, stop in enumerate([*stops, None]):
        save = machine.path(f"checkpoint{number}")
        until = ("--max-instructions", str(stop), "--save", save) if stop else ()
        with machine.start(*arguments, *restore, *until) as console:
            expect_equal("status", console.end(), 2 if stop else 0)
            cut.update(hashes(console.errors()))
            pieces.append(console.output)
        restore = ("--restore", save)
    expect_equal("what the guest said", b"".join(pieces), text)
    expect_equal("hashes", cut, whole)
    print(f"stopped after {stops[0]} and {stops[1]} instructions; {len(whole)} equal hashes")


@case
def replay(machine):
    """A login by hand, recorded; replayed with nobody there."""
    recording = machine.path("recording")
    arguments = (*disk_of("cloud"), "--hash-every", str(HASH_INTERVAL * 10), "--memory", "128M")
    with machine.start(*arguments, "--record", recording) as console:
        console.log_in()
        expect_equal("an answer", console.command("echo $((6 * 7))").strip(), "42")
        console.type("poweroff\n")
        expect_end(console)
        live = (console.output, hashes(console.errors()))
    with machine.start(*arguments, "--replay", recording) as console:
        expect_end(console)
        expect_equal("what the guest said", console.output, live[0])
        expect_equal("hashes", hashes(console.errors()), live[1])
    print(f"{len(live[1])} equal hashes, a recording of {os.path.getsize(recording)} bytes")


if __name__ == "__main__":
    run_cases(__doc__)
