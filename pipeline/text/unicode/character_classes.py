"""What a code point is: one table of bit flags, made from Python's Unicode database."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.text.unicode.categories import SIZE, in_ranges, is_category

LETTER = 1
DIGIT = 2
UPPER = 4
SPACE = 8
HAN = 16
CJK = 32
PUNCTUATION = 64
FULL_WIDTH = 128
CONTROL = 256
BROKEN = 512
FUNCTION = 1024
SENTENCE_END = 2048
TERMINAL = 4096
BULLET = 8192
CLOSING = 16384
LOWER = 32768

_HAN = ((0x3005, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
_KANA = ((0x3041, 0x3100), (0x3105, 0x3130), (0x31A0, 0x31C0), (0x31F0, 0x3200), (0xFF66, 0xFFA0))
_FULL_WIDTH = (
    (0x3001, 0x3005),
    (0x3008, 0x3021),
    (0x30FB, 0x30FC),
    (0xFE10, 0xFE1A),
    (0xFE30, 0xFE6C),
    (0xFF01, 0xFF66),
    (0xFFE0, 0xFFE7),
)
WRITTEN_FORMATS = (
    (0xAD, 0xAE),
    (0x200B, 0x2010),
    (0x202A, 0x202F),
    (0x2060, 0x2061),
    (0x2066, 0x206A),
    (0xFEFF, 0xFF00),
)
"""Format characters that writing needs: soft hyphen, places where a line may break, joiners (within emoji,
too), marks of direction."""
_NONCHARACTERS = ((0xFDD0, 0xFDF0), *((plane + 0xFFFE, plane + 0x10000) for plane in range(0, SIZE, 0x10000)))
_BROKEN = ((0x80, 0x85), (0x86, 0xA0), (0xFFFD, 0xFFFE), *_NONCHARACTERS)

# Grammatical characters, simplified and traditional, modern and classical: no Chinese prose of some length is
# without them.
_MARKS = {
    FUNCTION: "的了是在和有不我你他她它们們这這那就也都而与與及或着著之以于於为為但个個其所被把从從到要会會"
    "能可上下中来來去说說对對曰乃者",
    SENTENCE_END: "。！？!?；｡…︒︔︕︖︙﹔﹖﹗",
    TERMINAL: ".!?。！？…．｡；︒︔︕︖︙﹒﹔﹖﹗",
    CLOSING: "\"'”’」』》】｣﹂﹄︾︼",
    BULLET: "•‣▪▫◦●○■□◆◇►▶➢➤✓✔★☆*-–—·",
}

_BY_CATEGORY = {
    "L": LETTER,
    "M": LETTER,
    "N": DIGIT,
    "P": PUNCTUATION,
    "S": PUNCTUATION,
    "Lu": UPPER,
    "Lt": UPPER,
    "Cc": CONTROL,
    "Cf": CONTROL,
    "Co": BROKEN,
}


@cache
def class_table() -> np.ndarray:
    """uint16 [0x110000]: the flags of every code point. The array is shared; it is read-only."""
    table = np.zeros(SIZE, np.uint16)
    for name, flag in _BY_CATEGORY.items():
        table[is_category(name)] |= flag
    table[[point for point in np.flatnonzero(is_category("Z", "Cc")) if chr(point).isspace()]] = SPACE
    word = table & (LETTER | DIGIT) != 0
    table[table & (LETTER | UPPER) == LETTER] |= LOWER
    table[in_ranges(_HAN) & word] |= HAN | CJK
    table[in_ranges(_KANA) & word] |= CJK
    table[in_ranges(_FULL_WIDTH) & (table & PUNCTUATION != 0)] |= FULL_WIDTH
    table[in_ranges(_BROKEN)] |= BROKEN
    table[in_ranges(WRITTEN_FORMATS)] &= ~np.uint16(CONTROL)
    for flag, characters in _MARKS.items():
        table[[ord(character) for character in characters]] |= flag
    table.flags.writeable = False
    return table
