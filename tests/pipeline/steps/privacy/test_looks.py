"""However personal data are strung together, a text is looked at a bounded number of times."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy import scrub as module
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.luhn import is_luhn
from pipeline.steps.privacy.scrub import MOST_LOOKS, Scrubbed, scrub
from tests.pipeline.steps.privacy.looks import KINDS

PLACEHOLDERS = PrivacySettings(actions=dict.fromkeys(KINDS, "placeholder"))
ALTERNATING = (
    "CH38 0900 0000 3002 2018 5-+86-10-62345678-",
    "+33 1 42 68 53 00.+81-3-1234-5678.CH38 0900 0000 3002 2018 5.",
    "G123456（A）-",
    "glpat-fboIKYIsttvGgzoBcFdK_Zk8vQ2mN7xR4tB9w_",
    "CH38 0900 0000 3002 2018 5-+86 138 1234 5678-",
)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of the stretches that each look of a test covers."""
    seen: list[int] = []

    def counting(texts: Any, spans: Any, *rest: Any, **keys: Any) -> Any:
        seen.append(int((spans[:, 2] - spans[:, 1]).sum()))
        return detect(texts, spans, *rest, **keys)

    monkeypatch.setattr(module, "detect", counting)
    return seen


def scrubbed(text: str) -> Scrubbed:
    return scrub(pa.array([text]), PLACEHOLDERS)


def cards(number: int) -> list[str]:
    """Visa numbers in groups of four, each with its check digit."""
    bodies = (f"4{17 * index % 10**14:014}" for index in range(number))
    whole = (
        next(body + digit for digit in "0123456789" if is_luhn((body + digit).encode())) for body in bodies
    )
    return [" ".join(card[at : at + 4] for at in range(0, 16, 4)) for card in whole]


@pytest.mark.parametrize("number", [1_000, 2_000, 4_000])
def test_all_cards_of_a_list_are_found_at_the_first_look(number: int, looks: list[int]) -> None:
    """20 kB of them took one look for each card: 9 seconds, and four times as much for twice the text."""
    result = scrubbed(" ".join(cards(number)))
    assert result.texts.to_pylist() == [" ".join(["<BANK_CARD>"] * number)]
    assert result.found["bank_card"].tolist() == [number]
    assert len(looks) == 2


def test_a_card_list_with_other_numbers_between_is_told_in_a_few_looks(looks: list[int]) -> None:
    text = " ".join(f"{card} 13812345678 138 1234 5678" for card in cards(500))
    result = scrubbed(text)
    assert not re.search(r"\d", result.texts[0].as_py())
    assert {kind: count[0] for kind, count in result.found.items() if count[0]} == {
        "bank_card": 500,
        "phone_cn": 1_000,
    }
    assert len(looks) <= 4


@pytest.mark.parametrize("unit", ALTERNATING)
def test_what_frees_one_number_a_look_is_replaced_whole_at_the_last(unit: str, looks: list[int]) -> None:
    work = []
    for times in (500, 1_000, 2_000):
        looks.clear()
        result = scrubbed(unit * times)
        assert len(looks) <= MOST_LOOKS
        work.append(sum(looks))
        # Of numbers without a place of their own no more than a few digits are left.
        assert not re.search(r"\d{6}", result.texts[0].as_py())
    assert work[2] <= 4.4 * work[0]


def test_other_documents_of_the_batch_are_not_looked_at_again(looks: list[int]) -> None:
    plain = "电话 13812345678，邮箱 a@b.com，订单 20231012-4711-0815 不是。"
    texts = [plain, ALTERNATING[0] * 500, plain]
    found = scrub(pa.array(texts), PLACEHOLDERS).texts.to_pylist()
    assert found[0] == found[2] == scrubbed(plain).texts[0].as_py()
    assert "20231012-4711-0815" in found[0]


def test_a_number_after_a_removed_one_is_found_too() -> None:
    settings = PrivacySettings(actions={"bank_card": "remove"})
    result = scrub(pa.array([" ".join(cards(3)) + " end"]), settings)
    assert result.texts.to_pylist() == ["   end"]
    assert result.found["bank_card"].tolist() == [3]
