"""Words in disguise, as those write who fear filters."""

from __future__ import annotations

import numpy as np

LEAST, MOST = 0.05, 0.3
"""Characters that are disguised, of all in a line."""
_BETWEEN = {"en": "*.-_·|~", "zh": "*·~❤丶-_|※.➕"}
_LOOKALIKES = {
    "en": str.maketrans("aeiosclpx", "@3!0$сlрх"),
    "zh": str.maketrans(
        "0123456789qweb博彩信体球性色中国奖", "０１２３４５６７８９ｑｗｅｂ愽采信軆浗忄銫ф國奨"
    ),
}


def obfuscated(line: str, language: str, random: np.random.Generator) -> str:
    """A line in which some letters are taken for others that look alike, or have marks between them."""
    chosen = random.random(len(line)) < random.uniform(LEAST, MOST)
    if random.random() < 0.5:
        table = _LOOKALIKES[language]
        return "".join(
            character.translate(table) if here else character
            for character, here in zip(line, chosen, strict=True)
        )
    marks = _BETWEEN[language]
    mark = marks[int(random.integers(len(marks)))]
    return "".join(
        character + mark if here and character.isalpha() else character
        for character, here in zip(line, chosen, strict=True)
    )
