"""What stands beside what, by its definitions, in plain Python."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

from pipeline.text.quality_signals.line_counts import FULL
from pipeline.text.quality_signals.neighbour_classes import (
    BEFORE_NOUN,
    FOLLOWS,
    GAP,
    INTRUDER,
    IS_HAN,
    KIND,
    LATIN,
    LEADS_NAME,
    MARK,
    NEVER_FIRST,
    OF_NAME,
    OPENER,
    OPENS,
    RARE,
    STARTER,
    character_table,
    odd_pairs,
    word_table,
)

CLASSES = character_table()
PAIRS = odd_pairs().reshape(32, 32)
WORDS = {int(entry["word"]): int(entry["flags"]) for entry in word_table() if entry["word"]}


def share(part: float, whole: float, enough: int) -> float:
    return part / whole if whole >= enough else math.nan


def spread(lengths: list[int], enough: int = 1) -> float:
    if len(lengths) < enough:
        return math.nan
    mean = sum(lengths) / len(lengths)
    variance = sum(length * length for length in lengths) / len(lengths) - mean * mean
    return math.sqrt(max(variance, 0)) / mean


def neighbours(text: str) -> dict[str, float]:
    tokens = list(_tokens(text))
    return _letters(text, tokens) | _misplaced(tokens) | _chinese(text) | _torn(text)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Words of ASCII letters and single characters, each with what is before it: nothing, a word, or an
    intruder behind a word."""
    inside = ""
    for token in re.findall(r"[A-Za-z]+|.", text, re.S):
        yield token, inside
        flags = 0 if _is_word(token) or token <= " " else CLASSES[ord(token)]
        if _is_word(token) or flags & LATIN:
            inside = "word"
        else:
            inside = "intruder" if inside and flags & INTRUDER else ""


def _is_word(token: str) -> bool:
    return token.isascii() and token.isalpha()


def _flags(word: str) -> int:
    return WORDS.get(int.from_bytes(word.lower().encode(), "little"), 0) if len(word) <= 5 else 0


def _letters(text: str, tokens: list[tuple[str, str]]) -> dict[str, float]:
    named = _named(text)
    pairs = [
        text[k : k + 2]
        for k in range(len(text) - 1)
        if re.fullmatch("[a-z][a-z]", text[k : k + 2]) and not named[k]
    ]
    odd = sum(bool(PAIRS[ord(pair[0]) & 31, ord(pair[1]) & 31]) for pair in pairs)
    starts = itertools.accumulate((len(token) for token, _ in tokens), initial=0)
    before = [
        inside
        for (token, inside), at in zip(tokens, starts, strict=False)
        if _is_word(token) and not named[at]
    ]
    return {
        "odd_letter_pairs": share(odd, len(pairs), 50),
        "odd_words": share(before.count("intruder"), before.count(""), 50),
    }


def _named(text: str) -> list[bool]:
    """Of each character, whether it is in a run that is a name and no word."""
    beyond = {c for c in text if c <= " " or not (c.isascii() or CLASSES[ord(c)] & LATIN)}
    named: list[bool] = []
    for run in re.findall(f"[^{re.escape(''.join(beyond))}]+|.", text, re.S) if beyond else [text]:
        leads = bool(CLASSES[ord(run[0])] & LEADS_NAME) if run else False
        marks = any(CLASSES[ord(c)] & OF_NAME for c in run) or bool(
            re.search(r".(?:[.:][A-Za-z]|[0-9][A-Z])", run)
        )
        shape = re.search(r"[a-z][A-Z]|[0-9]{2}|[A-Za-z]\(", run)
        codes = re.search("[0-9]", run) and not re.search("[a-z]", run)
        named += [run[:1] not in beyond and bool(leads or marks or shape or codes)] * len(run)
    return named


