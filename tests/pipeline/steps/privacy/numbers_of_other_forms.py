"""Valid numbers of telephones, identity cards and devices in forms that have rules of their own, and numbers
of the same look that are none."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

from tests.pipeline.steps.privacy import values
from tests.pipeline.steps.privacy.value_parts import digits, fill

_JOINTS = {" ": "\u00a0\u202f\u2009\u2007", "-": "\u2011\u2010\u2012\u2013"}
_PLACES = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def hong_kong_macao_phone(random: Random) -> str:
    code = random.choice(["852", "853"])
    local = fill(
        random,
        random.choice(
            ["2N######", "3#######", "6#######", "9#######"] if code == "852" else ["28######", "66######"]
        ),
    )
    pair = random.choice([" ", "-"]).join([local[:4], local[4:]])
    return random.choice(
        [
            f"({code}){pair}",
            f"({code}) {local}",
            f"{code}-{pair.replace(' ', '-')}",
            f"00{code} {pair}",
            f"（{code}）{pair}",
        ]
    )


def local_phone(random: Random) -> str:
    """Eight digits, as Hong Kong and Macao write them."""
    local = fill(random, random.choice(["2N######", "3#######", "5#######", "6#######", "9#######"]))
    return random.choice([local, f"{local[:4]} {local[4:]}", f"{local[:4]}-{local[4:]}"])


def taiwan_phone(random: Random) -> str:
    area, pattern = random.choice(
        [("02", "NNNN####"), ("03", "NNN####"), ("04", "NNNN####"), ("07", "NNN####"), ("06", "NNN####")]
    )
    local = fill(random, pattern).replace("9", "8")
    by = random.choice(["-", ""])
    grouped = f"{local[:-4]}{by}{local[-4:]}"
    mobile = [f"09{digits(random, 2)}", digits(random, 3), digits(random, 3)]
    return random.choice(
        [
            f"({area}){grouped}",
            f"({area}) {grouped}",
            f"{area}-{grouped}",
            "-".join(mobile),
            " ".join(mobile),
            "".join(mobile),
            f"886-{area[1:]}-{grouped}",
            f"(886-{area[1:]}){grouped}",
            f"00886-{'-'.join(mobile)[1:]}",
        ]
    )


def not_chinas_phone(random: Random) -> str:
    return random.choice([
        f"编号 {fill(random, 'NNNN####')}", f"ID {fill(random, 'NNNN ####')}", f"手机 {random.randint(20, 60)}00-{random.randint(61, 99)}00 元", f"电话：{random.randint(1990, 2018)}-{random.randint(2019, 2026)}",
        f"{fill(random, '09##')}.{digits(random, 6)}", f"x852-{digits(random, 8)}", f"total 09{digits(random, 8)}", f"0912-{digits(random, 3)}-{digits(random, 2)}", f"({digits(random, 3)}) rows", f"852 {digits(random, 4)} {digits(random, 4)} {digits(random, 4)}", f"20{digits(random, 2)}0115-20{digits(random, 2)}0220",
    ])  # fmt: skip


def american_phone(random: Random) -> str:
    # Eleven digits from 13 on are a Chinese mobile number's.
    area, office, line = fill(random, "N0N"), fill(random, "N#N"), digits(random, 4)
    return random.choice(
        [
            f"{area}{office}{line}",
            f"12{area[1:]}{office}{line}",
            f"{area} {office} {line}",
            f"1 {area} {office} {line}",
        ]
    )


def mobile_in_unusual_groups(random: Random) -> str:
    number = values.phone_cn_mobile(random)
    sizes = random.choice([(3, 4, 4), (4, 4, 3), (4, 3, 4), (3, 3, 5), (5, 3, 3), (5, 6)])
    by = "." if sizes == (3, 4, 4) else random.choice(" -.")
    places = [sum(sizes[:count]) for count in range(len(sizes) + 1)]
    return by.join(number[start:end] for start, end in pairwise(places))


def joined_otherwise(random: Random) -> str:
    """A number in groups that are joined by no-break spaces and hyphens, or by dashes."""
    number = values.phone_cn_mobile(random)
    grouped = random.choice(
        [
            f"{number[:3]} {number[3:7]} {number[7:]}",
            f"{number[:3]}-{number[3:7]}-{number[7:]}",
            f"+86 {number}",
            f"010-{fill(random, 'NNNN####')}",
            f"0755-{fill(random, 'NNNN####')}",
        ]
    )
    by = " " if " " in grouped else "-"
    return grouped.replace(by, random.choice(_JOINTS[by]))


def range_or_amount(random: Random) -> str:
    dash = random.choice("\u2013\u2014\u2011\u2012")
    space = random.choice("\u00a0\u202f\u2009")
    return random.choice([
        f"{random.randint(1900, 1999)}{dash}{random.randint(2000, 2026)}", f"pp. {digits(random, 3)}{dash}{digits(random, 3)}", f"{random.randint(1, 99)}{space}{digits(random, 3)}{space}{digits(random, 3)} €", f"{digits(random, 2)}{space}MB", f"§{space}{digits(random, 3)}", f"{random.randint(0, 9)}{dash}{random.randint(10, 99)}", f"2026{dash}01{dash}15", f"fig.{space}{digits(random, 2)}{dash}{digits(random, 1)}",
    ])  # fmt: skip


def id_card_15(random: Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=random.randrange(25_000))
    return f"{values.region(random)}{born:%y%m%d}{digits(random, 3)}"


def id_card_in_groups(random: Random) -> str:
    number, by = values.id_card_cn(random), random.choice([" ", "-", "-", "\u2011", "\u00a0"])
    places = random.choice([(0, 6, 14, 18), (0, 6, 10, 14, 18)])
    return by.join(number[start:end] for start, end in pairwise(places))


def id_card_taiwan(random: Random) -> str:
    place, second = random.choice(_PLACES), random.choice("1289ABCD")
    body = second + digits(random, 7)
    code = _PLACES.index(place) + 10
    head = str((_PLACES.index(second) + 10) % 10) if second.isalpha() else second
    total = (
        code // 10
        + code % 10 * 9
        + sum(weight * int(digit) for weight, digit in zip(range(8, 0, -1), head + body[1:], strict=True))
    )
    return f"{place}{body}{-total % 10}"


def id_card_hong_kong(random: Random) -> str:
    letters = random.choice(["", random.choice(_PLACES)]) + random.choice(_PLACES)
    body = digits(random, 6)
    padded = letters.rjust(2, "$")
    first = [36 if letter == "$" else ord(letter) - 55 for letter in padded]
    total = sum(
        weight * value for weight, value in zip(range(9, 1, -1), [*first, *map(int, body)], strict=True)
    )
    check = "0123456789A"[-total % 11]
    return f"{letters}{body}" + random.choice([f"({check})", f"({check})", f"（{check}）"])


def id_card_macao(random: Random) -> str:
    number = random.choice("157") + digits(random, 7)
    return random.choice([f"{number[:7]}({number[7]})", f"{number[0]}/{number[1:7]}/{number[7]}"])


def _wrong(random: Random, number: str, place: int) -> str:
    return (
        number[:place]
        + random.choice([digit for digit in "0123456789" if digit != number[place]])
        + number[place + 1 :]
    )


def no_identity_card(random: Random) -> str:
    taiwans, old, grouped = id_card_taiwan(random), id_card_15(random), id_card_in_groups(random)
    return random.choice([
        f"身分證字號：{_wrong(random, taiwans, 9)}", f"料號 {taiwans}", f"单号 {old}", f"身份证号 {old[:8]}13{old[10:]}", _wrong(random, grouped, len(grouped) - 2), f"f({id_card_macao(random)})", f"身份證 {taiwans}5", f"A{digits(random, 6)}(X)", f"身份证 {digits(random, 4)} 张",
    ])  # fmt: skip


def travel_permit(random: Random) -> str:
    return random.choice(
        [
            f"H{digits(random, 8)}",
            f"M{digits(random, 8)}",
            f"H{digits(random, 10)}",
            f"HJ{digits(random, 7)}",
            f"MA{digits(random, 7)}",
        ]
    )


def taiwans_permit(random: Random) -> str:
    return random.choice([digits(random, 8), digits(random, 10)])


def no_permit(random: Random) -> str:
    return random.choice(
        [
            f"型号 H{digits(random, 8)}",
            f"通行证 2024{digits(random, 4)} 起",
            f"台胞证自 2024{digits(random, 4)} 起",
            f"回乡证 H{digits(random, 6)}",
            f"M{digits(random, 8)}",
        ]
    )


def cisco_mac(random: Random) -> str:
    text = ".".join(random.randbytes(2).hex() for _ in range(3))
    return random.choice([text, text.upper()]) if not text.replace(".", "").isdigit() else f"{text[:-1]}a"


def no_cisco_mac(random: Random) -> str:
    groups = [random.randbytes(2).hex() for _ in range(4)]
    return random.choice(
        [
            ".".join(groups),
            ".".join(groups[:2]),
            f"{'.'.join(groups[:3])}.com",
            f"{digits(random, 4)}.{digits(random, 4)}.{digits(random, 4)}",
            f"v.{'.'.join(groups[:3])}",
            f"{'.'.join(groups[:2])}.{groups[2]}x",
            "ffff.ffff.ffff",
            "0000.0000.0000",
        ]
    )
