#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A Debian guest on the network: DHCP, files both ways through NAT, a port that leads to a server in it, a capture.

network_test.py --satori PROGRAM CASE...: the cases are the functions below that are marked as such.
"""
import functools
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import debian_guest  # noqa: E402
from cases import PATIENCE, case, expect_equal, run_cases  # noqa: E402
from console import Failure  # noqa: E402
from packages import Unavailable  # noqa: E402

MAC = "02:53:41:54:00:03"
FILE_BYTES = 3_000_000
BOOT_FILE_BYTES = 200_000  # Goes in blocks of some hundred bytes, one at a time.


def arbitrary_bytes(count):
    """The same each time, and nothing that compression or a checksum of zeroes would hide."""
    blocks = (hashlib.sha256(number.to_bytes(8, "little")).digest() for number in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


class Host:
    """Servers on the host's loopback: one gives a file, one takes what is sent to it."""

    def __init__(self, folder):
        self.sent = arbitrary_bytes(FILE_BYTES)
        with open(os.path.join(folder, "file"), "wb") as file:
            file.write(self.sent)
        with open(os.path.join(folder, "boot-file"), "wb") as file:
            file.write(self.sent[:BOOT_FILE_BYTES])
        handler = functools.partial(QuietHandler, directory=folder)
        self._web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.web_port = self._web.server_port
        threading.Thread(target=self._web.serve_forever, daemon=True).start()
        self._taker = socket.create_server(("127.0.0.1", 0))
        self.taker_port = self._taker.getsockname()[1]
        self.taken = hashlib.sha256()
        self._taking = threading.Thread(target=self._take, daemon=True)
        self._taking.start()

    def _take(self):
        connection, _ = self._taker.accept()
        with connection:
            while data := connection.recv(65536):
                self.taken.update(data)

    def taken_sum(self):
        self._taking.join(60)
        return self.taken.hexdigest()

    def close(self):
        self._web.shutdown()
        self._taker.close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def guest_disk():
    return os.path.join(debian_guest.assemble("generic"), "login.img") + ",snapshot=on"


def check_capture(path, web_port):
    """Tools of others read it, and find every checksum right and nothing to complain about."""
    if not shutil.which("tshark"):
        raise Unavailable("tshark is missing (apt-get install tshark)")
    info = subprocess.run(["capinfos", path], capture_output=True, text=True, check=False)
    expect_equal("what capinfos complains about", (info.returncode, info.stderr), (0, ""))
    tshark = ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o",
              "udp.check_checksum:TRUE"]

    def packets(display_filter):
        found = subprocess.run([*tshark, "-Y", display_filter], capture_output=True, text=True, check=False)
        complaints = [line for line in found.stderr.splitlines() if "Running as user" not in line]
        expect_equal("what tshark complains about", (found.returncode, complaints), (0, []))
        return found.stdout.splitlines()

    bad = packets("ip.checksum.status == Bad || tcp.checksum.status == Bad || udp.checksum.status == Bad || "
                  "_ws.malformed || _ws.short")
    expect_equal("bad packets", bad, [])
    if not packets("dhcp.option.dhcp == 5"):
        raise Failure("no DHCP ACK is in the capture")
    if not packets(f"tcp.port == {web_port} && http.response.code == 200"):
        raise Failure("no answer of the web server is in the capture")
    if not packets("tftp.opcode == 3"):
        raise Failure("no data by TFTP is in the capture")
    everything = packets("frame")
    print(f"{len(everything)} packets captured")


def use_network(console, host, forwarded):
    console.log_in()
    address = console.command("for n in $(seq 60); do ip -4 addr show eth0 | grep -q 10.0.2.15 && break; sleep 0.5; "
                              "done; ip addr show eth0")
    if "10.0.2.15/24" not in address or MAC not in address:
        raise Failure(f"the guest has no address: {address}")
    fetched = console.command(f"wget -q -O - http://10.0.2.2:{host.web_port}/file | sha256sum")
    expect_equal("the file that was fetched", fetched.split()[:1], [hashlib.sha256(host.sent).hexdigest()])
    fetched = console.command("tftp -g -r boot-file -l boot-file 10.0.2.2; sha256sum boot-file")
    expect_equal("the file that came by TFTP", fetched.split()[:1],
                 [hashlib.sha256(host.sent[:BOOT_FILE_BYTES]).hexdigest()])
    sent = console.command(f"seq 1 300000 >numbers; nc 10.0.2.2 {host.taker_port} <numbers; sha256sum numbers")
    expect_equal("what the guest sent", host.taken_sum(), sent.split()[0])
    console.command("httpd -p 8080 -h /root")
    with urllib.request.urlopen(f"http://127.0.0.1:{forwarded}/numbers", timeout=PATIENCE) as answer:
        expect_equal("what the guest serves", hashlib.sha256(answer.read()).hexdigest(), sent.split()[0])
    log = console.command("dmesg")
    for complaint in ("Tx Unit Hang", "NETDEV WATCHDOG", "Detected"):
        if any(complaint in line for line in log.splitlines() if "e1000" in line or "eth0" in line):
            raise Failure(f"the driver complains:\n{log}")
    errors = console.command("cat /sys/class/net/eth0/statistics/*_errors | sort -u")
    expect_equal("errors that the driver counted", errors.split(), ["0"])
    console.type("poweroff\n")


@case
def nat(machine):
    """Everything once, recorded and captured; then replayed with no network there."""
    host, forwarded = Host(machine.folder), free_port()
    captures = [machine.path(name) for name in ("live.pcapng", "replay.pcapng")]
    recording = machine.path("recording")

    def start(capture, *more):
        network = (f"user,hostfwd=tcp:127.0.0.1:{forwarded}-10.0.2.15:8080,tftp={machine.folder},"
                   f"capture={capture}")
        return machine.start("--memory", "256M", "--disk", guest_disk(), "--net", network,
                             "--hash-every", "500000000", *more)

    with start(captures[0], "--record", recording) as console:
        use_network(console, host, forwarded)
        expect_equal("status", console.end(), 0)
        live = (console.output, console.errors())
    host.close()
    check_capture(captures[0], host.web_port)
    with start(captures[1], "--replay", recording) as console:
        expect_equal("status of the replay", console.end(), 0)
        expect_equal("what the guest said in the replay", console.output == live[0], True)
        expect_equal("hashes of the replay", console.errors(), live[1])
    with open(captures[0], "rb") as first, open(captures[1], "rb") as second:
        expect_equal("the captures are the same", first.read() == second.read(), True)


if __name__ == "__main__":
    run_cases(__doc__)
