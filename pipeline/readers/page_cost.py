"""What parsing a page would cost, counted before it is parsed: a stranger's page of a few hundred kB can keep
a parser of HTML busy for hours, fill its memory, or end its stack.

The tree builder of the HTML standard walks the stack of open elements for most tags (section 13.2.4.3), opens
the formatting elements of a list again and again (13.2.4.3, 13.2.6.4.7), and compares each attribute of a tag
with those before it. Steps are counted as if none of it were ever cut short: too many rather than too few.
"""

from __future__ import annotations

import re
from collections import Counter
from operator import itemgetter
from typing import NamedTuple

_COMMENT = r"<!--(?>-?>|.*?(?:--!?>|\Z))"
# The content of these is no mark-up, but where they are in a drawing or a formula.
_RAW = frozenset("script style textarea title xmp iframe noembed noframes".split())
_VALUE = r"""(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)"""
_ATTRIBUTE = rf"[^\s/>][^\s/>=]*+(?:\s*+=\s*+{_VALUE}?+)?+"
_TAG = re.compile(rf"{_COMMENT}|<(/?)([a-zA-Z][^\s/>]*+)((?>[\s/]++|{_ATTRIBUTE})*+)", re.DOTALL)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_ENDS = {name: re.compile(rf"(?i)</{name}(?=[\s/>])") for name in _RAW}
_LONG = 1000
_SHORT = 64
"""Characters of attributes: in so few of a tag it costs nothing, and in so few nothing worth a count."""

# What the next tag of its kind closes, or that has no content: it makes no depth.
_FLAT = frozenset(
    "a area base basefont bgsound body br caption col colgroup dd dt embed frame frameset head hr html image "
    "img input keygen li link meta nobr optgroup option p param rb rp rt rtc source tbody td tfoot th thead "
    "tr track wbr".split()
)
# What no end tag of an element around it closes (scopes, 13.2.4.2).
_BOUNDARIES = frozenset("applet button marquee math object select svg table template".split())
_FORMATTING = frozenset("b big code em font i s small strike strong tt u".split())
_MOST_ALIKE = 3  # Noah's Ark clause, 13.2.4.3
_FOREIGN = frozenset(("svg", "math"))
_LIST_OF_OPTIONS = "select"
_OPTIONS = frozenset(("option", "optgroup"))
_ROOTS = frozenset(("html", "body"))

_OF_FORMATTING, _OF_OPTION = 50, 10
"""Steps of a formatting element that is opened again, and of an option for each one before it: measured in
steps along the stack, which take 6 ns."""
DEEPEST = 5000
"""Ten thousands of open elements end the stack of the process."""
MOST_TAGS = 1_000_000
"""Each takes about 500 bytes of memory. The longest pages of standards have two thirds of it."""
_STEPS, _STEPS_OF_TAG = 50_000_000, 2000
"""What a page may cost, and for each of its tags besides. The 160 pages of our development corpus have 11
thousand steps at the median, and 0.9 million at most."""


class TooCostly(NamedTuple):
    """Reason and detail of the reject."""

    reason: str
    detail: str


def too_costly(text: str) -> TooCostly | None:
    """Why a page is not to be parsed; None for nearly all. Linear in the text."""
    if text.count("<") > MOST_TAGS:
        return TooCostly("too_costly", f"a page of more than {MOST_TAGS} tags")
    tags = _TAG.findall(text)
    if _is_small(tags):
        return None
    cost = _Cost()
    at = 0
    while (match := _TAG.search(text, at)) is not None:
        at = match.end()
        closing, name, attributes = match.groups()
        if name is None:
            continue
        cost.tag(name.lower(), bool(closing), attributes)
        if cost.depth > DEEPEST:
            return TooCostly("nested_too_deep", f"elements are nested more than {DEEPEST} deep")
        if cost.steps > _STEPS + _STEPS_OF_TAG * cost.tags:
            detail = f"its first {cost.tags} tags alone would take over {cost.steps} steps to parse"
            return TooCostly("too_costly", detail)
        if not (closing or cost.foreign) and name.lower() in _RAW:
            end = _ENDS[name.lower()].search(text, at)
            at = len(text) if end is None else end.start()
    return None


def _is_small(tags: list[tuple[str, str, str]]) -> bool:
    """Whether tags, those in scripts counted too, are so few that nothing need be counted one by one."""
    names = Counter(map(str.lower, map(itemgetter(1), tags)))
    formatting, options = (sum(map(names.__getitem__, kind)) for kind in (_FORMATTING, _OPTIONS))
    roots = sum(map(names.__getitem__, _ROOTS))
    attributes = sum(len(_ATTRIBUTES.findall(each[2])) ** 2 for each in tags if len(each[2]) > _LONG)
    steps = len(tags) * (len(tags) + _OF_FORMATTING * formatting) + _OF_OPTION * options * options
    return steps + attributes + _LONG * roots * roots < _STEPS and len(tags) < DEEPEST


class _Open:
    """The open elements from one boundary on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.elements: list[str] = []
        self.number: Counter[str] = Counter()

    def close(self, name: str) -> None:
        """An end tag closes what is in its element, too."""
        while self.number[name]:
            inside = self.elements.pop()
            self.number[inside] -= 1
            if inside == name:
                return


class _Cost:
    """The state between two tags: open elements, those of formatting, and steps so far."""

    def __init__(self) -> None:
        self.tags = self.steps = self.depth = self.foreign = 0
        self._open = [_Open("")]
        self._options = self._of_roots = 0
        self._formatting: dict[str, list[str]] = {name: [] for name in _FORMATTING}
        self._unclosed: Counter[str] = Counter()
        self._opened_again = 0

    def tag(self, name: str, closing: bool, attributes: str) -> None:
        self.tags += 1
        self.steps += self.depth + _OF_FORMATTING * self._opened_again
        if name in _FORMATTING:
            self._format(name, closing, attributes)
        elif name not in _FLAT:
            self._nest(name, closing)
        elif name in _OPTIONS:
            self._options += 1
            self.steps += _OF_OPTION * self._options
        if len(attributes) > _SHORT or name in _ROOTS:
            self._compare(name, attributes)

    def _nest(self, name: str, closing: bool) -> None:
        innermost = self._open[-1]
        before = len(innermost.elements)
        if closing and name == innermost.name:
            self._open.pop()
            self.depth -= before + 1
            self.foreign -= name in _FOREIGN
        elif closing:
            innermost.close(name)
            self.depth -= before - len(innermost.elements)
        elif name in _BOUNDARIES:
            self._open.append(_Open(name))
            self.depth += 1
            self.foreign += name in _FOREIGN
            self._options *= name != _LIST_OF_OPTIONS
        else:
            innermost.elements.append(name)
            innermost.number[name] += 1
            self.depth += 1

    def _format(self, name: str, closing: bool, attributes: str) -> None:
        alike = self._formatting[name]
        if not closing or self._unclosed[name]:
            self._unclosed[name] += -1 if closing else 1
            self.depth += -1 if closing else 1
        if closing:
            self._opened_again -= bool(alike)
            del alike[-1:]
        elif attributes not in alike[-_MOST_ALIKE:] or alike[-_MOST_ALIKE:].count(attributes) < _MOST_ALIKE:
            alike.append(attributes)
            self._opened_again += 1

    def _compare(self, name: str, attributes: str) -> None:
        number = len(_ATTRIBUTES.findall(attributes))
        self.steps += number * number // 2
        if name in _ROOTS:
            # Those of all such tags become the first one's.
            self._of_roots += number
            self.steps += number * self._of_roots
