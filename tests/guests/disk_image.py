# SPDX-License-Identifier: BSD-2-Clause
"""A bootable disk: GRUB behind the boot record, one ext4 partition. Written without mounting anything."""
import os
import struct
import subprocess
import tempfile

from packages import Unavailable

SECTOR = 512
FIRST_SECTOR = 2048  # Of the partition; GRUB's core lies before it.
LINUX_PARTITION = 0x83
GRUB = "/usr/lib/grub/i386-pc"
GRUB_PREFIX = "(hd0,msdos1)/boot/grub"
GRUB_MODULES = ("biosdisk", "part_msdos", "ext2", "normal", "linux", "serial", "terminal", "echo", "ls", "cat",
                "reboot", "halt")
PROGRAMS = {"grub-mkimage": "grub-common", "mke2fs": "e2fsprogs", "debugfs": "e2fsprogs"}


def _run(*command, **others):
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C.UTF-8")
    try:
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
                              **others).stdout
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not here: apt-get install {PROGRAMS[command[0]]}") from error
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{command[0]} failed: {error.output.decode().strip()}") from error


def _chs_beyond_use():
    """What a partition table says where only the sectors' numbers count."""
    return b"\xfe\xff\xff"


def _boot_record(sectors):
    """GRUB's first stage, which by default reads the second from sector 1, with our table in it."""
    try:
        with open(os.path.join(GRUB, "boot.img"), "rb") as file:
            record = bytearray(file.read(SECTOR))
    except FileNotFoundError as error:
        raise Unavailable(f"{GRUB}/boot.img is not here: apt-get install grub-pc-bin") from error
    table = struct.pack("<B3sB3sII", 0x80, _chs_beyond_use(), LINUX_PARTITION, _chs_beyond_use(), FIRST_SECTOR,
                        sectors - FIRST_SECTOR)
    record[440:510] = bytes(6) + table + bytes(48)
    record[510:] = b"\x55\xaa"
    return bytes(record)


def _grub_core():
    with tempfile.NamedTemporaryFile(suffix=".img") as core:
        _run("grub-mkimage", "-O", "i386-pc", "-d", GRUB, "-p", GRUB_PREFIX, "-o", core.name, *GRUB_MODULES)
        data = core.read()
    if len(data) > (FIRST_SECTOR - 1) * SECTOR:
        raise Unavailable(f"GRUB's core has {len(data)} bytes and does not fit before the partition")
    return data


def _make_file_system(tree, path, mebibytes):
    offset = FIRST_SECTOR * SECTOR
    with tempfile.TemporaryDirectory(prefix="satori-root-") as folder:
        os.chmod(folder, 0o755)
        tree.stage(folder)
        # Nothing is left for the guest's kernel to initialise behind our back; GRUB 2.06 reads these features.
        _run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", "root", "-d", folder,
             "-O", "^metadata_csum_seed,^orphan_file", "-U", "5a704190-6b1f-4c35-9c8e-0f3f2a2c1d10",
             "-E", f"offset={offset},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard,"
                   "hash_seed=5a704190-6b1f-4c35-9c8e-0f3f2a2c1d11",
             path, f"{(mebibytes << 10) - offset // 1024}k")
    if os.getuid() != 0:
        commands = "".join(f'sif "/{name}" {owner} 0\n' for name in tree.paths() for owner in ("uid", "gid"))
        _run("debugfs", "-w", "-f", "/dev/stdin", f"{path}?offset={offset}", input=commands.encode())


def make_disk(tree, path, mebibytes):
    """Writes beside `path`, and renames."""
    unfinished = path + ".unfinished"
    with open(unfinished, "wb") as image:
        image.truncate(mebibytes << 20)
        image.write(_boot_record((mebibytes << 20) // SECTOR))
        image.write(_grub_core())
    _make_file_system(tree, unfinished, mebibytes)
    os.rename(unfinished, path)
