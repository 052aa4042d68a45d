from __future__ import annotations

from pipeline.steps.privacy.file_names import scrubbed_names
from pipeline.steps.privacy.scrubber import Scrubber
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS, REMOVE

SCRUBBER = Scrubber(PLACEHOLDERS)


def test_names_without_a_datum_stay_as_they_are() -> None:
    names = [
        "a/b.txt",
        "2021-03-12.jsonl",
        "CC-MAIN-20230320083513-20230320113513-00000.warc.gz",
        "icon@2x.png",
    ]
    assert scrubbed_names(names, SCRUBBER) == names


def test_names_that_become_equal_are_numbered_and_never_meet_another() -> None:
    names = ["<EMAIL>~2.md", "<EMAIL>.md", "a@b.com/x.md", "a@b.org.md", "c@d.org.md", "c@d.org/x.md"]
    found = scrubbed_names(names, SCRUBBER)
    assert found[:3] == ["<EMAIL>~2.md", "<EMAIL>.md", "<EMAIL>/x.md"]
    assert len(set(found)) == len(names)
    assert not any(name in " ".join(found) for name in ("a@b", "c@d"))


def test_an_address_before_an_ending_is_found_though_no_domain_ends_so() -> None:
    names = [
        "zhang@163.com.txt",
        "mail/zhang@163.com",
        "１３８１２３４５６７８.txt",
        "icon@2x.png",
        "getty@tty1.service",
    ]
    assert scrubbed_names(names, SCRUBBER) == ["<EMAIL>.txt", "mail/<EMAIL>", "<PHONE_CN>.txt", *names[3:]]


def test_a_name_keeps_its_ending_when_it_is_numbered() -> None:
    assert scrubbed_names(["13812345678.py", "13912345678.py"], SCRUBBER) == [
        "<PHONE_CN>.py",
        "<PHONE_CN>~2.py",
    ]


def test_a_name_of_nothing_but_what_is_removed_is_still_a_name() -> None:
    assert scrubbed_names(["13812345678"], Scrubber(REMOVE)) == ["<PHONE_CN>"]
