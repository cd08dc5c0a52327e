#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Assembles a small Debian guest from the distribution's own packages: a kernel, busybox, Debian's base files.

    FLAVOUR/vmlinuz     the kernel as it is in the package
    FLAVOUR/initrd.img  loads what the root disk needs and goes there; without root= a system of its own
    FLAVOUR/login.img   a disk: GRUB, ext4, a login on the serial port and on the screen (root, no password)
    FLAVOUR/shell.img   the same, logged in already

A word task="..." on the kernel's command line is run by the shell, and ends with a power-off. Nothing is done if
all of that is there and the packages have not changed. No privilege is needed, and nothing is installed.
"""
import argparse
import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import disk_image  # noqa: E402
from modules import Modules  # noqa: E402
from packages import Contents, Packages, Unavailable  # noqa: E402
from tree import Tree  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEFAULT_FOLDER = os.path.join(ROOT, "build", "guests")

KERNELS = {"cloud": "linux-image-cloud-amd64", "generic": "linux-image-amd64"}
MAKERS = ("debian_guest.py", "disk_image.py", "modules.py", "packages.py", "tree.py")
USERLAND = ("busybox-static", "base-files", "base-passwd")
# To find the root: what is not built into the kernel.
ROOT_MODULES = ("ata_piix", "sd_mod", "ext4", "crc32c_generic", "crc32c_intel")
# For the devices a machine of ours has, and for file systems.
MORE_MODULES = ("ata_generic", "sr_mod", "isofs", "e1000", "loop", "vfat", "nls_ascii", "nls_cp437", "psmouse", "evdev",
                "button", "pcspkr", "bochs")
DISK_MEBIBYTES = 128
CONSOLES = "console=tty0 console=ttyS0,115200"
SESSIONS = {"login": "", "shell": " session=shell"}
GUEST_FILES = {  # In files/ -> where in the root, with which permissions.
    "inittab": ("etc/inittab", 0o644), "rcS": ("etc/init.d/rcS", 0o755), "rcK": ("etc/init.d/rcK", 0o755),
    "run-task": ("usr/lib/guest/run-task", 0o755), "console-login": ("usr/lib/guest/console-login", 0o755),
    "log-in-root": ("usr/lib/guest/log-in-root", 0o755), "issue": ("etc/issue", 0o644),
    "motd": ("etc/motd", 0o644), "fstab": ("etc/fstab", 0o644), "profile": ("etc/profile", 0o644),
    "power-button": ("etc/acpi/PWRF/00000080", 0o755), "udhcpc": ("usr/share/udhcpc/default.script", 0o755),
}


def say(text):
    print(f"== Debian guest: {text}", file=sys.stderr, flush=True)


def own_file(name):
    with open(os.path.join(HERE, "files", name), "rb") as file:
        return file.read()


def own_fingerprint():
    digest = hashlib.sha256()
    for folder in (HERE, os.path.join(HERE, "files")):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name in MAKERS or folder != HERE:
                with open(path, "rb") as file:
                    digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()


class Stamp:
    """What a guest was made from."""

    def __init__(self, path):
        self._path, self._own = path, own_fingerprint()
        try:
            with open(path, encoding="ascii") as file:
                self._own_then, *self._packages_then = file.read().splitlines()
        except (OSError, ValueError):
            self._own_then, self._packages_then = None, None

    def exists(self):
        return self._own_then is not None

    def is_recent(self):
        """By these scripts, and apt was asked today."""
        return self._own_then == self._own and time.time() - os.path.getmtime(self._path) < 86400

    def fits(self, packages):
        return self._own_then == self._own and self._packages_then == packages

    def remove(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def set(self, packages):
        write(self._path, "\n".join([self._own, *packages]).encode())


def file_of(package, wanted):
    for name, member in package.members():
        if name.startswith(wanted) and member.isfile():
            return package.read(member)
    raise Unavailable(f"a package has no {wanted} in it")


def applets_of(busybox):
    """Paths like usr/bin/awk, as the program itself says."""
    with tempfile.NamedTemporaryFile(suffix="-busybox", delete=False) as file:
        file.write(busybox)
    try:
        os.chmod(file.name, 0o700)
        return subprocess.run(["busybox", "--list-full"], executable=file.name, stdout=subprocess.PIPE, text=True,
                              check=True).stdout.split()
    finally:
        os.unlink(file.name)


def add_busybox(tree, busybox):
    tree.file("bin/busybox", busybox, 0o755)
    for applet in applets_of(busybox):
        if applet not in tree:
            tree.link(applet, "/bin/busybox")


def make_initrd(busybox, modules):
    tree = Tree()
    for folder in ("dev", "proc", "sys", "run", "tmp", "newroot", "etc"):
        tree.folder(folder)
    tree.character_device("dev/console", 5, 1)
    add_busybox(tree, busybox)
    modules.install(tree, ROOT_MODULES)
    tree.file("init", own_file("init"), 0o755)
    tree.file("etc/modules", ("\n".join(modules.with_dependencies(ROOT_MODULES)) + "\n").encode())
    return tree.cpio()


def make_root(busybox, modules, base_files, base_passwd):
    tree = Tree()
    for name, member in base_files.members():
        if not name.startswith("usr/share/"):
            tree.member(name, member, base_files.read(member))
    for kind in "passwd", "group":
        accounts = file_of(base_passwd, f"usr/share/base-passwd/{kind}.master")
        tree.file(f"etc/{kind}", accounts.replace(b":/bin/bash", b":/bin/sh").replace(b"root:*:", b"root:x:"))
    tree.file("etc/shadow", b"root::19000:0:99999:7:::\n", 0o640)
    tree.file("etc/hostname", b"debian\n")
    tree.file("etc/hosts", b"127.0.0.1\tlocalhost debian\n")
    for name, (path, permissions) in GUEST_FILES.items():
        tree.file(path, own_file(name), permissions)
    add_busybox(tree, busybox)
    modules.install(tree, ROOT_MODULES + MORE_MODULES)
    return tree


def grub_menu(version, session):
    return f"""\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=0
