# SPDX-License-Identifier: BSD-2-Clause
"""The satori program as its user meets it: exit status, one clear line, no half-written files.

    command_line_test.py SATORI WORKLOAD_ROM DISK_GUEST
"""
import os
import resource
import subprocess
import sys
import tempfile
import threading

SATORI, WORKLOAD, DISK_GUEST = sys.argv[1:4]
SEABIOS = "/usr/share/seabios/bios-256k.bin"
SECTOR = 512
failures = 0


def rom(folder, name, code):
    """One page: the code at its start, a jump to it where the processor starts."""
    image = bytearray(b"\xf4" * 4096)
    image[: len(code)] = code
    image[0xFF0:0xFF3] = b"\xe9" + (0x10000 - 0xFF3).to_bytes(2, "little")
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(image)
    return path


def satori(*arguments, typed=b""):
    return subprocess.run([SATORI, *arguments], input=typed, capture_output=True, timeout=60)


def expect(what, holds, result=None):
    global failures
    if holds:
        print(f"ok {what}")
        return
    failures += 1
    print(f"FAIL {what}")
    if result:
        print(f"  status {result.returncode}\n  stdout {result.stdout!r}\n  stderr {result.stderr!r}")


def refused(folder, what, words, *arguments):
    """Status 1, one line on stderr with these words, and nothing written."""
    files = sorted(os.listdir(folder))
    save = os.path.join(folder, "save")
    record = os.path.join(folder, "record")
    result = satori("run", *arguments, "--save", save, "--record", record)
    lines = result.stderr.decode().splitlines()
    expect(f"{what}: status", result.returncode == 1, result)
    expect(f"{what}: one line", len(lines) == 1 and lines[0].startswith("satori: "), result)
    expect(f"{what}: says {words}", lines and all(word in lines[0] for word in words), result)
    expect(f"{what}: nothing printed", result.stdout == b"", result)
    expect(f"{what}: nothing written", sorted(os.listdir(folder)) == files, result)


def check_refusals(folder):
    good = rom(folder, "good.rom", b"\xb0\x00\xe6\xf4")
    odd = os.path.join(folder, "odd.rom")
    with open(odd, "wb") as file:
        file.write(b"\x90" * 100)
    empty = os.path.join(folder, "empty.rom")
    open(empty, "wb").close()
    refused(folder, "missing ROM", ["--rom", "nothing.rom"], "--rom", os.path.join(folder, "nothing.rom"))
    refused(folder, "empty ROM", ["0 bytes"], "--rom", empty)
    refused(folder, "odd ROM", ["100 bytes"], "--rom", odd)
    refused(folder, "a folder as ROM", ["--rom"], "--rom", folder)
    for size in ("lots", "12Q", "-5", "99999999999G", "0", "64K", "64G"):
        refused(folder, f"--memory '{size}'", ["memory"], "--rom", good, f"--memory={size}")
    refused(folder, "unknown --cpu", ["satori-v9", "satori-v"], "--rom", good, "--cpu", "satori-v9")
    refused(folder, "unknown --engine", ["--engine", "interpreter"], "--rom", good, "--engine", "magic")
    refused(folder, "--restore of no checkpoint", ["good.rom"], "--rom", good, "--restore", good)
    refused(folder, "--replay of no recording", ["--replay", "good.rom"], "--rom", good, "--replay", good)
    missing = os.path.join(folder, "nothing")
    refused(folder, "--restore of nothing", ["nothing"], "--rom", good, "--restore", missing)
    refused(folder, "--replay of nothing", ["nothing"], "--rom", good, "--replay", missing)
    result = satori("run", "--rom", good, "--save", os.path.join(folder, "no", "such", "folder"))
    expect("--save where it cannot be", result.returncode == 1 and b"satori: " in result.stderr, result)
    expect("no subcommand", satori().returncode not in (0, 2, 3, 4))


def check_endings(folder):
    result = satori("run", "--rom", rom(folder, "exit0.rom", b"\xb0\x00\xe6\xf4"))
    expect("exit 0", result.returncode == 0 and result.stderr == b"", result)
    result = satori("run", "--rom", rom(folder, "exit5.rom", b"\xb0\x05\xe6\xf4"))
    expect("exit 5 is status 11", result.returncode == 11, result)
    result = satori("run", "--rom", rom(folder, "loop.rom", b"\xeb\xfe"), "--max-instructions", "12345")
    expect("a limit", result.returncode == 2 and b"12345" in result.stderr, result)
    result = satori("run", "--rom", rom(folder, "triple.rom", b"\x0f\x01\x1e\x00\x10\xcc"))
    first = result.stderr.decode().splitlines()[:1]
    expect("triple fault", result.returncode == 3 and first and "triple fault" in first[0], result)
    expect("triple fault: once", result.stderr.count(b"triple fault") == 1, result)
    result = satori("run", "--rom", rom(folder, "halt.rom", b"\xf4"))
    lines = result.stderr.decode().splitlines()
    expect("halted for good", result.returncode == 4 and len(lines) == 1 and "halted" in lines[0], result)


