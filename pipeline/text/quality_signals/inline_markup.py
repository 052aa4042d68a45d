"""Where the markup ends that begins at a byte within a line: code spans, formulas, links, tags, addresses.

What stands in angle brackets is a tag where it has the name of an element of HTML, an attribute, or a slash
or an exclamation mark before it. All else is none, and stands for a word within a sentence, as a code span
does: an e-mail address, a type's parameter, what the reader is to fill in, the name of who speaks in a log.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel

SPACE, TICK, DOLLAR, BACKSLASH, LESS, MORE = 0x20, 0x60, 0x24, 0x5C, 0x3C, 0x3E
OPEN, CLOSE, BRACKET, CLOSE_BRACKET, COLON, SLASH = 0x28, 0x29, 0x5B, 0x5D, 0x3A, 0x2F
NOTHING, CODE, FORMULA, LINK, TAG, ADDRESS = range(6)
"""What was found. Code, formulas and addresses stand for a word of the sentence; link targets and tags for
nothing."""
_ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote "
    "body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog "
    "dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html i iframe img input ins kbd label legend li link main map mark marquee "
    "menu meta meter nav nobr noframes noscript object ol optgroup option output p param picture pre "
    "progress q rp rt ruby s samp script search section select small source span strike strong style sub "
    "summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var "
    "video wbr"
)
"""Of HTML, those that are obsolete too."""
_LONGEST_NAME, _LONGEST_ROLE = 10, 48
BEGINS = np.isin(np.arange(256), (TICK, DOLLAR, BACKSLASH, LESS, CLOSE_BRACKET, COLON))


@inlined
def until(data: np.ndarray, at: int, stop: int, wanted: int, barrier: int) -> int:
    """After the next ``wanted`` byte, or -1 where ``barrier`` or the end comes first."""
    while at < stop and data[at] != wanted:
        if data[at] == barrier:
            return -1
        at += 1
    return at + 1 if at < stop else -1


@inlined
def is_letter(byte: int) -> bool:
    """Of ASCII."""
    return 0x61 <= byte | 0x20 <= 0x7A


@inlined
def behind_letters(data: np.ndarray, at: int, stop: int) -> int:
    """After the ASCII letters that are here."""
    while at < stop and is_letter(data[at]):
        at += 1
    return at


def _packed(name: bytes) -> int:
    """Of a name's letters and digits, six bits each: the lower five of its bytes, and whether it is a
    digit."""
    value = 0
    for byte in name.lower():
        value = value << 6 | byte & 31 | (byte < 0x40) << 5
    return value


_PACKED_ELEMENTS = np.array(sorted({_packed(name.encode()) for name in _ELEMENTS.split()}), np.uint64)


@inlined
def ends_address(byte: int) -> bool:
    """Whether an address ends before a byte: none is outside ASCII, in brackets or in quotes."""
    return (
        byte <= SPACE or byte >= 0x7F or byte in (0x22, 0x27, CLOSE, LESS, MORE, BRACKET, CLOSE_BRACKET, TICK)
    )


@inlined
def behind_role(data: np.ndarray, at: int, stop: int) -> int:
    """After the name of a role and its last colon, with a domain before it, as in :c:func: and
    :prop_tgt:."""
    stop = min(stop, at + _LONGEST_ROLE)
    while at < stop and (is_letter(data[at]) or data[at] == COLON or data[at] in (0x2B, 0x2D, 0x2E, 0x5F)):
        at += 1
    return at


@kernel
def _code_span(data: np.ndarray, at: int, stop: int) -> int:
    """Between so many backticks and as many again, as CommonMark 6.1 has it."""
    first = at
    while at < stop and data[at] == TICK:
        at += 1
    width, run = at - first, 0
    while at < stop:
        run = run + 1 if data[at] == TICK else 0
        at += 1
        if run == width and (at == stop or data[at] != TICK):
            return at
    return -1


@kernel
def _formula(data: np.ndarray, at: int, stop: int) -> int:
    """Between dollar signs as Pandoc reads them: no space inside, no digit behind, so that prices are
    text."""
    wide = at + 1 < stop and data[at + 1] == DOLLAR
    at += 2 if wide else 1
    if at >= stop or (data[at] <= SPACE and not wide):
        return -1
    while at < stop and data[at] != DOLLAR:
        at += 1
    if at >= stop:
        return -1
    if wide:
        return at + 2 if at + 1 < stop and data[at + 1] == DOLLAR else -1
    digit = at + 1 < stop and 0x30 <= data[at + 1] <= 0x39
    return -1 if digit or data[at - 1] <= SPACE else at + 1


@kernel
def _address(data: np.ndarray, at: int, stop: int) -> int:
    while at < stop and not ends_address(data[at]):
        at += 1
    return at


@kernel
def _is_tag(data: np.ndarray, at: int, behind: int) -> bool:
    """Whether what is between angle brackets is a tag of HTML, by its name or an equals sign."""
    packed, first = np.uint64(0), at
    while is_letter(data[at]) or 0x30 <= data[at] <= 0x39:
        packed = packed << np.uint64(6) | np.uint64(data[at] & 31 | (data[at] < 0x40) << 5)
        at += 1
    ends = data[at] <= SPACE or data[at] == MORE or data[at] == SLASH
    place = np.searchsorted(_PACKED_ELEMENTS, packed)
    known = place < _PACKED_ELEMENTS.size and _PACKED_ELEMENTS[place] == packed
    return (ends and known and at - first <= _LONGEST_NAME) or until(data, at, behind, 0x3D, -1) >= 0


@kernel
def markup(data: np.ndarray, at: int, stop: int) -> tuple[int, int]:
    """Where the markup that begins at a byte ends, or -1, and which it is.

    The barriers keep the search linear, for no byte is searched twice; a backtick after which no span is
    found is the last of its line that may be asked for.
    """
    byte = data[at]
    following = data[at + 1] if at + 1 < stop else 0
    if byte == TICK:
        return _code_span(data, at, stop), CODE
    if byte == DOLLAR:
        return _formula(data, at, stop), FORMULA
    if byte == BACKSLASH and is_letter(following):
        return behind_letters(data, at + 1, stop), FORMULA
    if byte == LESS and (is_letter(following) or following == SLASH or following == 0x21):
        name, behind = behind_letters(data, at + 1, stop), until(data, at + 1, stop, MORE, LESS)
        if name + 1 < stop and data[name] == COLON and data[name + 1] == SLASH:
            return behind, ADDRESS
        is_tag = behind >= 0 and (not is_letter(following) or _is_tag(data, at + 1, behind))
        return behind, TAG if is_tag else CODE
    if byte == CLOSE_BRACKET and following == OPEN:
        return until(data, at + 2, stop, CLOSE, CLOSE_BRACKET), LINK
    if byte == CLOSE_BRACKET and following == BRACKET:
        return until(data, at + 2, stop, CLOSE_BRACKET, BRACKET), LINK
    if byte == COLON and is_letter(following):
        role = behind_role(data, at + 1, stop)
        is_role = role < stop and data[role] == TICK and data[role - 1] == COLON
        return (role if is_role else -1), LINK
    if byte == COLON and following == SLASH and at + 2 < stop and data[at + 2] == SLASH:
        return _address(data, at + 3, stop), ADDRESS
    return -1, NOTHING
