# SPDX-License-Identifier: BSD-2-Clause
"""The satori program as its user meets it: exit status, one clear line, no half-written files.

    command_line_test.py SATORI WORKLOAD_ROM DISK_GUEST
"""
import os
import pty
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

SATORI, WORKLOAD, DISK_GUEST = sys.argv[1:4]
SEABIOS = "/usr/share/seabios/bios-256k.bin"
SECTOR = 512
failures = 0
for display in "DISPLAY", "WAYLAND_DISPLAY":  # Nobody wants these windows.
    os.environ.pop(display, None)


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
    refused(folder, "unknown option", ["--memroy", "--memory"], "--rom", good, "--memroy", "64M")
    refused(folder, "unknown option with a value", ["--disc", "--disk"], "--rom", good, "--disc=x")
    refused(folder, "a word too many", ["'again'", "--help"], "--rom", good, "one.toml", "again")
    refused(folder, "a number that is none", ["--cpus", "whole number"], "--rom", good, "--cpus", "two")
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
    result = satori("rnu", "--memory", "64M")
    expect("unknown command", result.returncode == 1 and b"'rnu'" in result.stderr and b"'run'" in result.stderr,
           result)


def check_vm_files(folder):
    good = rom(folder, "good.rom", b"\xb0\x00\xe6\xf4")

    def vm(text):
        with open(os.path.join(folder, "vm.toml"), "w") as file:
            file.write(text)
        return os.path.join(folder, "vm.toml")

    file = vm("[boot]\nrom = 'good.rom'\n[machine]\nmemory = '4M'\n")
    result = satori("run", file)
    expect("a VM's file", result.returncode == 0 and result.stderr == b"", result)
    result = satori("run", folder)
    expect("a VM's folder", result.returncode == 0 and result.stderr == b"", result)
    result = satori("info", folder)
    expect("info of a VM", result.returncode == 0 and good.encode() in result.stdout, result)
    result = satori("run", file, "--memory", "64K")
    expect("the command line wins", result.returncode == 1 and b"memory" in result.stderr, result)
    refused(folder, "no VM's file", ["missing.toml"], os.path.join(folder, "missing.toml"))
    refused(folder, "not TOML", ["vm.toml:1:"], vm("memory 64M"))
    refused(folder, "unknown table", ["vm.toml:2:", "'machien'", "'machine'"], vm("\n[machien]\ncpus = 1"))
    refused(folder, "unknown key", ["vm.toml:3:", "'memroy'", "'memory'"], vm("[machine]\ncpus = 1\nmemroy = 1"))
    refused(folder, "wrong type", ["vm.toml:2:", "cpus", "N"], vm("[machine]\ncpus = true"))
    refused(folder, "wrong value", ["vm.toml:2:", "memory", "64M"], vm("[machine]\nmemory = 'lots'"))


def check_telling():
    for arguments in ("--help",), ("run", "--help"), ("info",), ("cpus",), ("completion", "bash"):
        result = satori(*arguments)
        expect(f"{' '.join(arguments)} tells", result.returncode == 0 and len(result.stdout) > 90, result)
    bash = satori("completion", "bash").stdout.decode()
    ask = "COMP_WORDS=({words}); COMP_CWORD={at}; _satori; echo ${{COMPREPLY[@]}}"
    for words, at, offered in ("satori ru", 1, "run"), ("satori run --mem", 2, "--memory"), \
            ("satori run --debug-console stdo", 3, "stdout"), ("satori checkpoint l", 2, "list"):
        script = bash + ask.format(words=words, at=at)
        result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60)
        expect(f"bash completes '{words}'", result.stdout.decode().split() == [offered], result)
    result = satori("completion", "tcsh")
    expect("another shell", result.returncode == 1 and b"fish" in result.stderr, result)


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
    workload = ("run", "--rom", WORKLOAD, "--memory", "4M", "--debug-console", "stderr")
    live = satori(*workload, "--record", record, typed=b"hello, world.")
    echoed = bytes(byte for byte in live.stdout if not chr(byte).isupper())  # Its own are capitals.
    expect("workload", live.returncode == 0 and echoed == b"hello, world." and len(live.stderr) == 16, live)
    again = satori(*workload, "--replay", record)
    same = (again.stdout, again.stderr) == (live.stdout, live.stderr)
    expect("replayed", again.returncode == 0 and same, again)

    # Two streams of the guest's on one of the host's: in its order, whatever slices the host makes.
    both = ("run", "--rom", WORKLOAD, "--memory", "4M")
    live = satori(*both, "--record", record, typed=b"hello, world.")
    again = satori(*both, "--replay", record)
    expect("replayed, on one stream", again.returncode == 0 and again.stdout == live.stdout, again)

    whole = satori(*workload)
    first = satori(*workload, "--max-instructions", "600001", "--save", save)
    expect("saved", first.returncode == 2 and os.path.exists(save), first)
    second = satori(*workload, "--restore", save)
    expect("restored", second.returncode == 0 and first.stdout + second.stdout == whole.stdout, second)
    for told in satori("checkpoint", "info", save), satori("info", save), satori("checkpoint", "list", folder):
        expect("told of a checkpoint", told.returncode == 0 and b"600001" in told.stdout, told)
    told = satori("info", record)
    expect("told of a recording", told.returncode == 0 and b"com1" in told.stdout, told)
    with open(save, "r+b") as file:
        file.seek(os.path.getsize(save) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))
    result = satori("checkpoint", "info", save)
    expect("info of a damaged checkpoint", result.returncode == 1 and b"damaged" in result.stderr, result)
    damaged = satori(*workload, "--restore", save)
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


