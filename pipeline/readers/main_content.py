"""The lines of a page's text: those of its main element, from its title on, without what stands between and
behind them: link lists, notices, captions, headings of nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from pipeline.readers.boilerplate_lines import heads_other_texts, is_boilerplate
from pipeline.readers.main_element import HEADINGS, RUNNING, MainElement
from pipeline.readers.page_blocks import Block, PageBlocks

_LETTER = re.compile(r"[^\W\d_]")
_NOT_WORD = re.compile(r"\W+")
_SENTENCE_END = re.compile(r"[.!?。！？…”\"'’)）」]$")
_ADDRESS = re.compile(r"(?i)^[\[(]?\s*(?:https?://|www\.|\S+@)\S+$")
# A line of links has more than this share of its characters in them, and is shorter than this.
_LINKED = 0.7
_LONG_LINE = 200
_MANY_LINKS = 0.3
# The title stands before this share of the text; other texts follow after this one.
_UNDER_TITLE = 0.5
_BEFORE_OTHERS = 0.8
# Shares of a heading and a page's title that are the same.
_SAME_TITLE = 0.4
_TITLE_LENGTH = 4
_LONG_TITLE = 8
# From so many lines of running text on, short lines behind the last one are not the text's end.
_LONG_TEXT = 3
_IN_PARAGRAPHS = 0.7
_CELLS = frozenset(("td", "th"))
_UNITS = _CELLS | {"li", "dd", "dt", "pre", "blockquote", "summary", "caption"}


def main_lines(page: PageBlocks, main: MainElement, title: str) -> list[int]:
    """The numbers of the page's blocks that are its text; none of a page of links."""
    anchor = _title_block(page.blocks, title)
    if anchor is not None and main.out[anchor]:
        anchor = None
    kept = _before_other_texts(page, main, _range(page, main, anchor))
    kept = _without_links(page, [number for number in kept if _may_be_text(page, page.blocks[number])])
    kept = _without_repeated_title(page, kept, anchor)
    kept = _without_scraps(page, main, kept)
    kept = _without_empty_headings(page, kept)
    return [] if _is_page_of_links(page, main, kept) else kept


def _is_page_of_links(page: PageBlocks, main: MainElement, numbers: list[int]) -> bool:
    """Whether nothing is running text, and more stands in links."""
    if any(main.weights[number] >= RUNNING for number in numbers):
        return False
    linked = sum(block.linked for block in page.blocks[main.start : main.end])
    return linked > sum(len(page.blocks[number].text) for number in numbers)


def _title_block(blocks: Sequence[Block], title: str) -> int | None:
    """The heading that is the page's title: the last one of the highest level whose letters are in
    ``<title>``; else the only one of the first level."""
    whole = _letters(title)
    headings = [(number, block) for number, block in enumerate(blocks) if block.name in ("h1", "h2", "h3")]
    first = [number for number, block in headings if block.name == "h1"]
    same = [number for number, block in headings if _is_title(_letters(block.text), whole)]
    if same:
        return next((number for number in reversed(same) if number in first), same[-1])
    return first[0] if len(first) == 1 else None


def _letters(text: str) -> str:
    return _NOT_WORD.sub("", text).lower()


def _is_title(heading: str, title: str) -> bool:
    if len(heading) < _TITLE_LENGTH:
        return False
    return (heading in title and len(heading) >= _SAME_TITLE * len(title)) or (
        len(title) >= _LONG_TITLE and title in heading
    )


def _range(page: PageBlocks, main: MainElement, anchor: int | None) -> list[int]:
    """The blocks of the main element: from the title on if it is inside, with title and standfirst if it is
    before."""
    start, before = main.start, []
    if anchor is not None and anchor < start:
        before = [
            number for number in range(anchor, start) if number == anchor or main.weights[number] >= RUNNING
        ]
    elif anchor is not None and anchor < main.end:
        under = sum(main.weights[anchor : main.end])
        if under >= _UNDER_TITLE * sum(main.weights[start : main.end]):
            start = anchor
    return [number for number in [*before, *range(start, main.end)] if not main.out[number]]


