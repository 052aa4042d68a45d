"""Plug-ins: code of the user's, named in a manifest as ``module:name`` or by the name of an entry point."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from typing import Any

from manifests.errors import UserError
from manifests.plugin_code import ModuleCode, find_module, import_module, importable
from manifests.stop_signals import Stopped


class PluginError(UserError):
    """A plug-in that cannot be found or loaded, raised an error, or returned what it must not; the message
    names it."""


@dataclass(frozen=True)
class Plugin:
    """A plug-in that was found.

    Attributes:
        reference: as the manifest names it.
        group: of entry points, such as ``openba.signals``.
        folder: the manifest's.
        fingerprint: of its code. ``module:name``: the SHA-256 of the module's file or, where it belongs to a
            package, of all that package's Python files. Entry point: ``name==version`` of its distribution.

    A plug-in travels to workers by its reference, and is found again there.
    """

    reference: str
    group: str
    folder: Path
    fingerprint: str

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.reference, self.group, self.folder, self.fingerprint)

    @cached_property
    def value(self) -> Any:
        """The object itself. It is imported when it is first asked for.

        Raises:
            PluginError: its module raises an error, or has no such name.
        """
        module, _, name = self.reference.partition(":")
        if not name:
            with self.errors("cannot be loaded"):
                return _entry_point(self.reference, self.group, self.folder).load()
        code = _code(module, self.reference, self.folder)
        with self.errors("cannot be loaded"):
            found = import_module(code, self.folder)
        try:
            return attrgetter(name)(found)
        except AttributeError:
            known = ", ".join(sorted(item for item in vars(found) if not item.startswith("_"))) or "nothing"
            message = f"plug-in {self.reference}: there is no {name!r} in the module; it has {known}"
            raise PluginError(message, where=code.file) from None

    def call(self, *arguments: Any) -> Any:
        """The value called with these arguments.

        Raises:
            PluginError: it raised an error; the message has that error and its place in the plug-in.
        """
        with self.errors():
            return self.value(*arguments)

    @contextmanager
    def errors(self, what: str = "failed") -> Iterator[None]:
        """A block that runs the plug-in's code: whatever that raises becomes a PluginError, but Stopped."""
        try:
            with importable(self.folder):
                yield
        except (PluginError, Stopped):
            raise
        except Exception as error:
            message = " ".join(f"{type(error).__name__}: {error}".split())  # one line, whatever was raised
            message = f"plug-in {self.reference} {what}: {message}"
            raise PluginError(message, where=self._place(error)) from error

    def error(self, message: str) -> PluginError:
        """An error that says what is wrong with what the plug-in returned."""
        return PluginError(f"plug-in {self.reference}: {message}")

    def _place(self, error: Exception) -> str:
        """``file:line`` of the innermost frame in the plug-in's own code, else of the innermost one."""
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}:{error.lineno}"
        frames = traceback.extract_tb(error.__traceback__)
        root = self._root()
        inside = [frame for frame in frames if root and Path(frame.filename).is_relative_to(root)]
        frame = (inside or list(frames))[-1]
        return f"{frame.filename}:{frame.lineno}"

    def _root(self) -> Path | None:
        module = self.reference.partition(":")[0]
        if module == self.reference:
            module = _entry_point(self.reference, self.group, self.folder).module
        code = find_module(module, self.folder)
        return code.root if code else None


def resolve(reference: str, group: str, folder: Path) -> Plugin:
    """Finds a plug-in, without importing it.

    Args:
        reference: ``module:name``, of a module in ``folder`` or on ``sys.path``; or the name of an entry
            point in ``group``.
        group: of entry points, such as ``openba.signals``.
        folder: the manifest's.

    Raises:
        PluginError: there is no such module or entry point.
    """
    folder = folder.resolve()
    module, colon, _ = reference.partition(":")
    if colon:
        return Plugin(reference, group, folder, _code(module, reference, folder).fingerprint())
    distribution = _entry_point(reference, group, folder).dist
    assert distribution is not None
    return Plugin(reference, group, folder, f"{distribution.name}=={distribution.version}")


def _code(module: str, reference: str, folder: Path) -> ModuleCode:
    code = find_module(module, folder)
    if code is None:
        raise PluginError(
            f"plug-in {reference}: there is no module {module!r}",
            fix=f"put {module.replace('.', '/')}.py into {folder}, or install the package that has it",
        )
    return code


def _entry_point(name: str, group: str, folder: Path) -> EntryPoint:
    known = entry_points(group=group)
    found = [point for point in known if point.name == name]
    if not found:
        names = ", ".join(sorted({point.name for point in known})) or "none"
        raise PluginError(
            f"plug-in {name}: no installed package has an entry point of this name in the group {group} "
            f"(installed: {names})",
            fix=f"install its package, or write module:name of a module in {folder}",
        )
    return found[0]


def _again(reference: str, group: str, folder: Path, fingerprint: str) -> Plugin:
    """A plug-in on its arrival in a worker."""
    found = resolve(reference, group, folder)
    if found.fingerprint != fingerprint:
        raise PluginError(
            f"plug-in {reference}: its code was changed after the command began, or differs here",
            fix="run the command again, with the same code on every host",
        )
    return found
