"""The blocks of a page: its lines as a reader sees them, and the elements that they stand in.

The parser's own serialisation is read, in which every tag is closed and every ``<`` of a text or of an
attribute is escaped. So one regular expression finds texts and tags, and one loop over them makes the lines.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.readers.element_roles import Role, role_of

# A text; then a comment, or an element whose content is no mark-up, or a tag (slash, name, attributes), or a
# stray bracket: something always matches, so that the search takes linear time.
_TOKEN = re.compile(
    r"([^<]*)<(?:!--[^-]*(?:-(?!->)[^-]*)*-->"
    r"|(script|style|iframe|noembed|noframes|xmp|plaintext)\b[^>]*>[^<]*(?:<(?!/\2>)[^<]*)*</\2>"
    r"|(/?)([a-z][^\s>]*)([^>]*)>|)"
)
# What a browser shows only where something else fails, and what is no text.
FALLBACKS = frozenset(("noscript", "template"))
_UNREAD = frozenset(
    "annotation annotation-xml applet audio button canvas datalist dialog embed map object rp rt select svg "
    "textarea video".split()
)
# Within a line: what only screen readers or nobody sees, links to edit, marks of notes.
_UNREAD_SPAN = re.compile(
    r'class="[^"]*(?:mw-editsection|sr-only|screen-reader|visually-?hidden|\breference\b)|aria-hidden="true"'
    r'|style="[^"]*display:\s*none| hidden=""'
)
_SPANS = frozenset(("span", "sup"))
# Links to the heading itself.
_ANCHORS = frozenset("¶#§")
# Of a link that stands behind a text and leads on from it, not of one in quotation marks.
_ONWARD = ("&gt;&gt;", "»")
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu nav ol p pre search section "
    "summary table tbody td tfoot th thead tr ul".split()
)


class Block(NamedTuple):
    """A line of a page: its text, how many characters of it are in links, the number of the element that it
    stands in directly, that element's name, and whether it only goes on below a line of the same paragraph
    or of the same program."""

    text: str
    linked: int
    element: int
    name: str
    follows: bool


@dataclass(slots=True)
class PageBlocks:
    """A page's blocks, and its elements as columns, in document order: name, role, the number of the element
    around it (-1 around the first), and the range of its blocks. ``deepest`` is the greatest number of
    elements around one of them, without the first."""

    blocks: list[Block] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: ["body"])
    roles: list[Role] = field(default_factory=lambda: [Role.NONE])
    parents: list[int] = field(default_factory=lambda: [-1])
    starts: list[int] = field(default_factory=lambda: [0])
    ends: list[int] = field(default_factory=lambda: [0])
    deepest: int = 0


def blocks_of(source: str, with_fallbacks: bool = False) -> PageBlocks:
    """The blocks of a page in the parser's serialisation. ``with_fallbacks`` reads ``<noscript>`` and
    ``<template>`` too."""
    reader = _Reader()
    unread = _UNREAD if with_fallbacks else _UNREAD | FALLBACKS
    inside, depth = "", 0
    for text, _, closing, name, attributes in _TOKEN.findall(source + "<hr>"):
        if inside:
            if name == inside:
                depth += -1 if closing else 1
                inside = inside if depth else ""
            continue
        if text:
            reader.text(text)
        if name == "a":
            reader.in_link = not closing and 'href="' in attributes
        elif name in _BLOCKS:
            if closing:
                reader.close(name)
            else:
                reader.open(name, attributes)
        elif name in ("br", "hr"):
            reader.line_break(name == "br")
        elif not closing and (
            name in unread or (name in _SPANS and attributes and _UNREAD_SPAN.search(attributes))
        ):
            inside, depth = name, 1
    return reader.finish()


class _Reader:
    """The state between two tags."""

    def __init__(self) -> None:
        self.page = PageBlocks()
        self.in_link = False
        self._pieces: list[str] = []
        self._linked = 0
        self._element = 0
        self._depth = 0
        self._preformatted = 0
        self._follows = False

    def text(self, text: str) -> None:
        if not self._pieces and text.isspace() and not self._preformatted:
            return
        if self.in_link:
            if text in _ANCHORS or (self._pieces and _leads_on(text)):
                return
            self._linked += len(text.strip())
        self._pieces.append(text)

    def open(self, name: str, attributes: str) -> None:
        self._end_line()
        page = self.page
        page.parents.append(self._element)
        self._element = len(page.names)
        page.names.append(name)
        page.roles.append(role_of(name, attributes))
        page.starts.append(len(page.blocks))
        page.ends.append(0)
        if self._depth > page.deepest:
            page.deepest = self._depth
        self._depth += 1
        if name == "pre":
            self._preformatted += 1
            self._follows = False

    def close(self, name: str) -> None:
        self._end_line()
        self.page.ends[self._element] = len(self.page.blocks)
        self._element = self.page.parents[self._element]
        self._depth -= 1
        if name == "pre":
            self._preformatted -= 1
            self._follows = False

    def line_break(self, soft: bool) -> None:
        """A ``<br>`` (soft) or a ruler. Two soft ones end a paragraph."""
        if soft and self._preformatted:
            self._pieces.append("\n")
        else:
            self._follows = self._end_line() and soft

    def finish(self) -> PageBlocks:
        self._end_line()
        self.page.ends[0] = len(self.page.blocks)
        return self.page

    def _end_line(self) -> bool:
        """Ends the line, and says whether it has text."""
        text = self._take_text() if self._pieces else ""
        if text:
            element = self._element
            name = self.page.names[element]
            self.page.blocks.append(Block(text, self._linked, element, name, self._follows))
        self._linked = 0
        self._follows = self._preformatted > 0 and bool(text or self._follows)
        return bool(text)

    def _take_text(self) -> str:
        text = "".join(self._pieces)
        self._pieces.clear()
        if "&" in text:
            text = html.unescape(text)
        return _without_blank_ends(text) if self._preformatted else " ".join(text.split())


def _leads_on(link: str) -> bool:
    return link.rstrip().endswith(_ONWARD) and "«" not in link


def _without_blank_ends(text: str) -> str:
    lines = text.rstrip().split("\n")
    return "\n".join(lines[next((at for at, line in enumerate(lines) if line.strip()), 0) :])
