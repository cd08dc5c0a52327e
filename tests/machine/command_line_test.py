# SPDX-License-Identifier: BSD-2-Clause
"""The satori program as its user meets it: exit status, one clear line, no half-written files.

    command_line_test.py SATORI WORKLOAD_ROM
"""
import os
import subprocess
import sys
import tempfile

SATORI, WORKLOAD = sys.argv[1:3]
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


with tempfile.TemporaryDirectory() as folder:
    check_refusals(folder)
with tempfile.TemporaryDirectory() as folder:
    check_endings(folder)
with tempfile.TemporaryDirectory() as folder:
    check_files(folder)
print(f"{failures} failures")
sys.exit(failures != 0)
