from __future__ import annotations

import argparse
import inspect
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.signals import MODEL_SIGNALS, SIGNALS, histogram_edges
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals import document_stats
from pipeline.text.quality_signals.phrases import groups
from pipeline.text.quality_signals.signals import MEASURED, measure
from tests.pipeline.text.quality_signals import reference

PIECES = [
    *(phrase for phrases in groups().values() for phrase in phrases),
    *(
        "the",
        "of",
        "And",
        "word",
        "don't",
        "人民",
        "《",
        "》",
        "的",
        "了",
        "これ",
        "한국",
        "é",
        "e\u0301",
        "Ж",
        "𝒳",
        "𠀀",
        "😀",
        "\ufffd",
        "\x07",
        "\x85",
        "\ue000",
    ),
    *(
        "\n",
        "\n",
        " ",
        " ",
        "\t",
        "\u3000",
        "...",
        "…",
        "……",
        "。",
        "，",
        "！",
        "?",
        ".",
        "-",
        "•",
        "#",
        "{",
        "}",
        "//",
        "/*",
        "12",
        "３",
        "・",
        "\u200b",
    ),
    "the quick brown fox jumps over the lazy dog and runs away again",
    "白日依山尽黄河入海流欲穷千里目更上一层楼",
    *(
        "the of",
        "of is",
        "to and",
        "，的",
        "。了",
        "和，",
        "l1ke",
        "wo~rd",
        "qx zt",
        "國 中",
        "好*好",
        "冇丨昰",
    ),
    *(
        "1. ",
        "一、",
        "(2) ",
        "第三条　",
        "Article 3 ",
        "Section 12",
        "JOHN: ",
        "问：",
        "a\tb\tc",
        "x    y    z",
    ),
    *("a line that is about full of words,\n", "The end of it.\n", "and on it went\n", "这一行写满了字\n"),
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.sampled_from(PIECES), min_size=60, max_size=120).map("".join),
    st.lists(st.sampled_from(["a b c d e f g h i j", " ", "a b", "\n", "k l"]), max_size=30).map(" ".join),
)


def check(texts: list[str], array: pa.Array) -> None:
    found = measure(array)
    for row, text in enumerate(texts):
        expected = reference.signals(text)
        assert set(expected) == set(MEASURED)
        for name, value in expected.items():
            assert found[name][row] == pytest.approx(value, rel=1e-5, nan_ok=True), (name, text)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_signals_are_what_their_definitions_say(texts: list[str]) -> None:
    check(texts, pa.array(texts, pa.string()))


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=6), st.data())
def test_slices_and_large_strings_give_the_same(texts: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(texts)))
    stop = data.draw(st.integers(start, len(texts)))
    for kind in (pa.string(), pa.large_string()):
        check(texts[start:stop], pa.array(texts, kind)[start:stop])


def test_real_documents() -> None:
    texts = [inspect.getsource(module)[:20_000] for module in (argparse, json)]
    check(texts, pa.array(texts))


def test_a_null_is_an_empty_document() -> None:
    found = measure(pa.array(["words here", None, "x"]))
    assert found["words"].tolist() == [2, 0, 1]
    assert np.isnan(found["mean_word_length"][1])


def test_no_documents() -> None:
    assert all(
        values.shape == (0,) and values.dtype == np.float32
        for values in measure(pa.array([], pa.string())).values()
    )


def test_only_text_is_measured() -> None:
    with pytest.raises(TypeError, match="expected strings, found int64"):
        measure(pa.array([1]))


def test_buffers_are_views() -> None:
    array = pa.array(["ab", "汉字", "", "z"])
    buffers = text_buffers(array[1:3])
    assert buffers.data.ctypes.data == array.buffers()[2].address
    assert [
        bytes(buffers.data[a:b]).decode() for a, b in zip(buffers.offsets, buffers.offsets[1:], strict=False)
    ] == ["汉字", ""]


def test_a_very_long_document_is_measured_by_its_beginning_cut_between_characters() -> None:
    counts, *_ = document_stats.scan(text_buffers(pa.array(["汉字汉字", "ab"])), longest=7)
    assert counts["han"].tolist() == [2, 0]
    assert counts["code_points"].tolist() == [2, 2]


def test_what_junk_looks_like() -> None:
    texts = [
        "锟斤拷锟斤拷",
        "好" * 50,
        "点击下载 友情链接 上一篇 下一篇",
        "<div><p>Hi</p></div>",
        "Lorem ipsum dolor sit amet",
    ]
    found = measure(pa.array(texts))
    assert found["mojibake_marks"][0] == pytest.approx(2000 / 6)
    assert found["longest_run"][1] == 1
    assert found["advertising_phrases"][2] == pytest.approx(4000 / 14)
    assert found["html_tags"][3] == 3000
    assert found["lorem_ipsum"][4] == 400


def test_every_signal_is_measured_or_modelled_and_has_bins() -> None:
    assert tuple(SIGNALS) == MEASURED + MODEL_SIGNALS
    for name in SIGNALS:
        edges = histogram_edges(name)
        assert list(edges) == sorted(set(edges))
