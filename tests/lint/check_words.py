#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails on forbidden words and names, and on files without a licence line. ctest: lint.words."""

import re
import sys

import source_tree

SPDX = "SPDX-License-Identifier: BSD-2-Clause"
FORBIDDEN_NAMES = {"common", "util", "utils", "base", "misc", "helper", "helpers", "manager",
                   "managers", "types"}
CODE = (".cpp", ".hpp", ".c", ".h", ".def", ".py", ".asm", ".inc", ".S", ".ld", ".cmake",
        "CMakeLists.txt")
# The floors that make up the machine: what the guest sees may hang on nothing of the host's.
MACHINE = ("fabric/", "cpu/", "hyperv/", "devices/", "machine/")

# (what, where it is allowed, why not elsewhere)
FORBIDDEN = [
    (r"std::chrono|\bclock_gettime\(|\bgettimeofday\(|(?<![\w.>:])time\((nullptr|NULL|0)\)",
     ("fabric/host/",), "the host's clocks are read in fabric/host alone"),
    (r"(?<![\w.>_])s?rand\(|std::(mt19937|random_device|default_random_engine)",
     (), "random numbers come through the input journal"),
    (r"(?<![\w.>])_?(exit|abort)\(|std::(exit|abort|terminate)\b",
     ("fabric/support/verify.hpp",), "errors are values; broken invariants are VERIFY's"),
    (r"std::j?thread\b", ("fabric/host/", "machine/run/", "cpu/kvm/"),
     "guest-visible work has one thread"),
    (r"\bthrow\b(?!\w)", (), "no exceptions cross a function of ours"),
    (r"\bsetjmp\(|\blongjmp\(", (), "guest faults are values"),
]


def without_comments_and_strings(line):
    line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
    return re.sub(r"//.*", "", line)


def forbidden_words(name, lines):
    if not name.startswith(MACHINE) or not name.endswith((".cpp", ".hpp")):
        return
    for number, line in enumerate(lines, 1):
        code = without_comments_and_strings(line)
        for pattern, allowed, reason in FORBIDDEN:
            if re.search(pattern, code) and not name.startswith(allowed or ("-",)):
                yield f"{name}:{number}: {line.strip()}: {reason}"


def problems_of(file):
    name = source_tree.name_of(file)
    for part in name.split("/"):
        if part.split(".")[0].lower() in FORBIDDEN_NAMES:
            yield f"{name}: '{part}' does not say what is in it"
    is_script = name in ("run", "check", ".ci/run")
    if not name.endswith(CODE) and not is_script:
        return
    lines = file.read_text(errors="replace").splitlines()
    if not any(SPDX in line for line in lines[:3]):
        yield f"{name}: no '{SPDX}' at its head"
    yield from forbidden_words(name, lines)


def main():
    files = source_tree.files()
    problems = [problem for file in files for problem in problems_of(file)]
    return source_tree.report(problems, f"{len(files)} files use no forbidden words")


if __name__ == "__main__":
    sys.exit(main())
