"""What every text is full of and is nobody's: ISBNs, dates, hashes, versions, order numbers, decimals,
tables."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from tests.pipeline.steps.privacy.values import digits


def moment(random: Random) -> datetime:
    return datetime(1970, 1, 1) + timedelta(seconds=random.randrange(2_000_000_000))


def isbn(random: Random) -> str:
    body = "9787" + digits(random, 8)
    whole = body + str(-sum((1, 3)[place % 2] * int(digit) for place, digit in enumerate(body)) % 10)
    return random.choice(
        [
            f"ISBN {whole}",
            f"ISBN {whole[:3]}-{whole[3]}-{whole[4:7]}-{whole[7:12]}-{whole[12]}",
            f"ISBN：{whole}",
        ]
    )


def digest(random: Random) -> str:
    return random.choice(
        [
            random.randbytes(20).hex(),
            random.randbytes(16).hex(),
            random.randbytes(32).hex(),
            f"commit {random.randbytes(4).hex()}",
            str(uuid.UUID(int=random.getrandbits(128))),
        ]
    )


def time(random: Random) -> str:
    at = moment(random)
    return random.choice(
        [
            f"{at:%Y-%m-%d %H:%M:%S}",
            f"{at:%Y-%m-%dT%H:%M:%S}+08:00",
            f"{at:%Y%m%d%H%M%S}",
            f"{at.timestamp():.6f}",
            f"{int(at.timestamp() * 1000)}",
            f"{at:%Y年%m月%d日}",
            f"{at:%d/%m/%Y}",
            f"{at:%H:%M:%S}.{digits(random, 6)}",
        ]
    )


def version(random: Random) -> str:
    a, b, c, d = (random.randint(0, high) for high in (20, 30, 99, 60))
    return random.choice(
        [
            f"version {a}.{b}.{c}.{d}",
            f"v{a}.{b}.{c}.{d}",
            f"版本号：{a}.{b}.{c}.{d}",
            f"django=={a}.{b}.{c}.{d}",
            f"libssl{a}-{b}.{c}.{d}",
            f"Chrome/{a}.{b}.4{c:03}.{d}",
            f"release {a}.{b}.{c}.{d}",
            f">={a}.{b}.{c}",
        ]
    )


def order(random: Random) -> str:
    return random.choice(
        [
            f"订单号 AB-{digits(random, 11)}",
            f"NO.{digits(random, 20)}",
            f"SF{digits(random, 13)}",
            f"order_{digits(random, 12)}",
            f"#{digits(random, 7)}",
            f"流水号{digits(random, 22)}",
            f"item-{digits(random, 5)}-{digits(random, 4)}",
        ]
    )


def decimal(random: Random) -> str:
    return random.choice(
        [
            f"{random.random():.16f}",
            f"{random.uniform(-180, 180):.7f}, {random.uniform(-90, 90):.7f}",
            f"${random.randint(1, 9**7):,}.{digits(random, 2)}",
            f"1{digits(random, 3)}.{digits(random, 11)}",
            f"{random.random():.10e}",
            f"第{random.randint(1, 900)}页",
            f"pp. {random.randint(1, 400)}-{random.randint(401, 900)}",
        ]
    )


def table(random: Random) -> str:
    by = random.choice([" ", "  ", " | ", ", "])
    return by.join(str(random.randint(1, 10 ** random.randint(1, 6))) for _ in range(random.randint(4, 12)))


GENERAL: tuple[Callable[[Random], str], ...] = (isbn, digest, time, version, order, decimal, table)
