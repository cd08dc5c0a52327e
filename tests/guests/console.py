# SPDX-License-Identifier: BSD-2-Clause
"""A running machine, and somebody at its serial port."""
import os
import re
import select
import subprocess
import tempfile
import time

PROMPT = rb"root@debian:[^#\n]*# "


class Failure(Exception):
    """What was expected of the guest did not happen."""


class Console:
    """A process whose standard input and output are the guest's first serial port."""

    def __init__(self, command, patience):
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._complaints)
        self._deadline = time.monotonic() + patience
        self._patience = patience
        self.output = b""
        self._seen = 0  # Of the output.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for stream in self._process.stdin, self._process.stdout, self._complaints:
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def errors(self):
        """What the program, not the guest, has said so far."""
        return os.pread(self._complaints.fileno(), 1 << 30, 0).decode("utf-8", "replace")

    def _read(self):
        """False at the end."""
        output = self._process.stdout
        ready, _, _ = select.select([output], [], [], max(0, self._deadline - time.monotonic()))
        if not ready:
            raise Failure(f"nothing more after {self._patience:g} s; the last was:\n{self.tail()}")
        data = os.read(output.fileno(), 65536)
        self.output += data
        return bool(data)

    def tail(self):
        return "\n".join("    | " + line for line in self.output.decode("latin-1").splitlines()[-15:])

    def expect(self, pattern):
        """Waits for a regular expression; returns what came before it."""
        while True:
            match = re.compile(pattern).search(self.output, self._seen)
            if match:
                before = self.output[self._seen:match.start()]
                self._seen = match.end()
                return before.decode("latin-1")
            if not self._read():
                raise Failure(f"the machine ended with status {self._process.wait()} before {pattern!r} came; "
                              f"it said {self.errors()!r}, the guest:\n{self.tail()}")

    def type(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def log_in(self):
        self.expect(rb"debian login: ")
        self.type("root\n")
        self.expect(PROMPT)
        # Neither the kernel nor the echo of a long line comes between a command and what it prints.
        self.command("dmesg -n 1; stty columns 1000")

    def command(self, line):
        """What it prints."""
        self.type(line + "\n")
        text = self.expect(PROMPT).replace("\r", "")
        _, _, printed = text.partition("\n")  # After the echo.
        return printed

    def end(self):
        """Waits for the end of the process; its status."""
        while self._read():
            pass
        return self._process.wait()