def _before_other_texts(page: PageBlocks, main: MainElement, numbers: list[int]) -> list[int]:
    sums = list(accumulate(main.weights[number] for number in numbers))
    for at, number in enumerate(numbers):
        if sums[at] > _BEFORE_OTHERS * sums[-1] and heads_other_texts(page.blocks[number].text):
            return numbers[:at]
    return numbers


def _may_be_text(page: PageBlocks, block: Block) -> bool:
    if block.name == "pre":
        return True
    if _LETTER.search(block.text):
        return not is_boilerplate(block.text, block.linked > _MANY_LINKS * len(block.text))
    return block.name in _CELLS and _is_row_of_data(page, page.parents[block.element])


def _is_row_of_data(page: PageBlocks, row: int) -> bool:
    cells = page.blocks[page.starts[row] : page.ends[row]]
    return len(cells) > 1 and all(len(cell.text) < _LONG_LINE for cell in cells)


def _without_links(page: PageBlocks, numbers: list[int]) -> list[int]:
    """Without lines of links, but with a sentence or an address that is one, alone in its paragraph."""
    links = [_is_links(page.blocks[number]) for number in numbers]
    kept = []
    for at, number in enumerate(numbers):
        block = page.blocks[number]
        alone = block.name == "p" and not any(links[max(at - 1, 0) : at] + links[at + 1 : at + 2])
        is_text = _SENTENCE_END.search(block.text) or _ADDRESS.search(block.text)
        if not links[at] or (alone and is_text):
            kept.append(number)
    return kept


def _is_links(block: Block) -> bool:
    length = len(block.text)
    return block.linked > _LINKED * length and length < _LONG_LINE


def _without_repeated_title(page: PageBlocks, numbers: list[int], anchor: int | None) -> list[int]:
    if anchor is None:
        return numbers
    title = page.blocks[anchor].text
    return [number for number in numbers if number == anchor or page.blocks[number].text != title]


def _without_scraps(page: PageBlocks, main: MainElement, numbers: list[int]) -> list[int]:
    """Without short lines that are no sentences: behind the last running text, and where all of that stands
    in paragraphs, outside of paragraphs."""
    running = [number for number in numbers if main.weights[number] >= RUNNING]
    in_paragraphs = sum(main.weights[number] for number in running if page.blocks[number].name == "p")
    outside = bool(running) and in_paragraphs >= _IN_PARAGRAPHS * sum(
        main.weights[number] for number in running
    )
    last = running[-1] if len(running) >= _LONG_TEXT else len(page.blocks)
    kept = []
    for at, number in enumerate(numbers):
        block = page.blocks[number]
        goes_on = any(page.blocks[following].follows for following in numbers[at + 1 : at + 2])
        in_unit = block.follows or goes_on or _is_unit(page, block)
        is_scrap = main.weights[number] < RUNNING and not in_unit and block.name not in HEADINGS
        behind = number > last and not _SENTENCE_END.search(block.text)
        if not (is_scrap and (behind or (outside and block.name != "p"))):
            kept.append(number)
    return kept


def _is_unit(page: PageBlocks, block: Block) -> bool:
    """Whether a line is an item, a cell or the like, or all of one."""
    around = page.parents[block.element]
    return block.name in _UNITS or (
        page.names[around] in _UNITS and page.ends[around] - page.starts[around] == 1
    )


def _without_empty_headings(page: PageBlocks, numbers: list[int]) -> list[int]:
    """Without headings below which nothing is left, but with those of the first level."""
    kept: list[int] = []
    empty = True
    for number in reversed(numbers):
        name = page.blocks[number].name
        if name not in HEADINGS:
            empty = False
        elif empty and name != "h1":
            continue
        else:
            empty = empty or name == "h2"
        kept.append(number)
    return kept[::-1]
