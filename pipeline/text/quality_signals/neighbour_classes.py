"""What may stand beside what: tables of characters, letter pairs and words for ``neighbours``."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.text.quality_signals.set_aside import STAND_IN, STAND_INS
from pipeline.text.unicode.categories import SIZE, in_ranges
from pipeline.text.unicode.character_classes import (
    DIGIT,
    FULL_WIDTH,
    HAN,
    LETTER,
    SPACE,
    WRITTEN_FORMATS,
    class_table,
)

LATIN, IS_HAN, RARE, OPENER, NEVER_FIRST, INTRUDER, GAP, CLOSES, MARK, OF_NAME, LEADS_NAME = (
    1 << bit for bit in range(11)
)
"""Flags of a character: a Latin letter; a Chinese character, and one that is in common use in neither script;
what a Chinese clause begins behind, and what it never begins with; what stands in no English word, and not
between two Chinese characters; what ends a sentence;
a mark between Chinese clauses; what stands in names of program text alone, and what they begin with."""
KIND = 11
"""Which mark it is in any width, from 1 to 7, so many bits further up."""

_LATIN = ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x250), (0x300, 0x370), (0x1E00, 0x1F00))
_MARKS = ("，︐﹐", "。︒｡", "、︑﹑､", "；︔﹔", "：︓﹕", "？︖﹖", "！︕﹗")
"""Each in all its widths: full, vertical, small and half."""
_OPENERS = "与與把被" + "".join(_MARKS[:4])
_NEVER_FIRST = "的了们們吗嗎么麼者" + "".join(_MARKS)
_IN_WORDS = "'’‘-‐‑–—./_:,*()[]\"“”&+=@…\u00ad\u200b"
_BETWEEN_HAN = "\u3000·•‧・—–…“”‘’×°℃+=<>`" + "!\"#%&'()*,-./:;?@[\\]_{}"
_EMOJI = ((0x2600, 0x27C0), (0xFE0F, 0xFE10), (0x1F000, 0x20000))
_OF_NAMES, _LEAD_NAMES = "_=/", "-@${[<%+&\\"
_SENTENCE_ENDS = ".!?。！？"
_CANTONESE = (
    "嘅啲喺咗哋嘢冇佢咁嗰啱嚟俾咩唔噉瞓攰睇乜嘥嬲掂揾搵攞揸瞓唞嗌嘈嗱噃啩喎咋囉嘞啫咪咧嗮晒冚鬧攪嘟嚿嗽"
)
"""What Cantonese is written with, and Mandarin is not."""
_COMMON = (("gb2312", range(0xB0, 0xD8)), ("big5", range(0xA4, 0xC7)))
"""The first levels of the two national standards: 3,755 Simplified and 5,401 Traditional characters."""

_FOLLOWERS = {
    "a": "bcdfgiklmnprstuvwxyz",
    "b": "aeijlorstuy",
    "c": "acehiklorstuy",
    "d": "abdegijlmnorsuvy",
    "e": "abcdefghiklmnopqrstuvwxy",
    "f": "aefilortuy",
    "g": "aeghilnorsuy",
    "h": "aeilnorstuy",
    "i": "abcdefgklmnoprstvxz",
    "j": "aeou",
    "k": "aeilnsuw",
    "l": "adefiklmoprstuvwy",
    "m": "abeilmopsuy",
    "n": "acdefgiklmnopstuvy",
    "o": "abcdefgijklmnoprstuvwxy",
    "p": "adeghilmnoprstuy",
    "q": "u",
    "r": "abcdefgiklmnoprstuvwy",
    "s": "acefhiklmnopstuwy",
    "t": "acefhilmoprstuwy",
    "u": "abcdefgilmnoprstx",
    "v": "aeio",
    "w": "aehilnorsw",
    "x": "aceipt",
    "y": "ceilmnopstw",
    "z": "aei",
}
"""The letters that follow each one in English words, one in 10,000 pairs or more: counted on 10 MB of books,
blogs and documentation, of which all other pairs are .5 %."""

ARTICLE, PREPOSITION, INFINITIVE, COPULA, BEFORE_NOUN, STARTER = (1 << bit for bit in range(6))
OPENS = ARTICLE | PREPOSITION | INFINITIVE | COPULA | BEFORE_NOUN
FOLLOWS = 8
"""A word that cannot follow an opener has the opener's flag, so many bits further up."""
_OPENING = {
    ARTICLE: "the a an",
    PREPOSITION: "of from with for",
    INFINITIVE: "to",
    COPULA: "is are was were be",
}
_NEVER_AFTER = {
    ARTICLE: "the a an of to in and or is are was were be been that for with from at by it he they but has "
    "have had if his which on",
    PREPOSITION: "of to is are was were and or be been has have had but",
    INFINITIVE: "of to is are was were and or been has had but from with",
    COPULA: "is are was were be has have had and or but",
}
_STARTERS = "the a an in it this that these he she we they but and if when for to there as at his you"
"""English words after which some others cannot come, those others, and the words with which sentences
begin. Behind "the" and "an" there is no mark, either; an "a" may be a letter."""
LONGEST_WORD = 5
WORD_BITS = 12
WORD_FACTOR = 0x9E3779B97F4A7C15


