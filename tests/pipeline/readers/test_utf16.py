"""UTF-16 is decoded as it is read, wherever its bytes are divided; half a character at the end shows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.charset import without_utf16

TEXT = "学而时习之，不亦说乎？\nZen 𝔷 of Python\n"
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def blocks(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """``data`` in pieces, the first of two bytes or more."""
    borders = sorted({0, len(data), *(2 + cut % (len(data) - 1) for cut in cuts)})
    return (data[start:end] for start, end in pairwise(borders))


@given(cuts=st.lists(st.integers(0, 1000), max_size=8))
@pytest.mark.parametrize("charset", MARKS)
def test_the_pieces_make_no_difference(charset: str, cuts: list[int]) -> None:
    data = MARKS[charset] + TEXT.encode(charset)
    found, decoded = without_utf16(blocks(data, cuts))
    assert (found, b"".join(decoded).decode()) == (charset, TEXT)


@pytest.mark.parametrize("charset", MARKS)
@pytest.mark.parametrize("missing", [1, 3])
def test_half_a_character_at_the_end_is_a_byte_that_no_utf8_has(charset: str, missing: int) -> None:
    data = MARKS[charset] + (TEXT + "𝔷").encode(charset)
    _, decoded = without_utf16(blocks(data[:-missing], [20]))
    assert b"".join(decoded) == TEXT.encode() + b"\xff"


def test_other_bytes_pass_as_they_are() -> None:
    found, decoded = without_utf16(iter([b"\xff", b"\xfeabc"]))
    assert (found, b"".join(decoded)) == (None, b"\xff\xfeabc")
