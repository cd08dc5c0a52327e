#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails when a file includes a layer it must not know. ctest runs it as lint.layers."""

import re
import sys

import source_tree

FABRIC = ["fabric/support", "fabric/memory", "fabric/bus", "fabric/time", "fabric/state",
          "fabric/trace", "fabric/host"]
CORE = ["cpu/arch", "cpu/decode", "cpu/mmu", "cpu/core", "cpu/apic", "cpu/fpu", "cpu/semantics"]
ENGINES = ["cpu/interpreter", "cpu/jit", "cpu/kvm", "cpu/unicorn"]
DEVICES = ["devices", "devices/vmbus"]
HYPERV = ["hyperv/tlfs", "hyperv/vmbus"]

# Layer -> the layers it may include besides itself. A file belongs to the deepest one that fits.
MAY_INCLUDE = {
    "fabric/support": [],
    **{layer: FABRIC for layer in FABRIC[1:]},
    **{layer: FABRIC + CORE for layer in CORE},
    **{layer: FABRIC + CORE for layer in ENGINES},
    "cpu/jit": FABRIC + CORE + ["cpu/interpreter"],
    "hyperv/tlfs": FABRIC + CORE,
    "hyperv/vmbus": FABRIC + ["hyperv/tlfs"],
    "devices": FABRIC,
    "devices/vmbus": FABRIC + ["devices", "hyperv/vmbus"],
    "machine/board": FABRIC + CORE + ENGINES + HYPERV + DEVICES,
    "machine/run": FABRIC + CORE + HYPERV + ["machine/board"],
    "frontends": FABRIC + ["machine/run", "machine/board", "cpu/arch", "cpu/core", "cpu/decode",
                           "hyperv/tlfs"],
}

FLOORS = ("fabric/", "cpu/", "hyperv/", "devices/", "machine/", "frontends/")


def layer_of(path):
    fits = [layer for layer in MAY_INCLUDE if path.startswith(layer + "/")]
    return max(fits, key=len, default=None)


def violations(file):
    name = source_tree.name_of(file)
    here = layer_of(name)
    if here is None:
        yield f"{name}: no layer is called so; tests/lint/check_layers.py has the list"
        return
    for number, line in enumerate(file.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include "([^"]+)"', line)
        if not include:
            continue
        path = include.group(1)
        there = layer_of(path)
        if there is None:
            yield f"{name}:{number}: {path} is no path from the root of the tree"
        elif there != here and there not in MAY_INCLUDE[here]:
            yield f"{name}:{number}: {here} must not include {path}"


def main():
    files = [f for f in source_tree.files(".cpp", ".hpp", ".def")
             if source_tree.name_of(f).startswith(FLOORS)]
    problems = [problem for file in files for problem in violations(file)]
    return source_tree.report(problems, f"{len(files)} files keep to their layers")


if __name__ == "__main__":
    sys.exit(main())
