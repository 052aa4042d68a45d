"""Traditional and Simplified copies of one text are found in each other."""

from __future__ import annotations

import numpy as np
import opencc
import pyarrow as pa
import pytest

from pipeline.text.contamination.script_fold import simplified_fold_table
from pipeline.text.similarity.text_units import CJK, fold_table
from tests.pipeline.text.contamination.test_ngrams import ITEM, PASSAGE, index, spans

MODERN = "头发干了以后，理发师傅在后面的钟表店里发现了一张面条的照片，他看着窗外发呆，想着心事，什么话也没有说出来。"


@pytest.mark.parametrize("script", ["s2t", "s2tw", "s2hk", "s2twp"])
@pytest.mark.parametrize("text", [PASSAGE, MODERN])
def test_a_copy_in_the_other_script_is_found_both_ways(text: str, script: str) -> None:
    other = opencc.OpenCC(script).convert(text)
    assert other != text
    for item, document in ((text, other), (other, text)):
        (hit,) = spans(index([item], characters=20), [f"有人写道：{document}"])
        assert hit is not None
        assert hit[0] == 0
        assert document.startswith(hit[1]), "it is quoted as it stands in the document"


def test_other_texts_are_not_found() -> None:
    found = index([PASSAGE, ITEM], characters=20)
    assert spans(
        found, ["落霞與孤鶩齊飛，秋水共長天一色。漁舟唱晚，響窮彭蠡之濱。雁陣驚寒，聲斷衡陽之浦。"]
    ) == [None]


def test_only_han_characters_are_folded_and_once() -> None:
    table, plain = simplified_fold_table(), fold_table()
    changed = np.flatnonzero(table != plain)
    assert 3000 < len(changed) < 6000
    assert (plain[changed] >= CJK).all()
    assert (table[changed] >= CJK).all()
    targets = table[changed] & np.uint32(CJK - 1)
    assert (table[targets] == table[changed]).mean() > 0.99
    for one, other in ("裡里", "著着", "臺台", "髮发", "麵面", "乾干"):
        assert table[ord(one)] == table[ord(other)]


def test_all_hits_are_the_windows_that_both_have() -> None:
    found = index([PASSAGE, ITEM], words=5, characters=8)
    units = len(PASSAGE.replace("，", "").replace("。", ""))
    texts = pa.array(["nothing", PASSAGE, PASSAGE * 3, ITEM, f"{PASSAGE[:9]} {ITEM}", ""])
    hits = found.all_hits(texts)
    words = len(ITEM.split()) - 4
    assert [len(row) for row in hits.to_pylist()] == [0, units - 7, units - 7, words, 1 + words, 0]
    assert hits.to_pylist()[1] == hits.to_pylist()[2]
    assert set(hits.to_pylist()[3]) < set(hits.to_pylist()[4])
    owners = found.items_of(hits.flatten().to_numpy()).tolist()
    assert owners[: 2 * (units - 7) + words] == [0] * 2 * (units - 7) + [1] * words
    assert sorted(owners[2 * (units - 7) + words :]) == [0] + [1] * words


def test_what_is_passed_over_is_no_hit_and_the_rest_still_is() -> None:
    found = index([PASSAGE, ITEM], words=5, characters=8)
    passed = np.array(found.all_hits(pa.array([PASSAGE[:20]])).to_pylist()[0], np.uint64)
    less = index([PASSAGE, ITEM], words=5, characters=8)
    less.pass_over(passed)
    assert spans(less, [PASSAGE[:20]]) == [None]
    assert spans(found, [PASSAGE[:20]]) != [None]
    (hit,) = spans(less, [PASSAGE])
    assert hit is not None
    assert PASSAGE.index(hit[1]) > 8
    assert spans(less, [ITEM]) == spans(found, [ITEM])
    assert less.items_of(passed).tolist() == [-1] * len(passed)
    assert found.items_of(np.array([12345], np.uint64)).tolist() == [-1]


def test_long_texts_have_their_hits_over_every_border() -> None:
    found = index([PASSAGE], characters=20)
    filler = "天地玄黄宇宙洪荒日月盈昃辰宿列张"
    texts = [filler * (number * 7) + PASSAGE + filler * 300 for number in range(40)]
    counts = {len(row) for row in found.all_hits(pa.array(texts)).to_pylist()}
    assert counts == {len(found.all_hits(pa.array([PASSAGE])).to_pylist()[0])}


def test_characters_are_folded_as_each_is_alone() -> None:
    table, plain = simplified_fold_table(), fold_table()
    taiwanese, general = opencc.OpenCC("tw2s"), opencc.OpenCC("t2s")
    for point in range(0x4E00, 0xA000, 7):
        alone = general.convert(taiwanese.convert(chr(point)))
        assert table[point] == plain[ord(alone) if len(alone) == 1 else point]
