"""Where a source file can be changed by a little, as the mutants of a test of the tests (DeMillo, Lipton and
Sayward 1978).

Left as they are: docstrings and other texts, type annotations, decorators, what only goes into messages (the
arguments of ``raise``, of ``print`` and of loggers, every f-string), and what stands under ``if __name__ ==
"__main__"``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_SWAPS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}
_LOGGERS = ("print", "log", "logger", "logging", "warnings")
_LEFT_OUT: dict[type[ast.AST], tuple[str, ...]] = {
    ast.FunctionDef: ("decorator_list", "returns"),
    ast.AsyncFunctionDef: ("decorator_list", "returns"),
    ast.ClassDef: ("decorator_list",),
    ast.arg: ("annotation",),
    ast.AnnAssign: ("annotation",),
    ast.Raise: ("exc", "cause"),
    ast.Assert: ("msg",),
    # Nodes inside have no right position before Python 3.12.
    ast.JoinedStr: ("values",),
}


class Site(NamedTuple):
    """A change: ``new`` for the bytes [start, end) of the file, which begin in line ``line``."""

    line: int
    start: int
    end: int
    new: bytes

    def applied(self, source: bytes) -> bytes:
        """The file's bytes after the change."""
        return source[: self.start] + self.new + source[self.end :]


def sites(source: bytes) -> list[Site]:
    """All changes of a Python file, in the order of the file."""
    return sorted(_Finder(source).of(ast.parse(source), None))


class _Finder:
    def __init__(self, source: bytes) -> None:
        self._source = source
        lengths = [0, *map(len, source.splitlines(keepends=True))]
        self._lines = [sum(lengths[: number + 1]) for number in range(len(lengths))]

    def of(self, node: ast.AST, function: ast.AST | None) -> Iterator[Site]:
        """The sites in a node; ``function`` is the innermost around it."""
        if _is_script(node) or (isinstance(node, ast.Call) and _is_message(node)):
            return
        if isinstance(node, ast.Return):
            yield from self._return(node, function)
        elif type(node) in _RULES:
            yield from _RULES[type(node)](self, node)
        inner = node if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) else function
        for name, value in ast.iter_fields(node):
            if name not in _LEFT_OUT.get(type(node), ()):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from self.of(child, inner)

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def _site(self, start: int, end: int, new: str) -> Site:
        return Site(self._source.count(b"\n", 0, start) + 1, start, end, new.encode())

    def _whole(self, node: ast.expr | ast.stmt, new: str) -> Iterator[Site]:
        yield self._site(self._start(node), self._end(node), new)

    def _token(self, start: int, end: int, old: str, new: str) -> Iterator[Site]:
        """The operator between two operands, whose brackets may stand there too."""
        match = re.search(
            rb"\s+".join(re.escape(word.encode()) for word in old.split()), self._source[start:end]
        )
        if match is not None:
            yield self._site(start + match.start(), start + match.end(), new)

    def _compare(self, node: ast.Compare) -> Iterator[Site]:
        for left, operator, right in zip(
            [node.left, *node.comparators], node.ops, node.comparators, strict=False
        ):
            if type(operator) in _SWAPS:
                yield from self._token(self._end(left), self._start(right), *_SWAPS[type(operator)])

    def _bool(self, node: ast.BoolOp) -> Iterator[Site]:
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from self._token(self._end(left), self._start(right), *_SWAPS[type(node.op)])

    def _binary(self, node: ast.BinOp) -> Iterator[Site]:
        if type(node.op) in _SWAPS and not (_is_text(node.left) or _is_text(node.right)):
            yield from self._token(self._end(node.left), self._start(node.right), *_SWAPS[type(node.op)])

    def _augmented(self, node: ast.AugAssign) -> Iterator[Site]:
        if type(node.op) in _SWAPS and not _is_text(node.value):
            old, new = _SWAPS[type(node.op)]
            yield from self._token(self._end(node.target), self._start(node.value), f"{old}=", f"{new}=")

    def _not(self, node: ast.UnaryOp) -> Iterator[Site]:
        if isinstance(node.op, (ast.Not, ast.Invert)):
            sign = re.compile(rb"not\s*|~").match(self._source, self._start(node))
            if sign is not None:
                yield self._site(sign.start(), sign.end(), "")

    def _constant(self, node: ast.Constant) -> Iterator[Site]:
        if isinstance(node.value, bool):
            yield from self._whole(node, str(not node.value))
        elif isinstance(node.value, int):
            is_hex = self._source[self._start(node) :].startswith(b"0x")
            yield from self._whole(node, f"{node.value + 1:#x}" if is_hex else str(node.value + 1))
        elif isinstance(node.value, float):
            yield from self._whole(node, repr(2 * node.value or 1.0))

    def _defaults(self, node: ast.arguments) -> Iterator[Site]:
        """Texts; the other defaults are constants like others."""
        for default in (*node.defaults, *node.kw_defaults):
            if isinstance(default, ast.Constant) and isinstance(default.value, str) and default.value:
                yield from self._whole(default, '""')

    def _call(self, node: ast.Call) -> Iterator[Site]:
        name = _name(node.func)
        if name in _CALLS:
            yield self._site(self._end(node.func) - len(name), self._end(node.func), _CALLS[name])

    def _statement(self, node: ast.Expr) -> Iterator[Site]:
        if isinstance(node.value, ast.Call) and not _is_message(node.value):
            yield from self._whole(node, "pass")

    def _return(self, node: ast.Return, function: ast.AST | None) -> Iterator[Site]:
        returns = getattr(function, "returns", None)
        if node.value is not None and returns is not None and "None" not in ast.unparse(returns):
            yield from self._whole(node, "return None")


_RULES: dict[type[ast.AST], Callable[[_Finder, ast.AST], Iterator[Site]]] = {
    ast.Compare: _Finder._compare,  # type: ignore[dict-item]
    ast.BoolOp: _Finder._bool,  # type: ignore[dict-item]
    ast.BinOp: _Finder._binary,  # type: ignore[dict-item]
    ast.AugAssign: _Finder._augmented,  # type: ignore[dict-item]
    ast.UnaryOp: _Finder._not,  # type: ignore[dict-item]
    ast.Constant: _Finder._constant,  # type: ignore[dict-item]
    ast.arguments: _Finder._defaults,  # type: ignore[dict-item]
    ast.Call: _Finder._call,  # type: ignore[dict-item]
    ast.Expr: _Finder._statement,  # type: ignore[dict-item]
    ast.Raise: lambda finder, node: finder._whole(node, "pass"),  # type: ignore[arg-type]
    ast.Break: lambda finder, node: finder._whole(node, "continue"),  # type: ignore[arg-type]
    ast.Continue: lambda finder, node: finder._whole(node, "break"),  # type: ignore[arg-type]
}


def _name(function: ast.expr) -> str:
    return (
        function.attr
        if isinstance(function, ast.Attribute)
        else function.id
        if isinstance(function, ast.Name)
        else ""
    )


def _is_message(call: ast.Call) -> bool:
    return ast.unparse(call.func).split(".")[0] in _LOGGERS


def _is_script(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )
