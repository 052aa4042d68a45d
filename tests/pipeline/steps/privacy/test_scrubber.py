"""What is around a text: URLs stay URLs, JSON stays JSON, and what has no datum keeps its bytes."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.privacy import PrivacySettings, Salt
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.privacy.encoded_text import Encoding, read_encoded
from pipeline.steps.privacy.privacy_step import PERSONAL_DATA, Scrub
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.scrubber import Scrubber
from tests.pipeline.steps.measured import measured
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS, REMOVE
from tests.pipeline.steps.privacy.test_scrub import TEXTS

SCRUBBER = Scrubber(PLACEHOLDERS)
URLS = {
    "https://x.com/?mail=a%40b.com&tel=13812345678&r=1": "https://x.com/?mail=%3CEMAIL%3E&tel=%3CPHONE_CN%3E&r=1",
    "https://x.com/?m=a@b.com#top": "https://x.com/?m=%3CEMAIL%3E#top",
    "https://x.com/?u=https%3A%2F%2Fy.com%2F%3Fm%3Dzhang%2540163.com%26k%3D1": (
        "https://x.com/?u=https%3A%2F%2Fy.com%2F%3Fm%3D%3CEMAIL%3E%26k%3D1"
    ),
    "http://a.cn/?q=%E6%89%8B%E6%9C%BA138-1234-5678%ff": "http://a.cn/?q=%E6%89%8B%E6%9C%BA%3CPHONE_CN%3E%ff",
    "https://y.com/?tel=%2B86+138+1234+5678&z=%zz%4": "https://y.com/?tel=%3CPHONE_CN%3E&z=%zz%4",
    "https://y.com/?q=%E5%8F%B0%E8%83%9E%E8%AD%89%EF%BC%9A8502713620&page=2": (
        "https://y.com/?q=%E5%8F%B0%E8%83%9E%E8%AD%89%EF%BC%9A%3CPASSPORT_CN%3E&page=2"
    ),
    "https://en.wikipedia.org/wiki/Lisp_(language)?a=%E4%BD%A0#x": (
        "https://en.wikipedia.org/wiki/Lisp_(language)?a=%E4%BD%A0#x"
    ),
}
META = {
    '{"id":"john@x.org","n": 7}': '{"id":"<EMAIL>","n": 7}',
    '{"tel":13812345678,"rest":[1.50,-2e3,true]}': '{"tel":"<PHONE_CN>","rest":[1.50,-2e3,true]}',
    '{"by":"li\\u0040qq.com \\ud83d\\ude00\\n"}': '{"by":"<EMAIL> \\ud83d\\ude00\\n"}',
    '{"said":"\\"a@b.com\\", he \\\\ said"}': '{"said":"\\"<EMAIL>\\", he \\\\ said"}',
    '{"a@b.com":1}': '{"<EMAIL>":1}',
    '{"a@b.com":1,"c@d.com":[2],"e":3}': '{"<EMAIL>":1,"<EMAIL> 2":[2],"e":3}',
    '{"link":"https://x/?m=a%40b.com"}': '{"link":"https://x/?m=<EMAIL>"}',
    '{"link":"https://x.com/?m=a%40b.com"}': '{"link":"<URL>"}',
    '{"password":"hunter2Xq9"}': '{"password":"<PASSWORD>"}',
    '{"path":"a/b.py","suffix":".py","piece":1}': '{"path":"a/b.py","suffix":".py","piece":1}',
    '"a@b.com': '"<EMAIL>',
}


@pytest.mark.parametrize(("url", "clean"), URLS.items())
def test_a_url_stays_a_url(url: str, clean: str) -> None:
    assert SCRUBBER.urls(pa.array([None, url])).texts.to_pylist() == [None, clean]
    assert urlsplit(clean).netloc == urlsplit(url).netloc


@pytest.mark.parametrize(("meta", "clean"), META.items())
def test_json_stays_json(meta: str, clean: str) -> None:
    assert SCRUBBER.json(pa.array([meta, None])).texts.to_pylist() == [clean, None]


_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS, st.text(max_size=6)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), _JSON, max_size=5), st.booleans())
def test_any_json_stays_json_and_a_second_look_finds_nothing(
    value: dict[str, object], ascii_only: bool
) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace").decode()
    for scrubber in (SCRUBBER, Scrubber(REMOVE)):
        clean = scrubber.json(pa.array([written]))
        found = json.loads(clean.texts[0].as_py())
        assert len(found) == len(json.loads(written))
        if not any(number.any() for number in clean.found.values()):
            assert clean.texts.to_pylist() == [written]
        again = scrubber.json(clean.texts)
        assert again.texts.equals(clean.texts)


@given(TEXTS, st.integers(0, 3))
def test_a_url_hides_nothing_behind_its_encoding(text: str, times: int) -> None:
    for _ in range(times):
        text = quote(text, safe="")
    url = f"https://example.org/?q={text}&page=2"
    clean = SCRUBBER.urls(pa.array([url]))
    assert SCRUBBER.urls(clean.texts).texts.equals(clean.texts)
    if not any(number.any() for number in clean.found.values()):
        assert clean.texts.to_pylist() == [url]


@given(st.text(), st.integers(1, 3))
def test_percent_encoding_is_read_as_it_was_written(text: str, times: int) -> None:
    text = text.encode(errors="replace").decode().replace("%", "")
    written = text
    for _ in range(times):
        written = quote(written, safe="")
    read = read_encoded(pa.array(["é", written]).slice(1), Encoding(percent=True))
    assert read.texts.to_pylist() == [text]
    assert len(read.origin) == len(text.encode()) + 1


@given(st.text())
def test_json_escapes_are_read_as_they_were_written(text: str) -> None:
    text = text.encode(errors="replace").decode()
    for written in (json.dumps(text), orjson.dumps(text).decode()):
        assert read_encoded(pa.array([written]), Encoding(json=True)).texts.to_pylist() == [f'"{text}"']


def test_a_pseudonym_in_a_url_and_in_meta_is_that_of_the_text(tmp_path: Path) -> None:
    settings = PrivacySettings(actions={"email": "hash"}, salt=Salt(file="salt"))
    scrubber = Scrubber(settings, Pseudonyms(bytes(32)))
    name = scrubber.texts(pa.array(["a@b.com"])).texts[0].as_py()
    assert scrubber.urls(pa.array(["http://x.io/?a%40b.com"])).texts.to_pylist() == [
        f"http://x.io/?{quote(name, safe='')}"
    ]
    assert scrubber.json(pa.array(['["a\\u0040b.com"]'])).texts.to_pylist() == [f'["{name}"]']


ROWS = [
    {
        "id": "a",
        "text": "no data",
        "url": "http://x.io/?m=a%40b.com",
        "license": "by c@d.org",
        "meta": '{"tel":13812345678}',
    },
    {"id": "b", "text": "none here", "url": "http://x.io/", "license": "MIT", "meta": '{"k":1}'},
]


def test_the_step_scrubs_what_is_around_a_text() -> None:
    outcome = Scrub(PLACEHOLDERS).process(measured(ROWS), BatchPosition(0, 0))
    assert outcome.kept.select(["text", "url", "license", "meta"]).to_pylist() == [
        {
            "text": "no data",
            "url": "http://x.io/?m=%3CEMAIL%3E",
            "license": "by <EMAIL>",
            "meta": '{"tel":"<PHONE_CN>"}',
        },
        {name: ROWS[1][name] for name in ("text", "url", "license", "meta")},
    ]
    assert outcome.metrics == {
        "found_in/url/email": 1,
        "found_in/license/email": 1,
        "found_in/meta/phone_cn": 1,
    }


@pytest.mark.parametrize("kind", ["email", "phone_cn"])
def test_a_datum_that_drops_drops_the_document_wherever_it_is(kind: str) -> None:
    settings = PrivacySettings.model_validate({"actions": {kind: "drop"}})
    outcome = Scrub(settings).process(measured(ROWS), BatchPosition(0, 0))
    assert outcome.rejected.select(["id", "reason"]).to_pylist() == [{"id": "a", "reason": PERSONAL_DATA}]
    assert outcome.rejected.column("detail").to_pylist() == [f"{kind} {2 if kind == 'email' else 1}"]
