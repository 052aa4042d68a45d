"""Personal data before and after, without the values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from manifests.report import write_report
from manifests.report.privacy_examples import form, privacy_examples
from manifests.report.run_record import RunRecord
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.forged_run import Content, edit, rewrite
from tests.manifests.small_run import ANALECTS, LETTER, SCRUBBED, ZEN, build_corpus


def run_with(
    folder: Path, old: list[str], new: list[str], settings: dict[str, Any], kinds: list[str]
) -> Path:
    """A run whose privacy step made the texts ``new`` of ``old``, and left all others."""
    build_corpus(folder)
    _write(folder / "dedup", old)
    _write(folder / "privacy", new)
    found = {f"found/{kind}/en": 1 for kind in kinds}

    def change(manifest: Content) -> None:
        manifest["settings"].update(settings)
        manifest["metrics"] = manifest["parts"][0]["metrics"] = found

    edit(folder / "privacy" / "manifest.json", change)
    return folder


def _write(step: Path, texts: list[str]) -> None:
    others = (*ZEN, *ANALECTS)[len(texts) :]
    rewrite(step / "part-00000.arrow", "text", lambda old: [*texts, *others][: len(old)])


def shown(folder: Path) -> dict[str, list[tuple[str, str, str, str]]]:
    found = privacy_examples(RunRecord.read(folder, scrub))
    return {
        kind: [(one.before, one.form, one.filling, one.after) for one in data] for kind, data in found.items()
    }


def test_placeholders_pseudonyms_and_what_is_removed(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        ["Write to tim.peters@python.example today.", "Call +1 202 555 0143 now.", "From 93.184.216.34 it came."],
        ["Write to <EMAIL:3fa9c1d2> today.", "Call <PHONE> now.", "From  it came."],
        {"actions": {"email": "hash", "phone": "placeholder", "ip": "remove"}},
        ["email", "phone", "ip"],
    )  # fmt: skip
    assert shown(run) == {
        "email": [("Write to ", "ti•.••••••@••••••.•••••••", "<EMAIL:3fa9c1d2>", " today.")],
        "phone": [("Call ", "+1 ••• ••• ••••", "<PHONE>", " now.")],
        "ip": [("From ", "93.•••.•••.••", "", " it came.")],
    }


def test_a_secret_shows_nothing_of_itself(tmp_path: Path) -> None:
    old, new = ["DB_PASSWORD=Guangzhou2019"], ["DB_PASSWORD=<PASSWORD>"]
    run = run_with(tmp_path, old, new, {"actions": {"password": "placeholder"}}, ["password"])
    assert [one[1] for one in shown(run)["password"]] == ["••••••••"]


@pytest.mark.parametrize(
    "value", ["13812345678", "li@x.cn", "https://a.example/~li?id=7", "京A12345", "字" * 500, "a" * 9]
)
def test_a_form_has_at_most_two_letters_of_the_value(value: str) -> None:  # fmt: skip
    found = form(value, "url")
    assert sum(one.isalnum() for one in found) <= 2
    assert len(found) <= 49


def test_of_several_kinds_that_are_removed_none_is_guessed(tmp_path: Path) -> None:
    actions = {"actions": {"email": "remove", "ip": "remove"}}
    run = run_with(tmp_path, ["Write to a@b.example today."], ["Write to  today."], actions, ["email", "ip"])
    assert shown(run) == {"email": [], "ip": []}


def test_three_of_a_kind_are_enough(tmp_path: Path) -> None:
    old = [f"{text} Write to tim.peters@python.example today." for text in ZEN[:5]]
    new = [f"{text} Write to <EMAIL> today." for text in ZEN[:5]]
    run = run_with(tmp_path, old, new, {"actions": {"email": "placeholder"}}, ["email"])
    assert len(shown(run)["email"]) == 3


def test_of_a_dropped_document_the_scrubbed_reject_is_read(tmp_path: Path) -> None:
    old, new = ["Write to a@b.example today."], ["Write to <EMAIL> today."]
    run = run_with(tmp_path, old, new, {"actions": {"email": "drop"}}, ["email"])
    kept, rejected = (run / "privacy" / name for name in ("part-00000.arrow", "rejected/part-00000.arrow"))
    rejected.write_bytes(kept.read_bytes())
    rewrite(kept, "text", lambda texts: ["", *texts[1:]])
    assert [one[2] for one in shown(run)["email"]] == ["<EMAIL>"]


def test_the_page_shows_what_is_around_and_never_the_value(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    page = write_report(tmp_path, scrub).read_text(encoding="utf-8")
    assert "<del>ko••.•••@••.•••••••</del>" in page
    assert "<ins>&lt;EMAIL&gt;</ins>" in page
    assert "<del>13•-••••-••••</del>" in page
    assert SCRUBBED[4][:16] in page
    assert LETTER[5:14] not in page
    assert "5678" not in page


def test_parts_that_were_removed_leave_no_examples(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    (tmp_path / "dedup" / "part-00000.arrow").unlink()
    assert shown(tmp_path) == {}
