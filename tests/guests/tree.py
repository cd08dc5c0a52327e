# SPDX-License-Identifier: BSD-2-Clause
"""The files of a guest before there is a file system: everything in it is root's, whoever assembles it."""
import os
import stat


class Tree:
    """Path without a leading slash -> what is there. Folders come before what is in them."""

    def __init__(self):
        self._entries = {}  # path -> (mode, bytes, (major, minor))

    def __contains__(self, path):
        return path in self._entries

    def folder(self, path, permissions=0o755):
        self._parents(path)
        self._entries[path] = (stat.S_IFDIR | permissions, b"", (0, 0))

    def file(self, path, data, permissions=0o644):
        self._parents(path)
        self._entries[path] = (stat.S_IFREG | permissions, data, (0, 0))

    def link(self, path, target):
        self._parents(path)
        self._entries[path] = (stat.S_IFLNK | 0o777, target.encode(), (0, 0))

    def character_device(self, path, major, minor, permissions=0o600):
        self._parents(path)
        self._entries[path] = (stat.S_IFCHR | permissions, b"", (major, minor))

    def member(self, path, info, data):
        """As a package has it; hard links and devices do not occur in those that are wanted."""
        if info.isdir():
            self.folder(path, info.mode)
        elif info.issym():
            self.link(path, info.linkname)
        elif info.isfile():
            self.file(path, data, info.mode)

    def _parents(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self._entries:
            self.folder(parent)

    def cpio(self):
        """An initial RAM disk (cpio's format "newc"), not compressed: there is nobody to wait for it."""
        records = []
        for number, (path, (mode, data, device)) in enumerate(self._entries.items(), 1):
            records.append(_cpio_record(number, path, mode, data, device))
        records.append(_cpio_record(0, "TRAILER!!!", 0, b"", (0, 0)))
        return b"".join(records)

    def stage(self, folder):
        """Writes it out, for mke2fs -d; without devices, which are the guest kernel's business."""
        folders = []
        for path, (mode, data, _) in self._entries.items():
            target = os.path.join(folder, path)
            if stat.S_ISDIR(mode):
                os.makedirs(target, exist_ok=True)
                folders.append((target, mode))
            elif stat.S_ISLNK(mode):
                os.symlink(data.decode(), target)
            elif stat.S_ISREG(mode):
                with open(target, "wb") as file:
                    file.write(data)
                os.chmod(target, stat.S_IMODE(mode))
        # Last, because one without permission to write would not take its files.
        for target, mode in reversed(folders):
            os.chmod(target, stat.S_IMODE(mode))

    def paths(self):
        return list(self._entries)

    def bytes(self):
        return sum(len(data) for _, data, _ in self._entries.values())


def _cpio_record(number, path, mode, data, device):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
