"""Long documents are cut into pieces with ids of their own; together they are the document."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xxhash

from pipeline.steps.ingest.ingest_step import IngestStep
from pipeline.text.quality_signals.signals import measure
from tests.pipeline.at_hand import chapters, needs_texts
from tests.pipeline.plugins import write_plugin
from tests.pipeline.steps.ingest.run import Ingested, corpus, ingest
from tests.pipeline.steps.ingest.samples import jsonl
from tests.pipeline.steps.ingest.test_limit import FORMATS
from tests.pipeline.toy import PEP20

SHARED = Path(__file__).parents[5] / "shared" / "corpus"
ZEN = "\n".join(PEP20)
STATUTE = """第一章 基本规定
第一条 为了保护民事主体的合法权益，调整民事关系，维护社会和经济秩序，适应中国特色社会主义发展要求，弘扬社会主义核心价值观，根据宪法，制定本法。
第二条 民法调整平等主体的自然人、法人和非法人组织之间的人身关系和财产关系。
第三条 民事主体的人身权利、财产权利以及其他合法权益受法律保护，任何组织或者个人不得侵犯。
第四条 民事主体在民事活动中的法律地位一律平等。
第五条 民事主体从事民事活动，应当遵循自愿原则，按照自己的意思设立、变更、终止民事法律关系。
第六条 民事主体从事民事活动，应当遵循公平原则，合理确定各方的权利和义务。
第七条 民事主体从事民事活动，应当遵循诚信原则，秉持诚实，恪守承诺。
第八条 民事主体从事民事活动，不得违反法律，不得违背公序良俗。
第九条 民事主体从事民事活动，应当有利于节约资源、保护生态环境。
第十条 处理民事纠纷，应当依照法律；法律没有规定的，可以适用习惯，但是不得违背公序良俗。"""

Row = dict[str, Any]


def documents(found: Ingested) -> list[list[Row]]:
    """The rows of each document: its pieces, or itself."""
    rows = found.kept.to_pylist()
    return [list(some) for _, some in groupby(rows, key=lambda row: row["id"].partition("#piece-")[0])]


def check(cut: Ingested, whole: Ingested, most: int) -> int:
    """The pieces are the documents in every column; returns how many documents were cut."""
    found = documents(cut)
    assert len(found) == len(whole.kept)
    for pieces, row in zip(found, whole.kept.to_pylist(), strict=True):
        assert "".join(piece["text"] for piece in pieces) == row["text"]
        if len(pieces) == 1:
            assert pieces == [row]
            continue
        own = json.loads(row["meta"] or "{}")
        told = {"pieces": len(pieces), "document_hash": row["hash"].hex()}
        for number, piece in enumerate(pieces, start=1):
            assert json.loads(piece["meta"]) == own | told | {"piece": number}
            assert piece["id"] == f"{row['id']}#piece-{number}"
            assert piece["hash"] == xxhash.xxh3_128_digest(piece["text"].encode())
            assert all(piece[name] == row[name] for name in ("source", "url", "license"))
    assert measure(pa.array(cut.texts))["words"].max() <= most
    numbers = [len(pieces) for pieces in found if len(pieces) > 1]
    assert cut.metrics.get("cut/documents", 0) == len(numbers)
    assert cut.metrics.get("cut/pieces", 0) == sum(numbers)
    assert cut.rejected.equals(whole.rejected)
    return len(numbers)


def both(folder: Path, source: dict[str, Any], most: int, **settings: int) -> tuple[Ingested, Ingested]:
    """What becomes of a source with and without the bound."""
    found = [
        ingest(folder / str(index), source, **settings, **bound)
        for index, bound in enumerate(({"max_words": most}, {}))
    ]
    return found[0], found[1]


@pytest.mark.parametrize("name", FORMATS)
def test_documents_of_every_format_are_cut(tmp_path: Path, name: str) -> None:
    made = FORMATS[name]
    path = tmp_path / made.file
    path.write_bytes(made.data(2000))
    cut, whole = both(tmp_path, {"name": "s", "path": str(path)} | made.source, 100)
    assert check(cut, whole, 100) == 1


def test_documents_of_a_reader_of_ones_own_are_cut(tmp_path: Path) -> None:
    write_plugin(
        tmp_path,
        "own",
        "def read(file, settings):\n    yield {'text': file.open().read().decode(), 'meta': {'piece': 'of mine', 'n': 1}}\n",
    )
    (tmp_path / "a").write_text(ZEN * 20, encoding="utf-8")
    cut = ingest(tmp_path, {"name": "s", "path": "a", "format": "own:read"}, max_words=100)
    assert "".join(cut.texts) == ZEN * 20
    told = [json.loads(meta) for meta in cut.kept["meta"].to_pylist()]
    assert [one["piece"] for one in told] == list(range(1, len(cut.texts) + 1))
    assert {one["n"] for one in told} == {1}


def test_other_documents_of_the_batch_and_rejects_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        jsonl([PEP20[0], ZEN * 30, " ", STATUTE, PEP20[1]]) + b'{"text": 5}\n' + jsonl([ZEN * 9])
    )
    path = str(tmp_path / "a.jsonl")
    cut, whole = both(tmp_path, {"name": "s", "path": path, "format": "jsonl"}, 120, max_document_bytes=9000)
    assert [reason for _, reason in cut.reasons] == ["too_long", "empty", "text_not_a_string"]
    assert check(cut, whole, 120) == 2


def test_a_statute_is_cut_between_its_articles(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STATUTE, encoding="utf-8")
    cut, whole = both(tmp_path, {"name": "s", "path": str(tmp_path / "a.txt"), "format": "text"}, 300)
    assert check(cut, whole, 300) == 1
    assert [text[:4] for text in cut.texts] == ["第一章 ", "第五条 "]


@needs_texts
def test_a_novel_of_gb18030_is_cut_as_one_of_utf_8(tmp_path: Path) -> None:
    novel = "\n".join(chapters()[:16])
    (tmp_path / "a.txt").write_text(novel, encoding="utf-8")
    (tmp_path / "b.txt").write_text(novel, encoding="gb18030")
    found = [
        ingest(tmp_path, {"name": "s", "path": name, "format": "text"}, max_words=25_000)
        for name in ("a.txt", "b.txt")
    ]
    assert found[0].texts == found[1].texts
    assert len(found[0].texts) == 3
    assert all(text.startswith("第") for text in found[0].texts)


def test_pieces_do_not_depend_on_parts_and_a_lost_part_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([ZEN * 20, PEP20[2], STATUTE, ZEN * 15]))
    source = {"name": "s", "path": str(tmp_path / "a.jsonl"), "format": "jsonl"}
    whole = ingest(tmp_path / "whole", source, max_words=100)
    parts = ingest(tmp_path / "parts", source, max_words=100, part_bytes=4000)
    assert (whole.parts, parts.kept) == (1, whole.kept)
    assert parts.parts > 1
    folder = tmp_path / "parts" / "runs" / "ingest"
    before = {path.name: path.read_bytes() for path in folder.glob("part-*.arrow")}
    (folder / "part-00000.arrow").unlink()
    ingest(tmp_path / "parts", source, max_words=100, part_bytes=4000)
    assert {path.name: path.read_bytes() for path in folder.glob("part-*.arrow")} == before


def test_a_manifest_without_the_bound_has_the_settings_that_it_had() -> None:
    source = {"name": "s", "path": "a", "format": "text"}
    bounds = [
        IngestStep().settings(corpus(source, **some))["ingest"] for some in ({}, {"max_words": 100_000})
    ]
    assert "max_words" not in bounds[0]
    assert bounds[1] == bounds[0] | {"max_words": 100_000}


def test_a_bound_of_a_few_words_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 100"):
        corpus({"name": "s", "path": "a", "format": "text"}, max_words=99)


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize(
    ("name", "kind", "number"), [("en", "prose", 26), ("zh", "prose", 10), ("code_pypi", "code", 4)]
)
def test_real_text_is_cut_without_loss(tmp_path: Path, name: str, kind: str, number: int) -> None:
    source = {"name": name, "path": str(SHARED / f"{name}.jsonl.gz"), "format": "jsonl", "kind": kind}
    cut, whole = both(tmp_path, source, 20_000)
    assert check(cut, whole, 20_000) == number
