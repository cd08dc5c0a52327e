# SPDX-License-Identifier: BSD-2-Clause
"""A real gdb, scripted, on an unmodified Debian kernel, with the symbols that Debian has for it.

    kernel_test.py SATORI CACHE_FOLDER

The kernel and its symbols (280 MB) are Debian's packages, fetched once by apt into the folder.
"""
import os
import re
import subprocess
import sys

import guest_under_gdb
from guest_under_gdb import Guest, expect, has

SATORI, CACHE = sys.argv[1:3]
META_PACKAGE = "linux-image-cloud-amd64"


def kernel_package():
    shown = subprocess.run(["apt-cache", "depends", META_PACKAGE], capture_output=True, text=True,
                           check=True).stdout
    return re.search(r"Depends: (linux-image-\S+-cloud-amd64)\s", shown + "\n").group(1)


def extract(package, member):
    """The file's path in the cache; fetched and unpacked if it is not there yet."""
    there = os.path.join(CACHE, os.path.basename(member))
    if os.path.exists(there):
        return there
    print(f"fetching {package}", flush=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=CACHE, check=True,
                   stdout=subprocess.DEVNULL)
    archive = next(name for name in os.listdir(CACHE)
                   if name.startswith(package + "_") and name.endswith(".deb"))
    unpack = f"dpkg-deb --fsys-tarfile '{archive}' | tar x --to-stdout './{member}' > part"
    subprocess.run(["bash", "-o", "pipefail", "-c", unpack], cwd=CACHE, check=True)
    os.rename(os.path.join(CACHE, "part"), there)
    os.remove(os.path.join(CACHE, archive))
    return there


def check_kernel(kernel, symbols):
    options = ["--memory", "256M", "--cpus", "2", "--debug-console", "none", "--kernel", kernel,
               "--append", "console=ttyS0 nokaslr panic=-1", "--no-reboot"]
    with Guest(SATORI, *options) as guest:
        said = guest.debug([
            "hbreak start_kernel", "continue", "bt", "x/2i $pc", "stepi", "stepi", "info line",
            "p linux_banner",
            "delete", "break calibrate_delay", "continue", "bt", "finish",
            "delete", "watch jiffies_64", "continue", "bt", "continue", "p jiffies_64 > 0",
            "delete", "break cpu_startup_entry thread 2", "continue", "delete", "info threads",
            "monitor info cpus", "monitor info mem", "kill",
        ], symbols, seconds=3000)
        expect("kernel: its start is hit", has(said, r"Breakpoint 1, .*start_kernel \("), said)
        expect("kernel: it has one frame there", has(said, r"#0 +start_kernel"), said)
        expect("kernel: stepped, in its source", has(said, r"Line \d+ of \"\S*init/main.c\""), said)
        expect("kernel: a string of it", has(said, r"Linux version 6\.1"), said)
        expect("kernel: frames up to the start", has(said, r"#0 +calibrate_delay.*#1 .*start_kernel"),
               said)
        expect("kernel: finish comes back", has(said, r"Run till exit.*start_kernel"), said)
        expect("kernel: a watchpoint on jiffies fires",
               has(said, r"atchpoint \d+: jiffies_64.*Old value = (\d+)\nNew value = (\d+)"), said)
        expect("kernel: in the tick's handler", has(said, r"#\d+ .*(do_timer|tick_)"), said)
        expect("kernel: the second processor is a thread",
               has(said, r"\* 2 +Thread 2 \(CPU 1 \[running\]\) .*cpu_startup_entry"), said)
        expect("kernel: the monitor walks its page tables", has(said, r"ffffffff8\w+-\w+ -r.x"),
               said)


def main():
    os.makedirs(CACHE, exist_ok=True)
    package = kernel_package()
    version = package.removeprefix("linux-image-")
    kernel = extract(package, f"boot/vmlinuz-{version}")
    symbols = extract(f"{package}-dbg", f"usr/lib/debug/boot/vmlinux-{version}")
    check_kernel(kernel, symbols)
    return 1 if guest_under_gdb.failures else 0


if __name__ == "__main__":
    sys.exit(main())
