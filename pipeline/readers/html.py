"""Pages: their charset, title and address, and their text without boilerplate; parsed by resiliparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson
import pyarrow as pa
from resiliparse.parse.html import HTMLTree

from pipeline.readers.charset import decode_page
from pipeline.readers.input_files import InputFile
from pipeline.readers.main_content import main_lines
from pipeline.readers.main_element import main_element
from pipeline.readers.page_blocks import PageBlocks, blocks_of
from pipeline.readers.page_cost import too_costly
from pipeline.readers.page_text import text_of
from pipeline.readers.raw_documents import raw_row
from pipeline.readers.single_document import read_whole

# Real pages are less than 200 deep.
_MAX_DEPTH = 1000


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
    costly = too_costly(text)
    if costly is not None:
        return Page(text, None, None, charset, costly.reason, costly.detail)
    tree = HTMLTree.parse(text)
    title = " ".join((tree.title or "").split())
    source = tree.body.inner_html if tree.body is not None else ""
    page = blocks_of(source)
    if page.deepest > _MAX_DEPTH:
        detail = f"elements are nested more than {_MAX_DEPTH} deep"
        return Page(text, title or None, None, charset, "nested_too_deep", detail)
    found = _main_text(page, title) or _main_text(blocks_of(source, with_fallbacks=True), title)
    if found:
        return Page(found, title or None, _address(tree), charset)
    whole = "\n".join(block.text for block in page.blocks)
    if not whole:
        return Page(whole, title or None, _address(tree), charset, "empty")
    detail = f"{len(whole)} characters in all"
    return Page(whole, title or None, _address(tree), charset, "no_main_text", detail)


def _main_text(page: PageBlocks, title: str) -> str:
    main = main_element(page)
    return text_of(page, main_lines(page, main, title)) if main is not None else ""


def _address(tree: HTMLTree) -> str | None:
    """The page's own canonical URL, if it gives an absolute one."""
    head = tree.head
    link = head.query_selector('link[rel="canonical"]') if head is not None else None
    url = link.getattr("href") if link is not None else None
    return url if url and url.startswith(("http://", "https://")) else None
