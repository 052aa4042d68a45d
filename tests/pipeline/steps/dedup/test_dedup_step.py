"""The dedup step on real sentences: what is removed, why, and that the order of the input does not matter."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from manifests.schema.dedup import DedupSettings
from manifests.schema.signals import SIGNALS
from pipeline.steps.dedup import buckets
from tests.pipeline.steps.dedup.finished import finish
from tests.pipeline.toy import PEP20

# Lincoln, Gettysburg (1863); Darwin, Origin of Species (1859); Tao Yuanming, Peach Blossom Spring (421); Fan
# Zhongyan (1046).
GETTYSBURG = (
    "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in "
    "Liberty, and dedicated to the "
    "proposition that all men are created equal. Now we are engaged in a great civil war, testing whether "
    "that nation, or any nation so "
    "conceived and so dedicated, can long endure. We are met on a great battle-field of that war. We have "
    "come to dedicate a portion of "
    "that field, as a final resting place for those who here gave their lives that that nation might live."
)
ORIGIN = (
    "When we look to the individuals of the same variety or sub-variety of our older cultivated plants and "
    "animals, one of the first "
    "points which strikes us, is, that they generally differ much more from each other, than do the "
    "individuals of any one species "
    "or variety in a state of nature. When we reflect on the vast diversity of the plants and animals which "
    "have been cultivated, "
    "and which have varied during all ages under the most different climates and treatment, I think we are "
    "driven to conclude that "
    "this is simply due."
)
PEACH = (
    "晋太元中，武陵人捕鱼为业。缘溪行，忘路之远近。忽逢桃花林，夹岸数百步，中无杂树，芳草鲜美，落英缤纷。渔"
    "人甚异之，复前行，欲穷其林。"
    "林尽水源，便得一山，山有小口，仿佛若有光。便舍船，从口入。初极狭，才通人。复行数十步，豁然开朗。土地平"
    "旷，屋舍俨然，有良田美池桑竹之属。"
)
YUEYANG = (
    "庆历四年春，滕子京谪守巴陵郡。越明年，政通人和，百废具兴，乃重修岳阳楼，增其旧制，刻唐贤今人诗赋于其"
    "上，属予作文以记之。"
    "予观夫巴陵胜状，在洞庭一湖。衔远山，吞长江，浩浩汤汤，横无际涯，朝晖夕阴，气象万千，此则岳阳楼之大观"
    "也，前人之述备矣。"
)
LICENCE = "This document is placed in the public domain or under the CC0-1.0-Universal license, whichever is more permissive."


def test_exact_and_near_duplicates_name_cluster_survivor_and_similarity(tmp_path: Path) -> None:
    edited = PEACH.replace("芳草鲜美", "芳草甚美")
    found = finish(
        tmp_path,
        [
            {"id": "g1", "text": GETTYSBURG},
            {"id": "g2", "text": GETTYSBURG},
            {"id": "p1", "text": PEACH, "language": "zh"},
            {"id": "p2", "text": edited + "记。", "language": "en"},
            {"id": "o", "text": ORIGIN},
            {"id": "y", "text": YUEYANG, "language": "zh"},
        ],
    )
    assert set(found.texts) == {"g1", "p2", "o", "y"}
    reason, detail = found.rejected["g2"]
    assert reason == "exact_duplicate"
    assert detail.startswith("cluster=")
    assert detail.endswith(" survivor=g1 similarity=1.00")
    reason, detail = found.rejected["p1"]
    assert reason == "near_duplicate"
    assert detail.split()[1] == "survivor=p2"
    assert 0.75 <= float(detail.split("similarity=")[1]) < 1
    assert found.metrics["clusters/2"] == 2
    assert found.metrics["verified_pairs"] >= 1
    assert found.tokens_at["o"] == 7


def test_the_source_s_place_beats_length_and_length_beats_the_id(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": GETTYSBURG + " And so on.", "source": "web"},
        {"id": "b", "text": GETTYSBURG, "source": "best"},
        {"id": "c", "text": ORIGIN},
        {"id": "d", "text": ORIGIN + " Yes, due."},
        {"id": "f", "text": YUEYANG},
        {"id": "e", "text": YUEYANG},
    ]
    assert set(finish(tmp_path, rows).texts) == {"b", "d", "e"}


@pytest.mark.skipif("perplexity" not in SIGNALS, reason="there is no perplexity signal")
def test_lower_perplexity_beats_length(tmp_path: Path) -> None:
    rows = [
        {"id": "long", "text": ORIGIN + " Yes, due.", "perplexity": 300.0},
        {"id": "good", "text": ORIGIN, "perplexity": 120.0},
    ]
    assert set(finish(tmp_path, rows).texts) == {"good"}


def test_every_order_of_the_input_gives_the_same_result(tmp_path: Path) -> None:
    rows = []
    for index, text in enumerate((GETTYSBURG, ORIGIN, PEACH, YUEYANG)):
        rows += [
            {"id": f"{index}-{copy}", "text": f"{text} {'!' * 30} {copy}" if copy % 2 else text}
            for copy in range(5)
        ]
        rows.append(
            {
                "id": f"{index}-licensed",
                "text": f"Notes {index}.\n\n{LICENCE}\n\nEnd {index}.",
                "source": "best",
            }
        )
    rows.append({"id": "zen", "text": f"{' '.join(PEP20)}\n\n{LICENCE}"})
    results = []
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        results.append(replace(finish(tmp_path / str(seed), rows, parts=seed + 1), folder=tmp_path))
    assert results[0] == results[1] == results[2]
    assert set(results[0].texts) == {"0-1", "1-1", "2-1", "3-1", "0-licensed", "zen"}
    assert results[0].texts["zen"] == " ".join(PEP20) + "\n\n"
    assert results[0].metrics["clusters/5"] == 4


PHASES = ("exact", "bands", "pairs", "paragraphs")


def test_small_buckets_give_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"id": f"{index}", "text": f"{text}\n\n{LICENCE}\n\n{'a' * index}"}
        for index in range(6)
        for text in (ORIGIN, PEACH)
    ]
    rows = [{**row, "id": f"{row['id']}-{place}"} for place, row in enumerate(rows)]
    monkeypatch.setattr(buckets, "BUCKET_BYTES", 150)
    many = finish(tmp_path, rows, parts=3)
    assert [len(list((many.folder / phase).glob("bucket-*"))) for phase in PHASES] == [2, 24, 10, 3]
    monkeypatch.undo()
    (many.folder / "keys" / ".receipts" / "part-00000.json").unlink()
    few = finish(tmp_path, rows, DedupSettings(max_character_run=17), parts=3)
    # A pair is a candidate once in each bucket that it is found in.
    assert few.metrics.pop("candidates") < many.metrics.pop("candidates")
    assert few == many
    assert [len(list((many.folder / phase).glob("bucket-*"))) for phase in PHASES] == [1, 1, 1, 1]


def test_repeated_paragraphs_go_but_for_the_best_place(tmp_path: Path) -> None:
    rows = [
        {"id": "one", "text": f"{GETTYSBURG}\n\n{LICENCE}\n", "source": "best"},
        {"id": "two", "text": f"{ORIGIN}\n\n{LICENCE}\n\n岳阳楼记\n\n{LICENCE}\n"},
        {"id": "only", "text": f"{LICENCE}\n"},
        {"id": "code", "text": f"# {YUEYANG}\n\n{LICENCE}\n", "language": "code"},
    ]
    found = finish(tmp_path, rows)
    assert found.texts == {
        "one": rows[0]["text"],
        "two": f"{ORIGIN}\n\n岳阳楼记\n\n",
        "code": rows[3]["text"],
    }
    assert found.tokens_at == {"one": 7, "two": 7, "code": 7}
    assert found.rejected == {
        "only": ("duplicate_paragraphs", "1 paragraphs stand in other documents, 0 of 115 bytes are left")
    }
    assert found.lost == {"only": rows[2]["text"]}
    assert found.metrics == {
        "candidates": 0,
        "verified_pairs": 0,
        "paragraphs_removed/en": 2,
        "documents_cut/en": 1,
    }


def test_paragraphs_of_a_rejected_document_do_not_count(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": f"{GETTYSBURG}\n\n{LICENCE}"},
        {"id": "b", "text": f"{GETTYSBURG} \n\n{LICENCE}"},
        {"id": "c", "text": f"{ORIGIN}\n\n{LICENCE}", "source": "best"},
    ]
    found = finish(tmp_path, rows)
    assert {name: text.count(LICENCE) for name, text in found.texts.items()} == {"b": 0, "c": 1}


def test_runs_of_one_character_are_cut_in_prose_only(tmp_path: Path) -> None:
    rows = [
        {"id": "en", "text": "Title\n" + "=" * 40 + "\n" + " " * 40 + "Yes" + "!" * 20},
        {"id": "zh", "text": "笑死" + "哈" * 30, "language": "zh"},
        {"id": "code", "text": "#" * 60 + "\nx = 1", "language": "code"},
    ]
    found = finish(tmp_path, rows)
    english = "Title\n" + "=" * 40 + "\n" + " " * 40 + "Yes" + "!" * 16
    assert found.texts == {"en": english, "zh": "笑死" + "哈" * 16, "code": rows[2]["text"]}
    assert found.metrics["characters_removed/en"] == 4
    assert found.metrics["characters_removed/zh"] == 14
    assert found.tokens_at == {"en": 7, "zh": 7, "code": 7}


def test_paragraphs_can_be_left_alone(tmp_path: Path) -> None:
    rows = [{"id": str(index), "text": f"Number {index}.\n\n{LICENCE}"} for index in range(2)]
    found = finish(tmp_path, rows, DedupSettings(paragraphs=False, similarity=1.0))
    assert found.texts == {row["id"]: row["text"] for row in rows}


def test_documents_without_letters_are_not_alike(tmp_path: Path) -> None:
    rows = [{"id": "dots", "text": "... ..."}, {"id": "lines", "text": "— — —"}, {"id": "empty", "text": ""}]
    assert set(finish(tmp_path, rows).texts) == {"dots", "lines", "empty"}


def test_an_empty_corpus(tmp_path: Path) -> None:
    assert finish(tmp_path, [], parts=1).metrics == {"candidates": 0, "verified_pairs": 0}


REMAINDERS = {
    (40, 201): False,  # bytes left of a document's bytes: less than a fifth, and fewer than 60
    (40, 200): True,  # a fifth exactly
    (41, 200): True,
    (59, 296): False,
    (59, 295): True,
    (59, 200): True,  # fewer than 60, but more than a fifth
    (60, 301): True,  # less than a fifth, but 60
    (61, 400): True,
    (58, 400): False,
}


@pytest.mark.parametrize("rest", ["r", "桃r"])
def test_a_remainder_is_rejected_only_if_it_is_both_a_small_part_and_few_bytes(
    tmp_path: Path, rest: str
) -> None:
    """Beside a paragraph that stands in another document; bytes are counted, not characters."""
    rows, endings = [], {}
    for left, size in REMAINDERS:
        repeated = f"{left} of {size}. {GETTYSBURG}"[: size - left - 2]
        endings[f"{left}/{size}"] = ending = rest * (left // len(rest.encode())) + "r" * (
            left % len(rest.encode())
        )
        rows.append(
            {"id": f"first {left}/{size}", "text": f"{ORIGIN[left:]}\n\n{repeated}", "source": "best"}
        )
        rows.append({"id": f"{left}/{size}", "text": f"{repeated}\n\n{ending}"})
    found = finish(
        tmp_path, rows, DedupSettings(min_paragraph_characters=60, max_character_run=1000, similarity=1.0)
    )
    for (left, size), kept in REMAINDERS.items():
        name = f"{left}/{size}"
        if kept:
            assert found.texts[name] == endings[name]
        else:
            what = f"1 paragraphs stand in other documents, {left} of {size} bytes are left"
            assert found.rejected[name] == ("duplicate_paragraphs", what)
