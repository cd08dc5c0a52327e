# SPDX-License-Identifier: BSD-2-Clause
"""A guest of the satori program that waits for gdb with its first instruction, and gdb itself."""
import re
import socket
import subprocess
import tempfile

failures = 0


def expect(what, holds, shown=""):
    global failures
    if holds:
        print(f"ok {what}", flush=True)
        return
    failures += 1
    print(f"FAIL {what}\n{shown}", flush=True)


def has(text, pattern):
    return re.search(pattern, text, re.S) is not None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Guest:
    def __init__(self, satori, *options, arch="x86-64"):
        self.port = free_port()
        self.process = subprocess.Popen(
            [satori, "run", "--headless", "--gdb", f"{self.port},arch={arch}", "--gdb-wait",
             *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def debug(self, commands, symbols=None, seconds=300):
        """What gdb prints. It tries until the port is open."""
        lines = ["set pagination off", "set confirm off", "set tcp auto-retry on",
                 "set tcp connect-timeout 60", "set style enabled off", "set remotetimeout 60"]
        if symbols:
            lines.append(f"file {symbols}")
        lines.append(f"target remote 127.0.0.1:{self.port}")
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
            script.write("\n".join(lines + commands) + "\n")
            script.flush()
            result = subprocess.run(["gdb", "-nx", "-batch", "-x", script.name],
                                    capture_output=True, text=True, timeout=seconds)
        return result.stdout + result.stderr

    def ending(self):
        output, _ = self.process.communicate(timeout=300)
        return self.process.returncode, output.decode(errors="replace")
