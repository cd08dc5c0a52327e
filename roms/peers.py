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

# rfb is the one display library that needs neither a window nor a terminal; it does not wait for a viewer.
BOCHSRC = """\
display_library: rfb, options="timeout=0"
romimage: file={rom}
vgaromimage: file={folder}/vga.rom
cpu: model={model}, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
memory: guest={memory}, host={memory}
clock: sync=none
port_e9_hack: enabled=1
boot: floppy
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


def qemu_command(rom, cpu):
    return [_program(QEMU), "-accel", "tcg", "-cpu", cpu, "-m", str(MEMORY_MIB), "-bios", rom, "-nodefaults",
            "-display", "none", "-no-reboot", "-debugcon", "stdio",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


def _empty_vga_rom():
    """512 bytes with the signature, a far return and a checksum of zero: Bochs insists on a VGA ROM."""
    head = b"\x55\xaa\x01\xcb"
    body = head + bytes(512 - len(head) - 1)
    return body + bytes([-sum(body) & 0xFF])


def bochs_command(rom, folder, model):
    """Writes what Bochs wants to find into `folder`; the package is a debugger build, hence the `c`."""
    program = _program(BOCHS)
    with open(os.path.join(folder, "vga.rom"), "wb") as file:
        file.write(_empty_vga_rom())
    with open(os.path.join(folder, "bochsrc"), "w", encoding="ascii") as file:
        file.write(BOCHSRC.format(rom=rom, folder=folder, model=model, memory=MEMORY_MIB))
    with open(os.path.join(folder, "commands"), "w", encoding="ascii") as file:
        file.write("c\nq\n")
    return [program, "-q", "-f", os.path.join(folder, "bochsrc"), "-rc", os.path.join(folder, "commands")]


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