def check_saves_while_running(folder):
    at = os.path.join(folder, "at")
    end = os.path.join(folder, "end")
    workload = ("run", "--rom", WORKLOAD, "--memory", "4M", "--debug-console", "none")
    whole = satori(*workload, "--save", at + "@500us", "--save", end,
                   "--hash-every", "100000")
    expect("saved on the way", whole.returncode == 0 and os.path.exists(at) and os.path.exists(end), whole)
    told = satori("checkpoint", "info", at)
    expect("saved at its time", b"0.000500000 s" in told.stdout, told)
    rest = satori(*workload, "--restore", at, "--save", end + "2")
    expect("restored from the way", rest.returncode == 0 and whole.stdout.endswith(rest.stdout), rest)
    states = [satori("checkpoint", "info", path).stdout.split(b"state")[1].split()[0]
              for path in (end, end + "2")]
    expect("to the same end", states[0] == states[1])
    plain = satori(*workload, "--hash-every", "100000")
    hashes = [line for line in whole.stderr.splitlines() if line.startswith(b"hash")]
    expect("saving changes nothing", hashes and plain.stderr.splitlines() == hashes, plain)
    late = satori(*workload, "--save", os.path.join(folder, "late") + "@1h")
    expect("a time that never came", late.returncode == 1 and b"late" in late.stderr, late)


