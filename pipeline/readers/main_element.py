"""Which element of a page holds its text, and which of its lines are menus and other things beside it.

Structure first: what the page itself calls its text, if that holds a good part of what reads as text; else
the element that holds nearly all of it. Then by density: as far into it as only links and scraps are lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.readers.element_roles import Role
from pipeline.readers.page_blocks import Block, PageBlocks

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_PUNCTUATION = re.compile(r"[。！？；：，、,.!?;:”…]")
# A CJK character says as much as three Latin ones.
_CJK_WEIGHT = 3
# Lines of this many Latin characters with punctuation are running text; shorter ones count little.
RUNNING = 40
_SCRAP = 0.2
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# Shares of a page's running text.
_MOST = 0.5
_FEW = 0.1
_HELD_BY_CONTAINER = 0.4
_SMALL_ANCHORED = 0.2
_DEEPER = 0.7
_LOST_TEXT = 0.02
_LOST_LINKS = 0.2
# In Latin characters: as much running text as a note (dates, buttons) may have; as little as is left where
# the text is hidden, and where it is called by what stands beside it.
_NOTE_TEXT = 100
_LEAST_SEEN = 200
_LEAST_BESIDE = 600
_BESIDE = frozenset((Role.ASIDE, Role.NOTE, Role.COMMENTS, Role.HIDDEN))
_LEAVES = frozenset(("p", "li", "td", "ul", "ol", "blockquote", "pre"))


def weigh(block: Block) -> float:
    """How much a line speaks for being the page's text, in Latin characters; nothing for headings and
    links."""
    length = len(block.text)
    if block.linked > 0.5 * length or block.name in HEADINGS:
        return 0.0
    weight = float(length)
    if not block.text.isascii():
        weight += (_CJK_WEIGHT - 1) * sum(map(len, _CJK.findall(block.text)))
    weight -= 2 * weight * block.linked / length
    if block.name == "pre" or (weight >= RUNNING and _PUNCTUATION.search(block.text)):
        return weight
    return 0.0 if block.linked else _SCRAP * weight


@dataclass(slots=True)
class MainElement:
    """The element's number, its range of blocks, and for every block of the page its weight and whether it is
    left out (1)."""

    element: int
    start: int
    end: int
    weights: list[float]
    out: bytearray


class _Sums:
    """Sums of a value of blocks over an element's range."""

    def __init__(self, page: PageBlocks, values: Sequence[float]) -> None:
        self._page = page
        self._before = [0.0, *accumulate(values)]

    def of(self, element: int) -> float:
        page = self._page
        return self._before[page.ends[element]] - self._before[page.starts[element]]


def main_element(page: PageBlocks) -> MainElement | None:
    """None if no line of the page counts."""
    weights = [weigh(block) for block in page.blocks]
    out = _beside_the_text(page, weights)
    seen = [0.0 if left_out else weight for weight, left_out in zip(weights, out, strict=True)]
    text = _Sums(page, seen)
    if not text.of(0):
        return None
    linked = [0 if left_out else block.linked for block, left_out in zip(page.blocks, out, strict=True)]
    found = _deepest(page, _container(page, text), text, _Sums(page, linked))
    return MainElement(found, page.starts[found], page.ends[found], weights, out)


def _beside_the_text(page: PageBlocks, weights: Sequence[float]) -> bytearray:
    """Marks the blocks of elements that stand beside the text, but of none with nearly all of the text: its
    name only says what it has beside it."""
    text = _Sums(page, weights)
    characters = _Sums(page, [len(block.text) for block in page.blocks])
    linked = _Sums(page, [block.linked for block in page.blocks])
    anchored = _around_the_text(page, text)
    out = bytearray(len(page.blocks))
    for element, role in enumerate(page.roles):
        start, end = page.starts[element], page.ends[element]
        if role not in _BESIDE or start == end or _is_most(text, element, role, element in anchored):
            continue
        links_only = linked.of(element) > 0.5 * characters.of(element)
        if role != Role.NOTE or links_only or text.of(element) < _NOTE_TEXT:
            out[start:end] = b"\1" * (end - start)
    return out


def _is_most(text: _Sums, element: int, role: Role, anchored: bool) -> bool:
    """Whether an element has too much of the page's text to stand beside it."""
    whole, its = text.of(0), text.of(element)
    if anchored and role != Role.HIDDEN and its > _SMALL_ANCHORED * whole:
        return True
    return its >= _MOST * whole and whole - its < (_LEAST_SEEN if role == Role.HIDDEN else _LEAST_BESIDE)


def _around_the_text(page: PageBlocks, text: _Sums) -> set[int]:
    """The elements around a first-level heading, or around what the page calls its text."""
    inner = [
        element
        for element, role in enumerate(page.roles)
        if role in (Role.BODY, Role.MAIN) and text.of(element) >= _HELD_BY_CONTAINER * text.of(0)
    ]
    inner += [block.element for block in page.blocks if block.name == "h1"]
    found: set[int] = set()
    for element in inner:
        while element >= 0 and element not in found:
            found.add(element)
            element = page.parents[element]
    return found


def _container(page: PageBlocks, text: _Sums) -> int:
    """What the page calls its text, if most of it is there, or if it is the only one of its kind and has the
    page's heading; else the page."""
    for role in (Role.BODY, Role.MAIN, Role.CONTENT):
        named = [element for element, its in enumerate(page.roles) if its == role and text.of(element)]
        fit = [element for element in named if text.of(element) >= _MOST * text.of(0)]
        if not fit and role != Role.CONTENT:
            fit = [element for element in _only_one(page, named) if text.of(element) >= _FEW * text.of(0)]
        if fit:
            most = max(map(text.of, fit))
            return [element for element in fit if text.of(element) >= 0.95 * most][-1]
    return 0


def _only_one(page: PageBlocks, named: Sequence[int]) -> list[int]:
    """The first of these elements, if it has all the others inside, and a first-level heading."""
    if not named or page.ends[named[-1]] > page.ends[named[0]]:
        return []
    inside = page.blocks[page.starts[named[0]] : page.ends[named[0]]]
    return [named[0]] if any(block.name == "h1" for block in inside) else []


def _deepest(page: PageBlocks, element: int, text: _Sums, linked: _Sums) -> int:
    """Goes from an element into the one inside that has most of its text, while what is lost is hardly text,
    or comes with links."""
    inside: dict[int, list[int]] = {}
    for child, parent in enumerate(page.parents):
        if page.names[child] not in _LEAVES:
            inside.setdefault(parent, []).append(child)
    while True:
        whole, links = text.of(element), linked.of(element)
        deeper = [
            child
            for child in inside.get(element, ())
            if text.of(child) >= _DEEPER * whole
            and (
                (lost := whole - text.of(child)) < _LOST_TEXT * whole
                or links - linked.of(child) > _LOST_LINKS * lost
            )
        ]
        if not deeper:
            return element
        element = deeper[0]
