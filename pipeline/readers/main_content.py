"""The passages of running text on a page: what the page is about, without its menus, link lists, bylines and
teasers.

After Pasternack and Roth, "Extracting article text from the web with maximum subsequence segmentation" (WWW
2009), with lines for tokens: a line of running text counts for itself, links and scraps of text against; the
stretches of lines with the greatest sums are the text. All of them are found in one pass (Ruzzo and Tompa, "A
linear time algorithm for finding all maximal scoring subsequences", ISMB 1999).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import NamedTuple

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)(?: [^<>]*)?>")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_PUNCTUATION = re.compile(r"[。！？；：，、,.!?;:”…]")
_BLANK_LINES = re.compile(r"\n{3,}")
# A CJK character says as much as three Latin ones.
_CJK_WEIGHT = 3
# Weights in Latin characters. Lines from _RUNNING on that hold punctuation are running text.
_RUNNING = 40
_SCRAP = -5.0
_LINKS = -20.0
_LONG_LINK_LINE = 200
# Stretches that weigh less than this share of the heaviest are teasers.
_MIN_SHARE = 0.2
_TITLE_LEVEL = 1


class Line(NamedTuple):
    """A line of a page: its text, how many characters of it are in all and in links, its level if it is a
    heading (else 0), and whether it is preformatted."""

    text: str
    characters: int
    linked: int
    heading: int
    preformatted: bool


def lines_of(page: str) -> list[Line]:
    """The lines of a page in resiliparse's ``minimal_html``, whose only tags are those of blocks, lists and
    links."""
    found = []
    preformatted = False
    for source in page.split("\n"):
        starts = "<pre" in source
        found.append(_line(source, preformatted or starts))
        preformatted = (preformatted or starts) and "</pre" not in source
    return found


def _line(source: str, preformatted: bool) -> Line:
    pieces: list[str] = []
    characters = linked = heading = position = 0
    in_link = False
    for tag in _TAG.finditer(source):
        piece = source[position : tag.start()]
        pieces.append(piece)
        size = len(piece.strip())
        characters += size
        linked += size * in_link
        position = tag.end()
        closing, name = tag.groups()
        if name == "a":
            in_link = not closing
        elif name == "li" and not closing:
            pieces.append("• ")
        elif name[0] == "h" and name[1:].isdigit():
            heading = int(name[1:])
    rest = source[position:]
    size = len(rest.strip())
    text = html.unescape("".join([*pieces, rest]))
    return Line(
        text if preformatted else text.rstrip(),
        characters + size,
        linked + size * in_link,
        heading,
        preformatted,
    )


def weigh(line: Line) -> float:
    """How much a line speaks for (positive) or against being part of the page's text, in Latin characters."""
    if line.characters == 0:
        return 0.0
    weight = line.characters + (_CJK_WEIGHT - 1) * sum(map(len, _CJK.findall(line.text)))
    linked = weight * line.linked / line.characters
    if line.preformatted:
        return weight - linked
    if _is_links(line):
        return _LINKS - min(linked, _LONG_LINK_LINE) * 0.3
    if line.heading:
        return 0.0
    if weight - linked >= _RUNNING and _PUNCTUATION.search(line.text):
        return weight - 2 * linked
    return _SCRAP


def _is_links(line: Line) -> bool:
    return line.linked > 0.5 * line.characters


def stretches(weights: Sequence[float]) -> list[tuple[float, int, int]]:
    """All maximal scoring subsequences as (sum, start, end), in order."""
    # Sums before and after each, its start and end, and the last one before it with a smaller sum before:
    # what is passed over once is never looked at again.
    found: list[tuple[float, float, int, int, int]] = []
    total = 0.0
    for index, weight in enumerate(weights):
        before, total = total, total + weight
        if weight <= 0:
            continue
        start = index
        while True:
            last = len(found) - 1
            while last >= 0 and found[last][0] >= before:
                last = found[last][4]
            if last < 0 or found[last][1] >= total:
                break
            before, start = found[last][0], found[last][2]
            del found[last:]
        found.append((before, total, start, index + 1, last))
    return [(right - left, start, end) for left, right, start, end, _ in found]


def main_text(lines: Sequence[Line], weights: Sequence[float]) -> str:
    """The page's title, if it is on the page, and its passages of running text, with the headings above them;
    empty if there are none."""
    found = stretches(weights)
    least = _MIN_SHARE * max((weight for weight, _, _ in found), default=0.0)
    kept = [(start, end) for weight, start, end in found if weight >= least]
    if not kept:
        return ""
    title = [
        line.text.strip() + "\n"
        for line in lines[: kept[0][0]]
        if line.heading == _TITLE_LEVEL and not _is_links(line)
    ][-1:]
    body = [
        line.text
        for start, end in kept
        for line in lines[_with_headings(lines, start) : end]
        if not _is_link_list(line)
    ]
    return _BLANK_LINES.sub("\n\n", "\n".join([*title, *body])).strip()


def _with_headings(lines: Sequence[Line], start: int) -> int:
    while start > 0 and (lines[start - 1].characters == 0 or lines[start - 1].heading > _TITLE_LEVEL):
        start -= 1
    return start


def _is_link_list(line: Line) -> bool:
    return line.characters > 0 and _is_links(line) and line.characters < _LONG_LINK_LINE and not line.heading
