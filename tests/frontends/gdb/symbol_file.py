# SPDX-License-Identifier: BSD-2-Clause
"""Writes ELF files that hold nothing but symbols, for gdb: code that came without any."""
import struct

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS = 1, 2, 3, 8
SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE = 2, 4, 1
STB_GLOBAL, STT_OBJECT, STT_FUNC = 1, 1, 2
EM_386, EM_X86_64 = 3, 62


class Strings:
    def __init__(self):
        self.bytes = b"\0"

    def add(self, text):
        place = len(self.bytes)
        self.bytes += text.encode() + b"\0"
        return place


def write(path, functions, variables=None, wide=True, extra_sections=()):
    """functions, variables: name -> address. extra_sections: (name, address, bytes)."""
    variables = variables or {}
    page = 0x1000

    def span(addresses):
        first = min(addresses) & -page
        return first, (max(addresses) + page & -page) - first

    sections = [("", 0, 0, 0, b"", 0, 0, 0)]  # name, type, flags, address, bytes, size, link, entry
    sections.append((".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, span(functions.values())[0],
                     b"", span(functions.values())[1], 0, 0))
    if variables:
        sections.append((".data", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, span(variables.values())[0],
                         b"", span(variables.values())[1], 0, 0))
    for name, address, contents in extra_sections:
        sections.append((name, SHT_PROGBITS, SHF_ALLOC, address, contents, len(contents), 0, 0))
    names = Strings()
    symbols = b"\0" * (24 if wide else 16)
    for table, kind, section in ((functions, STT_FUNC, 1), (variables, STT_OBJECT, 2)):
        for name, address in sorted(table.items(), key=lambda each: each[1]):
            info = STB_GLOBAL << 4 | kind
            if wide:
                symbols += struct.pack("<IBBHQQ", names.add(name), info, 0, section, address, 0)
            else:
                symbols += struct.pack("<IIIBBH", names.add(name), address, 0, info, 0, section)
    link = len(sections) + 1
    sections.append((".symtab", SHT_SYMTAB, 0, 0, symbols, len(symbols), link, 24 if wide else 16))
    sections.append((".strtab", SHT_STRTAB, 0, 0, names.bytes, len(names.bytes), 0, 0))
    section_names = Strings()
    places = [section_names.add(section[0]) if section[0] else 0 for section in sections]
    places.append(section_names.add(".shstrtab"))
    sections.append((".shstrtab", SHT_STRTAB, 0, 0, section_names.bytes, len(section_names.bytes),
                     0, 0))
    _write_file(path, sections, places, wide)


def _write_file(path, sections, places, wide):
    header_size = 64 if wide else 52
    body = b""
    table = b""
    for place, (_, kind, flags, address, contents, size, link, entry) in zip(places, sections):
        body += b"\0" * (-(header_size + len(body)) % 16)
        offset = header_size + len(body)
        body += contents
        info = 1 if kind == SHT_SYMTAB else 0
        table += struct.pack("<IIQQQQIIQQ" if wide else "<IIIIIIIIII", place, kind, flags, address,
                             offset if kind else 0, size, link, info, 1 if kind else 0, entry)
    body += b"\0" * (-(header_size + len(body)) % 16)
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + b"\0" * 9
    header = identity + struct.pack(
        "<HHIQQQIHHHHHH" if wide else "<HHIIIIIHHHHHH", 2, EM_X86_64 if wide else EM_386, 1, 0, 0,
        header_size + len(body), 0, header_size, 0, 0, 64 if wide else 40, len(sections),
        len(sections) - 1)
    with open(path, "wb") as file:
        file.write(header + body + table)
