"""Known values of the standards: check digits of cards, identity numbers, credit codes and IBANs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.steps.privacy.kinds import credit_code_cn_organisation, iban, id_card_cn
from pipeline.steps.privacy.luhn import is_luhn

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))

CARDS = (
    # The example of US patent 2,950,048 in its usual form, and the test numbers that card networks and
    # processors publish.
    "79927398713", "4111111111111111", "4242424242424242", "4012888888881881", "5555555555554444", "5105105105105100", "2223003122003222",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "3530111333300000", "3566002020360505",
    "30569309025904", "38520000023237", "6200000000000005",
)  # fmt: skip


@pytest.mark.parametrize("number", CARDS)
def test_published_card_numbers_pass_with_their_last_digit_only(number: str) -> None:
    assert [digit for digit in "0123456789" if is_luhn(f"{number[:-1]}{digit}".encode())] == [number[-1]]


@pytest.mark.parametrize(("digit", "check"), zip("0123456789", "0864297531", strict=True))
def test_a_doubled_digit_counts_the_sum_of_its_digits(digit: str, check: str) -> None:
    """7 doubled is 14, which counts 5 and needs another 5."""
    assert [last for last in "0123456789" if is_luhn(f"{digit}{last}".encode())] == [check]


def iso_7064_mod_11_2(characters: str) -> int:
    """ISO 7064: the sum of the characters, each times 2 to the power of its distance from the end; 1 where
    the check character is right."""
    return (
        sum(
            int(character.replace("X", "10")) * pow(2, place)
            for place, character in enumerate(reversed(characters))
        )
        % 11
    )


@pytest.mark.parametrize("number", ["0000000218250097", "0000000151093700", "000000021694233X"])
def test_the_sum_of_the_standard_is_right_about_published_orcids(number: str) -> None:
    assert iso_7064_mod_11_2(number) == 1


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_gb_11643_pass_with_their_check_character_only(number: str) -> None:
    assert [
        check for check in "0123456789X" if id_card_cn.validate(f"{number[:17]}{check}".encode(), b"", b"")
    ] == [number[17]]


@given(DAYS, st.integers(0, 999), st.sampled_from("0123456789X"))
def test_identity_numbers_have_the_check_character_of_iso_7064(day: date, order: int, check: str) -> None:
    number = f"440524{day:%Y%m%d}{order:03}{check}"
    assert (id_card_cn.validate(number.encode(), b"", b"") > 0) == (iso_7064_mod_11_2(number) == 1)


def test_all_eleven_check_characters_are_those_of_the_standard() -> None:
    numbers = [f"11010519491231{order:03}{check}" for order in range(100) for check in "0123456789X"]
    right = [number for number in numbers if id_card_cn.validate(number.encode(), b"", b"")]
    assert right == [number for number in numbers if iso_7064_mod_11_2(number) == 1]
    assert {number[17] for number in right} == set("0123456789X")


CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""As GB 32100-2015 prints them."""
# The standard's example, and what companies and universities print on their sites.
CREDIT_CODES = [
    "91350100M000100Y43",
    "9144030071526726XG",
    "91330100799655058B",
    "12100000400000624D",
    "914403001922038216",
]


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_published_credit_codes_pass_with_their_check_character_only(code: str) -> None:
    assert [
        check
        for check in CREDIT_ALPHABET
        if credit_code_cn_organisation.validate(f"{code[:17]}{check}".encode(), b"", b"")
    ] == [code[17]]


@given(st.text(CREDIT_ALPHABET, min_size=8, max_size=8), st.sampled_from(CREDIT_ALPHABET))
def test_credit_codes_have_the_check_character_of_gb_32100(subject: str, last: str) -> None:
    code = f"91350100A{subject}"
    total = sum(
        CREDIT_ALPHABET.index(character) * weight
        for character, weight in zip(code, CREDIT_WEIGHTS, strict=True)
    )
    assert (credit_code_cn_organisation.validate(f"{code}{last}".encode(), b"", b"") > 0) == (
        last == CREDIT_ALPHABET[-total % 31]
    )


def test_a_credit_code_of_digits_needs_a_right_organisation_code() -> None:
    """Huawei's, 19220382-1 by GB 11714, and others with a wrong last digit of it but the right check
    character of the whole."""
    accepted = []
    for digit in "0123456789":
        code = f"9144030019220382{digit}"
        total = sum(int(character) * weight for character, weight in zip(code, CREDIT_WEIGHTS, strict=True))
        whole = f"{code}{CREDIT_ALPHABET[-total % 31]}"
        accepted += (
            [whole]
            if whole.isdigit() and credit_code_cn_organisation.validate(whole.encode(), b"", b"")
            else []
        )
    assert accepted == ["914403001922038216"]


IBANS = (
    # Examples of the SWIFT registry.
    "GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606", "CH9300762011623852957", "NL91ABNA0417164300",
    "NO9386011117947", "SA0380000000608010167519", "MT84MALT011000012345MTLCAST001S", "BE68539007547034", "ES9121000418450200051332",
)  # fmt: skip


@pytest.mark.parametrize("number", IBANS)
def test_registered_ibans_pass_with_their_check_digits_only(number: str) -> None:
    written = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    assert iban.validate(number.encode(), b"", b"") == len(number)
    assert iban.validate(written.encode(), b"", b"") == len(written)
    others = [f"{number[:2]}{check:02}{number[4:]}" for check in range(2, 99) if f"{check:02}" != number[2:4]]
    assert not any(iban.validate(other.encode(), b"", b"") for other in others)


@pytest.mark.parametrize("number", IBANS)
def test_an_iban_of_another_length_or_with_two_digits_exchanged_is_none(number: str) -> None:
    assert not iban.validate(number[:-1].encode(), b"", b"")
    place = next(
        at
        for at in range(4, len(number) - 1)
        if number[at] != number[at + 1] and number[at : at + 2].isdigit()
    )
    exchanged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not iban.validate(exchanged.encode(), b"", b"")
