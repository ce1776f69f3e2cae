"""What a manifest.py of MicroPython freezes and requires, as its tools/manifestfile.py reads it.

The functions that the manifests of this project call, with that file's meaning of paths: variables
are put in, and what is relative is relative to the manifest.
"""

import os
from pathlib import Path
from types import SimpleNamespace


class Manifest:
    """``files`` are names on the board with their sources; ``required`` packages in order."""

    def __init__(self, **variables):
        self.files = {}
        self.frozen = []
        self.required = []
        self._variables = variables
        self._directory = Path.cwd()

    def include(self, path, **options):
        path = self._resolve(path)
        path = path / "manifest.py" if path.is_dir() else path
        outer, self._directory = self._directory, path.parent
        functions = {name: getattr(self, name) for name in ("include", "freeze", "require")}
        options = SimpleNamespace(**options)
        exec(path.read_text(encoding="utf-8"), {**functions, "options": options})
        self._directory = outer
        return self

    def freeze(self, path):
        path = self._resolve(path)
        self.frozen.append(path)
        for found in sorted(path.rglob("*")):
            if found.suffix in (".py", ".mpy"):
                self.files[found.relative_to(path).as_posix()] = found

    def require(self, name):
        self.required.append(name)

    def _resolve(self, path):
        for name, value in self._variables.items():
            path = path.replace(f"$({name})", str(value))
        assert "$(" not in path, path
        return Path(os.path.normpath(self._directory / path))
