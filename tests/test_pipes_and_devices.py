"""A folder that somebody else packed may hold pipes, and links to devices, in place of files: a command that
reads one says so, and neither waits nor reads without end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from curriculum.journal import Journal
from manifests.border.arrow_files import read_batches
from manifests.border.fasttext_model import check_classifier
from manifests.border.json_files import read_object
from manifests.border.kenlm_model import check_kenlm
from manifests.border.logs import read_metrics
from manifests.border.npy_files import mapped_array
from manifests.border.sentencepiece_model import checked_model
from manifests.border.tensor_files import read_header
from manifests.errors import UserError
from manifests.files import cached_sha256, sha256
from manifests.run_lock import run_lock
from manifests.schema.base import load
from manifests.schema.steps import StepManifest
from manifests.signature import verify_signature
from trainer.checkpoint.checkpoint import read
from trainer.export.safetensors_files import WHOLE, Tensors


def _locked(path: Path) -> None:
    with run_lock(path.parent, "openba train"):
        pass


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "manifest": ("manifest.json", lambda path: load(path, StepManifest)),
    "JSON": ("any.json", read_object),
    "log": ("metrics.jsonl", read_metrics),
    "journal": ("journal.jsonl", Journal),
    "hash": ("part", sha256),
    "remembered hash": ("part", cached_sha256),
    "Arrow": ("part.arrow", lambda path: list(read_batches(path))),
    "array": ("part.npy", lambda path: mapped_array(path, "int64", (None,))),
    "tensors": ("weights", lambda path: read_header(path, "F32", 4)),
    "export": (WHOLE, lambda path: Tensors(path.parent)),
    "tokenizer": ("tokenizer.model", checked_model),
    "classifier": ("classifier.bin", check_classifier),
    "KenLM": ("model.bin", check_kenlm),
    "lock": (".lock", _locked),
}


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_pipe, _device])
@pytest.mark.parametrize(("name", "reader"), READERS.values(), ids=READERS.keys())
def test_what_is_no_file_is_refused(
    tmp_path: Path, name: str, reader: Callable[[Path], object], make: Callable[[Path], None]
) -> None:
    make(tmp_path / name)
    with pytest.raises(UserError, match=r"is a pipe or a device|by whom cannot be read"):
        reader(tmp_path / name)


@pytest.mark.parametrize("make", [_pipe, _device])
def test_a_list_of_signed_files_is_a_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.generate().public_key()
    form, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "public.pem").write_bytes(public.public_bytes(form, kind))
    (tmp_path / "run").mkdir()
    make(tmp_path / "run" / "SHA256SUMS")
    with pytest.raises(UserError, match="SHA256SUMS: is a pipe or a device"):
        verify_signature(tmp_path / "run", tmp_path / "public.pem")


@pytest.mark.parametrize("make", [_pipe, _device])
def test_a_checkpoint_of_such_is_not_whole(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "checkpoint.json")
    assert read(tmp_path) is None


def test_a_lock_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to("nowhere")
    with pytest.raises(UserError, match="by whom cannot be read"):
        _locked(tmp_path / ".lock")


def test_a_manifest_of_a_person_may_come_through_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"kind: nothing\n")
    os.close(writing)
    with pytest.raises(UserError, match="Field required"):
        load(Path(f"/dev/fd/{reading}"), StepManifest)
    os.close(reading)
