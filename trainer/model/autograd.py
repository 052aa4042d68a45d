"""Torch's autograd functions, called with types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.autograd import Function


def apply(function: type[Function], *arguments: object) -> Any:
    """What ``function.apply(*arguments)`` returns; torch gives ``apply`` no types."""
    run: Callable[..., Any] = function.apply
    return run(*arguments)
