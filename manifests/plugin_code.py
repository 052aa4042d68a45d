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
    parts = name.split(".")
    specs = [_top_level(parts[0], folder)]
    for depth in range(1, len(parts)):
        places = specs[-1] and specs[-1].submodule_search_locations
        specs.append(PathFinder.find_spec(".".join(parts[: depth + 1]), places) if places else None)
    files = [Path(spec.origin) if spec and spec.has_location and spec.origin else None for spec in specs]
    if files[-1] is None:
        return None
    packages = [file.parent for file in files if file is not None and file.name == "__init__.py"]
    return ModuleCode(name, files[-1], packages[0] if packages else files[-1])


def _top_level(name: str, folder: Path) -> ModuleSpec | None:
    """In the folder, on ``sys.path``, or where another finder knows it, as those of editable installs do."""
    found = PathFinder.find_spec(name, [str(folder), *sys.path])
    others = (finder.find_spec(name, None) for finder in sys.meta_path)
    return found or next((spec for spec in others if spec is not None), None)


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
