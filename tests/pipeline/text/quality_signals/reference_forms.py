"""Forms of lines, and their order, by their definitions, in plain Python."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from pipeline.text.quality_signals.line_counts import FULL
from pipeline.text.unicode import character_classes

TABLE = character_classes.class_table()
SPACES = "".join(chr(point) for point in range(0x3001) if TABLE[point] & character_classes.SPACE)
_NUMERAL = "[0-9一二三四五六七八九十百零〇两]+"
_ITEM = re.compile(rf"(?:[•‣▪▫◦●○■□◆◇►▶➢➤*\-–·+][\x00-\x20].|[①-⓿]|[(（]?{_NUMERAL}[.)、．）:：])", re.DOTALL)
_ARTICLE = re.compile(
    rf"\**(?:第{_NUMERAL}[条條章节節编編款项項]|§|(?:Art|Sec|ART|SEC)[^\x00-\x20]*[\x00-\x20][0-9])"
)
_FIELD = re.compile(rb":[\w* ]+:.|@[\w*]+ .|(?=[\w*]*_)[\w*]+ ?(?::|\xef\xbc\x9a)|[\w*]+ ?(\()", re.DOTALL)


def forms(lines: list[str]) -> dict[str, float]:
    """Of lines that are stripped at both ends and not empty."""
    found = Counter(_form(line) for line in lines)
    questions = sum(line.endswith(("?", "？")) for line in lines)
    counts = {f"{form}_lines": found[form] for form in ("item", "article", "speech", "row", "field")}
    return {
        name: number / len(lines) if lines else math.nan
        for name, number in (counts | {"question_lines": questions}).items()
    }


def _form(line: str) -> str:
    if _ITEM.match(line):
        return "item"
    if _ARTICLE.match(line):
        return "article"
    if _is_speech(line):
        return "speech"
    gaps = sum(len(gap) + gap.count("\u3000") > 2 for gap in re.findall("[ \u3000]+", line))
    if line.count("\t") >= 2 or gaps >= 2:
        return "row"
    return "field" if _is_field(line.encode()) else "plain"


def _is_field(line: bytes) -> bool:
    found = _FIELD.match(line)
    if found is None or not found[1]:
        return found is not None and len(line) > len(found[0].rstrip(b":\xef\xbc\x9a ")) + 1
    return 0 <= line.find(b"):", found.start(1)) < min(len(line) - 1, 64)


def _is_speech(line: str) -> bool:
    for at, character in enumerate(line[:17]):
        if character in ":：":
            return at > 0 and at + 1 < len(line) and line[at + 1] != "/"
        word = character_classes.LETTER | character_classes.DIGIT | character_classes.CJK
        if not (TABLE[ord(character)] & word or character in " ."):
            return False
    return False


def word_order(words: list[tuple[int, ...]]) -> float:
    """The pairs of equal neighbours, against those that are expected of the same words in any order, for 100
    words."""
    number = len(words)
    if number < 150:
        return math.nan
    same = sum(n * (n - 1) for n in Counter(words).values()) / (number * (number - 1))
    expected = same**2 * (number - 1) * (number - 2) / 2
    pairs = Counter(itertools.pairwise(words))
    excess = (sum(n * (n - 1) for n in pairs.values()) / 2 - expected) / math.sqrt(expected + 1)
    return excess * math.sqrt(100 / number)


def line_order(lines: list[tuple[str, list[tuple[int, ...]]]], chinese: bool) -> float:
    """``lines``: each stripped on the right, with its words; blank ones too."""
    words = [word for _, own in lines for word in own]
    grams = list(itertools.pairwise(words))
    asked = [not chinese or len(a) == len(b) == 1 for a, b in grams]
    times = Counter(grams)
    repeated = [times[gram] > 1 and ask for gram, ask in zip(grams, asked, strict=True)]
    seams = _seams(lines, chinese)
    ratio = sum(repeated) / sum(asked) if any(asked) else math.nan
    expected = len(seams) * ratio
    if not expected >= 3:
        return math.nan
    found = sum(repeated[seam] for seam in seams)
    return (found - expected) / math.sqrt(expected * (1 - ratio) + 0.1)


def _seams(lines: list[tuple[str, list[tuple[int, ...]]]], chinese: bool) -> list[int]:
    """Places of the last words of full lines."""
    longest = max((len(line) for line, _ in lines), default=0)
    seams, place = [], 0
    for (line, words), (following, more) in itertools.pairwise(lines):
        place += len(words)
        begin = following.lstrip(SPACES)
        if not line or not begin or not place or not more or len(line) * FULL <= longest:
            continue
        both = TABLE[ord(line[-1])] & TABLE[ord(begin[0])]
        if both & character_classes.LETTER and bool(both & character_classes.CJK) == chinese:
            seams.append(place - 1)
    return seams
