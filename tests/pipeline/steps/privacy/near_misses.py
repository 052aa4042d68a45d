"""What looks like a datum of some kind and is none: wrong check digits and lengths, examples, templates,
other things of that form."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy import values
from tests.pipeline.steps.privacy.near_secrets import _api_key, _password, _private_key, _qq, _wechat
from tests.pipeline.steps.privacy.numbers_in_text import version
from tests.pipeline.steps.privacy.values import digits, fill


def _other(random: Random, text: str, place: int, characters: str = "0123456789") -> str:
    """The text with another character in this place."""
    wrong = random.choice([character for character in characters if character != text[place].upper()])
    return text[:place] + wrong + (text[place:][1:])


def _id_card(random: Random) -> str:
    right = values.id_card_cn(random)
    month = right[:10] + random.choice(["13", "00", "19"]) + right[12:]
    return random.choice(
        [
            _other(random, right, 17, "0123456789X"),
            _other(random, right, random.randrange(2, 17)),
            "99" + right[2:],
            month,
            right[:-3],
            f"id_{right}",
            f"{right}00",
        ]
    )


def _bank_card(random: Random) -> str:
    right = values.bank_card(random)
    return random.choice(
        [
            _other(random, right, len(right) - 1),
            _other(random, right, 7) if right[7].isdigit() else right[:-1],
            f"0.{right}",
            f"{right.replace(' ', '').replace('-', '')}_x",
            digits(random, 24),
        ]
    )


def _iban(random: Random) -> str:
    right = values.iban(random)
    return random.choice(
        [
            _other(random, right, 2),
            _other(random, right, len(right) - 1),
            right[:-2],
            f"XX{right[2:]}",
            f"YD00{digits(random, 14)}",
        ]
    )


def _credit_code(random: Random) -> str:
    right = values.credit_code_cn(random)
    return random.choice(
        [
            _other(random, right, 17),
            _other(random, right, 9),
            right[:17],
            right.lower() if right[17].isalpha() else right[:-2],
            f"I{right[1:]}",
            digits(random, 18),
            f"{right}A",
        ]
    )


def _phone_cn(random: Random) -> str:
    return random.choice(
        [
            f"12{digits(random, 9)}",
            f"0.138{digits(random, 8)}",
            f"138{digits(random, 8)}L",
            f"138{digits(random, 13)}",
            f"1{digits(random, 9)}",
            f"fig-138{digits(random, 8)}",
            f"总额 010{digits(random, 8)} 元",
            f"400{digits(random, 7)} rows",
            f"2023-{digits(random, 8)}",
            f"138-{digits(random, 4)}",
        ]
    )


def _phone(random: Random) -> str:
    return random.choice(
        [
            f"+{digits(random, 3)}",
            f"UTC+08:00 {digits(random, 4)}",
            f"x+1{digits(random, 8)}",
            f"+1{digits(random, 5)}",
            fill(random, "1##-###-####"),
            fill(random, "N##-##-####"),
            f"+0{digits(random, 9)}",
            f"{digits(random, 3)}-{digits(random, 3)}",
            f"i+{digits(random, 9)}",
        ]
    )


def _email(random: Random) -> str:
    name = random.choice(["icon", "logo", "getty", "user", "w", "npm"])
    return random.choice(
        [
            f"{name}@2x.png",
            "getty@tty1.service",
            "git@github.com:torvalds/linux.git",
            f"react@18.{digits(random, 1)}.0",
            f"{name}@localhost",
            f"@{name}.setter",
            "a @ b.T",
            "x@y",
            f"{name}@{digits(random, 3)}",
            f"{name} at example dot com",
            "A@B.sum()",
        ]
    )


def _url(random: Random) -> str:
    return random.choice(
        [
            f"http://localhost:{digits(random, 4)}/",
            "http://{host}:{port}/",
            "a://b",
            "os.path.join",
            "www.",
            "https://",
            f"file:///tmp/{digits(random, 3)}",
            "std::vector",
            "//comment",
            "http:// 空",
            "example.com/path",
            "www 服务",
            f"x = y //{digits(random, 2)}",
            "and/or",
            "C:\\Users\\x",
        ]
    )


def _ip(random: Random) -> str:
    a, b, c, d = (random.randint(0, 255) for _ in range(4))
    majors = (*range(1, 10), 11, 12)
    return random.choice(
        [
            version(random),
            f"{256 + a}.{b}.{c}.{d}",
            f"{a}.{b}.{c}",
            f"{a}.{b}.{c}.{d}.{a}",
            f"Firmware {random.choice(majors)}.{b % 20}.{c}.{d % 30}",
            f"nginx {random.choice(majors)}.{b % 20}.{c}.{d % 30}",
            f"M{a % 9}.{b % 90} {c % 10}.{d % 99}.{a % 99}.{b % 99} 0 {c % 9}.{d}",
            "1.2.3.4",
            f"§{a % 9}.{b % 9}.{c % 9}.{d % 9}",
            "127.0.0.1",
            "255.255.255.0",
            "0.0.0.0",
            f"1.3.6.1.4.1.{a}.{b}",
            f"{a}.{b}.{c}.{d}a",
            f"{a % 24:02}:{b % 60:02}:{c % 60:02}",
            "std::cafe::beef",
            "::1",
            f"{a:02x}:{b:02x}:{c:02x}",
        ]
    )


def _mac(random: Random) -> str:
    pairs = [f"{random.randint(0, 255):02x}" for _ in range(8)]
    return random.choice(
        [
            ":".join(pairs),
            ":".join(pairs[:5]),
            "-".join(pairs[:5]),
            ":".join(pairs[:5]) + ":zz",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            ":".join(pairs[:3]) + "-" + "-".join(pairs[3:6]),
            "12-11-10-09-08-07",
            ":".join(pairs * 2),
            "".join(pairs[:6]),
        ]
    )


def _passport(random: Random) -> str:
    return random.choice(
        [
            f"零件号 E{digits(random, 8)}",
            f"model G{digits(random, 8)}",
            f"E{digits(random, 7)}",
            f"护照办理 {digits(random, 8)} 份",
            f"passport.js?v={digits(random, 8)}",
            f"护照 A{digits(random, 8)}",
            f"passport E{digits(random, 10)}",
            f"E{digits(random, 8)}",
        ]
    )


def _plate(random: Random) -> str:
    head = random.choice("京沪粤川浙苏")
    return random.choice(
        [
            f"{head}ICP备{digits(random, 8)}号",
            f"{head}A{digits(random, 4)}",
            f"{head}A{digits(random, 7)}",
            f"北A{digits(random, 5)}",
            f"{head}{digits(random, 6)}",
            f"{head}公网安备{digits(random, 14)}号",
            f"A{digits(random, 5)}",
            f"{head} A 座 {digits(random, 4)} 室",
            f"{head}I{digits(random, 5)}",
            f"{head}B-{digits(random, 3)}",
        ]
    )


NEAR_MISSES: dict[PrivacyKind, Callable[[Random], str]] = {
    "email": _email, "phone_cn": _phone_cn, "phone": _phone, "url": _url, "ip": _ip, "mac": _mac, "id_card_cn": _id_card,
    "credit_code_cn": _credit_code, "passport_cn": _passport, "plate_cn": _plate, "bank_card": _bank_card, "iban": _iban,
    "wechat": _wechat, "qq": _qq, "api_key": _api_key, "private_key": _private_key, "password": _password,
}  # fmt: skip
