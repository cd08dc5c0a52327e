# SPDX-License-Identifier: BSD-2-Clause
"""Pictures as tests compare them: (width, height, bytes of red, green, blue)."""
import struct
import zlib


def read_ppm(path):
    with open(path, "rb") as file:
        magic, size, depth, pixels = file.read().split(b"\n", 3)
    assert (magic, depth) == (b"P6", b"255"), path
    width, height = map(int, size.split())
    return width, height, pixels


def unfiltered(kind, line, above):
    """One line of a PNG with three bytes a dot (PNG specification, section 9)."""
    if kind == 0:
        return line
    out = bytearray(line)
    for i, value in enumerate(line):
        left = out[i - 3] if i >= 3 else 0
        up = above[i]
        corner = above[i - 3] if i >= 3 else 0
        if kind == 4:
            guess = left + up - corner
            near = sorted((abs(guess - v), n, v) for n, v in enumerate((left, up, corner)))[0][2]
        else:
            near = (0, left, up, (left + up) // 2)[kind]
        out[i] = (value + near) & 0xFF
    return bytes(out)


def read_png(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", chunk)
            assert (depth, colour) == (8, 2), path
        if kind == b"IDAT":
            packed += chunk
        at += 12 + length
    lines, step = zlib.decompress(packed), 1 + 3 * width
    pixels, above = [], bytes(3 * width)
    for y in range(height):
        above = unfiltered(lines[y * step], lines[y * step + 1 : (y + 1) * step], above)
        pixels.append(above)
    return width, height, b"".join(pixels)


def difference(ours, theirs, bits):
    """Empty, or where and how they differ in the upper bits of their colours."""
    if ours[:2] != theirs[:2]:
        return f"{ours[0]} x {ours[1]}, not {theirs[0]} x {theirs[1]}"
    mask = bytes(value >> (8 - bits) for value in range(256))
    mine, other = ours[2].translate(mask), theirs[2].translate(mask)
    if mine == other:
        return ""
    first = next(i for i in range(0, len(mine), 3) if mine[i : i + 3] != other[i : i + 3])
    x, y = first // 3 % ours[0], first // 3 // ours[0]
    return f"at {x}, {y}: {ours[2][first:first + 3].hex()}, not {theirs[2][first:first + 3].hex()}"
