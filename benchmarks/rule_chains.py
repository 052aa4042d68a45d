"""How a number that datatrove judges becomes the signal that our rule judges, one difference of definition
after the other.

A chain begins with datatrove's value, computed from datatrove's own words and sentences, and ends with our
signal's definition in plain Python. Where two decisions differ, the first link that crosses the threshold is
the cause.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

from benchmarks.rule_documents import Document, again, greedy, most_frequent, name, share
from pipeline.text.unicode import character_classes
from tests.pipeline.text.quality_signals import reference, reference_ngrams

Chain = list[tuple[str, float]]
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
# FineWeb's terminal punctuation, as far as it occurs in Latin and Chinese text.
FINEWEB_ENDS = tuple(".!?。！？．｡‼‽⁇⁈⁉﹒﹖﹗")
C4_ENDS = (".", "?", "!", '"', "'")
CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
WORDS = "words: datatrove's tokenizer cuts off punctuation, clitics and symbols as words of their own"
BLANK = "blank: datatrove counts blank lines, and lines of white space as text"


def _duplicate(d: Document, n: int) -> Chain:
    size, words = len(d.text), [tuple(map(ord, name)) for name in d.names]
    covered = reference_ngrams.duplicate_ngrams(words, [False] * len(words), n)
    runs = reference._runs(d.text)
    ours = [word for _, run in runs if (word := reference._word(run))]
    plain = reference_ngrams.duplicate_ngrams(ours, reference._titled(d.text, runs), n)
    return [
        ("", share(greedy(d.tokens, n), size)),
        (WORDS, share(greedy(d.names, n), size)),
        (
            "overlap: datatrove passes over what overlaps a repeated n-gram, ours counts every character "
            "that is in one",
            share(covered, size),
        ),
        ("whole: datatrove divides by all characters, ours by those of words", share(covered, d.characters)),
        ("titles: ours counts nothing inside 《》", share(plain, d.characters)),
    ]


def _top(d: Document, n: int) -> Chain:
    size, words = len(d.text), [tuple(map(ord, name)) for name in d.names]
    top = reference_ngrams.top_ngram(words, n)
    return [
        ("", share(most_frequent(d.tokens, n), size)),
        (WORDS, share(most_frequent(d.names, n), size)),
        ("spaces: datatrove counts those inside the n-gram, and n-grams that occur once", share(top, size)),
        ("whole: datatrove divides by all characters, ours by those of words", share(top, d.characters)),
        (
            "short: ours has no value below 50 words",
            share(top, d.characters) if len(words) >= 50 else math.nan,
        ),
    ]


def _lines_again(d: Document, characters: bool) -> Chain:
    lines, size = re.split("\n+", d.text), len(d.text)
    return [
        ("", again(lines, lines, characters, size)),
        (BLANK, again(d.lines, d.lines, characters, size)),
        (
            "whole: line breaks and white space behind lines are no characters of ours",
            again(d.lines, d.lines, characters, sum(map(len, d.lines))),
        ),
    ]


def _paragraphs_again(d: Document, characters: bool) -> Chain:
    theirs, size = re.split(r"\n{2,}", d.text.strip()), len(d.text)
    ours = ["\n".join(lines) for lines in d.paragraphs]
    flat = ["".join(lines) for lines in d.paragraphs]
    return [
        ("", again(theirs, theirs, characters, size)),
        (BLANK, again(ours, ours, characters, size)),
        (
            "whole: line breaks and white space behind lines are no characters of ours",
            again(flat, ours, characters, sum(map(len, flat))),
        ),
    ]


def _line_share(d: Document, theirs: Callable[[str], bool], ours: Callable[[str], bool]) -> Chain:
    lines = d.text.splitlines()
    return [
        ("", share(sum(map(theirs, lines)), len(lines))),
        (BLANK, share(sum(map(theirs, d.lines)), len(d.lines))),
        ("class: ours has more bullets", share(sum(map(ours, d.lines)), len(d.lines))),
    ]


def _c4(
    d: Document, split: bool, citations: bool, phrases: bool, longest: float, sentences: bool
) -> tuple[int, int, bool]:
    """Sentences kept, lines with {, whether lorem ipsum stood on a line: as datatrove reads a page, but for
    what is switched off."""
    kept = curly = 0
    lorem = False
    counted = iter(d.row["sentences"])
    for line in d.text.splitlines() if split else d.text.split("\n"):
        line = line.strip()
        words = line.split()
        if any(len(word) > longest for word in words):
            continue
        line = CITATION.sub("", line) if citations else line
        low = line.lower()
        if not line.endswith(C4_ENDS) or line.endswith("...") or len(words) < 3:
            continue
        lorem |= "lorem ipsum" in low
        javascript, policy = "javascript" in low, any(phrase in low for phrase in POLICY)
        if not phrases and (javascript or policy):
            found = reference.phrases_in(line)[0]
            javascript, policy = bool(found["script"] + found["javascript"]), bool(found["policy"])
        if javascript:
            continue
        if "{" in line:
            curly += 1
        elif not policy:
            kept += next(counted, 0) if sentences else len(reference._sentences(line))
    return kept, curly, lorem


_C4_LINKS = {
    "sentences: datatrove's tokenizer, ours by punctuation before white space": (
        True,
        True,
        True,
        1000,
        False,
    ),
    "citations: C4 cuts off marks such as [1] before it looks at a line's end": (
        True,
        False,
        True,
        1000,
        False,
    ),
    "long words: C4 drops lines with a word of more than 1,000 characters": (
        True,
        False,
        True,
        math.inf,
        False,
    ),
    "line separators: datatrove breaks lines at more than the line feed": (
        False,
        False,
        True,
        math.inf,
        False,
    ),
    "phrases: ours are looked up at the beginning of words": (False, False, False, math.inf, False),
}


def _c4_chain(d: Document, index: int) -> Chain:
    links = {"": (True, True, True, 1000, True)} | _C4_LINKS
    return [(label, float(_c4(d, *switches)[index])) for label, switches in links.items()]


def _lorem(d: Document) -> Chain:
    anywhere = 1000 * share(
        reference.phrases_in(d.text)[0]["lorem"] if "lorem" in d.text.lower() else 0, len(d.names)
    )
    theirs = float(_c4(d, True, True, True, 1000, True)[2])
    return [("", theirs), ("lines: C4 looks only at those that end in punctuation", anywhere)]


def _fineweb_lines(d: Document, value: Callable[[list[str]], float]) -> Chain:
    full = [line for line in d.text.split("\n") if line.strip()]
    return [("", value(full)), ("white space: ours cuts it off behind a line", value(d.lines))]


def _fineweb(d: Document) -> dict[str, Callable[[], Chain]]:
    def ended(lines: list[str]) -> float:
        return share(sum(line.endswith(FINEWEB_ENDS) for line in lines), len(lines))

    def short(lines: list[str]) -> float:
        return share(sum(len(line) <= 30 for line in lines), len(lines))

    full = [line for line in d.text.split("\n") if line.strip()]
    size, breaks = len(d.text.replace("\n", "")), d.text.count("\n")
    marked = share(sum(reference._is(line[-1], character_classes.TERMINAL) for line in d.lines), len(d.lines))
    return {
        "line_punctuation": lambda: [
            *_fineweb_lines(d, ended),
            ("class: ours has … and ； among terminal punctuation", marked),
        ],
        "short_lines": lambda: _fineweb_lines(d, short),
        "duplicate_line_characters": lambda: [
            ("", again(full, full, True, size)),
            ("white space: ours cuts it off behind a line", again(d.lines, d.lines, True, size)),
            (
                "whole: white space behind lines is no character of ours",
                again(d.lines, d.lines, True, sum(map(len, d.lines))),
            ),
        ],
        "list_ratio": lambda: [("", share(breaks, len(d.tokens))), (WORDS, share(breaks, len(d.names)))],
    }


def _gopher_quality(d: Document) -> dict[str, Callable[[], Chain]]:
    words = len(d.tokens)
    hashes, dots = d.text.count("#"), d.text.count("...") + d.text.count("…")
    ellipses = len(re.findall(r"…+|\.{3,}", d.text))

    def lengths() -> float:
        runs = [run for run in d.runs if name(run)]
        return share(sum(map(len, runs)), len(runs))

    def alphabetic(letter: Callable[[str], bool]) -> float:
        return share(sum(any(map(letter, run)) for run in d.runs), len(d.runs))

    size: Chain = [("", d.row["spoken"][0]), (WORDS, len(d.names))]
    return {
        "few_words": lambda: size,
        "many_words": lambda: size,
        "word_length": lambda: [
            ("", d.row["spoken"][1]),
            (WORDS, lengths()),
            ("length: ours counts letters and digits", share(d.characters, len(d.names))),
        ],
        "hash_symbols": lambda: [("", share(hashes, words)), (WORDS, share(hashes, len(d.names)))],
        "ellipses": lambda: [
            ("", share(dots, words)),
            ("runs: datatrove counts six dots as two ellipses", share(ellipses, words)),
            (WORDS, share(ellipses, len(d.names))),
        ],
        "bullet_lines": lambda: _line_share(
            d,
            lambda line: line.lstrip().startswith(("•", "-")),
            lambda line: reference._is(line.lstrip()[0], character_classes.BULLET),
        ),
        "ellipsis_lines": lambda: _line_share(d, _dotted, _dotted),
        "alphabetic_words": lambda: [
            ("", share(sum(any(map(str.isalpha, word)) for word in d.tokens), words)),
            (WORDS, alphabetic(str.isalpha)),
            (
                "marks: ours counts combining marks as letters",
                alphabetic(lambda character: reference._is(character, character_classes.LETTER)),
            ),
        ],
        "stop_words": lambda: [
            ("", len(STOP_WORDS & set(d.tokens))),
            (
                "case: datatrove's stop words are in lower case only",
                len(STOP_WORDS & set(map(str.lower, d.tokens))),
            ),
            (WORDS, len(STOP_WORDS & set(d.names))),
        ],
    }


def _dotted(line: str) -> bool:
    return line.rstrip().endswith(("...", "…"))


def _gopher_repetition(d: Document) -> dict[str, Callable[[], Chain]]:
    return {
        "duplicate_paragraphs": lambda: _paragraphs_again(d, False),
        "duplicate_paragraph_characters": lambda: _paragraphs_again(d, True),
        "duplicate_lines": lambda: _lines_again(d, False),
        "duplicate_line_characters": lambda: _lines_again(d, True),
        **{f"top_{n}gram": partial(_top, d, n) for n in (2, 3, 4)},
        **{f"duplicate_{n}grams": partial(_duplicate, d, n) for n in range(5, 11)},
    }


def _c4_rules(d: Document) -> dict[str, Callable[[], Chain]]:
    return {
        "lorem_ipsum": lambda: _lorem(d),
        "curly_bracket": lambda: _c4_chain(d, 1),
        "few_sentences": lambda: _c4_chain(d, 0),
    }


CHAINS = {
    "gopher_quality": _gopher_quality,
    "gopher_repetition": _gopher_repetition,
    "c4": _c4_rules,
    "fineweb": _fineweb,
}
"""By filter: the chains of a document, by our rule."""
