from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.steps.privacy.identities import bank_card, credit_code_cn, iban, id_card_cn, luhn
from pipeline.steps.privacy.numbering_plans import card_issuer
from pipeline.steps.privacy.validators import phone, phone_cn

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(st.text("0123456789", min_size=1, max_size=18))
def test_every_number_has_exactly_one_luhn_digit(number: str) -> None:
    assert sum(luhn(f"{number}{digit}".encode()) for digit in range(10)) == 1


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 14))
def test_luhn_sees_every_single_wrong_digit(number: str, place: int) -> None:
    right = next(f"{number}{digit}" for digit in range(10) if luhn(f"{number}{digit}".encode()))
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    assert not luhn(wrong.encode())


@given(DAYS, st.integers(0, 999))
def test_every_identity_number_has_exactly_one_check_character(day: date, order: int) -> None:
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


CARDS = (
    # The example of US patent 2,950,048 in its usual form, and the test numbers that card networks and
    # processors publish.
    "79927398713", "4111111111111111", "4242424242424242", "4012888888881881", "5555555555554444", "5105105105105100", "2223003122003222",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "3530111333300000", "3566002020360505",
    "30569309025904", "38520000023237", "6200000000000005",
)  # fmt: skip


@pytest.mark.parametrize("number", CARDS)
def test_published_card_numbers_pass_with_their_last_digit_only(number: str) -> None:
    assert [digit for digit in "0123456789" if luhn(f"{number[:-1]}{digit}".encode())] == [number[-1]]


@pytest.mark.parametrize(("digit", "check"), zip("0123456789", "0864297531", strict=True))
def test_a_doubled_digit_counts_the_sum_of_its_digits(digit: str, check: str) -> None:
    """7 doubled is 14, which counts 5 and needs another 5."""
    assert [last for last in "0123456789" if luhn(f"{digit}{last}".encode())] == [check]


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
    assert [check for check in "0123456789X" if id_card_cn(f"{number[:17]}{check}".encode(), b"", b"")] == [
        number[17]
    ]


@given(DAYS, st.integers(0, 999), st.sampled_from("0123456789X"))
def test_identity_numbers_have_the_check_character_of_iso_7064(day: date, order: int, check: str) -> None:
    number = f"440524{day:%Y%m%d}{order:03}{check}"
    assert (id_card_cn(number.encode(), b"", b"") > 0) == (iso_7064_mod_11_2(number) == 1)


def test_all_eleven_check_characters_are_those_of_the_standard() -> None:
    numbers = [f"11010519491231{order:03}{check}" for order in range(100) for check in "0123456789X"]
    right = [number for number in numbers if id_card_cn(number.encode(), b"", b"")]
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
        check for check in CREDIT_ALPHABET if credit_code_cn(f"{code[:17]}{check}".encode(), b"", b"")
    ] == [code[17]]


@given(st.text(CREDIT_ALPHABET, min_size=8, max_size=8), st.sampled_from(CREDIT_ALPHABET))
def test_credit_codes_have_the_check_character_of_gb_32100(subject: str, last: str) -> None:
    code = f"91350100A{subject}"
    total = sum(
        CREDIT_ALPHABET.index(character) * weight
        for character, weight in zip(code, CREDIT_WEIGHTS, strict=True)
    )
    assert (credit_code_cn(f"{code}{last}".encode(), b"", b"") > 0) == (last == CREDIT_ALPHABET[-total % 31])


def test_a_credit_code_of_digits_needs_a_right_organisation_code() -> None:
    """Huawei's, 19220382-1 by GB 11714, and others with a wrong last digit of it but the right check
    character of the whole."""
    accepted = []
    for digit in "0123456789":
        code = f"9144030019220382{digit}"
        total = sum(int(character) * weight for character, weight in zip(code, CREDIT_WEIGHTS, strict=True))
        whole = f"{code}{CREDIT_ALPHABET[-total % 31]}"
        accepted += [whole] if whole.isdigit() and credit_code_cn(whole.encode(), b"", b"") else []
    assert accepted == ["914403001922038216"]


IBANS = (
    # Examples of the SWIFT registry.
    "GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606", "CH9300762011623852957", "NL91ABNA0417164300",
    "NO9386011117947", "SA0380000000608010167519", "MT84MALT011000012345MTLCAST001S", "BE68539007547034", "ES9121000418450200051332",
)  # fmt: skip


@pytest.mark.parametrize("number", IBANS)
def test_registered_ibans_pass_with_their_check_digits_only(number: str) -> None:
    written = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    assert iban(number.encode(), b"", b"") == len(number)
    assert iban(written.encode(), b"", b"") == len(written)
    others = [f"{number[:2]}{check:02}{number[4:]}" for check in range(2, 99) if f"{check:02}" != number[2:4]]
    assert not any(iban(other.encode(), b"", b"") for other in others)


@pytest.mark.parametrize("number", IBANS)
def test_an_iban_of_another_length_or_with_two_digits_exchanged_is_none(number: str) -> None:
    assert not iban(number[:-1].encode(), b"", b"")
    place = next(
        at
        for at in range(4, len(number) - 1)
        if number[at] != number[at + 1] and number[at : at + 2].isdigit()
    )
    exchanged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not iban(exchanged.encode(), b"", b"")
