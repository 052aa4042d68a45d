"""Credentials of addresses, options and headers, as they stand in manifests and in libraries' messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.credentials import settings_without_credentials, without_credentials
from manifests.errors import UserError

PLANTED = "wJalrXUtnFEMIK7MDENG"

HOLDING = [
    f"https://user:{PLANTED}@host.example/data.jsonl",
    f"https://{PLANTED}@host.example/data.jsonl",
    f"simplecache::https://user:{PLANTED}@host.example/data.jsonl.gz",
    f"ftp://user:{PLANTED}@host.example:21/a and more",
    f"sftp://user:a@b{PLANTED}@host.example/a",
    f"https://b.example/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature={PLANTED}&X-Amz-Date=20260101",
    f"https://b.example/k?X-Amz-Credential={PLANTED}%2F20260101%2Fs3",
    f"https://b.example/k?x-amz-security-token={PLANTED}",
    f"https://b.example/k?X%2DAmz%2DSignature={PLANTED}",
    f"https://b.example/k?AWSAccessKeyId={PLANTED}&Signature={PLANTED}%3D&Expires=1",
    f"https://acc.blob.example/c/f?sv=2025&se=2026&sig={PLANTED}%2B",
    f"https://storage.example/b/o?GoogleAccessId={PLANTED}&Signature={PLANTED}",
    f"https://storage.example/b/o?X-Goog-Signature={PLANTED};more",
    f"https://h.example/f?token={PLANTED}#part",
    f"https://h.example/f#access_token={PLANTED}",
    f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={PLANTED}==;EndpointSuffix=e",
    f"storage_options={{'key': '{PLANTED}', 'secret': '{PLANTED}'}}",
    f'{{"aws_secret_access_key": "{PLANTED}"}}',
    f"aws_secret_access_key={PLANTED}, aws_session_token={PLANTED}",
    f"<CIMultiDictProxy('Host': 'h', 'Authorization': 'Basic {PLANTED}')>",
    f"Authorization: Bearer {PLANTED}",
    f"{{'password': 'a\\'{PLANTED}', 'secret': \"\\\\\", 'pwd': '{PLANTED}'}}",
    f'{{"password": "a\\"{PLANTED}"}}',
    f"https://h.example/f?private_token={PLANTED}&X-API-Key={PLANTED}&hf_token={PLANTED}",
    f"403, message='Forbidden', url='https://h.example/f?sig={PLANTED}&x=1'",
]


@pytest.mark.parametrize("text", HOLDING)
def test_a_credential_is_masked_wherever_it_stands(text: str) -> None:
    masked = without_credentials(text)
    assert PLANTED not in masked
    assert "***" in masked
    assert without_credentials(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/key=value/part-0.parquet",
        "abfs://container@account.dfs.example/folder",
        "hdfs://user@namenode:8020/a",
        "https://h.example/f?page=2&lang=zh#top",
        "source 's': password: expected text; correct it",
        "token: 12 tokens short; key: value; the author=Li",
        "Basic English and Bearer bonds",
        "a@b.example wrote to c@d.example: key=1",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert without_credentials(text) == text


def test_the_rest_of_an_address_stays() -> None:
    url = "https://u:p@h.example/a/b.jsonl.gz?X-Amz-Date=1&X-Amz-Signature=s&partNumber=2"
    assert without_credentials(url) == (
        "https://***@h.example/a/b.jsonl.gz?X-Amz-Date=1&X-Amz-Signature=***&partNumber=2"
    )


@given(st.text(alphabet=st.sampled_from("ab:/?&=@#'\";, \n-_.secrtoknigp%5"), max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once) == once


def test_settings_lose_the_values_of_keys_that_open_something() -> None:
    settings = {
        "storage_options": {"key": PLANTED, "token": PLANTED, "anon": False, "timeout": 3},
        "client": {"key": PLANTED, "secret": PLANTED, "region": "eu"},
        "endpoint": f"https://u:{PLANTED}@h.example",
        "headers": [{"Authorization": f"Bearer {PLANTED}"}],
        "password": PLANTED,
        "token": "<mask>",
        "key": "text",
        "limits": [1, 2.5, None, True],
    }
    masked = settings_without_credentials(settings)
    assert PLANTED not in str(masked)
    assert masked["storage_options"] == {"key": "***", "token": "***", "anon": False, "timeout": 3}
    assert masked["client"] == {"key": "***", "secret": "***", "region": "eu"}
    assert masked["limits"] == [1, 2.5, None, True]


def test_a_common_word_alone_is_a_setting() -> None:
    settings = {"token": "<mask>", "key": "text", "auth": {"signature": "short"}}
    assert settings_without_credentials(settings) == settings


def test_an_error_for_the_user_holds_none() -> None:
    error = UserError(f"cannot read https://u:{PLANTED}@h.example/a", where=f"s3://x?sig={PLANTED}", fix="")
    assert PLANTED not in f"{error} {error!r} {error.args} {error.__reduce__()}"
