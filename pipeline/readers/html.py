"""Pages: their charset, title and address, and their text without boilerplate, by resiliparse's native
parser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson
import pyarrow as pa
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from pipeline.readers.charset import decode_page
from pipeline.readers.input_files import InputFile
from pipeline.readers.main_content import lines_of, main_text, weigh
from pipeline.readers.raw_documents import raw_row
from pipeline.readers.single_document import read_whole

# What resiliparse calls the main content weighs less than this, and less than this share of the page: it
# chose the wrong element.
_WEAK = 300
_WEAK_SHARE = 0.4
# Its time grows with the square of the depth of these, and lists are indented by it; real pages are less than
# 200 deep.
_MAX_DEPTH = 1000
_NESTED = re.compile(
    r"<(/?)([dD][iI][vV]|[aA][rR][tT][iI][cC][lL][eE]|[uUoO][lL]|[mM][eE][nN][uU]|[dD][iI][rR])\b"
)
# It takes every <ul> near the root for a menu; which lists are menus is better told by their lines.
_LIST = re.compile(r"<(/?)[uU][lL]\b")


class Page(NamedTuple):
    """``text`` is the whole page where ``reason`` says why it is no document."""

    text: str
    title: str | None
    url: str | None
    charset: str | None
    reason: str | None = None
    detail: str | None = None


def read_page(file: InputFile, name: str, limit: int) -> pa.RecordBatch:
    """The RAW batch of a file that is one page.

    Raises:
        DamagedFileError: the file is damaged.
    """
    data, size, charset = read_whole(file, limit)
    if size > limit:
        return raw_row(name, data, size=size, meta=page_meta(path=name))
    page = page_of(data)
    columns = {
        "url": page.url,
        "charset": charset or page.charset,
        "reason": page.reason,
        "detail": page.detail,
    }
    return raw_row(name, page.text.encode(), meta=page_meta(path=name, title=page.title), **columns)


def page_meta(**entries: str | None) -> str:
    """The ``meta`` column's JSON of a page; entries that are empty or None are left out."""
    return orjson.dumps({name: value for name, value in entries.items() if value}).decode()


def page_of(data: bytes, declared: Sequence[str | None] = ()) -> Page:
    """The page in the bytes of an HTML file; ``declared`` are charsets told from outside."""
    text, charset = decode_page(data, declared)
    if charset is None:
        return Page(
            text,
            None,
            None,
            None,
            "invalid_encoding",
            f"no charset fits; declared: {', '.join(filter(None, declared)) or 'none'}",
        )
    if _depth(text) > _MAX_DEPTH:
        return Page(
            text, None, None, charset, "nested_too_deep", f"elements are nested more than {_MAX_DEPTH} deep"
        )
    tree = HTMLTree.parse(_LIST.sub(r"<\1ol", text))
    title = " ".join((tree.title or "").split()) or None
    found = _text_of(tree)
    if found:
        return Page(found, title, _address(tree), charset)
    whole = extract_plain_text(tree, main_content=False).strip()
    reason, detail = ("no_main_text", f"{len(whole)} characters in all") if whole else ("empty", None)
    return Page(whole, title, _address(tree), charset, reason, detail)


def _depth(text: str) -> int:
    """How deep the elements of ``_NESTED`` can be nested at most; for each name apart, since an end tag ends
    those of its own name only."""
    depth: dict[str, int] = {}
    deepest: dict[str, int] = {}
    for closing, written in _NESTED.findall(text):
        name = written.lower()
        depth[name] = max(depth.get(name, 0) - 1, 0) if closing else depth.get(name, 0) + 1
        if depth[name] > deepest.get(name, 0):
            deepest[name] = depth[name]
    return sum(deepest.values())


def _text_of(tree: HTMLTree) -> str:
    lines = lines_of(_extract(tree, main_content=True))
    weights = [weigh(line) for line in lines]
    weight = sum(filter(_positive, weights))
    if weight < _WEAK:
        all_lines = lines_of(_extract(tree, main_content=False))
        all_weights = [weigh(line) for line in all_lines]
        if weight < _WEAK_SHARE * sum(filter(_positive, all_weights)):
            lines, weights = all_lines, all_weights
    return main_text(lines, weights)


def _positive(weight: float) -> bool:
    return weight > 0


def _extract(tree: HTMLTree, main_content: bool) -> str:
    # Comments are other people's texts; alternative texts of images are mostly file names.
    return extract_plain_text(
        tree,
        preserve_formatting="minimal_html",
        main_content=main_content,
        links=True,
        comments=False,
        alt_texts=False,
    )


def _address(tree: HTMLTree) -> str | None:
    """The page's own canonical URL, if it gives an absolute one."""
    head = tree.head
    link = head.query_selector('link[rel="canonical"]') if head is not None else None
    url = link.getattr("href") if link is not None else None
    return url if url and url.startswith(("http://", "https://")) else None
