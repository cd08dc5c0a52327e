#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A window on a real X server (Xvfb), with keys that come from it (xdotool).

    window_test.py SATORI SCREENS_DISK
"""
import glob
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from pictures import read_png

SATORI, DISK = sys.argv[1:3]
SEABIOS = "/usr/share/seabios/bios-256k.bin"
failures = 0


def expect(what, holds):
    global failures
    failures += not holds
    print(f"{'ok' if holds else 'FAIL'} {what}")


def wait_until(done, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return False


class Display:
    """An X server without a screen: what it would show is in a file (XWD format)."""

    def __init__(self, folder):
        self.folder = folder
        read_end, write_end = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1024x768x24", "-fbdir", folder,
             "-nolisten", "tcp"], pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as numbers:
            self.name = ":" + numbers.readline().strip()

    def environment(self):
        kept = {k: v for k, v in os.environ.items()
                if k not in ("WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
        return {**kept, "DISPLAY": self.name}

    def do(self, *words):
        done = subprocess.run(["xdotool", *words], env=self.environment(), capture_output=True,
                              timeout=30, check=False)
        return done.stdout.decode().strip()

    def rows(self, x, y, width, height):
        """Of the screen, as red, green and blue."""
        with open(os.path.join(self.folder, "Xvfb_screen0"), "rb") as file:
            data = file.read()
        header = struct.unpack_from(">25I", data)
        start = header[0] + 12 * header[19]
        bytes_per_line = header[12]
        rows = []
        for line in range(y, y + height):
            at = start + line * bytes_per_line + 4 * x
            dots = data[at : at + 4 * width]
            rows.append(b"".join(bytes((dots[i + 2], dots[i + 1], dots[i]))
                                 for i in range(0, 4 * width, 4)))
        return rows


def check_window(display, folder):
    log = os.path.join(folder, "guest.log")
    satori = subprocess.Popen(
        [SATORI, "run", "--display", "sdl", "--memory", "16M", "--disk", DISK + ",snapshot=on",
         "--debug-console", "none", "--serial", f"file:{log}"], env=display.environment(), cwd=folder, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE)

    def said(letter):
        with open(log, "rb") as file:
            return file.read().endswith(letter)

    def title():
        return display.do("search", "--name", "^Satori: ", "getwindowname")

    try:
        expect("the guest starts", wait_until(lambda: os.path.exists(log) and said(b"!")))
        window = display.do("search", "--name", "^Satori: ").split("\n")[-1]
        expect("there is a window", window != "")
        display.do("windowmove", window, "0", "0", "windowfocus", window, "mousemove", "50", "50")
        display.do("key", "e")
        expect("a key reaches the guest", wait_until(lambda: said(b"e")))
        expect("the title says how fast it is", wait_until(lambda: "% of real time" in title()))
        display.do("key", "ctrl+alt+p")
        expect("pause", wait_until(lambda: "paused" in title()))
        display.do("key", "ctrl+alt+s")
        pattern = os.path.join(folder, "satori-*.png")
        expect("screenshot", wait_until(lambda: glob.glob(pattern)))
        width, height, dots = read_png(glob.glob(pattern)[0])
        expect("it is of the mode the guest has set", (width, height) == (640, 480))
        rows = [dots[3 * width * y : 3 * width * (y + 1)] for y in range(height)]
        expect("the window shows the same", wait_until(lambda: display.rows(0, 0, width, height) == rows))
        display.do("key", "ctrl+alt+p")
        expect("it goes on", wait_until(lambda: "paused" not in title()))
        display.do("key", "c")
        expect("keys go on", wait_until(lambda: said(b"c")))
        display.do("key", "ctrl+alt+f")
        display.do("key", "d")
        expect("keys in full screen", wait_until(lambda: said(b"d")))
        display.do("key", "ctrl+alt+r")
        expect("reset", wait_until(lambda: said(b"!")))
        expect("it still runs", satori.poll() is None)
        satori.terminate()
        expect("a signal ends it", satori.wait(30) == 2)
    finally:
        satori.kill()
        notes = satori.stderr.read().decode()
        if failures:
            print(notes)


def check_no_display(folder):
    environment = {"PATH": os.environ["PATH"], "SDL_VIDEODRIVER": "x11", "DISPLAY": ":987"}
    refused = subprocess.run([SATORI, "run", "--display", "sdl"], env=environment, cwd=folder,
                             capture_output=True, timeout=60, check=False)
    lines = refused.stderr.decode().splitlines()
    expect("no display: status and one line", refused.returncode == 1 and len(lines) == 1)
    expect("no display: says what to do", "--display sdl" in lines[0] and "--headless" in lines[0])
    unasked = subprocess.run([SATORI, "run", "--max-instructions", "1000"], env=environment,
                             cwd=folder, capture_output=True, timeout=60, check=False)
    expect("no display, none asked for: runs", unasked.returncode == 2 and
           b"without a window" in unasked.stderr)


def main():
    if not os.path.exists(SEABIOS) or not shutil.which("Xvfb") or not shutil.which("xdotool"):
        print("not tested: seabios, xvfb or xdotool is missing (apt-get install)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        check_no_display(folder)
        display = Display(folder)
        try:
            check_window(display, folder)
        finally:
            display.process.terminate()
            display.process.wait()
    print(f"{failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
