"""Valid numbers of bank cards and accounts."""

from __future__ import annotations

from random import Random

from tests.pipeline.steps.privacy.value_parts import digits, fill


def luhn_digit(body: str) -> str:
    total = sum(
        sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(body))
    )
    return str(-total % 10)


def bank_card(random: Random) -> str:
    prefix, size = random.choice(
        [
            ("4", 16),
            ("51", 16),
            ("55", 16),
            ("6222", 19),
            ("6217", 19),
            ("6225", 16),
            ("6228", 19),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("3530", 16),
            ("2221", 16),
        ]
    )
    body = prefix + digits(random, size - 1 - len(prefix))
    card = body + luhn_digit(body)
    if size == 15:
        return random.choice([card, f"{card[:4]} {card[4:10]} {card[10:]}"])
    by = random.choice(["", "", " ", "-"])
    return by.join(card[at : at + 4] for at in range(0, size, 4))


def iban(random: Random) -> str:
    countries = {"DE": 18, "FR": 23, "CH": 17, "ES": 20, "AT": 16, "PL": 24, "BE": 12}
    banks = {"GB": "NWBK" + "#" * 14, "NL": "ABNA" + "#" * 10, "IT": "X" + "#" * 22}
    country, account = random.choice(
        [*banks.items(), *((country, "#" * size) for country, size in countries.items())]
    )
    account = fill(random, account)
    check = 98 - int("".join(str(int(character, 36)) for character in f"{account}{country}00")) % 97
    whole = f"{country}{check:02}{account}"
    return random.choice([whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))])
