# SPDX-License-Identifier: BSD-2-Clause
"""What the lints look at: the files of ours, as git sees them, new ones included."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes):
    """Tracked files and those not ignored; without git (an exported tree) all but build/."""
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True, check=True).stdout.splitlines()
        found = [ROOT / name for name in listed]
    except (OSError, subprocess.CalledProcessError):
        found = [f for f in ROOT.rglob("*") if "build" not in f.relative_to(ROOT).parts[:1]]
    return sorted(f for f in found if f.is_file() and (not suffixes or f.name.endswith(suffixes)))


def name_of(file):
    return file.relative_to(ROOT).as_posix()


def report(problems, praise):
    print("\n".join(problems) or praise)
    return 1 if problems else 0
