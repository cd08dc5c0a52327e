# SPDX-License-Identifier: BSD-2-Clause
"""A real gdb, scripted, on guests of the satori program.

    gdb_test.py SATORI DEMO_ROM DEMO_ELF
"""
import os
import socket
import subprocess
import sys
import tempfile

import guest_under_gdb
import symbol_file
from guest_under_gdb import Guest, expect, has

SATORI, DEMO_ROM, DEMO_ELF = sys.argv[1:4]
SEABIOS = "/usr/share/seabios/bios-256k.bin"


def check_rom():
    with Guest(SATORI, "--rom", DEMO_ROM) as guest:
        said = guest.debug([
            "info threads", "p $pc", "p/x $cs_base",
            "break rom_main", "continue", "p $rip", "p $efer", "p $cr0",
            "stepi", "x/i $pc", "stepi",
            "hbreak put_text", "continue", "bt", "info breakpoints",
            "p $xmm0.v4_int32", "p $ymm0.v8_int32", "p $st0", "p $mxcsr", "p $fs_base",
            "p/x *(int *)$rsp",
            "set var $r15 = 0x123456789", "p/x $r15",
            "monitor info cpus", "monitor x/2i $rip", "monitor nothing",
            "delete", "finish", "p 1+1",
            "watch -l *(long *)($rsp - 8)", "continue", "delete",
            "detach",
        ], DEMO_ELF)
        expect("ROM: starts at the reset vector", has(said, r"\$1 = .*0xfffffff0.*\$2 = 0xffff0000"),
               said)
        expect("ROM: a breakpoint by symbol is hit", has(said, r"Breakpoint 1, .*rom_main"), said)
        expect("ROM: modes are named", has(said, r"\[ .*LMA.* \].*\[ .*PG.*\]"), said)
        expect("ROM: steps go on in the code", has(said, r"=> 0x\w+ <rom_main\+\d+>:"), said)
        expect("ROM: a hardware breakpoint is hit", has(said, r"Breakpoint 2, .*put_text"), said)
        expect("ROM: frames are found", has(said, r"#0 .*put_text.*#1 "), said)
        expect("ROM: vectors have their lanes", has(said, r"= \{-?\d+, -?\d+, -?\d+, -?\d+\}.*"
                                                          r"= \{-?\d+(, -?\d+){7}\}"), said)
        expect("ROM: a register is set", has(said, r"= 0x123456789"), said)
        expect("ROM: the monitor answers", has(said, r"\*0 0+1\w+ cpl 0 64-bit running"), said)
        expect("ROM: the monitor knows no nonsense", "there is no command 'nothing'" in said, said)
        expect("ROM: finish comes back", has(said, r"in rom_main \(\)\n\$13 = 2"), said)
        expect("ROM: a watchpoint fires", has(said, r"atchpoint 3: .*Old value.*New value"), said)
        status, output = guest.ending()
        expect("ROM: the guest goes on to its end", status == 0 and "64-bit guest" in output,
               f"{status}\n{output}")


def check_interrupt_and_kill():
    with Guest(SATORI, "--memory", "64M") as guest:  # Nothing to boot from: it waits for good.
        said = guest.debug([
            "python import threading, os, signal",
            "python threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()",
            "continue", "info registers rip", "kill"])
        expect("interrupt: stops", has(said, r"SIGINT, Interrupt"), said)
        status, output = guest.ending()
        expect("kill: ends satori with 2", status == 2, f"{status}\n{output}")


def check_halted_for_good(folder):
    rom = os.path.join(folder, "halt.rom")
    with open(rom, "wb") as file:  # cli; hlt: the rest of the page is hlt, but for the way there.
        file.write(b"\xfa".ljust(0xff0, b"\xf4") + b"\xe9\x0d\xf0".ljust(16, b"\xf4"))
    with Guest(SATORI, "--rom", rom, arch="i8086") as guest:
        said = guest.debug([
            "python import threading, os, signal",
            "python threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()",
            "continue", "info threads", "detach"])
        expect("halted for good: can be looked at", has(said, r"SIGINT, Interrupt.*CPU 0 \[halted\]"), said)
        status, output = guest.ending()
        expect("halted for good: over when nobody looks", status == 4, f"{status}\n{output}")


# Where every PC's firmware has these (IBM's listings of 1981 to 1983).
BIOS_ENTRIES = {"bios_post": 0xFE05B, "bios_int10": 0xFF065, "bios_int13": 0xFE3FE,
                "bios_int16": 0xFE82E, "bios_int19": 0xFE6F2, "bios_int1a": 0xFFE6E,
                "bios_int15": 0xFF859}


def check_seabios(folder):
    if not os.path.exists(SEABIOS):
        print(f"skipped: {SEABIOS} is missing; apt-get install seabios")
        return
    symbols = os.path.join(folder, "bios.elf")
    symbol_file.write(symbols, BIOS_ENTRIES, wide=False)
    with Guest(SATORI, "--memory", "64M", arch="i8086") as guest:
        said = guest.debug([
            # Symbols can only be those of an i386: it must be said once more.
            "set architecture i8086", "show architecture",
            "break bios_post", "continue", "x/3i $pc", "info registers cs",
            "stepi", "stepi", "p/x $pc", "bt 1",
            "watch *(unsigned short *)0x413", "continue", "delete 2",
            "break bios_int19", "continue", "x/2i $pc", "bt 2",
            "stepi", "stepi", "stepi", "p/x $pc",
            "detach",
        ], symbols)
        expect("SeaBIOS: 16-bit code is taken for it", "i8086" in said, said)
        expect("SeaBIOS: the entry after reset is hit", has(said, r"Breakpoint 1, .*bios_post"),
               said)
        expect("SeaBIOS: its code is disassembled", has(said, r"=> 0xfe05b <bios_post>:\s+cmpl +\$0x0,%cs:"),
               said)
        expect("SeaBIOS: a step is one instruction", has(said, r"\$1 = 0xfe\w{3}"), said)
        expect("SeaBIOS: a frame is shown", has(said, r"#0 +0x000fe\w{3} in "), said)
        expect("SeaBIOS: a variable of the BIOS is watched",
               has(said, r"atchpoint 2: \*\(unsigned short \*\)0x413.*Old value = 0.*New value = 6"),
               said)
        expect("SeaBIOS: INT 19h is hit", has(said, r"Breakpoint 3, .*bios_int19"), said)
        expect("SeaBIOS: and stepped from", has(said, r"\$2 = 0xf\w{4}"), said)


def check_refusals():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for options, words in ((["--gdb", str(port)], "in use"), (["--gdb", "x"], "is no port"),
                               (["--gdb", "70000"], "is no port"), (["--gdb", "1,arch=arm"], "arm"),
                               (["--gdb-wait"], "--gdb")):
            result = subprocess.run([SATORI, "run", "--rom", DEMO_ROM, *options], text=True,
                                    stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            lines = result.stderr.splitlines()
            expect(f"refused: {' '.join(options)}", result.returncode == 1 and len(lines) == 1
                   and words in lines[0], result.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_refusals()
        check_rom()
        check_interrupt_and_kill()
        check_halted_for_good(folder)
        check_seabios(folder)
    return 1 if guest_under_gdb.failures else 0


if __name__ == "__main__":
    sys.exit(main())
