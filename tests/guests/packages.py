# SPDX-License-Identifier: BSD-2-Clause
"""Debian's packages: which version apt would install, its file (kept, checked), and what is in it."""
import hashlib
import os
import shlex
import subprocess
import tarfile
import tempfile


class Unavailable(Exception):
    """A guest cannot be assembled here; the text says why and what to do."""


class Packages:
    """Downloads into `folder`. Nothing is installed, and no privilege is needed."""

    def __init__(self, folder, say):
        self._folder, self._say = folder, say
        self._options = []
        self._known = {}  # name -> (file's name, bytes, SHA-256)
        os.makedirs(folder, exist_ok=True)

    def _apt(self, program, *arguments, folder="/"):
        command = [program, "-q", *self._options, *arguments]
        try:
            return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, check=False)
        except FileNotFoundError as error:
            raise Unavailable(f"{program} is not here: Debian guests are assembled on Debian") from error

    def _fetch_lists(self):
        """Where the host has no lists of packages, lists of our own."""
        self._say("fetching the lists of packages")
        lists = os.path.join(self._folder, "lists")
        os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
        self._options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={self._folder}/cache",
                         "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]
        result = self._apt("apt-get", "update")
        if result.returncode != 0:
            raise Unavailable(f"apt-get update failed: {_last_line(result.stderr)}")

    def look_up(self, names):
        """Asks apt for the versions it would install; once for all, as it takes its time."""
        result = self._apt("apt-get", "download", "--print-uris", *names)
        if result.returncode != 0 and not self._options:
            self._fetch_lists()
            result = self._apt("apt-get", "download", "--print-uris", *names)
        lines = [shlex.split(line) for line in result.stdout.splitlines()]
        if result.returncode != 0 or len(lines) != len(names) or any(len(words) != 4 for words in lines):
            raise Unavailable(f"apt does not know all of {' '.join(names)}: {_last_line(result.stderr)}")
        for _, file_name, size, digest in lines:
            self._known[file_name.partition("_")[0]] = (file_name, int(size), digest.partition(":")[2])

    def dependency(self, name, prefix):
        """What a meta package like linux-image-amd64 stands for."""
        for attempt in "the host's lists", "ours":
            for line in self._apt("apt-cache", "depends", name).stdout.splitlines():
                kind, _, what = line.strip().partition(": ")
                if kind == "Depends" and what.startswith(prefix):
                    return what
            if attempt == "the host's lists":
                self._fetch_lists()
        raise Unavailable(f"{name} depends on no package {prefix}...")

    def file_name(self, name):
        return self._known[name][0]

    def fetch(self, name):
        """The path of the package's file."""
        file_name, size, digest = self._known[name]
        path = os.path.join(self._folder, file_name)
        if _digest_of(path) != digest:
            self._say(f"downloading {name} ({size / 1e6:.1f} MB)")
            result = self._apt("apt-get", "-o", "APT::Sandbox::User=", "download", name, folder=self._folder)
            if result.returncode != 0 or _digest_of(path) != digest:
                raise Unavailable(f"{name} cannot be downloaded: {_last_line(result.stderr)}")
        return path


def _last_line(text):
    return (text.strip().splitlines() or ["apt says nothing more"])[-1]


def _digest_of(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None


class Contents:
    """What is in a package, read as often as wanted: `with Contents(path) as package`."""

    def __init__(self, path):
        self._unpacked = tempfile.TemporaryFile()
        subprocess.run(["dpkg-deb", "--fsys-tarfile", path], stdout=self._unpacked, check=True)
        self._unpacked.seek(0)
        self._archive = tarfile.open(fileobj=self._unpacked)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._archive.close()
        self._unpacked.close()

    def members(self):
        """Yields (name without ./, tarfile.TarInfo)."""
        for member in self._archive:
            name = os.path.normpath(member.name)
            if name != ".":
                yield name, member

    def read(self, member):
        """Of a file; b"" of anything else."""
        return self._archive.extractfile(member).read() if member.isfile() else b""
