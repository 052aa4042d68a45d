"""The text of pages against gold, ours and trafilatura's.

    python -m benchmarks.html_extraction FILE

``FILE`` holds a page a line as JSON (gzip): ``html_base64``, and either ``wanted`` and ``unwanted`` snippets or
the ``article`` (see ``quality`` for what is measured). ``--halves`` shows the pages of either half too, so that a
threshold may be set on one and judged on the other.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import orjson

from pipeline.readers.html import page_of

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_SHINGLE = 4

Extractor = Callable[[bytes], str]


def quality(gold: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Snippets' and articles' figures on these pages.

    A snippet is found if it is in the text when white space is left out of both. ``wanted`` and ``unwanted`` are
    the shares of all wanted and of all unwanted snippets that are found; ``f1`` counts as trafilatura's own
    evaluation does: a wanted snippet found is a true positive, one missed a false negative, an unwanted one found
    a false positive.

    An article's ``f1`` is that of its words' shingles of four (as multisets), and the figure is the mean over the
    pages. trafilatura's are measured on the same pages, without comments and otherwise as it comes, if it is
    installed, else None.
    """
    theirs = trafilatura()
    snippets = [page for page in gold if "wanted" in page]
    articles = [page for page in gold if "article" in page]
    own, other = _snippets(snippets, ours), _snippets(snippets, theirs) if theirs else {}
    return {
        "snippets": {**own, "trafilatura_f1": other.get("f1")},
        "article": {
            "f1": _articles(articles, ours),
            "trafilatura_f1": _articles(articles, theirs) if theirs else None,
        },
    }


def read_gold(path: Path) -> list[dict[str, Any]]:
    """The pages of a gold file, each with its bytes as ``html``."""
    with gzip.open(path) as lines:
        pages = [orjson.loads(line) for line in lines]
    return [page | {"html": base64.b64decode(page["html_base64"])} for page in pages]


def half_of(page: dict[str, Any]) -> int:
    """0 or 1, by a hash of the page's name."""
    return hashlib.sha256(page["page"].encode()).digest()[0] & 1


def ours(data: bytes) -> str:
    page = page_of(data)
    return "" if page.reason else page.text


def trafilatura() -> Extractor | None:
    """trafilatura's extraction, if it is installed."""
    try:
        module = importlib.import_module("trafilatura")
    except ImportError:
        return None
    return lambda data: module.extract(data, include_comments=False) or ""


def _snippets(pages: Sequence[dict[str, Any]], extract: Extractor) -> dict[str, float]:
    found: Counter[str] = Counter()
    for page in pages:
        text = _SPACE.sub("", extract(page["html"]))
        for kind in ("wanted", "unwanted"):
            found[kind] += sum(_SPACE.sub("", snippet) in text for snippet in page[kind])
            found[f"all {kind}"] += len(page[kind])
    errors = found["all wanted"] - found["wanted"] + found["unwanted"]
    return {
        "f1": _share(2 * found["wanted"], 2 * found["wanted"] + errors),
        "wanted": _share(found["wanted"], found["all wanted"]),
        "unwanted": _share(found["unwanted"], found["all unwanted"]),
    }


def _articles(pages: Sequence[dict[str, Any]], extract: Extractor) -> float:
    scores = [article_f1(page["article"], extract(page["html"])) for page in pages]
    return _share(sum(scores), len(scores))


def article_f1(article: str, text: str) -> float:
    """Of the shingles of four words of two texts; the whole text is one if it is shorter."""
    expected, found = _shingles(article), _shingles(text)
    return _share(2 * (expected & found).total(), expected.total() + found.total())


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + _SHINGLE]) for at in range(max(len(words) - _SHINGLE, 0) + 1))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def speed(pages: Iterable[dict[str, Any]]) -> float:
    """Our megabytes of pages a CPU second."""
    size, start = 0, process_time()
    for page in pages:
        ours(page["html"])
        size += len(page["html"])
    return size / 1e6 / (process_time() - start)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--halves", action="store_true")
    options = parser.parse_args(arguments)
    gold = read_gold(options.file)
    figures: dict[str, Any] = quality(gold) | {"MB/s": speed(gold)}
    if options.halves:
        figures["halves"] = [quality([page for page in gold if half_of(page) == half]) for half in (0, 1)]
    print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
