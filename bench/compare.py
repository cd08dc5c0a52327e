#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast Satori is, against the host, QEMU TCG and Bochs, on the same guest image in the same run.

The kernels of roms/bench run natively and as a ROM on each machine, in interleaved rounds; the host's clock
is read when the lines `begin NAME ITERATIONS` and `end NAME CHECKSUM` arrive. Slow machines do a fraction of
the work; every figure is per iteration. Checksums must agree everywhere.
"""
import argparse
import json
import math
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "roms"))
import peers  # noqa: E402

MAGIC = b"SATROM1\0"
SCALE_OFFSET, SELECTION_OFFSET = 16, 24  # struct rom_header in roms/runtime/runtime.h
INTEGER_CLASSES = ("integer", "branchy", "calls", "memory", "string")
SCALES = {"native": 4000, "qemu": 1000, "qemu64": 1000, "bochs": 50, "satori": 500}
MACHINES = tuple(SCALES)
SPEED_TARGETS = {"bochs geomean": 8.0, "bochs worst": 3.0, "qemu geomean, integer classes": 0.5}


class Failure(Exception):
    """Ends the program with one line."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="Kernel names are class.name; --kernels takes names or classes. Figures: ns per iteration "
               "natively, slowdown (x native) elsewhere, then Satori's speed as a multiple of its peers'.")
    parser.add_argument("--build", default="build/release", help="build folder (default: %(default)s)")
    parser.add_argument("--satori", metavar="COMMAND", default="",
                        help="the program (default: BUILD/satori), or a command with {rom} in it that prints the "
                             "debug port on standard output")
    parser.add_argument("--machines", default=",".join(MACHINES),
                        help="comma-separated, of: %(default)s")
    parser.add_argument("--kernels", metavar="LIST", default="", help="comma-separated names or classes")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, median taken (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one round, a tenth of the work: a check, not a measurement")
    parser.add_argument("--scale", metavar="MACHINE=N", action="append", default=[],
                        help="work in thousandths, e.g. bochs=20")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: count processor time of the machine's process, for a host with other load "
                             "(default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per machine and round (default: %(default)s)")
    parser.add_argument("--bochs-model", default="corei7_haswell_4770", help="default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="write every sample here too")
    parser.add_argument("--enforce", action="store_true", help="exit with status 1 when a speed target is missed")
    return parser.parse_args()


def scales(arguments):
    result = dict(SCALES)
    if arguments.quick:
        # The native run least: its kernels would be over before the host's clock sees them begin.
        result = {machine: max(1, scale // (4 if machine == "native" else 10)) for machine, scale in result.items()}
    for text in arguments.scale:
        machine, _, number = text.partition("=")
        if machine not in SCALES or not number.isdigit() or not 0 < int(number) <= 1000000:
            raise Failure(f"--scale {text}: expected MACHINE=N with a machine of {', '.join(SCALES)}")
        result[machine] = int(number)
    return result


def kernel_names(native):
    try:
        listing = subprocess.run([native, "--list"], stdout=subprocess.PIPE, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"{native}: cannot be run ({error}); build the target native_bench") from error
    return listing.stdout.split()


def selection(names, wanted):
    if not wanted:
        return (1 << len(names)) - 1
    mask = 0
    for word in wanted.split(","):
        hits = [i for i, name in enumerate(names) if word in (name, name.split(".")[0], name.split(".")[1])]
        if not hits:
            raise Failure(f"--kernels: no kernel or class {word!r}; there are: {', '.join(names)}")
        mask |= sum(1 << i for i in hits)
    return mask


def patched_rom(rom, folder, machine, scale, mask):
    """A copy of the image whose header holds this machine's share of the work."""
    try:
        with open(rom, "rb") as file:
            image = bytearray(file.read())
    except OSError as error:
        raise Failure(f"{rom}: {error.strerror}; build the target bench_rom") from error
    if image[:8] != MAGIC:
        raise Failure(f"{rom}: not a ROM of ours (no {MAGIC[:7].decode()} header)")
    struct.pack_into("<I", image, SCALE_OFFSET, scale)
    struct.pack_into("<Q", image, SELECTION_OFFSET, mask)
    path = os.path.join(folder, f"{machine}.rom")
    with open(path, "wb") as file:
        file.write(image)
    return path


def commands(arguments, folder, mask):
    """Machine -> command line, leaving out with a word what is not there."""
    rom = os.path.join(arguments.build, "roms", "bench.rom")
    native = os.path.join(arguments.build, "roms", "bench_native")
    template = arguments.satori or os.path.join(arguments.build, "satori")
    share = scales(arguments)
    result = {}
    for machine in arguments.machines.split(","):
        if machine not in SCALES:
            raise Failure(f"--machines: no machine {machine!r}; there are: {', '.join(MACHINES)}")
        image = patched_rom(rom, folder, machine, share[machine], mask)
        try:
            if machine == "native":
                result[machine] = [native, str(share[machine]), str(mask)]
            elif machine == "qemu":
                result[machine] = peers.qemu_command(image, "max")
            elif machine == "qemu64":
                result[machine] = peers.qemu_command(image, "qemu64")
            elif machine == "bochs":
                result[machine] = peers.bochs_command(image, folder, arguments.bochs_model)
            else:
                result[machine] = peers.satori_command(template, image)
        except peers.Unavailable as reason:
            print(f"skipping {machine}: {reason}", file=sys.stderr)
    return result


def cpu_seconds(pid):
    """Processor time of all threads so far. The clock's number is what clock_getcpuclockid(3) returns."""
    return time.clock_gettime((~pid << 3) | 2)


def stamped_lines(command, timeout, clock):
    """Yields (time by the clock, line) as the machine prints; ends it when the ROM says `done`."""
    with tempfile.TemporaryFile() as complaints, \
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints) as process:
        deadline = time.monotonic() + timeout
        output = process.stdout.fileno()
        pending = b""
        try:
            while True:
                ready, _, _ = select.select([output], [], [], max(0, deadline - time.monotonic()))
                if not ready:
                    raise Failure(f"{os.path.basename(command[0])}: not done after {timeout:g} s (see --timeout)")
                data = os.read(output, 65536)
                now = time.perf_counter() if clock == "wall" else cpu_seconds(process.pid)
                if not data:
                    complaints.seek(0)
                    said = complaints.read().decode("utf-8", "replace").strip().splitlines()
                    raise Failure(f"{os.path.basename(command[0])}: ended before the ROM was done" +
                                  (f"; it said: {said[0]}" if said else ""))
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    yield now, line.decode("ascii", "replace").strip()
        finally:
            process.kill()


def run_once(machine, command, timeout, clock):
    """name -> (seconds per iteration, checksum)."""
    results, begun = {}, {}
    for now, line in stamped_lines(command, timeout, clock):
        words = line.split()
        if len(words) == 3 and words[0] == "begin":
            begun[words[1]] = (now, int(words[2]))
        elif len(words) == 3 and words[0] == "end" and words[1] in begun:
            start, iterations = begun[words[1]]
            results[words[1]] = ((now - start) / iterations, words[2])
        elif words[:1] == ["unstable"]:
            raise Failure(f"{machine}: {words[1]} gave different checksums in one run")
        elif words[:1] == ["exception"]:
            raise Failure(f"{machine}: the ROM met an {line}")
        elif words == ["done"]:
            break
    return results


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def check_checksums(samples):
    """Lines about kernels whose results differ between machines or rounds."""
    seen = {}
    for machine, kernels in samples.items():
        for name, runs in kernels.items():
            for _, checksum in runs:
                seen.setdefault(name, {}).setdefault(checksum, set()).add(machine)
    return [f"checksum of {name}: " + ", ".join(f"{value} on {'/'.join(sorted(machines))}"
                                                for value, machines in values.items())
            for name, values in seen.items() if len(values) > 1]


def cell(value, unit=""):
    if value is None:
        return f"{'-':>9}"
    return f"{value:>8.0f}{unit or ' '}" if value >= 1000 else f"{value:>8.3g}{unit or ' '}"


class Table:
    """Medians, and what is computed from them."""

    def __init__(self, names, machines, samples):
        self.names = [name for name in names if any(name in samples[machine] for machine in machines)]
        self.machines = machines
        self.medians = {machine: {name: statistics.median(seconds for seconds, _ in runs)
                                  for name, runs in samples[machine].items()} for machine in machines}

    def ratio(self, name, slow, fast):
        slower, faster = (self.medians.get(machine, {}).get(name) for machine in (slow, fast))
        return slower / faster if slower and faster else None

    def ratios(self, slow, fast, classes=None):
        found = (self.ratio(name, slow, fast) for name in self.names
                 if classes is None or name.split(".")[0] in classes)
        return [value for value in found if value is not None]

    def columns(self):
        emulators = [machine for machine in self.machines if machine != "native"]
        pairs = [(machine, "native", f"{machine}") for machine in emulators]
        if "satori" in self.machines:
            pairs += [(machine, "satori", f"S/{machine}") for machine in emulators if machine != "satori"]
        return pairs

    def print(self):
        columns = self.columns()
        print(f"{'kernel':<20}{'native ns':>12}" + "".join(f"{title:>10}" for _, _, title in columns))
        for name in self.names:
            native = self.medians.get("native", {}).get(name)
            print(f"{name:<20}{cell(native and native * 1e9):>12}" +
                  "".join(" " + cell(self.ratio(name, slow, fast), "x") for slow, fast, _ in columns))
        classes = list(dict.fromkeys(name.split(".")[0] for name in self.names))
        groups = [(f"geomean {name}", (name,)) for name in classes]
        groups += [("geomean integer*", INTEGER_CLASSES), ("geomean all", None)]
        print()
        for title, group in groups:
            print(f"{title:<32}" + "".join(" " + cell(geomean(self.ratios(slow, fast, group)), "x")
                                           for slow, fast, _ in columns))
        print(f"(integer*: {', '.join(INTEGER_CLASSES)}; S/peer: the peer's time over Satori's)")

    def targets(self):
        """(what, measured, wanted) for what can be judged."""
        bochs, qemu = self.ratios("bochs", "satori"), self.ratios("qemu", "satori", INTEGER_CLASSES)
        measured = {"bochs geomean": geomean(bochs), "bochs worst": min(bochs, default=None),
                    "qemu geomean, integer classes": geomean(qemu)}
        return [(what, measured[what], wanted) for what, wanted in SPEED_TARGETS.items()
                if measured[what] is not None]


def measure(arguments, machines, names):
    samples = {machine: {} for machine in machines}
    for number in range(arguments.rounds):
        for machine, command in machines.items():
            started = time.monotonic()
            for name, result in run_once(machine, command, arguments.timeout, arguments.clock).items():
                samples[machine].setdefault(name, []).append(result)
            print(f"round {number + 1}/{arguments.rounds} {machine}: {time.monotonic() - started:.1f} s",
                  file=sys.stderr)
    return samples


def compare(arguments):
    if arguments.quick:
        arguments.rounds = 1
    if arguments.rounds < 1:
        raise Failure("--rounds: at least 1")
    names = kernel_names(os.path.join(arguments.build, "roms", "bench_native"))
    with tempfile.TemporaryDirectory(prefix="satori-bench-") as folder:
        machines = commands(arguments, folder, selection(names, arguments.kernels))
        samples = measure(arguments, machines, names)
    table = Table(names, list(machines), samples)
    table.print()
    differences = check_checksums(samples)
    print("\n".join(differences) or "checksums agree everywhere")
    missed = False
    for what, value, wanted in table.targets():
        missed |= value < wanted
        print(f"target {what}: {value:.2f}x, wanted {wanted:g}x: {'met' if value >= wanted else 'MISSED'}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"rounds": arguments.rounds, "scales": scales(arguments), "samples": samples,
                       "medians": table.medians}, file, indent=1)
    return 1 if differences or (missed and arguments.enforce) else 0


def main():
    try:
        return compare(parse_arguments())
    except Failure as failure:
        print(f"compare.py: {failure}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
