# SPDX-License-Identifier: BSD-2-Clause
"""A real gdb, scripted, on an unmodified Debian kernel, with the symbols that Debian has for it.

    kernel_test.py SATORI

The kernel and its symbols (280 MB) are Debian's packages, fetched once into build/guests.
"""
import os
import subprocess
import sys

import guest_under_gdb
from guest_under_gdb import Guest, expect, has

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "guests"))
from packages import Packages, Unavailable  # noqa: E402

SATORI = sys.argv[1]
CACHE = os.path.join(ROOT, "build", "guests", "kernel-symbols")
META_PACKAGE = "linux-image-cloud-amd64"
SKIPPED = 77


def extract(packages, package, member):
    """The file's path in the cache; fetched and unpacked if it is not there yet."""
    folder = os.path.join(CACHE, packages.file_name(package).removesuffix(".deb"))
    there = os.path.join(folder, os.path.basename(member))
    if os.path.exists(there):
        return there
    os.makedirs(folder, exist_ok=True)
    archive = packages.fetch(package)
    # Symbols unpack to gigabytes, of which one file is wanted.
    unpack = f"dpkg-deb --fsys-tarfile '{archive}' | tar x --to-stdout './{member}' > part"
    subprocess.run(["bash", "-o", "pipefail", "-c", unpack], cwd=folder, check=True)
    os.rename(os.path.join(folder, "part"), there)
    os.remove(archive)
    return there


def check_kernel(kernel, symbols):
    options = ["--memory", "256M", "--cpus", "2", "--debug-console", "none", "--kernel", kernel,
               "--append", "console=ttyS0,115200 quiet nokaslr panic=-1", "--no-reboot"]
    with Guest(SATORI, *options) as guest:
        said = guest.debug([
            "hbreak start_kernel", "continue", "bt", "x/2i $pc", "stepi", "bt 2", "finish",
            "next", "info line", "p linux_banner",
            "delete", "break calibrate_delay", "continue", "bt", "finish",
            "delete", "watch jiffies_64", "continue", "bt", "continue", "p jiffies_64 > 0",
            "delete", "break cpu_startup_entry thread 2", "continue", "delete", "info threads",
            "monitor info cpus", "monitor info mem", "kill",
        ], symbols, seconds=3000)
        expect("kernel: its start is hit", has(said, r"Breakpoint 1, .*start_kernel \("), said)
        expect("kernel: it has one frame there", has(said, r"#0 +start_kernel"), said)
        expect("kernel: a step goes into a call", has(said, r"#0 +__fentry__.*#1 .*start_kernel"), said)
        expect("kernel: stepped, in its source", has(said, r"Line \d+ of \"\S*init/main.c\""), said)
        expect("kernel: a string of it", has(said, r"Linux version 6\.1"), said)
        expect("kernel: frames up to the start", has(said, r"#0 +calibrate_delay.*#1 .*start_kernel"),
               said)
        expect("kernel: finish comes back", has(said, r"\nstart_kernel \(\) at \S*init/main.c:\d+\n.*atchpoint"), said)
        expect("kernel: a watchpoint on jiffies fires",
               has(said, r"atchpoint \d+: jiffies_64.*Old value = (\d+)\nNew value = (\d+)"), said)
        expect("kernel: in the tick's handler", has(said, r"#\d+ .*(do_timer|tick_)"), said)
        expect("kernel: the second processor is a thread",
               has(said, r"\* 2 +Thread 2 \(CPU 1 \[running\]\) .*cpu_startup_entry"), said)
        expect("kernel: the monitor walks its page tables", has(said, r"ffffffff8\w+-\w+ -r.x"),
               said)


def main():
    packages = Packages(CACHE, lambda text: print(text, flush=True))
    try:
        package = packages.dependency(META_PACKAGE, "linux-image-")
        packages.look_up([package, f"{package}-dbg"])
        version = package.removeprefix("linux-image-")
        kernel = extract(packages, package, f"boot/vmlinuz-{version}")
        symbols = extract(packages, f"{package}-dbg", f"usr/lib/debug/boot/vmlinux-{version}")
    except Unavailable as reason:
        print(f"not tested: {reason}")
        return SKIPPED
    check_kernel(kernel, symbols)
    return 1 if guest_under_gdb.failures else 0


if __name__ == "__main__":
    sys.exit(main())
