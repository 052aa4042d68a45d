"""Running the tests that concern a changed file, on a copy of the tree."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

LINKED = (".venv", "assets")
_TESTS = "tests"
_WHERE = (
    "from pipeline.runtime.worker_start import start_worker; start_worker();"
    "import numba; print(numba.config.CACHE_DIR)"
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


class UnsoundTestsError(RuntimeError):
    """Tests that fail, or take too long, without any change: what they say of a changed file means
    nothing."""


class StoppedError(RuntimeError):
    """The tests were ended from outside."""


class Imports:
    """Which modules of a tree import which. ``paths``: all Python files, relative to the tree."""

    def __init__(self, root: Path, paths: Iterable[Path]) -> None:
        self._paths = {
            ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in sorted(paths)
        }
        self._imported = {name: self._of((root / path).read_bytes()) for name, path in self._paths.items()}

    def _of(self, source: bytes) -> set[str]:
        names: set[str] = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return names & self._paths.keys()

    def _reach(self, names: set[str]) -> set[str]:
        """The modules, and what they hand on: a helper of tests, or a package's ``__init__``."""
        found, todo = set(names), list(names)
        while todo:
            name = todo.pop()
            if name.startswith(_TESTS) or self._paths[name].name == "__init__.py":
                todo += self._imported[name] - found
                found |= self._imported[name]
        return found

    def importers(self, path: Path) -> set[Path]:
        """The files that import a file, and those that import them, and so on; the file itself too."""
        found: set[str] = set()
        todo = [name for name, own in self._paths.items() if own == path]
        while todo:
            found.add(name := todo.pop())
            todo += [other for other, names in self._imported.items() if name in names and other not in found]
        return {self._paths[name] for name in found}

    def _distance(self, test: str, module: str) -> int:
        """How many imports lead from a test to a module: 1 where it imports it itself."""
        seen: set[str] = set()
        border, steps = self._reach(self._imported[test]), 1
        while border and module not in border:
            seen |= border
            border = self._reach(set().union(*(self._imported[name] for name in border))) - seen
            steps += 1
        return steps if border else len(self._paths)

    def concerned(self, path: Path) -> list[list[str]]:
        """The test files that concern a file, in the order in which to run them: that called after it, those
        that import it, and those that import what imports it. Where there is none, those that are the fewest
        imports away, or else those of its folder."""
        (module,) = (name for name, own in self._paths.items() if own == path)
        tests = {
            name: own
            for name, own in self._paths.items()
            if own.parts[0] == _TESTS and own.name.startswith("test_")
        }
        mirrored = Path(_TESTS, *path.parts[:-1], f"test_{path.name}")
        steps = {
            own.as_posix(): 0 if own == mirrored else self._distance(name, module)
            for name, own in tests.items()
        }
        least = min(steps.values(), default=len(self._paths))
        if least == len(self._paths):
            return [self._of_folder(path.parent, steps)]
        stages = (
            [test for test, far in steps.items() if far == at]
            for at in ((0, 1, 2) if least <= 2 else (least,))
        )
        return [stage for stage in stages if stage]

    def _of_folder(self, folder: Path, tests: Iterable[str]) -> list[str]:
        """The tests of the mirrored folder that lies deepest."""
        while folder.parts:
            found = [test for test in tests if Path(_TESTS, folder) in Path(test).parents]
            if found:
                return found
            folder = folder.parent
        return sorted(tests)


