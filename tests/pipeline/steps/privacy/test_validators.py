from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.steps.privacy.identities import bank_card, id_card_cn, luhn
from pipeline.steps.privacy.numbering_plans import card_issuer
from pipeline.steps.privacy.validators import phone, phone_cn


@given(st.text("0123456789", min_size=1, max_size=18))
def test_every_number_has_exactly_one_luhn_digit(number: str) -> None:
    assert sum(luhn(f"{number}{digit}".encode()) for digit in range(10)) == 1


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 14))
def test_luhn_sees_every_single_wrong_digit(number: str, place: int) -> None:
    right = next(f"{number}{digit}" for digit in range(10) if luhn(f"{number}{digit}".encode()))
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    assert not luhn(wrong.encode())


@given(st.dates().filter(lambda day: 1900 <= day.year < 2100), st.integers(0, 999))
def test_every_identity_number_has_exactly_one_check_character(day, order: int) -> None:  # type: ignore[no-untyped-def]
    number = f"110105{day:%Y%m%d}{order:03}"
    assert sum(id_card_cn(f"{number}{check}".encode(), b"", b"") > 0 for check in "0123456789X") == 1


def test_issuers_by_prefix_and_length() -> None:
    assert card_issuer(b"4" + 15 * b"0")
    assert not card_issuer(b"4" + 14 * b"0")
    assert card_issuer(b"62" + 17 * b"0")
    assert card_issuer(b"2221" + 12 * b"0")
    assert not card_issuer(b"2220" + 12 * b"0")
    assert not card_issuer(b"")


def test_what_hangs_behind_a_number_is_not_part_of_it() -> None:
    assert bank_card(b"4111 1111 1111 1111 123", b"", b"") == len(b"4111 1111 1111 1111")
    assert phone(b"+44 20 7946 0958 2023", b"", b"") == len(b"+44 20 7946 0958")


def test_a_bare_landline_needs_a_word_before_it() -> None:
    assert phone_cn(b"01062345678", "电话：".encode(), b"") == 11
    assert phone_cn(b"01062345678", "总额 ".encode(), b"") == 0


def test_a_number_ends_before_a_version_but_is_not_lost_to_one() -> None:
    assert phone(b"+971 4 683 0649 0.9.27", b"", b":") == len(b"+971 4 683 0649")
    assert phone(b"+44 20 7946 0958.2", b"", b"") == len(b"+44 20 7946 0958")
    assert phone(b"+1 661.310.2107", b"", b"") == len(b"+1 661.310.2107")
