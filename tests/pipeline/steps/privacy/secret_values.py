"""Valid accounts and secrets, made by the rules of whoever gives them out."""

from __future__ import annotations

import base64
import json
import string
from random import Random

from tests.pipeline.steps.privacy.value_parts import BASE62, DIGITS, LETTERS, NAMES, digits


def wechat(random: Random) -> str:
    name = random.choice(NAMES)
    return random.choice(
        [
            f"{name}{digits(random, 4)}",
            f"{name}_{digits(random, 3)}",
            f"wxid_{''.join(random.choices(BASE62[:36], k=14))}",
            f"{name[0]}{digits(random, 8)}",
            f"{name}-{digits(random, 6)}",
        ]
    )


def qq(random: Random) -> str:
    return random.choice("123456789") + digits(random, random.randint(5, 9))


def jwt(random: Random) -> str:
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {
            "sub": digits(random, 10),
            "name": random.choice(NAMES),
            "iat": random.randint(1_400_000_000, 1_800_000_000),
        },
    )
    body = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return body + "." + base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")


def api_key(random: Random) -> str:
    take = lambda characters, count: "".join(random.choices(characters, k=count))  # noqa: E731
    return random.choice(
        [
            "AKIA" + take(string.ascii_uppercase + "234567", 16),
            "ghp_" + take(BASE62, 36),
            f"github_pat_{take(BASE62, 22)}_{take(BASE62, 59)}",
            "glpat-" + take(BASE62 + "_-", 19) + take(BASE62, 1),
            f"xoxb-{digits(random, 12)}-{digits(random, 13)}-{take(BASE62, 24)}",
            "AIzaSy" + take(BASE62 + "_-", 32) + take(BASE62, 1),
            f"sk-{take(BASE62, 20)}T3BlbkFJ{take(BASE62, 20)}",
            f"sk-proj-{take(BASE62, 48)}",
            f"sk-ant-api03-{take(BASE62 + '_-', 93)}AA",
            f"sk_live_{take(BASE62, 24)}",
            "npm_" + take(BASE62, 36),
            "hf_" + take(LETTERS, 34),
            f"SG.{take(BASE62, 22)}.{take(BASE62, 43)}",
            jwt(random),
        ]
    )


def private_key(random: Random) -> str:
    kind = random.choice(["RSA ", "", "EC ", "OPENSSH ", "DSA ", "ENCRYPTED "])
    body = base64.b64encode(random.randbytes(random.choice([121, 610, 1190]))).decode()
    by = random.choice(["\n", "\n", "\n    ", "\\n"])
    lines = [
        f"-----BEGIN {kind}PRIVATE KEY-----",
        *(body[at : at + 64] for at in range(0, len(body), 64)),
        f"-----END {kind}PRIVATE KEY-----",
    ]
    return by.join(lines)


def password(random: Random) -> str:
    word = random.choice(
        "dragon sunshine Monkey shadow Master tiger Hunter ranger Summer winter Guangzhou beijing".split()
    )
    strong = (
        "".join(random.choices(BASE62 + "!#@_-+=", k=random.randint(9, 20)))
        + random.choice(DIGITS)
        + random.choice(LETTERS)
    )
    return random.choice(
        [
            strong,
            strong,
            f"{word}{digits(random, 4)}",
            f"{word}!{digits(random, 2)}{random.choice(LETTERS)}",
            f"{random.randbytes(16).hex()}",
        ]
    )
