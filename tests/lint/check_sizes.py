#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails on files and functions that are too long to be one idea. ctest runs it as lint.sizes.

Functions are found by how clang-format lays them out: a line that ends in '{' after a ')' opens
one at the indentation it has, and the first '}' at that indentation closes it. A function is
exempt that only dispatches: one switch, whose cases are a line or two each.
"""

import re
import sys

import source_tree

LONGEST_FILE = 1000
LONGEST_FUNCTION = 80
CONTROL = ("if", "for", "while", "switch", "else", "do", "catch", "namespace", "struct", "class",
           "union", "enum", "extern", "return", "case", "#")
QUALIFIERS = r"(const|noexcept|override|final|mutable|requires .*|-> [\w:<>&*, ]+|&&?|\s)*"
OPENS = re.compile(r"^(\s*)(\S.*)?\)\s*" + QUALIFIERS + r"\{$")


def functions(lines):
    """(first line, number of lines, body) for each outermost function."""
    number = 0
    while number < len(lines):
        opening = OPENS.match(lines[number])
        if not opening or lines[number].lstrip().startswith(CONTROL):
            number += 1
            continue
        indent = opening.group(1)
        # A signature over several lines closes at the indentation of its first line.
        start = number
        while (start > 0 and len(indent) > 4 and lines[start - 1].strip()
               and not lines[start - 1].rstrip().endswith((";", "}", "{"))):
            start -= 1
            indent = re.match(r"\s*", lines[start]).group(0)
        end = number + 1
        while end < len(lines) and not lines[end].startswith(indent + "}"):
            end += 1
        yield start + 1, end - start + 1, lines[number + 1:end]
        number = end + 1


def only_dispatches(body):
    """One switch, and few lines per case."""
    text = "\n".join(body)
    cases = len(re.findall(r"^\s*(?:case\b|default:)", text, re.M))
    return text.count("switch (") == 1 and cases * 4 >= len(body)


def problems_of(file):
    name = source_tree.name_of(file)
    lines = file.read_text().splitlines()
    if len(lines) > LONGEST_FILE:
        yield f"{name}: {len(lines)} lines; a file has {LONGEST_FILE} at most"
    for number, length, body in functions(lines):
        if length > LONGEST_FUNCTION and not only_dispatches(body):
            yield f"{name}:{number}: a function of {length} lines; {LONGEST_FUNCTION} at most"


def main():
    files = source_tree.files(".cpp", ".hpp")
    problems = [problem for file in files for problem in problems_of(file)]
    return source_tree.report(problems, f"{len(files)} files are of a readable size")


if __name__ == "__main__":
    sys.exit(main())