class Tree:
    """A copy of a repository's files in a folder, with a home of its own, whose kernels are compiled as far
    as the user's own are.

    The folder of compiled kernels is named by the sources of all kernels, so a change of one of these files
    would compile them all. Those that neither are in the changed file nor in one that imports it are the
    same, and are handed on.
    """

    def __init__(self, root: Path, folder: Path, files: Iterable[Path], timeout: float) -> None:
        self._tree, self._home, self._timeout = folder / "tree", folder / "home", timeout
        for path in files:
            (self._tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, self._tree / path)
        for name in LINKED:
            if (root / name).exists():
                (self._tree / name).symlink_to((root / name).resolve())
        self._home.mkdir()
        self._imports = Imports(self._tree, [path for path in files if path.suffix == ".py"])
        self._sound: set[tuple[str, ...]] = set()
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False
        self._kernels = self._kernel_folder(self._tree, self._home)
        if self._kernels is not None:
            self._take_kernels(root)

    def notices(self, path: Path, changed: bytes) -> str | None:
        """The test that fails once a file has other bytes, or None.

        Raises:
            UnsoundTestsError: it fails without that too.
            StoppedError: ``stop`` was called.
        """
        file = self._tree / path
        original, stat = file.read_bytes(), file.stat()
        file.write_bytes(changed)
        kernels = self._hand_on_kernels(path)
        try:
            failed, files = self._first_failure(self._imports.concerned(path))
        finally:
            file.write_bytes(original)
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            if kernels is not None:
                shutil.rmtree(kernels, ignore_errors=True)
        if failed is not None:
            self._check(files)
        return failed

    def stop(self) -> None:
        """Ends the tests that run now, from another thread, and lets no others begin."""
        self._stopped = True
        if self._running is not None:
            _kill(self._running.pid)

    def _first_failure(self, stages: list[list[str]]) -> tuple[str | None, tuple[str, ...]]:
        for stage in stages:
            failed = self._failure(stage)
            if failed is not None:
                file = failed.partition("::")[0]
                return failed, (file,) if file in stage else tuple(stage)
        return None, ()

    def _failure(self, files: Iterable[str]) -> str | None:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--hypothesis-seed=0",
            "-m",
            "not slow",
            *files,
        ]
        with subprocess.Popen(
            command,
            cwd=self._tree,
            env=self._environment(self._home),
            stdout=-1,
            stderr=-2,
            text=True,
            start_new_session=True,
        ) as run:
            self._running = run
            if self._stopped:
                self.stop()
            try:
                output, _ = run.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired:
                return f"the limit of {self._timeout:.0f} s"
            finally:
                # What a test started, too.
                _kill(run.pid)
                self._running = None
        if self._stopped:
            raise StoppedError("the tests were stopped")
        if run.returncode in (0, 5):  # 5: no test in these files
            return None
        named = _FAILED.search(output)
        return named[1] if named else f"exit code {run.returncode} of {' '.join(files)}"

    def _check(self, files: tuple[str, ...]) -> None:
        """That the tests pass without a change."""
        if files not in self._sound:
            failed = self._failure(files)
            if failed is not None:
                raise UnsoundTestsError(
                    f"{failed} fails without any change, run with {' '.join(files)}; mend it, or raise "
                    "--timeout"
                )
            self._sound.add(files)

    def _environment(self, home: Path) -> dict[str, str]:
        return os.environ | {"HOME": str(home), "PYTHONPATH": str(self._tree), "PYTHONDONTWRITEBYTECODE": "1"}

    def _kernel_folder(self, tree: Path, home: Path) -> Path | None:
        """Where a tree's compiled kernels go; None where it has none, or cannot be imported any more."""
        if not (tree / "pipeline").is_dir():
            return None
        environment = self._environment(home) | {"PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", _WHERE]
        found = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        return Path(found.stdout.strip()) if found.returncode == 0 else None

    def _take_kernels(self, root: Path) -> None:
        """Copies the user's own compiled kernels, which numba keeps by the folder of their source."""
        own = self._kernel_folder(root, Path.home())
        assert self._kernels is not None
        for folder in sorted({path.parent for path in (root / "pipeline").rglob("*.py")}):
            compiled = None if own is None else own / _by_folder(folder)
            if compiled is not None and compiled.is_dir():
                shutil.copytree(compiled, self._kernels / _by_folder(self._tree / folder.relative_to(root)))

    def _hand_on_kernels(self, path: Path) -> Path | None:
        """The folder of the kernels of a tree in which a file has changed, with those that the change does
        not reach."""
        changed = self._kernel_folder(self._tree, self._home) if self._kernels is not None else None
        if changed is None or changed == self._kernels or self._kernels is None or not self._kernels.is_dir():
            return None
        shutil.copytree(self._kernels, changed)
        for file in self._imports.importers(path):
            for stale in (changed / _by_folder((self._tree / file).parent)).glob(f"{file.stem}.*"):
                stale.unlink()
        return changed


def _by_folder(folder: Path) -> str:
    """The name under which numba caches what is compiled from the files of a folder."""
    return f"{folder.name}_{hashlib.sha1(str(folder).encode()).hexdigest()}"


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def tracked(root: Path) -> Iterator[Path]:
    """The files of a repository, as they are now, without those that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return (Path(name) for name in sorted(set(listed.stdout.split("\0"))) if name and (root / name).is_file())