@cache
def character_table() -> np.ndarray:
    """uint16 [0x110000]: the flags of every code point."""
    classes = class_table()
    table = np.zeros(SIZE, np.uint16)
    latin = in_ranges(_LATIN) & (classes & LETTER != 0)
    han, plain = classes & HAN != 0, classes & (SPACE | FULL_WIDTH) == 0
    table[latin] |= LATIN
    table[han] |= IS_HAN
    table[han & ~_common()] |= RARE
    table[plain & ~latin & ~_are(_IN_WORDS)] |= INTRUDER
    no_mark = classes & (LETTER | DIGIT | FULL_WIDTH) == 0
    table[no_mark & ~in_ranges(_EMOJI + WRITTEN_FORMATS) & ~_are(_BETWEEN_HAN + "\n")] |= GAP
    table[STAND_IN : STAND_IN + STAND_INS] = 0
    for flag, marks in (
        (OPENER, _OPENERS),
        (NEVER_FIRST, _NEVER_FIRST),
        (CLOSES, _SENTENCE_ENDS),
        (MARK, "".join(_MARKS)),
        (OF_NAME, _OF_NAMES),
        (LEADS_NAME, _LEAD_NAMES),
    ):
        table[_are(marks)] |= flag
    for kind, widths in enumerate(_MARKS, 1):
        table[_are(widths)] |= kind << KIND
    return table


def _are(characters: str) -> np.ndarray:
    found = np.zeros(SIZE, bool)
    found[[ord(character) for character in characters]] = True
    return found


def _common() -> np.ndarray:
    rows = (
        bytes((lead, trail)).decode(charset, "ignore")
        for charset, leads in _COMMON
        for lead in leads
        for trail in range(0x40, 0xFF)
    )
    return _are("".join((*rows, _CANTONESE)))


@cache
def odd_pairs() -> np.ndarray:
    """bool [32 * 32]: whether the pair of letters hardly occurs in English; letters by their five lower
    bits."""
    table = np.zeros((32, 32), bool)
    table[1:27, 1:27] = True
    for letter, followers in _FOLLOWERS.items():
        table[ord(letter) & 31, [ord(follower) & 31 for follower in followers]] = False
    return table.ravel()


@cache
def word_table() -> np.ndarray:
    """(word, flags) [2^WORD_BITS]: the words of a few letters, packed little-endian, by their hash."""
    table = np.zeros(1 << WORD_BITS, [("word", np.uint64), ("flags", np.int64)])
    flags = {
        **_OPENING,
        **{flag << FOLLOWS: words for flag, words in _NEVER_AFTER.items()},
        STARTER: _STARTERS,
        BEFORE_NOUN: "the an",
    }
    for flag, words in flags.items():
        for word in words.split():
            packed = int.from_bytes(word.encode(), "little")
            slot = (packed * WORD_FACTOR & 0xFFFFFFFFFFFFFFFF) >> 64 - WORD_BITS
            assert table[slot]["word"] in (0, packed), "two words share a slot"
            table[slot] = packed, table[slot]["flags"] | flag
    return table
