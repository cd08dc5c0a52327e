#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails where clang-format would change something; with --fix it does. ctest: lint.format."""

import concurrent.futures
import os
import shutil
import subprocess
import sys

import source_tree


def clang_format(files, fix):
    """What clang-format 14 says: other versions lay code out in other ways."""
    options = ["-i"] if fix else ["--dry-run", "-Werror"]
    return subprocess.run(["clang-format-14", *options, *files], capture_output=True, text=True)


def main():
    fix = "--fix" in sys.argv[1:]
    chosen = [arg for arg in sys.argv[1:] if arg != "--fix"]
    if not shutil.which("clang-format-14"):
        print("clang-format-14 is not installed (Debian's package clang-format-14)")
        return 1
    files = chosen or [str(f) for f in source_tree.files(".cpp", ".hpp")]
    batches = [files[i:i + 20] for i in range(0, len(files), 20)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda batch: clang_format(batch, fix), batches))
    places = [line for outcome in outcomes for line in outcome.stderr.splitlines()
              if "clang-format-violations" in line]
    if places:
        places.append("tests/lint/check_format.py --fix puts it right")
    return source_tree.report(places, f"{len(files)} files are laid out by clang-format")


if __name__ == "__main__":
    sys.exit(main())
