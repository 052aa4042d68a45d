"""Documents of one worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Collection:
    """Documents of one source: texts by id. ``reference``: whether models are trained on them."""

    documents: Mapping[str, str]
    reference: bool = False
    kind: Literal["prose", "code"] = "prose"