def check_signals(folder):
    """What was asked to be saved and recorded is, when the run is ended from outside."""
    loop = rom(folder, "loop.rom", b"\xeb\xfe")
    for name, number in ("SIGINT", signal.SIGINT), ("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP):
        files = [os.path.join(folder, f"{name}.{what}") for what in ("checkpoint", "recording")]
        with subprocess.Popen([SATORI, "run", "--rom", loop, "--memory", "4M", "--hash-every", "1000000",
                               "--save", files[0], "--record", files[1]], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            process.stderr.readline()  # It runs.
            process.send_signal(number)
            told = process.stderr.read()
            expect(f"{name}: status", process.wait(timeout=60) == 2)
            expect(f"{name}: says so", name.encode() in told)
        expect(f"{name}: saved and recorded", all(os.path.exists(file) for file in files))
        again = satori("run", "--rom", loop, "--memory", "4M", "--replay", files[1])
        expect(f"{name}: the replay ends there", again.returncode == 2 and b"ends here" in again.stderr, again)


# 115200 baud on COM1; writes 'A' there, then echoes what it receives until a '.' came.
ECHO = bytes.fromhex("bafb03 b080 ee baf803 b001 ee 42 b000 ee bafb03 b003 ee"
                     "baf803 b041 ee  bafd03 ec a801 74fb  baf803 ec ee 3c2e 75ef  b000 e6f4")


def check_serial(folder):
    echo = rom(folder, "echo.rom", ECHO)
    to_file = os.path.join(folder, "serial.txt")
    result = satori("run", "--rom", echo, "--serial", "file:" + to_file, "--max-instructions", "1000000")
    expect("serial in a file", result.stdout == b"" and bytes_of(to_file) == b"A", result)
    flood = b"x" * 1500 + b"."
    result = satori("run", "--rom", echo, typed=flood)
    expect("all of a long input arrives", result.returncode == 0 and result.stdout == b"A" + flood)

    path = os.path.join(folder, "socket")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for choice, family, address in (f"tcp:{port}", socket.AF_INET, ("127.0.0.1", port)), \
            (f"unix:{path}", socket.AF_UNIX, path):
        with subprocess.Popen([SATORI, "run", "--rom", echo, "--serial", choice], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            killer = threading.Timer(60, process.kill)
            killer.start()
            expect(f"{choice}: talks", talk(family, address, b"hello.") == b"hello.")
            expect(f"{choice}: ends", process.wait() == 0)
            killer.cancel()
    expect("the socket is gone", not os.path.exists(path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(folder, "a port in use", ["--serial", str(port), "another port"], "--rom", echo,
                "--serial", f"tcp:{port}")
    refused(folder, "two on the terminal", ["COM2", "COM1"], "--serial", "stdio", "--serial", "stdio")
    refused(folder, "five serial ports", ["5", "4"], *["--serial", "none"] * 5)
    refused(folder, "two of --rom", ["--serial", "one"], "--rom", echo, *["--serial", "none"] * 2)
    with subprocess.Popen([SATORI, "run", "--rom", echo, "--serial", "pty"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        name = process.stderr.readline().decode().split()[-1]
        terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"hi")
        heard = b""
        while not heard.endswith(b"hi"):
            heard += os.read(terminal, 100)
        os.write(terminal, b".")
        expect("a pseudo-terminal", process.wait(timeout=60) == 0)
        os.close(terminal)


def answer_to(terminal, keys, awaited):
    """What is heard up to what is awaited, or to the end."""
    os.write(terminal, keys)
    heard = b""
    while awaited not in heard:
        try:
            heard += os.read(terminal, 1000)
        except OSError:
            break
    return heard


def check_terminal(folder):
    """The keys of a person at a terminal."""
    echo = rom(folder, "echo.rom", ECHO)
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with subprocess.Popen([os.path.abspath(SATORI), "run", "--rom", echo, "--memory", "4M"], stdin=slave, stdout=slave, stderr=slave,
                          cwd=folder) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        for what, keys, answer in (
                ("starts", b"", b"A"), ("a key", b"k", b"k"), ("Ctrl-C is the guest's", b"\x03", b"\x03"),
                ("Ctrl-A h", b"\x01h", b"leave satori"), ("Ctrl-A ?", b"\x01?", b"leave satori"),
                ("Ctrl-A Ctrl-A", b"\x01\x01", b"\x01"), ("Ctrl-A s", b"\x01s", b"satori-1.checkpoint"),
                ("Ctrl-A p", b"\x01p", b"paused"), ("a key later", b"later", b""), ("Ctrl-A p again", b"\x01p", b"later"),
                ("Ctrl-A s again", b"\x01s", b"satori-2.checkpoint")):
            expect(f"terminal: {what}", answer in answer_to(master, keys, answer))
        os.write(master, b"\x01x")
        expect("terminal: Ctrl-A x", process.wait() == 2)
        killer.cancel()
    expect("terminal: as it was", termios.tcgetattr(slave) == before)
    told = satori("checkpoint", "list", folder)
    expect("terminal: saved", told.stdout.count(b".checkpoint") == 2, told)
    os.close(master)
    os.close(slave)


def talk(family, address, words):
    """What comes back of words; the machine may not be listening yet."""
    for _ in range(600):
        with socket.socket(family) as connection:
            try:
                connection.connect(address)
            except OSError:
                time.sleep(0.1)
                continue
            connection.sendall(words)
            heard = b""
            while chunk := connection.recv(100):
                heard += chunk
            return heard.removeprefix(b"A")
    return b""


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
    refused(folder, "more memory than the host has", ["--memory", "host has"], "--memory", "500G")
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


def check_network_refusals(folder):
    refused(folder, "unknown network", ["--net", "bridge", "user"], "--net", "bridge")
    refused(folder, "unknown key", ["--net", "speed", "hostfwd"], "--net", "user,speed=10")
    refused(folder, "a word", ["--net", "restrict", "restrict=on"], "--net", "user,restrict")
    refused(folder, "unknown model", ["--net", "ne2000", "e1000"], "--net", "user,model=ne2000")
    for forward in ("tcp", "tcp::80", "sctp::80-:80", "tcp::80-", "tcp::0-:80", "tcp::80-:65536", "tcp:-:80"):
        refused(folder, f"hostfwd={forward}", ["hostfwd", "tcp::8080-:80"], "--net", f"user,hostfwd={forward}")
    refused(folder, "a name", ["hostfwd", "localhost", "127.0.0.1"], "--net", "user,hostfwd=tcp:localhost:8080-:80")
    for mac in ("02:00:00:00:00", "02:00:00:00:00:0g", "02-00-00-00-00-01", "03:00:00:00:00:01"):
        refused(folder, f"mac={mac}", ["mac", mac], "--net", f"user,mac={mac}")
    refused(folder, "two of one address", ["02:00:00:00:00:01", "mac="], *["--net", "user,mac=02:00:00:00:00:01"] * 2)
    refused(folder, "five adapters", ["5", "4"], *["--net", "user"] * 5)
    missing = os.path.join(folder, "missing")
    refused(folder, "missing tftp", ["tftp", "missing"], "--net", f"user,tftp={missing}")
    refused(folder, "missing rom", ["--net", "missing"], "--net", f"user,rom={missing}")
    refused(folder, "nowhere to capture", ["capture", "missing"], "--net", f"user,capture={missing}/file")
    refused(folder, "a network with --rom", ["--net", "--rom"], "--rom", WORKLOAD, "--net", "user")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(folder, "a port in use", ["hostfwd", port, "in use"], "--net", f"user,hostfwd=tcp::{port}-:80")


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


def check_pictures(folder):
    """What is asked for and cannot be had is told of, and the guest is not ended for it."""
    run = ("run", "--memory", "16M", "--disk", disk_image(folder, "disk.img") + ",snapshot=on")
    taken = os.path.join(folder, "taken.png")
    for what, status, words, *arguments in (
            ("a picture", 0, [], "--screenshot", taken),
            ("a picture where none can be", 1, ["--screenshot", "none.png"],
             "--screenshot", os.path.join(folder, "no", "none.png")),
            ("a picture too late", 1, ["late.png"], "--screenshot", os.path.join(folder, "late.png@1h")),
            ("a checkpoint where none can be", 1, ["none.checkpoint"],
             "--save", os.path.join(folder, "no", "none.checkpoint@10ms")),
            ("typed too late", 0, ["--type", "late@1h"], "--type", "late@1h")):
        result = satori(*run, *arguments)
        lines = result.stderr.decode().splitlines()
        expect(f"{what}: status", result.returncode == status and b"Done." in result.stdout, result)
        told = len(lines) == 1 and all(word in lines[0] for word in words)
        expect(f"{what}: told", told if words else not lines, result)
    expect("a picture: there", bytes_of(taken).startswith(b"\x89PNG"))


def check_monitor(folder):
    """Typed at a terminal, to a PC that has nothing to boot from."""
    picture = os.path.join(folder, "picture.png")
    prompt = b"(satori) "
    master, slave = pty.openpty()
    with subprocess.Popen([SATORI, "run", "--memory", "16M", "--no-reboot", "--debug-console", "none"], stdin=slave,
                          stdout=slave, stderr=slave) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        answer_to(master, b"\x01c", prompt)
        for command, answer in (("sendkey nokey", "no key is called 'nokey'"), ("sendkey ctrl-alt-f2", ""),
                                ("screendump /no/where.png", "/no/where.png"), (f"screendump {picture}", ""),
                                ("system_powerdown", ""), ("help system_reset", "reset button")):
            heard = answer_to(master, command.encode() + b"\r", prompt).decode()
            said = heard.replace("\r", "").removeprefix(command + "\n").removesuffix(prompt.decode())
            expect(f"monitor: {command.split('/')[0]}", answer in said if answer else said == "")
        expect("monitor: the picture is there", bytes_of(picture).startswith(b"\x89PNG"))
        os.write(master, b"system_reset\r")
        expect("monitor: system_reset", process.wait() == 2)
        killer.cancel()
    os.close(master)
    os.close(slave)


def check_boot_order(folder):
    disk = disk_image(folder, "disk.img")
    result = satori("run", "--memory", "16M", "--disk", disk + ",snapshot=on", "--boot", "cdrom,disk")
    expect("--boot cdrom,disk without a CD", result.returncode == 0 and b"Done." in result.stdout, result)
    refused(folder, "--boot of what there is not", ["--boot", "'dsk'", "'disk'"], "--boot", "dsk")
    refused(folder, "--boot network without a ROM", ["--boot", "--net", "rom="], "--boot", "network")
    refused(folder, "--boot with --rom", ["--boot", "--rom"], "--rom", WORKLOAD, "--boot", "disk")
    with open(os.path.join(folder, "vm.toml"), "w") as file:
        file.write("disk = 'disk.img,snapshot=on'\n[boot]\nboot = 'disk,floppy'\n")
    refused(folder, "boot in a VM's file", ["vm.toml:3:", "boot", "'floppy'", "cdrom"], os.path.join(folder, "vm.toml"))


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


for check in check_refusals, check_vm_files, check_endings, check_files, check_saves_while_running, check_signals, \
        check_serial, check_terminal, check_traces:
    with tempfile.TemporaryDirectory() as folder:
        check(folder)
check_telling()
if os.path.exists(SEABIOS):
    for check in check_drive_refusals, check_network_refusals, check_disks, check_pictures, check_monitor, \
            check_boot_order, check_full_host:
        with tempfile.TemporaryDirectory() as folder:
            check(folder)
else:
    print(f"not tested: the PC's disks and network, because {SEABIOS} is missing (apt-get install seabios)")
print(f"{failures} failures")
sys.exit(failures != 0)
