# SPDX-License-Identifier: BSD-2-Clause
"""How a ROM of ours is started on the machines it is compared with.

A machine is a command line whose standard output carries the ROM's debug port (0xE9) among whatever else
the program prints. The same image serves all: QEMU ends by isa-debug-exit, Bochs by its shutdown port,
Satori as its command template says.
"""
import os
import shlex
import shutil

QEMU = "qemu-system-x86_64"
BOCHS = "bochs"
MEMORY_MIB = 64

# Debian's packages bochsbios and vgabios.
BOCHS_BIOS = "/usr/share/bochs/BIOS-bochs-latest"
BOCHS_VGABIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"

# rfb is the one display library that needs neither a window nor a terminal; it does not wait for a viewer.
BOCHSRC = """\
display_library: rfb, options="timeout=0"
clock: sync=none
{settings}
log: {folder}/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
speaker: enabled=0
"""


class Unavailable(Exception):
    """The machine cannot be started here; the text says why."""


def _program(name):
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not installed")
    return path


def _qemu(*arguments):
    return [_program(QEMU), "-accel", "tcg", "-m", str(MEMORY_MIB), "-nodefaults", "-display", "none", "-no-reboot",
            "-debugcon", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *arguments]


def qemu_command(rom, cpu):
    return _qemu("-cpu", cpu, "-bios", rom)


def qemu_boot_command(image, kind):
    """A PC with its own firmware, booting a `disk` or a `cdrom`; its time is its instructions'."""
    # Somebody else may be reading the image too, whose lock QEMU would take for a writer's.
    drive = f"file={image},format=raw,file.locking=off,if=ide,media={kind}"
    return _qemu("-vga", "std", "-icount", "shift=4,sleep=off", "-rtc", "clock=vm", "-drive",
                 drive + (",snapshot=on" if kind == "disk" else ""))


def _empty_vga_rom():
    """512 bytes with the signature, a far return and a checksum of zero: Bochs insists on a VGA ROM."""
    head = b"\x55\xaa\x01\xcb"
    body = head + bytes(512 - len(head) - 1)
    return body + bytes([-sum(body) & 0xFF])


def bochs(folder, *settings):
    """Writes what Bochs wants to find into `folder`; the package is a debugger build, hence the `c`."""
    program = _program(BOCHS)
    with open(os.path.join(folder, "bochsrc"), "w", encoding="ascii") as file:
        file.write(BOCHSRC.format(settings="\n".join(settings), folder=folder))
    with open(os.path.join(folder, "commands"), "w", encoding="ascii") as file:
        file.write("c\nq\n")
    return [program, "-q", "-f", os.path.join(folder, "bochsrc"), "-rc", os.path.join(folder, "commands")]


def _bochs_of_ours(folder, model, rom, vgarom, *drives):
    """With the debug port, and a triple fault that ends it."""
    return bochs(folder, f"romimage: file={rom}", f"vgaromimage: file={vgarom}",
                 f"cpu: model={model}, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0",
                 f"memory: guest={MEMORY_MIB}, host={MEMORY_MIB}", "port_e9_hack: enabled=1", *drives)


def bochs_command(rom, folder, model):
    vgarom = os.path.join(folder, "vga.rom")
    with open(vgarom, "wb") as file:
        file.write(_empty_vga_rom())
    return _bochs_of_ours(folder, model, rom, vgarom, "boot: floppy")


def bochs_boot_command(image, kind, folder, model):
    """A PC with its own firmware, booting a `disk` (its file is written to) or a `cdrom`."""
    for name in BOCHS_BIOS, BOCHS_VGABIOS:
        if not os.path.exists(name):
            raise Unavailable(f"{name} is missing (apt-get install bochsbios vgabios)")
    if kind == "disk":
        cylinders = os.path.getsize(image) // (16 * 63 * 512)
        drive = f"ata0-master: type=disk, path={image}, mode=flat, cylinders={cylinders}, heads=16, spt=63"
    else:
        drive = f"ata0-master: type=cdrom, path={image}, status=inserted"
    pci = "pci: enabled=1, chipset=i440fx, slot1=pcivga"
    return _bochs_of_ours(folder, model, BOCHS_BIOS, BOCHS_VGABIOS, pci, drive, f"boot: {kind}")


def satori_command(template, rom):
    """`template` is the program, or a shell-like command with {rom} in it."""
    if not template:
        raise Unavailable("no --satori command given")
    if "{rom}" not in template:
        template += " run --rom {rom} --debug-console stdout"
    words = [word.replace("{rom}", rom) for word in shlex.split(template)]
    if shutil.which(words[0]) is None:
        raise Unavailable(f"{words[0]} does not exist (build it, or give another --satori)")
    return words