def _misplaced(tokens: list[tuple[str, str]]) -> dict[str, float]:
    openers = misplaced = opener = 0
    clause, before, slips = False, "", set()
    for (token, inside), (following, _) in itertools.pairwise([*tokens, ("", False)]):
        if token <= " ":
            continue
        word = _is_word(token)
        flags = _flags(token) if word and not inside else 0
        kind = 0 if word else CLASSES[ord(token)]
        if opener:
            openers += 1
            mark = opener & BEFORE_NOUN and token in (*".,;:!?",) and (not following or following <= " ")
            misplaced += bool(flags >> FOLLOWS & opener or mark)
        if clause and not word:
            openers += 1
            word = token + following in ("了解", "的确", "的確") or (token == "者" and before in "与與")
            never = bool(kind & NEVER_FIRST) and not word
            pair = before + token if CLASSES[ord(before)] >> KIND and kind >> KIND else ""
            pair = "".join(str(CLASSES[ord(mark)] >> KIND) for mark in pair)
            if never and (token != before or token == "，") and pair not in slips:
                misplaced += 1
                slips |= {pair} - {""}
        opener, clause, before = flags & OPENS, bool(kind & OPENER), token[-1]
    return {"misplaced_words": share(max(misplaced - 1, 0), openers, 10)}


def _chinese(text: str) -> dict[str, float]:
    kinds = [CLASSES[ord(c)] for c in text]
    han = [bool(kind & IS_HAN) for kind in kinds]
    gaps = sum(
        _is_gap(text[k + 1], bool(kinds[k + 1] & GAP), min(_row(text, han, k, -1), _row(text, han, k + 2, 1)))
        for k in range(len(text) - 2)
        if han[k] and han[k + 2]
    )
    spaces = sum(han[k] and han[k + 2] and text[k + 1] == " " for k in range(len(text) - 2))
    apart = spaces > 0.1 * sum(han) and gaps < 0.7 * spaces
    clauses = [
        sum(bool(CLASSES[ord(c)] & IS_HAN) for c in part)
        for part in re.split("[" + "".join(chr(k) for k in range(0xFFFF) if CLASSES[k] & MARK) + "\n]", text)
    ]
    clauses = [size for size in clauses if size]
    return {
        "rare_characters": share(sum(bool(kind & RARE) for kind in kinds), sum(han), 50),
        "gapped_characters": share(gaps if gaps >= 3 and not apart else 0, sum(han), 50),
        "mean_clause_length": share(sum(clauses), len(clauses), 10),
        "clause_length_spread": spread(clauses, 10),
    }


def _is_gap(between: str, symbol: bool, shorter: int) -> bool:
    return shorter <= 1 if between == " " else between > " " and symbol


def _row(text: str, han: list[bool], at: int, step: int) -> int:
    """Chinese characters in a row from one on; a number or a Latin word beside them is one more, with a space
    between, too."""
    size = 0
    while 0 <= at < len(han) and han[at]:
        size, at = size + 1, at + step
    at += step * (0 <= at < len(han) and text[at] == " ")
    return size + bool(0 <= at < len(han) and text[at].isascii() and text[at].isalnum())


def _torn(text: str) -> dict[str, float]:
    joined = lower = torn = longest = 0
    lines = text.split("\n")
    for line, following in itertools.pairwise(lines):
        size = len(line.encode()) + 1
        longest = max(longest, size)
        begin = re.match(r"[\x00-\x20]*([A-Za-z]+)", following)
        if not begin or size * FULL <= longest or size < 2:
            continue
        last = line.rstrip("".join(map(chr, range(33))))[-1:]
        joined += 1
        lower += begin[1][0].islower()
        closed, within = last in (".", "!", "?"), bool(re.fullmatch("[a-z,]", last))
        starts = not begin[1][0].islower() and bool(_flags(begin[1]) & STARTER)
        torn += (closed and begin[1][0].islower()) or (within and starts)
    return {"torn_lines": share(torn, joined, 10) if 2 * lower >= joined else math.nan}
