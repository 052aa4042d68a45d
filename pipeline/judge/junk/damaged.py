"""Junk that was text once: read in a wrong character set, or by a bad scanner."""

from __future__ import annotations

import re

import numpy as np

from pipeline.judge.junk.real_text import RealText

MISREAD = {
    "en": (
        ("utf-8", "cp1252"),
        ("utf-8", "latin-1"),
        ("utf-8", "mac_roman"),
        ("utf-8", "cp437"),
        ("utf-8", "gbk"),
        ("cp1252", "utf-8"),
        ("utf-8", "cp1251"),
    ),
    "zh": (
        ("utf-8", "gbk"),
        ("utf-8", "cp1252"),
        ("utf-8", "big5"),
        ("utf-8", "shift_jis"),
        ("gb18030", "latin-1"),
        ("gb18030", "utf-8"),
        ("gb18030", "big5"),
        ("gb18030", "cp1251"),
        ("gb18030", "euc_kr"),
    ),
}
"""The character set that a text was written in, and the one that it was read in."""
LEAST_ERRORS, MOST_ERRORS = 0.06, 0.25
"""Wrong characters of all that a scanner reads."""
_TYPOGRAPHY = str.maketrans({"'": "’", "-": "–", '"': "“"})
_ACCENTED = str.maketrans("aeiouc", "áéíöüç")
_CONFUSED = {
    "en": "l1 I1 i1 t1 O0 o0 eo ce ec ao mn nu un B8 8B S5 h6 hb r1 dq q9 g9 5S vy fl wv .,",
    "zh": (
        "己已 未末 人入 日曰 土士 大太 干千 天夭 于干 的旳 是昰 了孓 不丕 在仕 有冇 我找 一— 中申 国囯 上土 "
        "为沩 来耒 时吋 要耍 可叮 你伱 对対 生牛 能熊 而面 子孑 那哪 得徥 下卞 自目 之乏 年午 过迢 后启 作仵 "
        "用甩 道遒 行仃 所斦 然撚 家冢 种秞 事亊 成戍 方万 多夛 经径 么幺 去丢 法沬 学孛 如茹 都郡 同冋 现观 "
        "当肖 没汐 看着 起赶 说悦 们扪 和秈 这迏 到刭 会佘 也乜 出岀 本木 文丈 理埋 高髙 以似"
    ),
}
"""Each character and what it is taken for."""
_DIRT = {"en": "~^|\\'`.,;:_*•¬§", "zh": "〇丨丿乚、·.,:;|′~^■□"}


def mojibake(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """A text that was read in a wrong character set, sometimes twice. English is given the typographic marks,
    no-break spaces and accents without which nothing could go wrong."""
    text = real.passage(random, size)
    ways = MISREAD[language]
    written, read = ways[int(random.integers(len(ways)))]
    if language == "en":
        text = _with_typography(text, random)
    for _ in range(2 if (written, read) == ("utf-8", "cp1252") and random.random() < 0.3 else 1):
        text = text.encode(written, "replace").decode(read, "replace")
    return text


def _with_typography(text: str, random: np.random.Generator) -> str:
    share = random.uniform(0.1, 0.4)
    return re.sub(
        r"[a-z]{3,}",
        lambda found: found[0].translate(_ACCENTED) if random.random() < share else found[0],
        text.translate(_TYPOGRAPHY).replace(". ", ".\u00a0 "),
    )


def ocr_noise(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """A text in which a scanner took characters for others, lost some, and read dirt as marks and spaces."""
    text = real.passage(random, size)
    wrong = random.random(len(text)) < random.uniform(LEAST_ERRORS, MOST_ERRORS)
    how = random.random(len(text))
    confused, dirt = {one[0]: one[1] for one in _CONFUSED[language].split()}, _DIRT[language]
    dirty = random.integers(len(dirt), size=len(text))
    out = list(text)
    for at in np.flatnonzero(wrong):
        character = text[at]
        if how[at] < 0.6 and character in confused:
            out[at] = confused[character]
        elif how[at] < 0.85:
            out[at] = dirt[dirty[at]] + (character if how[at] < 0.72 else "")
        else:
            out[at] = character + " "
    return "".join(out)