def check_files(folder):
    record, save = os.path.join(folder, "record"), os.path.join(folder, "save")
    live = satori("run", "--rom", WORKLOAD, "--memory", "4M", "--record", record, typed=b"hello, world.")
    echoed = bytes(byte for byte in live.stdout if not chr(byte).isupper())  # Its own are capitals.
    expect("workload", live.returncode == 0 and b"hello, world." in echoed, live)
    again = satori("run", "--rom", WORKLOAD, "--memory", "4M", "--replay", record)
    expect("replayed", again.returncode == 0 and again.stdout == live.stdout, again)

    whole = satori("run", "--rom", WORKLOAD, "--memory", "4M")
    first = satori("run", "--rom", WORKLOAD, "--memory", "4M", "--max-instructions", "600001", "--save", save)
    expect("saved", first.returncode == 2 and os.path.exists(save), first)
    second = satori("run", "--rom", WORKLOAD, "--memory", "4M", "--restore", save)
    expect("restored", second.returncode == 0 and first.stdout + second.stdout == whole.stdout, second)
    with open(save, "r+b") as file:
        file.seek(os.path.getsize(save) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))
    damaged = satori("run", "--rom", WORKLOAD, "--memory", "4M", "--restore", save)
    expect("damaged", damaged.returncode == 1 and len(damaged.stderr.splitlines()) == 1, damaged)
    left = [name for name in os.listdir(folder) if name not in ("record", "save")]
    expect("no files left over", not left)


def check_traces(folder):
    loop = rom(folder, "loop.rom", b"\xb0\x41\xe6\xe9\xeb\xfa")  # mov al, 'A'; out 0xe9, al; again.
    quiet = ("run", "--debug-console", "none", "--rom")
    for words in (["--trace", "portz"], ["--trace-file", "x"], ["--trace", "ports", "--trace-cpu", "1"],
                  ["--trace", "ports", "--trace-ring", "4"], ["--trace", "ports", "--trace-range", "9-1"],
                  ["--trace", "ports", "--trace-from", "1.5"], ["--trace", "ports", "--trace-count", "-1"],
                  ["--trace", "ports", "--trace-file", os.path.join(folder, "no", "folder")]):
        result = satori(*quiet, loop, *words)
        lines = result.stderr.decode().splitlines()
        named = len(lines) == 1 and lines[0].startswith("satori: ") and "--trace" in lines[0]
        expect(f"refused: {' '.join(words)}", result.returncode == 1 and named, result)
    listed = satori(*quiet, loop, "--trace", "help")
    words = listed.stdout.decode().split()
    expect("--trace help", listed.returncode == 0 and "exceptions" in words and "debug-console" in words, listed)

    file = os.path.join(folder, "trace")
    result = satori(*quiet, loop, "--max-instructions", "1000", "--trace", "instructions,ports", "--trace-count", "7",
                    "--trace-range", "e9-e9", "--trace-range", "ffff0000+10000", "--trace-from", "500",
                    "--trace-file", file)
    lines = bytes_of(file).decode().splitlines()
    kinds = [line.split()[3] for line in lines]
    expect("--trace-file", result.returncode == 2 and len(lines) == 7 and b"cpu0" not in result.stderr, result)
    expect("--trace: what was asked for", set(kinds) == {"instruction", "port_write"}, result)
    expect("--trace-from", lines and int(lines[0].split()[0]) == 500, result)

    triple = rom(folder, "triple.rom", b"\x0f\x01\x1e\x00\x10\xcc")
    kept = satori("run", "--rom", triple, "--trace", "exceptions,instructions,machine", "--trace-buffer", "4")
    lines = kept.stderr.decode().splitlines()
    expect("--trace-buffer", kept.returncode == 3 and "last 4 events" in lines[-5] and "triple fault at" in lines[-1], kept)
    full = satori(*quiet, loop, "--max-instructions", "1000", "--trace", "ports", "--trace-file", "/dev/full")
    expect("--trace-file on a full disk", full.returncode == 1 and b"/dev/full" in full.stderr, full)


def disk_image(folder, name):
    """The guest of disk_guest.asm, with data behind it."""
    with open(DISK_GUEST, "rb") as file:
        program = file.read()
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(program.ljust(64 * SECTOR, b"\0") + bytes(i * 7 & 0xFF for i in range(448 * SECTOR)))
    return path


