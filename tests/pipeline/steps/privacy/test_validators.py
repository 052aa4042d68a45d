from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pipeline.steps.privacy.iso7064 import is_mod_97_10, mod_11_2_check
from pipeline.steps.privacy.kinds import (
    bank_card,
    id_card_cn,
    phone_cn_mobile_and_landline,
    phone_international,
)
from pipeline.steps.privacy.kinds.bank_card import has_issuer
from pipeline.steps.privacy.luhn import is_luhn


@given(st.text("0123456789", min_size=1, max_size=18))
def test_every_number_has_exactly_one_luhn_digit(number: str) -> None:
    assert sum(is_luhn(f"{number}{digit}".encode()) for digit in range(10)) == 1


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 14))
def test_luhn_sees_every_single_wrong_digit(number: str, place: int) -> None:
    right = next(f"{number}{digit}" for digit in range(10) if is_luhn(f"{number}{digit}".encode()))
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    assert not is_luhn(wrong.encode())


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999))
def test_every_identity_number_has_exactly_one_check_character(day: date, order: int) -> None:
    number = f"110105{day:%Y%m%d}{order:03}"
    assert sum(id_card_cn.validate(f"{number}{check}".encode(), b"", b"") > 0 for check in "0123456789X") == 1


def test_issuers_by_prefix_and_length() -> None:
    assert has_issuer(b"4" + 15 * b"0")
    assert not has_issuer(b"4" + 14 * b"0")
    assert has_issuer(b"62" + 17 * b"0")
    assert has_issuer(b"2221" + 12 * b"0")
    assert not has_issuer(b"2220" + 12 * b"0")
    assert not has_issuer(b"")


def test_what_hangs_behind_a_number_is_not_part_of_it() -> None:
    assert bank_card.validate(b"4111 1111 1111 1111 123", b"", b"") == len(b"4111 1111 1111 1111")
    assert phone_international.validate(b"+44 20 7946 0958 2023", b"", b"") == len(b"+44 20 7946 0958")


def test_a_bare_landline_needs_a_word_before_it() -> None:
    assert phone_cn_mobile_and_landline.validate(b"01062345678", "电话：".encode(), b"") == 11
    assert phone_cn_mobile_and_landline.validate(b"01062345678", "总额 ".encode(), b"") == 0


def test_a_number_ends_before_a_version_but_is_not_lost_to_one() -> None:
    assert phone_international.validate(b"+971 4 683 0649 0.9.27", b"", b":") == len(b"+971 4 683 0649")
    assert phone_international.validate(b"+44 20 7946 0958.2", b"", b"") == len(b"+44 20 7946 0958")
    assert phone_international.validate(b"+1 661.310.2107", b"", b"") == len(b"+1 661.310.2107")


def test_mod_11_2_is_the_weighted_sum_of_gb_11643() -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for digits in (b"11010519491231002", b"44052418800101001", b"98765432109876543"):
        total = sum(weight * (digit - 0x30) for weight, digit in zip(weights, digits, strict=True))
        assert mod_11_2_check(digits) == b"10X98765432"[total % 11]


def test_mod_97_10_of_the_example_of_iso_13616() -> None:
    assert is_mod_97_10(b"WEST12345698765432GB82")
    assert not is_mod_97_10(b"WEST12345698765432GB28")
