#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Assembles the ROM tests of roms/tests and runs each under QEMU, Bochs and Satori.

A test prints `ok NAME` or `FAIL NAME: ...` per check and `done` at its end. Its head says what is expected:
    ;! expect: pass                            or: shutdown (a triple fault after the last check)
    ;! peers: qemu bochs                       who else can run it
    ;! differs: qemu "check" SDM 3A 6.8.3      a check this peer is known to fail, and where the manual says so
Satori has no `differs`.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "roms"))
import peers  # noqa: E402

FOLDER = os.path.join(ROOT, "roms", "tests")
BOCHS_MODEL = "corei7_icelake_u"
# The models under test say GenuineIntel; SYSRET, SYSENTER and more depend on it.
QEMU_CPU = "max,vendor=GenuineIntel"
SATORI_STATUS = {"pass": 0, "shutdown": 3}
HEAD = re.compile(r"^;!\s*(\w+):\s*(.*?)\s*$")
DIFFERS = re.compile(r'^(\w+)\s+"([^"]+)"\s+(.+)$')


class Failure(Exception):
    """Ends the program with one line."""


class Test:
    """One file and its expectations."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.expect, self.peers, self.differs = None, [], {}
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = HEAD.match(line)
                if match:
                    self._note(match.group(1), match.group(2), f"{path}:{number}")
        if self.expect is None:
            raise Failure(f"{path}: no `;! expect:` line")

    def _note(self, key, value, where):
        if key == "expect" and value in ("pass", "shutdown"):
            self.expect = value
        elif key == "peers":
            self.peers = value.split()
        elif key == "differs" and DIFFERS.match(value):
            machine, check, _ = DIFFERS.match(value).groups()
            self.differs.setdefault(machine, set()).add(check)
        else:
            raise Failure(f"{where}: not understood: {key}: {value}")

    def assemble(self, folder):
        image = os.path.join(folder, self.name + ".rom")
        result = subprocess.run(["nasm", "-f", "bin", "-I", FOLDER + "/", "-w+error", "-o", image, self.path],
                                stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"does not assemble:\n{result.stderr}")
        return image


def verdict(test, machine, text):
    """None if all is as expected, else what is not."""
    lines = text.splitlines()
    failed = {line[5:].rsplit(": ", 1)[0]: line for line in lines if line.startswith("FAIL ")}
    passed = [line for line in lines if line.startswith("ok ")]
    known = test.differs.get(machine, set())
    problems = [line for check, line in failed.items() if check not in known]
    problems += [f"no longer differs: {check}" for check in sorted(known - set(failed))]
    if not passed and not problems:
        problems.append("no check was reached")
    if test.expect == "pass" and "done" not in lines:
        problems.append(f"stopped before its end, after: {(passed or ['nothing'])[-1]}")
    if test.expect == "shutdown" and ("about to shut down" not in lines or "done" in lines):
        problems.append("no shutdown")
    return "; ".join(problems) or None


def command_for(image, machine, folder, satori):
    if machine == "qemu":
        return peers.qemu_command(image, QEMU_CPU)
    if machine == "bochs":
        return peers.bochs_command(image, folder, BOCHS_MODEL)
    return peers.satori_command(satori, image)


def run(test, machine, arguments):
    """(test, machine, problem or None, output)"""
    with tempfile.TemporaryDirectory(prefix="satori-guest-") as folder:
        try:
            command = command_for(test.assemble(folder), machine, folder, arguments.satori)
            result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, timeout=arguments.timeout, check=False)
            text = result.stdout.decode("latin-1")
            errors = result.stderr.decode("latin-1").strip().splitlines()
        except subprocess.TimeoutExpired as error:
            text = (error.stdout or b"").decode("latin-1")
            problem = verdict(test, machine, text)
            return test, machine, f"not done after {arguments.timeout:g} s" + (f"; {problem}" if problem else ""), text
        except Failure as failure:
            return test, machine, str(failure), ""
    problem = verdict(test, machine, text)
    if machine == "satori" and problem is None and result.returncode != SATORI_STATUS[test.expect]:
        problem = f"ended with status {result.returncode} instead of {SATORI_STATUS[test.expect]}"
    if problem and errors and not re.search("^ok ", text, re.MULTILINE):
        problem += f"; it said: {errors[-1]}"
    return test, machine, problem, text


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", help="names or files (default: all in roms/tests)")
    parser.add_argument("--satori", metavar="COMMAND", default="",
                        help="run Satori too: its program, or a command with {rom} in it that prints the debug port")
    parser.add_argument("--machines", default="qemu,bochs,satori", help="comma-separated (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=30, help="seconds per run (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="print what each run prints")
    return parser.parse_args()


def chosen_tests(names):
    if not names:
        names = sorted(name for name in os.listdir(FOLDER) if name.endswith(".asm"))
    paths = []
    for name in names:
        stem = os.path.splitext(os.path.basename(name))[0]
        path = name if os.path.isfile(name) else os.path.join(FOLDER, stem + ".asm")
        if not os.path.isfile(path):
            raise Failure(f"{name}: no such test in {FOLDER}")
        paths.append(path)
    return [Test(path) for path in paths]


def available_machines(arguments):
    machines = []
    with tempfile.TemporaryDirectory(prefix="satori-guest-") as folder:
        for machine in arguments.machines.split(","):
            if machine not in ("qemu", "bochs", "satori"):
                raise Failure(f"--machines: no machine {machine!r}; there are: qemu, bochs, satori")
            try:
                command_for("test.rom", machine, folder, arguments.satori)
                machines.append(machine)
            except peers.Unavailable as reason:
                print(f"skipping {machine}: {reason}")
    return machines


def main():
    arguments = parse_arguments()
    try:
        tests = chosen_tests(arguments.tests)
        machines = available_machines(arguments)
    except Failure as failure:
        print(f"run_guest_tests.py: {failure}", file=sys.stderr)
        return 2
    runs = [(test, machine) for test in tests for machine in machines if machine == "satori" or machine in test.peers]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for test, machine, problem, text in pool.map(lambda job: run(*job, arguments), runs):
            checks = sum(line.startswith("ok ") for line in text.splitlines())
            known = len(test.differs.get(machine, ()))
            print(f"{test.name:<24}{machine:<8}" + (f"FAILED  {problem}" if problem else f"passed  {checks} checks" + (
                f", {known} known differences" if known else "")))
            bad += problem is not None
            if arguments.verbose:
                print(text)
    print(f"{len(runs) - bad} of {len(runs)} runs as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
