"""The same datum, the same name; another salt, other names; no salt, no work."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from manifests.schema.privacy import PrivacySettings, Salt
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.pseudonyms import Pseudonyms, read_salt
from pipeline.steps.privacy.scrub import scrub
from tests.pipeline.steps.privacy.looks import ALL_IPS, KINDS, found
from tests.pipeline.steps.privacy.test_scrub import TEXTS

NAMES = Pseudonyms(bytes(range(32)))
HASH = PrivacySettings(actions=dict.fromkeys(KINDS, "hash"), salt=Salt(env="PRIVACY_SALT"), ip=ALL_IPS)


def test_names_are_stable() -> None:
    """Pinned: a change of these bytes is a change of the step's version."""
    assert NAMES.name("email", b"zhang@163.com") == b"<EMAIL:864df76a>"
    assert Pseudonyms(bytes(32)).name("email", b"zhang@163.com") != NAMES.name("email", b"zhang@163.com")
    assert NAMES.name("wechat", b"zhang@163.com")[-9:] != NAMES.name("email", b"zhang@163.com")[-9:]


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        (
            "phone_cn",
            [
                "13812345678",
                "138-1234-5678",
                "138 1234 5678",
                "１３８１２３４５６７８",
                "138\u00a01234\u20115678",
            ],
        ),
        ("email", ["zhang@163.com", "Zhang@163.COM"]),
        ("bank_card", ["4111111111111111", "4111 1111 1111 1111"]),
        ("id_card_cn", ["11010519491231002X", "11010519491231002x"]),
    ],
)
def test_one_datum_has_one_name_however_it_is_written(kind: str, ways: list[str]) -> None:
    assert len({NAMES.name(kind, way.encode()) for way in ways}) == 1


def test_the_key_is_not_shown() -> None:
    assert "key" not in repr(NAMES)
    assert pickle.loads(pickle.dumps(NAMES)) == NAMES


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_a_pseudonym_is_never_found_again(text: str) -> None:
    clean = scrub(pa.array([text]), HASH, NAMES).texts[0].as_py()
    assert found(clean) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digest", ["12345678", "a1234567", "e1234567", "abcdefab"])
def test_a_pseudonym_of_any_kind_announces_nothing(kind: str, digest: str) -> None:
    for text in (
        f"<{kind.upper()}:{digest}>",
        f"护照 <{kind.upper()}:{digest}>",
        f'password = "<{kind.upper()}:{digest}>"',
        f"微信：<{kind.upper()}:{digest}>，QQ",
        f"密码：<{kind.upper()}:{digest}>",
        f"curl -u <{kind.upper()}:{digest}> -p <{kind.upper()}:{digest}>",
        f"redis://<{kind.upper()}:{digest}>@cache and redis://app:<{kind.upper()}:{digest}>@cache",
        f"password=<{kind.upper()}:{digest}>\nAuthorization: Bearer <{kind.upper()}:{digest}>",
    ):
        assert found(text) == []


def test_a_salt_from_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PRIVACY_SALT", "0123456789abcdef")
    (tmp_path / "salt").write_text("0123456789abcdef\n")
    assert read_salt(Salt(env="PRIVACY_SALT"), tmp_path) == read_salt(Salt(file="salt"), tmp_path)


def test_a_salt_that_is_missing_or_short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRIVACY_SALT", raising=False)
    with pytest.raises(PipelineError, match="environment variable PRIVACY_SALT is not there"):
        read_salt(Salt(env="PRIVACY_SALT"), tmp_path)
    with pytest.raises(PipelineError, match="file salt is not there"):
        read_salt(Salt(file="salt"), tmp_path)
    (tmp_path / "salt").write_text("short")
    with pytest.raises(PipelineError, match="holds 5 bytes; a salt needs at least 16") as caught:
        read_salt(Salt(file="salt"), tmp_path)
    assert "short" not in str(caught.value)


def test_the_manifest_says_where_the_salt_is() -> None:
    with pytest.raises(ValidationError, match="there is no salt"):
        PrivacySettings(actions={"email": "hash"})
    for wrong in ({}, {"file": "a", "env": "B"}):
        with pytest.raises(ValidationError, match="either the file or the environment variable"):
            Salt(**wrong)
    with pytest.raises(ValueError, match="no pseudonyms were given"):
        scrub(pa.array(["zhang@163.com"]), HASH)
