"""The labelled set: real sentences and source lines with a valid datum, or with something that only looks
like one, put among them.

Unless other hosts are given, the text is Python's own reference manual and library, and the Laozi. Sentences
with links of their own are left out; every number in them stays.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy.near_misses import NEAR_MISSES
from tests.pipeline.steps.privacy.numbers_in_text import GENERAL
from tests.pipeline.steps.privacy.values import VALUES

ITEMS = 240
_LINKS = re.compile(r"@|://|www\.")
LAOZI = Path(__file__).parents[3] / "data" / "zen_and_laozi.txt"

ENGLISH = (
    "Contact: {}",
    "see {} for details.",
    "({})",
    "it was {}, as before",
    '"{}"',
    "* {}",
    "was given as {}; later",
    "{}",
    "| {} |",
    "Re: {}\n",
    "<td>{}</td>",
    "**{}**",
)
CHINESE = (
    "：{}。",
    "是{}，",
    "（{}）",
    "“{}”",
    "{}",
    "\n{}\n",
    "为{}；",
    "、{}等",
    "　{}　",
    "【{}】",
    "请记下{}并回复",
    "：\t{}",
)
CODE = (
    "# {}",
    'x = "{}"',
    "    call('{}')",
    "// {} (see below)",
    '{{"value": "{}"}}',
    "/* {} */",
    "print(f'{}')",
    "<a>{}</a>",
    "log: {}",
    "- {}\n",
)
# Kinds that are only known by the words before them are announced in the ways people do it.
ANNOUNCED: dict[PrivacyKind, tuple[str, ...]] = {
    "passport_cn": (
        "护照号：{}",
        "护照号码为{}，",
        "护照{}",
        "（护照 {}）",
        "Passport No. {}",
        "passport number: {}",
        "中国护照，号码：{}",
        '"passport": "{}"',
        "持普通护照（{}）",
    ),
    "wechat": (
        "微信号：{}",
        "微信：{}",
        "加微信{}咨询",
        "微信号 {}，",
        "WeChat: {}",
        "WeChat ID: {}",
        "vx：{}",
        "微信号是{}",
        "wechat id {}",
        "（微信：{}）",
        "VX:{}",
        "微信 ID：{}",
    ),
    "qq": (
        "QQ：{}",
        "QQ号：{}，",
        "QQ群：{}",
        "qq:{}",
        "QQ {}",
        "QQ号码是{}",
        "加QQ{}咨询",
        "（QQ：{}）",
        "QQ交流群 {}",
        "客服QQ：{}",
        "QQ群号:{}",
    ),
    "password": (
        'password = "{}"',
        "'password': '{}',",
        "DB_PASSWORD = '{}'",
        'client_secret: "{}"',
        'api_key="{}"',
        'passwd := "{}"',
        '{{"secret": "{}"}}',
        "conn(user='root', password='{}')",
        'String dbPassword = "{}";',
        "ACCESS_TOKEN = '{}'",
        "config['secret_key'] = '{}'",
    ),
    "phone_cn": (
        *ENGLISH[:6],
        *CHINESE,
        *CODE[:3],
        "电话：{}",
        "手机{}",
        "联系电话 {}（张先生）",
        "Tel:{}",
        "请拨打{}咨询",
    ),
    "phone": (*ENGLISH, *CODE, "电话 {}，", "Call {} today", "Tel: {}\n", "fax {}"),
}


class Item(NamedTuple):
    """``text`` holds ``value``, of ``kind``, from byte ``start`` on; a near miss has an empty value."""

    kind: PrivacyKind
    text: str
    start: int
    value: str


class Hosts(NamedTuple):
    """Sentences, or blocks of lines, that data are put among."""

    english: Sequence[str]
    chinese: Sequence[str]
    code: Sequence[str]


def _english() -> list[str]:
    from pydoc_data.topics import topics

    paragraphs = (" ".join(paragraph.split()) for text in topics.values() for paragraph in text.split("\n\n"))
    return [
        paragraph for paragraph in paragraphs if 60 < len(paragraph) < 400 and not _LINKS.search(paragraph)
    ]


def _chinese() -> list[str]:
    return re.findall(r"[^。！？\s]*[\u4e00-\u9fff][^。！？\s]*[。！？]", LAOZI.read_text(encoding="utf-8"))


def _code() -> list[str]:
    import argparse
    import calendar
    import csv
    import json.decoder
    import statistics

    lines = [
        line
        for module in (argparse, calendar, csv, json.decoder, statistics, textwrap)
        for line in inspect.getsource(module).splitlines()
    ]
    blocks = ("\n".join(lines[at : at + 5]) for at in range(0, len(lines), 5))
    return [block for block in blocks if not _LINKS.search(block)]


@cache
def manual() -> Hosts:
    """Python's manual and library, and the Laozi."""
    return Hosts(_english(), _chinese(), _code())


def embedded(random: Random, value: str, hosts: Hosts, announced: Sequence[str] = ()) -> tuple[str, int]:
    """The value between real sentences of one language, and the byte at which it starts.

    Args:
        announced: templates with ``{}`` in the place of the value, instead of the language's own.
    """
    sentences, templates = random.choice(
        [(hosts.english, ENGLISH), (hosts.chinese, CHINESE), (hosts.code, CODE)]
    )
    before, after = random.choices(sentences, k=2)
    by = "" if templates is CHINESE else random.choice(["\n", " "])
    head, tail = random.choice(announced or templates).replace("{{", "{").replace("}}", "}").split("{}")
    return f"{before}{by}{head}{value}{tail}{by}{after}", len(f"{before}{by}{head}".encode())


def positives(kind: PrivacyKind, seed: int, hosts: Hosts) -> list[Item]:
    random = Random(f"{kind} {seed}")
    items = []
    for _ in range(ITEMS):
        value = VALUES[kind](random)
        items.append(Item(kind, *embedded(random, value, hosts, ANNOUNCED.get(kind, ())), value))
    return items


def near_misses(kind: PrivacyKind, seed: int, hosts: Hosts) -> list[Item]:
    """Of this kind mostly, and of the things that look like every kind of number."""
    random = Random(f"{kind} near {seed}")
    items = []
    for _ in range(ITEMS):
        value = random.choice(
            [NEAR_MISSES[kind], NEAR_MISSES[kind], NEAR_MISSES[kind], *random.sample(GENERAL, 2)]
        )(random)
        items.append(Item(kind, embedded(random, value, hosts)[0], 0, ""))
    return items
