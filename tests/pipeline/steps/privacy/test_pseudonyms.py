"""The same datum, the same name; another salt, other names; no salt, no work."""

from __future__ import annotations

import pickle
from base64 import b64encode
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.schema.privacy import PrivacySettings, Salt
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.pseudonyms import Pseudonyms, read_salt
from pipeline.steps.privacy.salt_strength import LEAST_BITS, estimated_bits
from pipeline.steps.privacy.scrub import scrub
from tests.pipeline.steps.privacy.looks import ALL_IPS, KINDS, found
from tests.pipeline.steps.privacy.test_scrub import TEXTS

SALT = "9f1c7a40d2e8b3655d0a94c1f7be2638"
NAMES = Pseudonyms(bytes(range(32)))
HASH = PrivacySettings(actions=dict.fromkeys(KINDS, "hash"), salt=Salt(env="PRIVACY_SALT"), ip=ALL_IPS)


def test_names_are_stable() -> None:
    """Pinned: a change of these bytes is a change of the step's version."""
    assert NAMES.name("email", b"zhang@163.com") == b"<EMAIL:e70ce1f5840431e65dee9b41ea9333d7>"
    assert Pseudonyms(bytes(32)).name("email", b"zhang@163.com") != NAMES.name("email", b"zhang@163.com")
    assert NAMES.name("wechat", b"zhang@163.com")[-33:] != NAMES.name("email", b"zhang@163.com")[-33:]


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
@pytest.mark.parametrize(
    "digest",
    ["12345678" * 4, "a1234567" * 4, "e1234567" * 4, "abcdefab" * 4, "3fa9c1d2e4b57086f1c2d3a4b5968778"],
)
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
    monkeypatch.setenv("PRIVACY_SALT", SALT)
    (tmp_path / "salt").write_text(f"{SALT}\n")
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


@pytest.mark.parametrize(
    "weak",
    [
        "0123456789abcdef",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "passwordpasswordpassword",
        "correct horse battery staple",
        "qwertyuiopasdfghjklzxcvbnm",
        "Guangzhou2019Beijing2020",
        "CorrectHorseBatteryStaple2024!",
        "我们公司的隐私盐值二零二四年",
    ],
)
def test_a_salt_that_can_be_guessed_is_refused_and_not_shown(weak: str, tmp_path: Path) -> None:
    (tmp_path / "salt").write_text(weak)
    with pytest.raises(
        PipelineError, match=r"about \d+ bits.*needs 80; make one with `openssl rand"
    ) as caught:
        read_salt(Salt(file="salt"), tmp_path)
    assert weak not in str(caught.value)


@given(st.binary(min_size=32, max_size=32))
def test_the_estimate_is_never_more_than_its_bytes_can_have(salt: bytes) -> None:
    assert 0 < estimated_bits(salt) <= 8 * len(salt) + 2 * len(salt)


def test_random_salts_in_any_letters_are_strong_enough() -> None:
    random = Random(7)
    for _ in range(300):
        salt = random.randbytes(16)
        for written in (salt.hex().encode(), b64encode(salt), salt.hex().upper().encode()):
            assert estimated_bits(written) >= LEAST_BITS, written


def test_the_manifest_says_where_the_salt_is() -> None:
    with pytest.raises(ValidationError, match="there is no salt"):
        PrivacySettings(actions={"email": "hash"})
    for wrong in ({}, {"file": "a", "env": "B"}):
        with pytest.raises(ValidationError, match="either the file or the environment variable"):
            Salt(**wrong)
    with pytest.raises(ValueError, match="no pseudonyms were given"):
        scrub(pa.array(["zhang@163.com"]), HASH)
