"""The signals by their definitions in ``manifests.schema.signals``, in plain Python: slow, clear, and
independent of the kernels."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from pipeline.text.quality_signals.document_stats import STOP_WORDS, judged_classes
from pipeline.text.quality_signals.line_counts import CHINESE_STOP_WORDS
from pipeline.text.unicode import character_classes
from pipeline.text.unicode.script import SIMPLIFIED, STANDARD, TRADITIONAL, script_table
from tests.pipeline.text.quality_signals.reference_forms import forms, line_order, word_order
from tests.pipeline.text.quality_signals.reference_neighbours import neighbours, spread
from tests.pipeline.text.quality_signals.reference_ngrams import duplicate_ngrams, top_ngram
from tests.pipeline.text.quality_signals.reference_phrases import of_phrases, phrases_in, topics

TABLE = judged_classes()


DIRECTIVES = "incl|defi|if[ (].|ifde|ifnd|endi|else|elif|unde|prag"
COMMENT = re.compile(rf"#(?!{DIRECTIVES})|\*(?:[\0- /]|$)|//|/\*|--|<!")


def _is(character: str, flag: int) -> bool:
    return bool(TABLE[ord(character)] & flag)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _alone(character: str) -> bool:
    return _is(character, character_classes.CJK | character_classes.FULL_WIDTH)


def _runs(text: str) -> list[tuple[int, str]]:
    """(position, characters) of what stands between white space and full-width characters, and of each
    Chinese character."""
    runs: list[tuple[int, str]] = []
    start = None
    for position, character in enumerate(text + "\n"):
        if _is(character, character_classes.SPACE) or _alone(character):
            if start is not None:
                runs.append((start, text[start:position]))
                start = None
            if _is(character, character_classes.CJK):
                runs.append((position, character))
        elif start is None:
            start = position
    return runs


def _word(run: str) -> tuple[int, ...]:
    """What makes two words the same: letters and digits, ASCII without case."""
    return tuple(
        ord(c.lower()) if c.isascii() else ord(c)
        for c in run
        if _is(c, character_classes.LETTER | character_classes.DIGIT)
    )


def signals(text: str) -> dict[str, float]:
    visible = [c for c in text if not _is(c, character_classes.SPACE)]
    runs = _runs(text)
    words = [word for _, run in runs if (word := _word(run))]
    found, places = phrases_in(text)
    links = [position for group, position in places if group == "url"]
    han = sum(_is(c, character_classes.HAN) for c in visible)
    order = neighbours(text)
    return {
        **_characters(text, visible),
        **_words(runs, words),
        **_lines(text, len(visible), len(words), places),
        **_paragraphs(text),
        **_repetition(words, _titled(text, runs), visible, text),
        **order,
        "gapped_characters": order["gapped_characters"] if 4 * len(visible) >= 3 * len(text) else math.nan,
        **topics(places, text, len(words)),
        "word_order": math.nan if order["clause_length_spread"] < 0.6 else word_order(words),
        "line_order": line_order(
            [(_strip(line), _words_of(line)) for line in text.split("\n")],
            2 * han > sum(_is(c, character_classes.LETTER) for c in visible),
        ),
        "prose_ratio": 1.0 if visible else math.nan,
        "chinese_stop_words": len(set(text) & set(CHINESE_STOP_WORDS)),
        **of_phrases(found, places, text, links, runs, len(words)),
        "characters": len(visible),
        "words": len(words),
        "function_characters": _ratio(sum(_is(c, character_classes.FUNCTION) for c in visible), han)
        if han >= 50
        else math.nan,
        "hash_words": _ratio(visible.count("#"), len(words)),
        "hash_tags": _ratio(len(re.findall("#(?=[A-Z\\[-\U0010ffff#])", text)), len(words)),
        "ellipsis_words": _ratio(len(re.findall(r"…+|\.{3,}", text)), len(words)),
    }


def _titled(text: str, runs: list[tuple[int, str]]) -> list[bool]:
    """Of each word, whether it is behind 《, with no 》 and fewer than 60 Chinese characters between."""
    titled = []
    for position, run in runs:
        behind = re.search("《([^《》]*)$", text[:position])
        inside = behind is not None and sum(_is(c, character_classes.CJK) for c in behind[1]) < 60
        titled += [inside] * bool(_word(run))
    return titled


def _words_of(line: str) -> list[tuple[int, ...]]:
    return [word for _, run in _runs(line) if (word := _word(run))]


def _characters(text: str, visible: list[str]) -> dict[str, float]:
    flags = {
        "letter_ratio": character_classes.LETTER,
        "digit_ratio": character_classes.DIGIT,
        "punctuation_ratio": character_classes.PUNCTUATION,
        "control_ratio": character_classes.CONTROL,
        "broken_ratio": character_classes.BROKEN,
        "han_ratio": character_classes.HAN,
        "full_width_ratio": character_classes.FULL_WIDTH,
    }
    letters = sum(_is(c, character_classes.LETTER) for c in visible)
    alphanumeric = sum(_is(c, character_classes.LETTER | character_classes.DIGIT) for c in visible)
    sentences = _sentences(text)
    standards = [script_table()[ord(c)] >> STANDARD for c in visible if ord(c) < len(script_table())]
    traditional, simplified = standards.count(TRADITIONAL), standards.count(SIMPLIFIED)
    return {
        name: _ratio(sum(_is(c, flag) for c in visible), len(visible)) for name, flag in flags.items()
    } | {
        "uppercase_ratio": _ratio(sum(_is(c, character_classes.UPPER) for c in visible), letters),
        "whitespace_ratio": _ratio(len(text) - len(visible), len(text)),
        "curly_ratio": _ratio(visible.count("{") + visible.count("}"), len(visible)),
        "traditional_ratio": _ratio(traditional, traditional + simplified),
        "sentences": len(sentences),
        "mean_sentence_length": _ratio(alphanumeric, len(sentences)),
        "top_character": _ratio(max(Counter(visible).values(), default=0), len(visible)),
    }


def _sentences(text: str) -> list[str]:
    """Parts with a letter or digit, cut at line breaks, behind sentence ends, and at white space behind
    terminal punctuation."""
    parts, part, stop = [], "", False
    for character in text + "\n":
        part += character
        space = _is(character, character_classes.SPACE)
        if (space and stop) or character == "\n" or _is(character, character_classes.SENTENCE_END):
            parts.append(part)
            part = ""
        if space:
            stop = False
        elif not _is(character, character_classes.CLOSING):
            stop = _is(character, character_classes.TERMINAL)
    return [
        part
        for part in parts
        if any(_is(c, character_classes.LETTER | character_classes.DIGIT) for c in part)
    ]


def _words(runs: list[tuple[int, str]], words: list[tuple[int, ...]]) -> dict[str, float]:
    names = ["".join(map(chr, word)) for word in words]
    capital = [
        any(_is(c, character_classes.UPPER) for c in run)
        and not any(_is(c, character_classes.LOWER) for c in run)
        for _, run in runs
    ]
    return {
        "stop_word_ratio": _ratio(sum(name in STOP_WORDS for name in names), len(words)),
        "capital_words": _ratio(sum(capital), len(words)),
        "mean_word_length": _ratio(sum(map(len, words)), len(words)),
        "longest_word": max(map(len, words), default=0),
        "stop_words": sum(word in names for word in STOP_WORDS) if len(words) >= 50 else math.nan,
        "alphabetic_words": _ratio(
            sum(any(_is(c, character_classes.LETTER) for c in run) for _, run in runs), len(runs)
        ),
        "unique_words": _ratio(len(set(words)), len(words)),
    }


def _strip(line: str) -> str:
    while line and _is(line[-1], character_classes.SPACE):
        line = line[:-1]
    return line


def _lines(text: str, visible: int, words: int, places: list[tuple[str, int]]) -> dict[str, float]:
    cut = [_strip(line) for line in text.split("\n")]
    begins = list(itertools.accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    lines = [line for line in cut if line]
    begins = [begin for line, begin in zip(cut, begins, strict=False) if line]
    bare = ["".join(c for c in line if not _is(c, character_classes.SPACE)) for line in lines]
    stripped = [
        line[next(i for i, c in enumerate(line) if not _is(c, character_classes.SPACE)) :] for line in lines
    ]
    again = [line in lines[:index] for index, line in enumerate(lines)]
    shapes = forms(stripped) | {"line_length_spread": spread([len(line) for line in lines], 1)}
    closing = character_classes.TERMINAL | character_classes.CLOSING
    letters = [sum(_is(c, character_classes.LETTER) for c in line) for line in bare]
    data = sum(len(line) for line, number in zip(bare, letters, strict=True) if number * 4 < len(line))
    repeated = sum(len(line) for line, known in zip(lines, again, strict=True) if known)
    size = sum(map(len, lines))
    comment = [bool(COMMENT.match(line)) for line in stripped]
    groups = [
        {group for group, place in places if begin <= place < begin + len(line)}
        for line, begin in zip(lines, begins, strict=True)
    ]
    header = list(itertools.takewhile(bool, comment))
    licensed = any("licence" in line for line in groups[: len(header)])

    def share(mask: list[bool]) -> float:
        return _ratio(sum(mask), len(lines))

    few = [len(_runs(line)) < 3 for line in lines]
    javascript = [bool(line & {"script", "javascript"}) for line in groups]
    policy = ["policy" in line for line in groups]
    ended = [line.endswith((".", "?", "!", '"', "'")) and not line.endswith("...") for line in lines]
    read = [a and not b and not c for a, b, c in zip(ended, few, javascript, strict=True)]
    curly = [a and "{" in line for a, line in zip(read, lines, strict=True)]
    kept = [a and not b and not c for a, b, c in zip(read, curly, policy, strict=True)]
    return shapes | {
        "lines": len(lines),
        "mean_line_length": _ratio(size, len(lines)),
        "max_line_length": max(map(len, lines), default=0),
        "bullet_lines": share([_is(line[0], character_classes.BULLET) for line in bare]),
        "ellipsis_lines": share([line.endswith(("...", "…")) for line in stripped]),
        "punctuated_lines": share([_is(line[-1], character_classes.TERMINAL) for line in bare]),
        "terminal_lines": share([_is(line[-1], closing) and line[-1] not in "!！︕﹗" for line in bare]),
        "short_lines": share([len(line) <= 30 for line in lines]),
        "few_word_lines": share(few),
        "newline_words": _ratio(text.count("\n"), words),
        "javascript_lines": share(javascript),
        "policy_lines": share(policy),
        "c4_lines": share(kept),
        "c4_sentences": sum(len(_sentences(line)) for line, keep in zip(lines, kept, strict=True) if keep),
        "c4_curly_lines": sum(curly),
        "comment_lines": share(comment),
        "licence_lines": _ratio(len(header) * licensed, len(lines)),
        "data_characters": _ratio(data, visible),
        "duplicate_lines": share(again),
        "duplicate_line_characters": _ratio(repeated, size),
    }


def _paragraphs(text: str) -> dict[str, float]:
    groups = itertools.groupby(map(_strip, text.split("\n")), key=bool)
    found = [list(lines) for full, lines in groups if full]
    sizes = [sum(map(len, lines)) for lines in found]
    again = [lines in found[:index] for index, lines in enumerate(found)]
    repeated = sum(size for size, known in zip(sizes, again, strict=True) if known)
    return {
        "duplicate_paragraphs": _ratio(sum(again), len(found)),
        "duplicate_paragraph_characters": _ratio(repeated, sum(sizes)),
    }


def _repetition(
    words: list[tuple[int, ...]], titled: list[bool], visible: list[str], text: str
) -> dict[str, float]:
    total, longest, run = sum(map(len, words)), 0, 0
    han, letters = (
        sum(_is(c, flag) for c in visible) for flag in (character_classes.HAN, character_classes.LETTER)
    )
    forgiven = 20 * (2 * han > letters)
    entropy = -sum(c / len(words) * math.log(c / len(words)) for c in Counter(words).values())
    for k, character in enumerate(text):
        run = run + 1 if k and character == text[k - 1] else 1
        longest = longest if _is(character, character_classes.SPACE) else max(longest, run)
    return {
        **{f"top_{n}gram": top_ngram(words, n) / total if len(words) >= 50 else math.nan for n in (2, 3, 4)},
        **{
            f"duplicate_{n}grams": _ratio(max(duplicate_ngrams(words, titled, n) - forgiven, 0), total)
            for n in range(5, 11)
        },
        "word_entropy": entropy if len(words) >= 200 else math.nan,
        "longest_run": _ratio(longest, len(visible)),
    }
