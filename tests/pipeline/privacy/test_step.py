from __future__ import annotations

from pathlib import Path

from manifests.schema.corpus import PrivacySettings
from manifests.schema.documents import MEASURED
from manifests.schema.steps import KEPT
from pipeline.arrowio import read_batches
from pipeline.outcome import Position
from pipeline.privacy import PrivacyStep
from pipeline.privacy.step import ONLY_PERSONAL_DATA, Scrub
from tests.pipeline.measured import context, corpus, measured
from tests.pipeline.privacy.looks import PLACEHOLDERS

ROWS = [
    {"id": "a", "text": "手机13812345678联系，邮箱 zhang@163.com。", "language": "zh", "source": "bbs"},
    {"id": "b", "text": "学而时习之，不亦说乎？", "language": "zh", "source": "classics"},
    {"id": "c", "text": "# see https://docs.python.org/3/\nimport re  # 1.2.3.4", "language": "code", "source": "pypi"},
    {"id": "d", "text": " zhang@163.com\u3000li@qq.com\n", "language": "zh", "source": "bbs"},
]


def test_documents_counts_and_tokens() -> None:
    outcome = Scrub(PLACEHOLDERS).process(measured(ROWS), Position(0, 0))
    assert outcome.kept.schema == MEASURED
    assert outcome.kept.column("text").to_pylist() == [
        "手机<PHONE_CN>联系，邮箱 <EMAIL>。",
        "学而时习之，不亦说乎？",
        "# see <URL>\nimport re  # 1.2.3.4",
    ]
    assert outcome.kept.column("tokens").to_pylist() == [None, [1, 2, 3], None]
    assert outcome.metrics == {
        "found/email/zh": 3,
        "found/email/source/bbs": 3,
        "found/phone_cn/zh": 1,
        "found/phone_cn/source/bbs": 1,
        "found/url/code": 1,
        "found/url/source/pypi": 1,
        "documents_changed/zh": 2,
        "documents_changed/code": 1,
    }


def test_a_document_of_nothing_else_is_rejected_without_its_data() -> None:
    rejected = Scrub(PLACEHOLDERS).process(measured(ROWS), Position(0, 0)).rejected
    assert rejected.select(["id", "step", "reason", "detail"]).to_pylist() == [
        {"id": "d", "step": "privacy", "reason": ONLY_PERSONAL_DATA, "detail": "email 2"}
    ]
    assert rejected.column("text").to_pylist() == [" <EMAIL>\u3000<EMAIL>\n"]


def test_without_kinds_nothing_happens() -> None:
    batch = measured(ROWS)
    outcome = Scrub(PrivacySettings(actions={})).process(batch, Position(0, 0))
    assert outcome.kept.equals(batch.cast(MEASURED))
    assert outcome.metrics == {}


def test_the_step_over_two_parts(tmp_path: Path) -> None:
    manifest = corpus().model_copy(update={"privacy": PLACEHOLDERS})
    surroundings = context("privacy", tmp_path, manifest, [[measured(ROWS)], [measured([{"id": "e", "text": "no data here"}])]])
    result = PrivacyStep().run(surroundings)
    assert [part.kept.rows for part in result.parts] == [3, 1]
    assert {count.reason for part in result.parts for count in part.counts} == {KEPT, ONLY_PERSONAL_DATA}
    written = b"".join(path.read_bytes() for path in (tmp_path / "privacy").rglob("*") if path.is_file())
    assert b"zhang@163.com" not in written
    assert b"13812345678" not in written
    texts = [text for batch in read_batches(tmp_path / "privacy" / "part-00001.arrow") for text in batch.column("text").to_pylist()]
    assert texts == ["no data here"]
