#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts what systems_tests boots into a folder, from Debian's packages: nothing is installed, and no privilege needed.

    memtest.bin, memtest.iso        memtest86+, as a kernel and as a CD
    grub-rescue.iso                 GRUB with all its modules, as a CD
    text/, gtk/                     linux and initrd.gz of the installer's two flavours
    installer.iso                   the graphical one with its boot menu, as a CD (isolinux)
    pxe-e1000.rom                   iPXE, to boot from the network

Nothing is done if all of that is there; who wants newer packages removes the folder.
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guests"))
from packages import Contents, Packages, Unavailable  # noqa: E402

NOT_RUN = 77  # For ctest's SKIP_RETURN_CODE.

INSTALLER = "usr/lib/debian-installer/images/12/amd64/"
# Package -> where in it -> where in the folder. What ends in a slash is all of a folder.
FILES = {
    "memtest86+": {
        "boot/memtest86+x64.bin": "memtest.bin",
        "usr/lib/memtest86+/memtest86+x64.iso": "memtest.iso",
    },
    "grub-rescue-pc": {
        "usr/lib/grub-rescue/grub-rescue-cdrom.iso": "grub-rescue.iso",
    },
    "debian-installer-12-netboot-amd64": {
        INSTALLER + "text/debian-installer/amd64/linux": "text/linux",
        INSTALLER + "text/debian-installer/amd64/initrd.gz": "text/initrd.gz",
        INSTALLER + "gtk/debian-installer/amd64/linux": "gtk/linux",
        INSTALLER + "gtk/debian-installer/amd64/initrd.gz": "gtk/initrd.gz",
        INSTALLER + "gtk/debian-installer/amd64/boot-screens/": "boot-screens/",
    },
    "isolinux": {
        "usr/lib/ISOLINUX/isolinux.bin": "isolinux.bin",
    },
    "ipxe-qemu": {
        "usr/lib/ipxe/qemu/pxe-e1000.rom": "pxe-e1000.rom",
    },
}


def say(text):
    print(f"== Systems to boot: {text}", file=sys.stderr, flush=True)


def place_of(name, files):
    """Where a file of a package goes; None: nowhere."""
    if name in files:
        return files[name]
    for source, place in files.items():
        if source.endswith("/") and name.startswith(source):
            return place + name[len(source):]
    return None


def unpack(archive, files, folder):
    missing = set(files)
    with Contents(archive) as package:
        for name, member in package.members():
            place = place_of(name, files)
            if place is None or not member.isfile():
                continue
            missing -= {source for source in missing if name.startswith(source)}
            path = os.path.join(folder, place)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(package.read(member))
    if missing:
        raise Unavailable(f"{os.path.basename(archive)} is not as it used to be: there is no {min(missing)}")


def make_installer_cd(folder):
    """The boot menu of the package, which names files as on its TFTP server, from the root."""
    xorriso = shutil.which("xorriso")
    if xorriso is None:
        raise Unavailable("xorriso is missing: apt-get install xorriso")
    with tempfile.TemporaryDirectory(prefix="satori-cd-") as tree:
        place = os.path.join(tree, "debian-installer", "amd64")
        shutil.copytree(os.path.join(folder, "boot-screens"), os.path.join(place, "boot-screens"))
        for name in "linux", "initrd.gz":
            os.symlink(os.path.join(folder, "gtk", name), os.path.join(place, name))
        shutil.copy(os.path.join(folder, "isolinux.bin"), tree)
        shutil.copy(os.path.join(folder, "boot-screens", "ldlinux.c32"), tree)
        shutil.copy(os.path.join(folder, "boot-screens", "syslinux.cfg"), os.path.join(tree, "isolinux.cfg"))
        subprocess.run([xorriso, "-report_about", "SORRY", "-as", "mkisofs", "-quiet", "-R", "-f", "-volid",
                        "INSTALLER", "-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot",
                        "-boot-load-size", "4", "-boot-info-table", "-o", os.path.join(folder, "installer.iso"), tree],
                       check=True, stderr=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})


def own_fingerprint():
    with open(os.path.abspath(__file__), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def assemble(folder):
    done = os.path.join(folder, "made-by")
    if os.path.exists(done):
        with open(done, encoding="ascii") as file:
            if file.read() == own_fingerprint():
                return
    os.makedirs(folder, exist_ok=True)
    packages = Packages(os.path.join(os.path.dirname(folder), "packages"), say)
    packages.look_up(list(FILES))
    for name, files in FILES.items():
        unpack(packages.fetch(name), files, folder)
    make_installer_cd(folder)
    with open(done, "w", encoding="ascii") as file:
        file.write(own_fingerprint())
    say(f"ready in {os.path.relpath(folder)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    try:
        assemble(os.path.abspath(parser.parse_args().folder))
    except Unavailable as reason:
        say(f"not here: {reason}")
        return NOT_RUN
    return 0


if __name__ == "__main__":
    sys.exit(main())