def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def check_drive_refusals(folder):
    disk = disk_image(folder, "disk.img")
    odd = os.path.join(folder, "odd.img")
    with open(odd, "wb") as file:
        file.write(b"\0" * 700)
    empty = os.path.join(folder, "empty.img")
    open(empty, "wb").close()
    missing = os.path.join(folder, "missing.img")
    refused(folder, "missing disk", ["missing.img", "truncate"], "--disk", missing)
    refused(folder, "missing disk, overlay", ["missing.img", "No such file"], "--disk", missing + ",snapshot=on")
    refused(folder, "missing CD", ["missing.img", "CD"], "--cdrom", missing)
    refused(folder, "odd disk", ["odd.img", "700"], "--disk", odd)
    refused(folder, "odd CD", ["odd.img", "2048"], "--cdrom", odd)
    refused(folder, "empty disk", ["empty.img", "truncate"], "--disk", empty)
    refused(folder, "a folder as disk", [folder], "--disk", folder)
    refused(folder, "no name", ["--disk"], "--disk", ",snapshot=on")
    refused(folder, "unknown word", ["disk.img", "snapshot=maybe", "snapshot=on"], "--disk", disk + ",snapshot=maybe")
    refused(folder, "unknown bus", ["if=scsi", "if=ide"], "--disk", disk + ",if=scsi")
    refused(folder, "an option of a CD", ["disk.img", "snapshot=on"], "--cdrom", disk + ",snapshot=on")
    refused(folder, "the same disk twice", ["disk.img", "in use", "snapshot=on"], "--disk", disk, "--disk", disk)
    refused(folder, "five drives", ["5", "4"], *(["--disk", disk + ",snapshot=on"] * 3 + ["--cdrom", disk] * 2))
    refused(folder, "a disk with --rom", ["--disk", "--rom"], "--rom", WORKLOAD, "--disk", disk)
    refused(folder, "an initrd alone", ["--kernel"], "--initrd", disk)
    refused(folder, "no kernel", ["--kernel", "missing.img"], "--kernel", missing)
    refused(folder, "a disk as kernel", ["kernel"], "--kernel", disk)
    refused(folder, "no firmware", ["--bios", "missing.img"], "--bios", missing)
    refused(folder, "too many processors", ["65"], "--cpus", "65")
    with open(disk, "r+b") as held:
        import fcntl
        import struct
        # F_OFD_SETLK: a write lock on the whole file, as another machine has it.
        fcntl.fcntl(held, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        refused(folder, "a locked disk", ["disk.img", "in use"], "--disk", disk)
        refused(folder, "a locked disk, overlay", ["disk.img", "in use"], "--disk", disk + ",snapshot=on")
    if os.geteuid() != 0:
        os.chmod(disk, 0o444)
        refused(folder, "a read-only disk", ["disk.img", "snapshot=on"], "--disk", disk)


def check_disks(folder):
    pc = ("run", "--memory", "16M", "--debug-console", "none", "--rtc", "2026-01-31T12:00:00")
    disk = disk_image(folder, "disk,with,commas.img")
    named = disk.replace(",", ",,")
    before = bytes_of(disk)
    thrown_away = satori(*pc, "--disk", named + ",snapshot=on", "--stats")
    done = thrown_away.returncode == 0 and b"Done." in thrown_away.stdout
    expect("overlay: runs to its power-off", done, thrown_away)
    expect("overlay: the image is as it was", bytes_of(disk) == before)

    save = os.path.join(folder, "save")
    instructions = int(thrown_away.stderr.split()[1])
    half = satori(*pc, "--disk", named + ",snapshot=on", "--save", save,
                  "--max-instructions", str(instructions - 2_000_000))
    expect("stopped half-way", b"Booted." in half.stdout and b"Done." not in half.stdout, half)
    rest = satori(*pc, "--disk", named + ",snapshot=on", "--restore", save)
    expect("restored", rest.returncode == 0 and half.stdout + rest.stdout == thrown_away.stdout, rest)
    other = satori(*pc, "--cdrom", named, "--restore", save)
    expect("restored with other drives", other.returncode == 1 and b"--disk" in other.stderr, other)

    kept = satori(*pc, "--disk", named)
    expect("image: the same run", kept.returncode == 0 and kept.stdout == thrown_away.stdout, kept)
    expect("image: written to", bytes_of(disk) != before)


def check_full_host(folder):
    """A file that may not grow is a full host; the limit is lifted when the guest has come to wait."""
    disk = disk_image(folder, "disk.img")
    unlimited = resource.RLIM_INFINITY
    with subprocess.Popen([SATORI, "run", "--memory", "16M", "--disk", disk], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        process.stdout.readline()  # It has its memory, and is far from writing.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100 * SECTOR, unlimited))
        message = process.stderr.readline().decode()
        expect("full host: says so", "disk.img" in message and "waits" in message)
        expect("full host: not lost", process.poll() is None)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        message = process.stderr.readline().decode()
        expect("full host: goes on", "goes on" in message)
        output = process.stdout.read()
        expect("full host: to its end", process.wait() == 0 and b"Done." in output)
        killer.cancel()


with tempfile.TemporaryDirectory() as folder:
    check_refusals(folder)
with tempfile.TemporaryDirectory() as folder:
    check_endings(folder)
with tempfile.TemporaryDirectory() as folder:
    check_files(folder)
with tempfile.TemporaryDirectory() as folder:
    check_traces(folder)
if os.path.exists(SEABIOS):
    for check in check_drive_refusals, check_disks, check_full_host:
        with tempfile.TemporaryDirectory() as folder:
            check(folder)
else:
    print(f"not tested: the PC's disks, because {SEABIOS} is missing (apt-get install seabios)")
print(f"{failures} failures")
sys.exit(failures != 0)
