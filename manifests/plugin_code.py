"""The code of a plug-in that is named as ``module:name``: found without importing it, hashed, imported."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from manifests.errors import UserError

_STAMP = "__plugin_fingerprint__"


@dataclass(frozen=True)
class ModuleCode:
    """Where a module's code lies: its ``file``, and the ``root`` of the package that it belongs to (the file
    itself where it belongs to none)."""

    name: str
    file: Path
    root: Path

    def fingerprint(self) -> str:
        """SHA-256 of the file or, in a package, of the names and bytes of all its ``.py`` files."""
        if self.root == self.file:
            return hashlib.sha256(self.file.read_bytes()).hexdigest()
        files = sorted({*self.root.rglob("*.py"), self.file})
        digest = hashlib.sha256()
        for file in files:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(self.root).as_posix()}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def find_module(name: str, folder: Path) -> ModuleCode | None:
    """The module called ``name`` in ``folder`` or, where that has none, on ``sys.path``. Nothing is
    imported."""
    importlib.invalidate_caches()
    search: list[str] | None = [str(folder), *sys.path]
    spec: ModuleSpec | None = None
    package: Path | None = None
    parts = name.split(".")
    for depth in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: depth + 1]), search)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or ())
        if package is None and search and spec.has_location and spec.origin:
            package = Path(spec.origin).parent
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    return ModuleCode(name, Path(spec.origin), package or Path(spec.origin))


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """While the block runs, the modules of a folder can be imported, ahead of others."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def import_module(code: ModuleCode, folder: Path) -> ModuleType:
    """Imports a module that was found; one that was imported before and changed since is imported anew.

    Raises:
        UserError: another module of that name is loaded already.
        Exception: whatever the module raises.
    """
    fingerprint, top = code.fingerprint(), code.name.partition(".")[0]
    loaded = sys.modules.get(code.name)
    if loaded is not None and _is(loaded, code) and getattr(loaded, _STAMP, fingerprint) == fingerprint:
        return loaded
    if top in sys.modules:
        _unload(top, code)
    with importable(folder):
        module = importlib.import_module(code.name)
    for name, one in list(sys.modules.items()):
        if name.partition(".")[0] == top and isinstance(one, ModuleType):
            vars(one)[_STAMP] = fingerprint
    return module


def _is(module: ModuleType, code: ModuleCode) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == code.file.resolve()


def _unload(top: str, code: ModuleCode) -> None:
    """Removes an earlier plug-in of the same name; any other module stays."""
    module = sys.modules[top]
    if hasattr(module, _STAMP):
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
        return
    file = getattr(module, "__file__", None)
    if file is None or not _belongs(Path(file), code):
        raise UserError(
            f"another module called {top!r} ({file or 'built in'}) is loaded already",
            where=code.file,
            fix="give yours another name",
        )


def _belongs(file: Path, code: ModuleCode) -> bool:
    return file.resolve() == code.file.resolve() or file.resolve().is_relative_to(code.root.resolve())
