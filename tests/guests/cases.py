# SPDX-License-Identifier: BSD-2-Clause
"""Test programs made of cases: functions that are marked as such, chosen by name on the command line."""
import argparse
import os
import sys
import tempfile

from console import Console, Failure
from packages import Unavailable

NOT_RUN = 77  # For ctest's SKIP_RETURN_CODE.
PATIENCE = float(os.environ.get("SATORI_PATIENCE", "1500"))
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


class Machine:
    """How the program under test is started."""

    def __init__(self, satori, folder):
        self.satori, self.folder = satori, folder

    def start(self, *arguments):
        return Console([self.satori, "run", "--headless", "--debug-console", "none", *arguments], PATIENCE)

    def path(self, name):
        return os.path.join(self.folder, name)


def expect_equal(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


def run_cases(description):
    """Calls those named on the command line with a Machine; ends the program with the status for ctest."""
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--satori", required=True, help="the program")
    parser.add_argument("cases", nargs="+", metavar="CASE", help=f"of: {', '.join(CASES)}")
    arguments = parser.parse_args()
    failures = 0
    for name in arguments.cases:
        if name not in CASES:
            parser.error(f"no case {name!r}; there are: {', '.join(CASES)}")
        try:
            with tempfile.TemporaryDirectory(prefix="satori-guest-") as folder:
                CASES[name](Machine(arguments.satori, folder))
            print(f"ok {name}", flush=True)
        except Failure as failure:
            failures += 1
            print(f"FAIL {name}: {failure}", flush=True)
        except Unavailable as reason:
            print(f"not tested: {name}: {reason}", flush=True)
            sys.exit(NOT_RUN)
    sys.exit(1 if failures else 0)
