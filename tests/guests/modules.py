# SPDX-License-Identifier: BSD-2-Clause
"""A selection of a kernel's modules, with what they need, and the lists that modprobe reads."""
import os
import re

_INFO = re.compile(rb"(?:^|\0)(depends|alias)=([^\0]*)")


class Modules:
    """Of one kernel package (packages.Contents)."""

    def __init__(self, package):
        self._package = package
        self._found = {}  # module's name -> (path below lib/modules/VERSION, member, what it depends on)
        self.version = None
        for path, member in package.members():
            parts = path.split("/")
            if parts[:2] == ["lib", "modules"] and path.endswith(".ko"):
                self.version = parts[2]
                depends = _info(package.read(member), b"depends")
                self._found[_name_of(path)] = ("/".join(parts[3:]), member, _names_in(depends))

    def with_dependencies(self, names):
        """Those of `names` that this kernel has as modules, each after what it depends on."""
        chosen = []
        for name in names:
            self._choose(name, chosen)
        return chosen

    def _choose(self, name, chosen):
        if name in chosen or name not in self._found:
            return
        for needed in self._found[name][2]:
            self._choose(needed, chosen)
        chosen.append(name)

    def install(self, tree, names):
        """Files, and modules.dep and modules.alias for them."""
        folder = f"lib/modules/{self.version}"
        dependencies, aliases = [], []
        for name in self.with_dependencies(names):
            path, member, _ = self._found[name]
            data = self._package.read(member)
            tree.file(f"{folder}/{path}", data)
            needed = self.with_dependencies([name])[:-1]
            dependencies.append(f"{path}:" + "".join(" " + self._found[each][0] for each in reversed(needed)))
            aliases += [f"alias {alias} {name}" for alias in _info(data, b"alias")]
        tree.file(f"{folder}/modules.dep", ("\n".join(dependencies) + "\n").encode())
        tree.file(f"{folder}/modules.alias", ("\n".join(aliases) + "\n").encode())


def _name_of(path):
    return os.path.basename(path)[:-len(".ko")].replace("-", "_")


def _info(data, key):
    return [value.decode("latin-1") for found, value in _INFO.findall(data) if found == key]


def _names_in(values):
    return [name.replace("-", "_") for value in values for name in value.split(",") if name]
