"""The signals by their definitions in ``manifests.schema.signals``, in plain Python: slow, clear, and independent of the kernels."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from pipeline.text import classes
from pipeline.text.phrases import GROUPS
from pipeline.text.scan import GENERATED_HEAD, STOP_WORDS

TABLE = classes.class_table()


def _is(character: str, flag: int) -> bool:
    return bool(TABLE[ord(character)] & flag)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _alone(character: str) -> bool:
    return _is(character, classes.CJK | classes.FULL_WIDTH)


def _runs(text: str) -> list[tuple[int, str]]:
    """(position, characters) of what stands between white space and full-width characters, and of each Chinese character."""
    runs: list[tuple[int, str]] = []
    start = None
    for position, character in enumerate(text + "\n"):
        if _is(character, classes.SPACE) or _alone(character):
            if start is not None:
                runs.append((start, text[start:position]))
                start = None
            if _is(character, classes.CJK):
                runs.append((position, character))
        elif start is None:
            start = position
    return runs


def _word(run: str) -> tuple[int, ...]:
    """What makes two words the same: letters and digits, ASCII without case."""
    return tuple(ord(c.lower()) if c.isascii() else ord(c) for c in run if _is(c, classes.LETTER | classes.DIGIT))


def _inside_word(text: str, position: int) -> bool:
    """Whether an ASCII letter or digit has another letter or digit before it; phrases are not looked for there."""
    before = text[position - 1] if position else " "
    return text[position].isascii() and text[position].isalnum() and _is(before, classes.LETTER | classes.DIGIT) and not _alone(before)


def _phrases(text: str) -> tuple[Counter[str], list[int]]:
    """How often the phrases of each group occur, none in another, and where links begin."""
    data, position_of, end = text.encode(), {}, 0
    for position, character in enumerate(text):
        position_of[end] = position
        end += len(character.encode())
    low, found, links, at = data.lower(), Counter[str](), [], 0
    while at < end:
        hit = None
        if at in position_of and not _inside_word(text, position_of[at]):
            hit = next(((group, one) for group, all_ in GROUPS.items() for one in all_ if low.startswith(one.encode().lower(), at)), None)
        if hit is None:
            at += 1
            continue
        if hit[0] != "generated" or at < GENERATED_HEAD:
            found[hit[0]] += 1
        if hit[0] == "url":
            links.append(position_of[at])
        at += len(hit[1].encode())
    return found, links


def signals(text: str) -> dict[str, float]:
    visible = [c for c in text if not _is(c, classes.SPACE)]
    runs = _runs(text)
    words = [word for _, run in runs if (word := _word(run))]
    found, links = _phrases(text)
    han = sum(_is(c, classes.HAN) for c in visible)
    return {
        **_characters(text, visible),
        **_words(runs, words),
        **_lines(text, len(visible)),
        **_repetition(words, visible, text),
        **_of_phrases(found, links, runs, len(words), len(text)),
        "characters": len(visible),
        "words": len(words),
        "function_characters": _ratio(sum(_is(c, classes.FUNCTION) for c in visible), han) if han >= 50 else math.nan,
        "hash_words": _ratio(visible.count("#"), len(words)),
        "ellipsis_words": _ratio(len(re.findall(r"…+|\.{3,}", text)), len(words)),
    }


def _characters(text: str, visible: list[str]) -> dict[str, float]:
    flags = {
        "letter_ratio": classes.LETTER,
        "digit_ratio": classes.DIGIT,
        "punctuation_ratio": classes.PUNCTUATION,
        "control_ratio": classes.CONTROL,
        "broken_ratio": classes.BROKEN,
        "han_ratio": classes.HAN,
        "full_width_ratio": classes.FULL_WIDTH,
    }
    letters = sum(_is(c, classes.LETTER) for c in visible)
    alphanumeric = sum(_is(c, classes.LETTER | classes.DIGIT) for c in visible)
    ends = re.escape("".join(chr(point) for point in (TABLE & classes.SENTENCE_END).nonzero()[0]))
    sentences = [part for part in re.split(f"[{ends}\n]", text) if any(_is(c, classes.LETTER | classes.DIGIT) for c in part)]
    return {name: _ratio(sum(_is(c, flag) for c in visible), len(visible)) for name, flag in flags.items()} | {
        "uppercase_ratio": _ratio(sum(_is(c, classes.UPPER) for c in visible), letters),
        "whitespace_ratio": _ratio(len(text) - len(visible), len(text)),
        "curly_ratio": _ratio(visible.count("{") + visible.count("}"), len(visible)),
        "mean_sentence_length": _ratio(alphanumeric, len(sentences)),
        "top_character": _ratio(max(Counter(visible).values(), default=0), len(visible)),
    }


def _words(runs: list[tuple[int, str]], words: list[tuple[int, ...]]) -> dict[str, float]:
    names = {"".join(map(chr, word)) for word in words}
    return {
        "mean_word_length": _ratio(sum(map(len, words)), len(words)),
        "longest_word": max(map(len, words), default=0),
        "stop_words": sum(word in names for word in STOP_WORDS),
        "alphabetic_words": _ratio(sum(any(_is(c, classes.LETTER) for c in run) for _, run in runs), len(runs)),
        "unique_words": _ratio(len(set(words)), len(words)),
    }


def _strip(line: str) -> str:
    while line and _is(line[-1], classes.SPACE):
        line = line[:-1]
    return line


def _lines(text: str, visible: int) -> dict[str, float]:
    lines = [line for line in map(_strip, text.split("\n")) if line]
    bare = ["".join(c for c in line if not _is(c, classes.SPACE)) for line in lines]
    again = [line in bare[:index] for index, line in enumerate(bare)]
    data = sum(len(line) for line in bare if sum(_is(c, classes.LETTER) for c in line) * 4 < len(line))
    stripped = [line[next(i for i, c in enumerate(line) if not _is(c, classes.SPACE)) :] for line in lines]
    size = sum(map(len, lines))

    def share(mask: list[bool]) -> float:
        return _ratio(sum(mask), len(lines))

    return {
        "lines": len(lines),
        "mean_line_length": _ratio(size, len(lines)),
        "max_line_length": max(map(len, lines), default=0),
        "bullet_lines": share([_is(line[0], classes.BULLET) for line in bare]),
        "ellipsis_lines": share([line.endswith(("...", "…")) for line in stripped]),
        "terminal_lines": share([_is(line[-1], classes.TERMINAL) for line in bare]),
        "short_lines": share([len(line) <= 30 for line in lines]),
        "comment_lines": share([line.startswith(("#", "*", "//", "/*", "--", "<!")) for line in stripped]),
        "data_characters": _ratio(data, visible),
        "duplicate_lines": share(again),
        "duplicate_line_characters": _ratio(sum(len(line) for line, known in zip(lines, again, strict=True) if known), size),
    }


def _repetition(words: list[tuple[int, ...]], visible: list[str], text: str) -> dict[str, float]:
    total = sum(map(len, words))
    pairs = Counter(itertools.pairwise(words))
    heaviest = max((number * (len(a) + len(b)) for (a, b), number in pairs.items() if number > 1), default=0)
    grams = [tuple(words[k : k + 10]) for k in range(len(words) - 9)]
    seen, covered = set(), set()
    for k, gram in enumerate(grams):
        covered |= set(range(k, k + 10)) if gram in seen else set()
        seen.add(gram)
    longest = run = 0
    for k, character in enumerate(text):
        run = run + 1 if k and character == text[k - 1] else 1
        longest = longest if _is(character, classes.SPACE) else max(longest, run)
    return {
        "top_bigram": min(1.0, heaviest / total) if len(words) >= 50 else math.nan,
        "duplicate_ngrams": _ratio(sum(len(words[k]) for k in covered), total),
        "longest_run": _ratio(longest, len(visible)),
    }


def _of_phrases(found: Counter[str], links: list[int], runs: list[tuple[int, str]], words: int, length: int) -> dict[str, float]:
    names = {
        "html_tags": "html",
        "lorem_ipsum": "lorem",
        "javascript_notices": "javascript",
        "policy_phrases": "policy",
        "advertising_phrases": "advertising",
        "mojibake_marks": "mojibake",
    }
    url = 0
    for start, run in runs:
        inside = [link for link in links if start <= link < start + len(run)]
        url += start + len(run) - inside[0] if inside else 0
    return {name: _ratio(1000 * found[group], words) for name, group in names.items()} | {
        "generated_marks": found["generated"],
        "url_ratio": _ratio(url, length),
    }
