from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from manifests.border.arrow_files import read_batches
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import DEDUPED
from manifests.schema.privacy import PrivacySettings, Salt
from manifests.schema.steps import KEPT
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.privacy.privacy_step import ONLY_PERSONAL_DATA, PERSONAL_DATA, PrivacyStep, Scrub
from pipeline.steps.privacy.pseudonyms import read_salt
from tests.pipeline.steps.measured import context, corpus, measured
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS, found

SALT = "9f1c7a40d2e8b3655d0a94c1f7be2638"
ROWS = [
    {"id": "a", "text": "手机13812345678联系，邮箱 zhang@163.com。", "language": "zh", "source": "bbs"},
    {"id": "b", "text": "学而时习之，不亦说乎？", "language": "zh", "source": "classics"},
    {
        "id": "c",
        "text": "# see https://docs.python.org/3/\nimport re  # 1.2.3.4",
        "language": "code",
        "source": "pypi",
    },
    {"id": "d", "text": " zhang@163.com\u3000li@qq.com\n", "language": "zh", "source": "bbs"},
]


def test_documents_counts_and_tokens() -> None:
    outcome = Scrub(PLACEHOLDERS).process(measured(ROWS), BatchPosition(0, 0))
    assert outcome.kept.schema == DEDUPED
    assert outcome.kept.column("text").to_pylist() == [
        "手机<PHONE_CN>联系，邮箱 <EMAIL>。",
        "学而时习之，不亦说乎？",
        "# see <URL>\nimport re  # 1.2.3.4",
    ]
    assert outcome.kept.column("tokens_at").to_pylist() == [7, 7, 7]
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
    rejected = Scrub(PLACEHOLDERS).process(measured(ROWS), BatchPosition(0, 0)).rejected
    assert rejected.select(["id", "step", "reason", "detail"]).to_pylist() == [
        {"id": "d", "step": "privacy", "reason": ONLY_PERSONAL_DATA, "detail": "email 2"}
    ]
    assert rejected.column("text").to_pylist() == [" <EMAIL>\u3000<EMAIL>\n"]


def test_without_kinds_nothing_happens() -> None:
    batch = measured(ROWS)
    batch = batch.append_column("duplicates", pa.array(range(len(ROWS)), pa.int32()))
    outcome = Scrub(PrivacySettings(actions={})).process(batch, BatchPosition(0, 0))
    assert outcome.kept.equals(batch.cast(DEDUPED))
    assert outcome.metrics == {}


def test_the_step_over_two_parts(tmp_path: Path) -> None:
    manifest = corpus().model_copy(update={"privacy": PLACEHOLDERS})
    surroundings = context(
        "privacy", tmp_path, manifest, [[measured(ROWS)], [measured([{"id": "e", "text": "no data here"}])]]
    )
    result = PrivacyStep().run(surroundings)
    assert [part.kept.rows for part in result.parts] == [3, 1]
    assert {count.reason for part in result.parts for count in part.counts} == {KEPT, ONLY_PERSONAL_DATA}
    written = b"".join(path.read_bytes() for path in (tmp_path / "privacy").rglob("*") if path.is_file())
    assert b"zhang@163.com" not in written
    assert b"13812345678" not in written
    texts = [
        text
        for batch in read_batches(tmp_path / "privacy" / "part-00001.arrow")
        for text in batch.column("text").to_pylist()
    ]
    assert texts == ["no data here"]


def test_a_kind_that_drops_takes_the_whole_document_and_tells_no_value() -> None:
    settings = PrivacySettings(actions={"email": "drop", "phone_cn": "placeholder", "url": "remove"})
    outcome = Scrub(settings).process(measured(ROWS), BatchPosition(0, 0))
    assert outcome.kept.column("id").to_pylist() == ["b", "c"]
    assert outcome.rejected.select(["id", "reason", "detail", "text"]).to_pylist() == [
        {
            "id": "a",
            "reason": PERSONAL_DATA,
            "detail": "email 1, phone_cn 1",
            "text": "手机<PHONE_CN>联系，邮箱 <EMAIL>。",
        },
        {"id": "d", "reason": PERSONAL_DATA, "detail": "email 2", "text": " <EMAIL>\u3000<EMAIL>\n"},
    ]
    assert {count.reason: count.documents for count in outcome.counts if count.source == "bbs"} == {
        PERSONAL_DATA: 2
    }


def _hashing(tmp_path: Path, salt: str) -> CorpusManifest:
    (tmp_path / "salt").write_text(salt)
    settings = PrivacySettings(actions={"email": "hash", "phone_cn": "hash"}, salt=Salt(file="salt"))
    return corpus().model_copy(update={"privacy": settings})


def test_pseudonyms_over_two_parts(tmp_path: Path) -> None:
    again = {
        "id": "e",
        "text": "写信给 ZHANG@163.com 或致电 138-1234-5678。",
        "source": "bbs",
        "language": "zh",
    }
    surroundings = context(
        "privacy", tmp_path, _hashing(tmp_path, SALT), [[measured(ROWS)], [measured([again])]]
    )
    PrivacyStep().run(surroundings)
    first, second = (
        "\n".join(
            text
            for batch in read_batches(tmp_path / "privacy" / f"part-0000{part}.arrow")
            for text in batch.column("text").to_pylist()
        )
        for part in (0, 1)
    )
    names = re.findall(r"<[A-Z_]+:[0-9a-f]{32}>", first)
    assert len(names) == 2
    assert set(re.findall(r"<[A-Z_]+:[0-9a-f]{32}>", second)) == set(names)
    assert found(first.replace("https://docs.python.org/3/", "")) == []
    written = b"".join(path.read_bytes() for path in (tmp_path / "privacy").rglob("*") if path.is_file())
    for secret in (
        b"zhang@163.com",
        b"13812345678",
        SALT.encode(),
        read_salt(Salt(file="salt"), tmp_path).key,
    ):
        assert secret not in written
        assert secret.hex().encode() not in written


def test_a_document_of_nothing_but_pseudonyms_is_rejected(tmp_path: Path) -> None:
    manifest = _hashing(tmp_path, SALT)
    assert manifest.privacy.salt
    outcome = Scrub(manifest.privacy, read_salt(manifest.privacy.salt, tmp_path)).process(
        measured(ROWS), BatchPosition(0, 0)
    )
    assert outcome.rejected.column("reason").to_pylist() == [ONLY_PERSONAL_DATA]


def test_the_salt_is_part_of_the_fingerprint_and_in_no_manifest(tmp_path: Path) -> None:
    inputs = [
        PrivacyStep().inputs(
            context("privacy", tmp_path / str(index), _hashing(tmp_path / str(index), salt), [])
        )
        for index, salt in folders(tmp_path)
    ]
    assert inputs[0] == inputs[1] != inputs[2]
    assert SALT not in str(inputs)
    assert SALT not in str(PrivacyStep().settings(_hashing(tmp_path, SALT)))
    assert PrivacyStep().inputs(context("privacy", tmp_path, corpus(), [])) == {}


def folders(tmp_path: Path) -> list[tuple[int, str]]:
    for index in range(3):
        (tmp_path / str(index)).mkdir()
    return [(0, SALT), (1, SALT + "\n"), (2, SALT[::-1])]
