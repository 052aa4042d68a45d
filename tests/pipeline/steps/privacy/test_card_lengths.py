"""An issuer's card numbers have the lengths that ISO/IEC 7812 lists give it, and no others."""

from __future__ import annotations

import pytest

from pipeline.steps.privacy.kinds.bank_card import has_issuer

LENGTHS = {
    "300": {14},
    "305": {14},
    "34": {15},
    "36": {14},
    "37": {15},
    "38": {14},
    "39": {14},
    "3528": {16},
    "3589": {16},
    "4": {16},
    "51": {16},
    "55": {16},
    "2221": {16},
    "2720": {16},
    "6011": {16},
    "62": {16, 17, 18, 19},
    "644": {16},
    "659": {16},
    "9558": {19},
}
OTHERS = (
    "306",
    "3527",
    "3590",
    "33",
    "5018",
    "56",
    "2220",
    "2721",
    "6010",
    "6012",
    "643",
    "660",
    "9557",
    "9559",
)


@pytest.mark.parametrize("prefix", LENGTHS)
def test_numbers_have_the_issuer_s_lengths(prefix: str) -> None:
    found = {size for size in range(12, 21) if has_issuer(prefix.ljust(size, "0").encode())}
    assert found == LENGTHS[prefix]


@pytest.mark.parametrize("prefix", OTHERS)
def test_neighbours_of_the_prefixes_are_nobody_s(prefix: str) -> None:
    assert not any(has_issuer(prefix.ljust(size, "0").encode()) for size in range(12, 21))