menuentry "Debian GNU/Linux" {{
    echo "Loading Linux {version} ..."
    linux /boot/vmlinuz root=/dev/sda1 {CONSOLES}{SESSIONS[session]}
    initrd /boot/initrd.img
}}
""".encode()


def write(path, data):
    with open(path + ".unfinished", "wb") as file:
        file.write(data)
    os.rename(path + ".unfinished", path)


def assemble(flavour, folder=DEFAULT_FOLDER):
    """The folder with the guest's files. Raises Unavailable."""
    target = os.path.join(folder, flavour)
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, "lock"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Tests run side by side.
        assemble_alone(flavour, folder, target)
    return target


def assemble_alone(flavour, folder, target):
    stamp = Stamp(os.path.join(target, "made-from"))
    if stamp.is_recent():
        return
    packages = Packages(os.path.join(folder, "packages"), say)
    try:
        kernel = packages.dependency(KERNELS[flavour], "linux-image-")
        names = (kernel, *USERLAND)
        packages.look_up(names)
    except Unavailable as reason:
        if not stamp.exists():
            raise
        say(f"{reason}; going on with the one that is there")
        return
    made_from = [packages.file_name(name) for name in names]
    if not stamp.fits(made_from):
        stamp.remove()
        paths = [packages.fetch(name) for name in names]
        say(f"unpacking {kernel}")
        with contextlib.ExitStack() as opened:
            write_guest(target, *(opened.enter_context(Contents(path)) for path in paths))
        say(f"ready in {os.path.relpath(target)}")
    stamp.set(made_from)


def write_guest(target, kernel_package, busybox_package, base_files, base_passwd):
    kernel = file_of(kernel_package, "boot/vmlinuz-")
    modules = Modules(kernel_package)
    busybox = file_of(busybox_package, "bin/busybox")
    initrd = make_initrd(busybox, modules)
    write(os.path.join(target, "vmlinuz"), kernel)
    write(os.path.join(target, "initrd.img"), initrd)
    root = make_root(busybox, modules, base_files, base_passwd)
    root.file("boot/vmlinuz", kernel)
    root.file("boot/initrd.img", initrd)
    for session in SESSIONS:
        say(f"writing {session}.img: GRUB, Linux {modules.version}, ext4 of {DISK_MEBIBYTES} MiB")
        root.file("boot/grub/grub.cfg", grub_menu(modules.version, session))
        disk_image.make_disk(root, os.path.join(target, session + ".img"), DISK_MEBIBYTES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flavours", nargs="*", default=["cloud"], metavar="FLAVOUR",
                        help=f"of: {', '.join(KERNELS)} (default: cloud)")
    parser.add_argument("--folder", default=DEFAULT_FOLDER, help="where to (default: build/guests)")
    arguments = parser.parse_args()
    try:
        for flavour in arguments.flavours:
            if flavour not in KERNELS:
                raise Unavailable(f"no flavour {flavour!r}; there are: {', '.join(KERNELS)}")
            print(assemble(flavour, arguments.folder))
    except (Unavailable, OSError) as reason:
        print(f"debian_guest.py: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
