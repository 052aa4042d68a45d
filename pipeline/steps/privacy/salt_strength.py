"""How hard a salt is to guess: the bits of the cheapest way to describe it, piece by piece, as estimators of
the strength of passwords reckon (Wheeler 2016, zxcvbn, USENIX Security), without their dictionaries."""

from __future__ import annotations

import math
import re

LEAST_BITS = 80
"""The 128 bits of 16 random bytes keep more than these in whatever letters they are written."""

_WORD_BITS = math.log2(7776)
"""Of a word of the Diceware list, whether it is on the list or not."""

_YEAR, _YEAR_BITS = re.compile(rb"(?:19|20)[0-9]{2}(?![0-9])"), 8

_OTHER_SCRIPT_BITS = 5
"""Of a character outside ASCII, in salts that are text."""

_WORD = re.compile(rb"(?:[A-Z]?[a-z]{3,}|[A-Z]{4,}|(?<=[ _.-])[A-Za-z]{1,3}(?=[ _.-]))[ _.-]?")
_VOWELS = b"aeiouyAEIOUY"
_ALPHABETS = (
    (b"0123456789", 10), (b"0123456789abcdef", 16), (b"0123456789ABCDEF", 16),
    (b"abcdefghijklmnopqrstuvwxyz", 26), (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 26),
)  # fmt: skip
_KEYBOARD = b"qwertyuiop asdfghjkl zxcvbnm QWERTYUIOP ASDFGHJKL ZXCVBNM 1234567890 1qaz2wsx3edc4rfv "
_SHORTEST_REPEAT = 4


def estimated_bits(salt: bytes) -> float:
    """Bits of a salt: of each byte as many as its alphabet has; of a repeat (abcdabcd), of a sequence (aaaa,
    1234), of neighbours on the keyboard, of a year and of a word only what it takes to name it."""
    text = _other_scripts(salt)
    if text is not None:
        return text
    bits, at, each = 0.0, 0, math.log2(_alphabet(salt))
    words = {match.start(): match.end() for match in _WORD.finditer(salt) if _is_word(match.group())}
    while at < len(salt):
        ways = [
            (1, each),
            (_repeat_size(salt, at), 2 * math.log2(at + len(_KEYBOARD))),
            (_sequence_size(salt, at), each + 2),
            (words.get(at, at) - at, _WORD_BITS),
            (4 if _YEAR.match(salt, at) else 0, _YEAR_BITS),
        ]
        size, cost = min(ways, key=lambda way: way[1] - way[0] * each)
        at, bits = at + size, bits + cost
    return bits


def _other_scripts(salt: bytes) -> float | None:
    """The bits of a salt that is text with characters outside ASCII; None for any other. Random bytes are
    hardly ever valid UTF-8."""
    try:
        text = salt.decode()
    except UnicodeDecodeError:
        return None
    other = "".join(filter(lambda character: not character.isascii(), text))
    rest = "".join(filter(str.isascii, text)).encode()
    return len(set(other)) * _OTHER_SCRIPT_BITS + estimated_bits(rest) if other else None


def _alphabet(salt: bytes) -> int:
    """How many bytes there are in the smallest alphabet that has all of these."""
    there = set(salt)
    for letters, size in _ALPHABETS:
        if there <= set(letters):
            return size
    return 256 if any(byte < 32 or byte > 126 for byte in there) else 64 if salt.isalnum() else 95


def _is_word(letters: bytes) -> bool:
    """Whether somebody could say it: it has a vowel, and never five other letters in a row."""
    return bool(set(letters) & set(_VOWELS)) and not re.search(rb"[^%b]{6}" % _VOWELS, letters)


def _repeat_size(salt: bytes, at: int) -> int:
    """Bytes of the longest stretch that begins here and stood before, or is on the keyboard; 0 for none."""
    size = _SHORTEST_REPEAT
    while at + size <= len(salt) and salt[at : at + size] in _KEYBOARD + salt[: at + size - 1]:
        size += 1
    return size - 1 if size > _SHORTEST_REPEAT else 0


def _sequence_size(salt: bytes, at: int) -> int:
    """Bytes of a sequence in which each differs from the one before by the same -1, 0 or 1; 0 for none."""
    steps = [later - before for before, later in zip(salt[at:], salt[at + 1 :], strict=False)]
    size = next((index for index, step in enumerate(steps) if step != steps[0] or abs(step) > 1), len(steps))
    return size + 1 if size >= _SHORTEST_REPEAT - 1 else 0
