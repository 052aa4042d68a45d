"""Conversations in YAML. Every value is a text, as written: an answer may be ``yes``, ``1:30`` or a date."""

from __future__ import annotations

import yaml

_TAG = "tag:yaml.org,2002:"
_KINDS = (f"{_TAG}str", f"{_TAG}seq", f"{_TAG}map", None)
_NO_TEXT = (yaml.YAMLError, ValueError, OverflowError, RecursionError)
"""What PyYAML raises of a stranger's text; overflows are of ``\\UFFFFFFFF``."""


class _Texts(yaml.SafeLoader):
    """Texts, lists and keys alone: each other type has values over which its constructor stumbles, or takes
    quadratic time. No alias, of which some bytes can say gigabytes."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - so PyYAML has them
    yaml_constructors = {kind: yaml.SafeLoader.yaml_constructors[kind] for kind in _KINDS}  # noqa: RUF012 - so PyYAML has them

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias, which is not followed")
        return super().compose_node(parent, index)


def conversations(text: str) -> list[list[str | None]]:
    """The turns of each of the ``conversations``; None for a turn that is no text, and twice for a talk that
    has no turns: it is a pair that was lost.

    Raises:
        ValueError: it is no YAML, or has no such list.
    """
    try:
        content = yaml.load(text, _Texts)
    except _NO_TEXT as error:
        raise ValueError(" ".join(str(error).split())) from None
    talks = content.get("conversations") if isinstance(content, dict) else None
    if not isinstance(talks, list):
        raise ValueError("it has no list of `conversations`")
    return [_turns(talk) for talk in talks]


def _turns(talk: object) -> list[str | None]:
    if not isinstance(talk, list):
        return [None, None]
    return [turn if isinstance(turn, str) else None for turn in talk]
