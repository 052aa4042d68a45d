"""What is quoted of texts from before the privacy step, on a page or in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from manifests.report.scrubbing import HIDDEN, beginnings
from pipeline.steps.privacy.shown_texts import shown, shown_of


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("张三：zhang.san@example.org，电话 138-1234-5678。", "张三：<EMAIL>，电话 <PHONE_CN>。"),
        ("zhang@例子.中国 和 a@bücher.example", "<EMAIL> 和 <EMAIL>"),
        ("密码：Guangzhou2019 请改", "密码：<PASSWORD> 请改"),
        ("微信：li_lei_99", "微信：<WECHAT>"),
        ("AKIAIOSFODNN7EXAMPLR here", "<API_KEY> here"),
        ("card 4111 1111 1111 1111", "card <BANK_CARD>"),
        ("身份证 11010519491231002X", "身份证 <ID_CARD_CN>"),
        ("eth0 00:1a:2b:3c:4d:5e up, 10.20.30.40 down", "eth0 <MAC> up, <IP> down"),
        ("see http://example.org/?a=1 now", "see <URL> now"),
        ("Python 3.11 of 2023, 第 3.1.4 节", "Python 3.11 of 2023, 第 3.1.4 节"),
    ],
)
def test_all_kinds_are_scrubbed(text: str, clean: str) -> None:
    assert shown(pa.array([text])).to_pylist() == [clean]


def test_a_datum_is_read_to_its_end_before_the_text_is_cut() -> None:
    text = "x " * 45 + "tim.peters@python.example"
    assert beginnings(pa.array([text, None]), 100, shown).to_pylist() == ["x " * 45 + "<EMAIL>", None]


PLUGIN = """
from pipeline.steps.privacy.linear_expressions import finder_of
from pipeline.steps.privacy.plugin_kind import PluginKind

ID = PluginKind("student_id", finder_of(r"PB[0-9]{8}"))
"""


def test_the_kinds_of_a_plug_in_are_scrubbed_where_it_is_found_and_nothing_is_shown_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "shown_ids.py").write_text(PLUGIN, encoding="utf-8")
    manifest = _privacy_manifest("shown_ids:ID")
    (tmp_path / "run" / "privacy").mkdir(parents=True)
    (tmp_path / "run" / "privacy" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    texts = pa.array(["PB20210018 wrote to a@b.com"])
    monkeypatch.chdir(tmp_path)
    assert shown_of(tmp_path / "run")(texts).to_pylist() == [HIDDEN]
    monkeypatch.chdir(here)
    assert shown_of(tmp_path / "run")(texts).to_pylist() == ["<STUDENT_ID> wrote to <EMAIL>"]
    assert shown_of(tmp_path)(texts).to_pylist() == ["PB20210018 wrote to <EMAIL>"]


def _privacy_manifest(use: str) -> dict[str, object]:
    empty = {"documents_in": 0, "documents_kept": 0, "counts": [], "metrics": {}, "parts": []}
    settings = {"actions": {}, "kinds": [{"use": use, "action": "drop"}]}
    names = {"step": "privacy", "step_version": 1, "fingerprint": "", "input_sha256": ""}
    return {**names, **empty, "settings": settings}
