"""Valid values of every kind, made by the rules of whoever gives them out: written apart from what the
pipeline checks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy.payment_values import bank_card, iban
from tests.pipeline.steps.privacy.secret_values import api_key, password, private_key, qq, wechat
from tests.pipeline.steps.privacy.value_parts import NAMES, digits, fill

_DOMAINS = (
    *"163.com qq.com gmail.com outlook.com mail.example.co.uk pku.edu.cn corp-mail.io ustc.edu.cn".split(),
    *"sina.com.cn posteo.de uni-jena.de openmail.org dept.univ.ac.jp".split(),
)
_WORDS = "data index about news item page article list view user download thread wiki docs api search image en zh 2021 07".split()
_MOBILE = (
    "130 131 132 133 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159 162 165 166".split()
)
_MOBILE += "167 170 171 172 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 193 195 196 197 198 199".split()
_AREAS = {
    "010": 8,
    "021": 8,
    "025": 8,
    "027": 8,
    "0755": 8,
    "0571": 8,
    "0512": 8,
    "0311": 8,
    "0851": 8,
    "0378": 8,
    "0793": 7,
    "0872": 7,
    "0937": 7,
}
_REGIONS = "110105 310104 440305 330106 510107 320102 420111 610113 210102 130102 370202 350203 430104 500112 120101 650102".split()
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x30, 0x3A)}


def email(random: Random) -> str:
    name = random.choice(NAMES)
    local = random.choice(
        [
            name,
            f"{name}.{random.choice(NAMES)}",
            f"{name}{digits(random, 3)}",
            f"{name}_{random.choice(NAMES)}",
            f"{name}+list",
        ]
    )
    return f"{random.choice([local, local.title(), digits(random, 9)])}@{random.choice(_DOMAINS)}"


def phone_cn_mobile(random: Random) -> str:
    """Eleven digits."""
    return random.choice(_MOBILE) + digits(random, 4) + digits(random, 4)


def phone_cn(random: Random) -> str:
    if random.random() < 0.6:
        number = phone_cn_mobile(random)
        head, middle, end = number[:3], number[3:7], number[7:]
        plain = head + middle + end
        form = random.choice([plain, plain, plain, f"{head}-{middle}-{end}", f"{head} {middle} {end}"])
        return random.choice(
            [
                form,
                form,
                form,
                f"+86 {form}",
                f"+86-{form}",
                f"86-{plain}",
                f"0086{plain}",
                f"+86{plain}",
                plain.translate(_FULL_WIDTH),
            ]
        )
    area, size = random.choice(list(_AREAS.items()))
    local = random.choice("2345678") + digits(random, size - 1)
    written = [
        f"{area}-{local}",
        f"({area}){local}",
        f"（{area}）{local}",
        f"({area}) {local}",
        f"{area} {local}",
        f"+86-{area[1:]}-{local}",
        f"{area}-{local}-{digits(random, 3)}",
    ]
    service = f"400-{fill(random, '###-####')}"
    return random.choice([*written, service, f"{area}-{local}".translate(_FULL_WIDTH)])


def phone(random: Random) -> str:
    patterns = (
        *(
            "+44 20 7### ####",
            "+44 (0)20 7### ####",
            "+442079######",
            "+1 (N1N) NNN-####",
            "(N0N) N#N-####",
            "N1N-N#N-####",
            "+1-N1N-N#N-####",
        ),
        *(
            "N1N.N#N.####",
            "+1N0NN#N####",
            "+1 N1N N#N ####",
            "+81 3-N###-####",
            "+81-90-N###-####",
            "+49 30 N#######",
            "+49 (0)89 N#####",
            "+33 1 ## ## ## ##",
        ),
        *(
            "+61 2 N### ####",
            "+852 N### ####",
            "+886 2 N### ####",
            "+65 6### ####",
            "+82-2-N###-####",
            "+91 9#### #####",
            "+7 495 N##-##-##",
            "+39 06 N### ####",
        ),
        *(
            "+34 91# ### ###",
            "+55 11 9####-####",
            "+31 20 N## ####",
            "+41 44 N## ## ##",
            "+971 4 N## ####",
            "+27 11 N## ####",
            "+353 1 N## ####",
        ),
    )
    return fill(random, random.choice(patterns))


def url(random: Random) -> str:
    host = random.choice(
        [
            "example.org",
            "docs.scrapy.org",
            "www.gov.cn",
            "blog.csdn.net",
            "a.io",
            "news.163.com",
            "w3.org",
            "sub.dev.example.co.jp",
            "8.8.4.4:8080",
        ]
    )
    path = "/".join(random.choices(_WORDS, k=random.randint(0, 4)))
    query = random.choice(
        [
            "",
            "",
            f"?id={digits(random, 6)}",
            "?a=b&c=%E4%BD%A0",
            "#section-2",
            f"?u=wang@163.com&t={digits(random, 10)}",
            "_(disambiguation)",
        ]
    )
    scheme = random.choice(["http://", "https://", "https://", "ftp://", "https://www."])
    return f"{scheme}{host}/{path}{query}" if path else f"{scheme}{host}"


def ip(random: Random) -> str:
    if random.random() < 0.7:
        first = random.choice(
            [10, 172, 192, *random.sample([n for n in range(1, 224) if n not in (127,)], 5)]
        )
        return ".".join(
            str(octet)
            for octet in (first, random.randint(0, 255), random.randint(0, 255), random.randint(1, 254))
        )
    group = lambda: f"{random.randint(1, 0xFFFF):x}"  # noqa: E731
    prefix = random.choice(["2001", "2400", "2a02", "fe80", "fd12", "2606"])
    full = ":".join([prefix, *(group() for _ in range(7))])
    short = f"{prefix}:{group()}::{group()}"
    return random.choice([full, short, short.upper(), f"{prefix}::{group()}:{group()}:{group()}:{group()}"])


def mac(random: Random) -> str:
    by = random.choice(":::-")
    text = by.join(f"{random.randint(0, 255):02x}" for _ in range(6))
    return random.choice([text, text.upper()])


def region(random: Random) -> str:
    """Six digits of a place in China."""
    return random.choice(_REGIONS)


def id_card_cn(random: Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=random.randrange(33_000))
    body = random.choice(_REGIONS) + f"{born:%Y%m%d}" + digits(random, 3)
    check = "10X98765432"[sum((2 ** (17 - place) % 11) * int(digit) for place, digit in enumerate(body)) % 11]
    return body + random.choice([check, check.lower()])


def credit_code_cn(random: Random) -> str:
    characters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    organisation = random.choice([digits(random, 8), "MA" + "".join(random.choices(characters, k=6))])
    values = [int(character, 36) for character in organisation]
    remainder = (
        11 - sum(weight * value for weight, value in zip((3, 7, 9, 10, 5, 8, 4, 2), values, strict=True)) % 11
    )
    body = (
        random.choice(["91", "91", "92", "93", "12", "51", "52", "11"])
        + random.choice(_REGIONS)
        + organisation
        + {10: "X", 11: "0"}.get(remainder, str(remainder))
    )
    total = sum(characters.index(character) * 3**place for place, character in enumerate(body))
    return body + characters[-total % 31]


def passport_cn(random: Random) -> str:
    return random.choice(
        [
            f"E{digits(random, 8)}",
            f"G{digits(random, 8)}",
            f"E{random.choice('ABCDEFGHJK')}{digits(random, 7)}",
            f"PE{digits(random, 7)}",
            f"D{digits(random, 8)}",
        ]
    )


def plate_cn(random: Random) -> str:
    head, letter = random.choice(_PLATES), random.choice(_PLATE_CHARACTERS)
    plain = digits(random, 5)
    one = digits(random, 2) + random.choice(_PLATE_CHARACTERS) + digits(random, 2)
    two = random.choice(_PLATE_CHARACTERS) + digits(random, 3) + random.choice(_PLATE_CHARACTERS)
    number = random.choice(
        [
            plain,
            one,
            two,
            f"D{digits(random, 5)}",
            f"F{digits(random, 5)}",
            f"D{random.choice(_PLATE_CHARACTERS)}{digits(random, 4)}",
            digits(random, 4) + "学",
        ]
    )
    return head + letter + random.choice(["", "", "·", " "]) + number


VALUES: dict[PrivacyKind, Callable[[Random], str]] = {
    "email": email, "phone_cn": phone_cn, "phone": phone, "url": url, "ip": ip, "mac": mac, "id_card_cn": id_card_cn,
    "credit_code_cn": credit_code_cn, "passport_cn": passport_cn, "plate_cn": plate_cn, "bank_card": bank_card, "iban": iban,
    "wechat": wechat, "qq": qq, "api_key": api_key, "private_key": private_key, "password": password,
}  # fmt: skip
