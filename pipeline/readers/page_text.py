"""A page's blocks written as plain text: a blank line between paragraphs, none between the lines of a verse,
a program, a list or a table; a mark before list items, tabs between the cells of a row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from pipeline.readers.main_element import HEADINGS
from pipeline.readers.page_blocks import PageBlocks

_INDENT = "  "
_DEEPEST_INDENT = 8
_CELLS = frozenset(("td", "th"))
_STRUCTURES = _CELLS | {"table", "ol", "ul", "li", "dt", "dd"}


class _Place(NamedTuple):
    """Where a line stands: its row if it is a whole cell, its table and item, the outermost list (or list of
    definitions) and how many lists it is in; -1 for none."""

    row: int = -1
    table: int = -1
    item: int = -1
    group: int = -1
    depth: int = 0


def text_of(page: PageBlocks, numbers: Sequence[int]) -> str:
    """The text of these blocks, which are in document order."""
    places = _places(page)
    pieces: list[str] = []
    last = _Place()
    items: dict[int, int] = {}
    for number in numbers:
        block = page.blocks[number]
        place = places[block.element]
        if pieces:
            pieces.append("\n" if block.follows else _between(last, place))
        if place.item >= 0 and place.item != last.item:
            pieces.append(_mark(page, place, items))
        pieces.append(block.text)
        last = place
    return "".join(pieces)


def _places(page: PageBlocks) -> list[_Place]:
    """Of the lines of each element."""
    places = [_Place()]
    headings = [0, *accumulate(block.name in HEADINGS for block in page.blocks)]
    for element in range(1, len(page.names)):
        name, parent = page.names[element], page.parents[element]
        place = places[parent]
        # An item with headings is no item, but part of a layout.
        if name in _STRUCTURES and headings[page.starts[element]] == headings[page.ends[element]]:
            place = _inside(page, element, name, place)
        places.append(place)
    return places


def _inside(page: PageBlocks, element: int, name: str, around: _Place) -> _Place:
    if name in _CELLS:
        is_line = page.ends[element] - page.starts[element] == 1
        return around._replace(row=page.parents[element] if is_line else -1, item=-1)
    if name == "table":
        return around._replace(row=-1, table=element)
    if name in ("ol", "ul"):
        return around._replace(depth=around.depth + 1)
    group = around.group if around.group >= 0 else page.parents[element]
    return around._replace(item=element if name == "li" else -1, group=group)


def _between(last: _Place, place: _Place) -> str:
    if place.row >= 0 and place.row == last.row:
        return "\t"
    same_table = place.row >= 0 and last.row >= 0 and place.table == last.table
    same_group = place.group >= 0 and place.group == last.group
    return "\n" if same_table or same_group else "\n\n"


def _mark(page: PageBlocks, place: _Place, items: dict[int, int]) -> str:
    """Before an item's first line. ``items`` counts those of each list."""
    around = page.parents[place.item]
    items[around] = items.get(around, 0) + 1
    sign = f"{items[around]}." if page.names[around] == "ol" else "•"
    return f"{_INDENT * min(place.depth, _DEEPEST_INDENT)}{sign} "
