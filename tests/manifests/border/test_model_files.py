"""Models and weights from a stranger: what the libraries would follow out of the file, or divide by, is one
line before they see it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from benchmarks.source_samples import ARPA, model_samples
from manifests.border.fasttext_model import check_classifier
from manifests.border.kenlm_model import SANITY, check_kenlm
from manifests.border.logs import read_evaluations, read_metrics
from manifests.border.sentencepiece_model import checked_model, pieces_of
from manifests.border.tensor_files import read_header
from manifests.border.unsound_file import UnsoundFileError
from tests.tiny import MODEL

DIM, WORDS = 2, 1


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(name: bytes, score: float = -1.0, kind: int = 1) -> bytes:
    return field(1, field(1, name) + b"\x15" + struct.pack("<f", score) + field(3, kind))


PIECES = [piece(b"<unk>", 0.0, 2), piece(b"a"), piece(b"b")]
SOUND = b"".join(PIECES)


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (b"", "it has 0 pieces"),
        (SOUND[:-1], "goes on behind the end"),
        (SOUND + b"\xff" * 12, "an integer without an end"),
        (SOUND + b"\x0b", "a field of type 3"),
        (SOUND + piece(b"a"), "two of its pieces are one"),
        (SOUND + piece(b""), "a piece has no name"),
        (SOUND + piece(b"c", float("nan")), "the score nan"),
        (SOUND + piece(b"c", float("-inf")), "the score -inf"),
        (SOUND + piece(b"c", -1.0, 9), "of kind 9"),
        (SOUND + piece(b"<0xZZ>", 0.0, 6), "the piece of no byte"),
        (SOUND + field(2, field(3, 7)), "it is of type 7"),
        (SOUND + field(2, field(35, 1)), "not the piece of every byte"),
        (b"".join(PIECES[1:]), "0 of its pieces stand for what is unknown"),
        (SOUND + piece(b"\xff\xfe"), "utf-8"),
        (SOUND + field(3, field(2, struct.pack("<I", 1 << 30) + bytes(2000))), "is cut"),
        (SOUND + field(3, field(2, struct.pack("<I", 1024) + b"\0\xff\xff\x7f" * 256 + b"a\0")), "leads out"),
        (SOUND + field(3, field(2, struct.pack("<I", 1024) + bytes(1024) + b"abc")), "have no end"),
    ],
)
def test_a_tokenizer_that_leads_out_of_itself_is_told(tmp_path: Path, model: bytes, what: str) -> None:
    (tmp_path / "t.model").write_bytes(model)
    with pytest.raises(UnsoundFileError, match=rf"t\.model: not a SentencePiece model: .*{what}"):
        checked_model(tmp_path / "t.model")


def test_sound_tokenizers_are_given_back_as_they_are(tmp_path: Path) -> None:
    models = [one.data for one in model_samples(tmp_path, _language_model()) if one.suffix == ".model"]
    for model in (SOUND, *models):
        (tmp_path / "t.model").write_bytes(model)
        assert checked_model(tmp_path / "t.model") == model
    assert len(models) == 3


def fasttext(**changes: int) -> bytes:
    """A classifier of one word and one label, dense."""
    args = {
        "dim": DIM,
        "ws": 5,
        "epoch": 5,
        "min_count": 1,
        "neg": 5,
        "word_ngrams": 1,
        "loss": 3,
        "model": 3,
    }
    args |= {"bucket": 0, "minn": 0, "maxn": 0, "rate": 100}
    told = {"magic": 793712314, "version": 12, "size": 2, "words": WORDS, "labels": 1, "pruned": -1}
    told |= {"count": 1, "kind": 1, "rows": WORDS, "columns": DIM, "out": 1} | {"weight": 0} | changes
    parts = [struct.pack("<2i", told["magic"], told["version"])]
    parts.append(struct.pack("<12id", *(changes.get(name, value) for name, value in args.items()), 1e-4))
    parts.append(struct.pack("<3i2q", told["size"], told["words"], told["labels"], 2, told["pruned"]))
    parts.append(b"zen\0" + struct.pack("<qb", 1, 0))
    parts.append(b"__label__en\0" + struct.pack("<qb", told["count"], told["kind"]))
    parts.append(struct.pack("<?2q", False, told["rows"], told["columns"]))
    parts.append(struct.pack("<4s", struct.pack("<I", told["weight"])) + bytes(4 * DIM * WORDS - 4))
    parts.append(struct.pack("<?2q", False, told["out"], told["columns"]) + bytes(4 * DIM))
    return b"".join(parts)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"magic": 1}, "does not begin as one"),
        ({"version": 99}, "does not begin as one"),
        ({"dim": 0}, "0 dimensions"),
        ({"dim": -1}, "-1 dimensions"),
        ({"model": 1}, "it is no classifier"),
        ({"loss": 77}, "its loss is 77"),
        ({"maxn": 3}, "its n-grams have no rows"),
        ({"word_ngrams": 1 << 30}, "n-grams of 1073741824 words"),
        ({"word_ngrams": 2, "bucket": 2_000_000}, "too few rows"),
        ({"size": 2_000_000_000}, "does not add up"),
        ({"labels": 0, "size": 1}, "does not add up"),
        ({"pruned": 1 << 40}, "more n-grams than bytes"),
        ({"count": -5}, "order of their counts"),
        ({"count": 1 << 62}, "order of their counts"),
        ({"kind": 0}, "a word is a label"),
        ({"rows": 1 << 40}, "of another width"),
        ({"columns": 1 << 40}, "of another width"),
        ({"out": 2}, "too early"),
        ({"weight": 0x7FC00000}, "weights beyond all bounds"),
    ],
)
def test_a_fasttext_model_that_leads_out_of_itself_is_told(
    tmp_path: Path, changes: dict[str, int], what: str
) -> None:
    (tmp_path / "m.bin").write_bytes(fasttext(**changes))
    with pytest.raises(UnsoundFileError, match=rf"m\.bin: is not a fastText model \(.*{what}"):
        check_classifier(tmp_path / "m.bin")


def test_sound_fasttext_models_are_taken(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(fasttext())
    check_classifier(tmp_path / "m.bin")
    check_classifier(_language_model())
    (tmp_path / "m.bin").write_bytes(fasttext() + b"more")
    with pytest.raises(UnsoundFileError, match="goes on behind its end"):
        check_classifier(tmp_path / "m.bin")
    (tmp_path / "m.bin").write_bytes(b"")
    with pytest.raises(UnsoundFileError, match="is not a fastText model"):
        check_classifier(tmp_path / "m.bin")


def kenlm(order: int, kind: int, counts: tuple[int, ...], body: bytes, multiplier: float = 1.5) -> bytes:
    head = SANITY + struct.pack("<B3xfi?3xI", order, multiplier, kind, True, int(kind >= 2))
    head += struct.pack(f"<{len(counts)}Q", *counts)
    return head + bytes(-len(head) % 8) + body


PROBING = struct.pack("<2I", 0, 2) + bytes(12 * 3) + bytes(8 * 3) + bytes(12 * 2)
"""Of two words and one bigram: words in 3 slots, 3 weights, bigrams in 2 slots."""


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (ARPA.replace("ngram 1=4", "ngram 1=99999999999").encode(), "n-grams, which"),
        (b"zen of python", "does not begin as one"),
        (SANITY[:60], "another version"),
        (kenlm(0, 0, (), PROBING), "of order 0"),
        (kenlm(200, 0, (1,) * 200, PROBING), "of order 200"),
        (kenlm(2, 0, (2, 1 << 61), PROBING), "more n-grams than it has bytes"),
        (kenlm(2, 9, (2, 1), PROBING), "of type 9"),
        (kenlm(2, 0, (2, 1), PROBING[:-1]), "too early"),
        (kenlm(2, 0, (2, 1), PROBING, float("inf")), "times as large"),
        (kenlm(2, 0, (2, 1), b"\x01" * len(PROBING)), "one of its tables is full"),
        (
            kenlm(2, 0, (2, 1), PROBING[:8] + b"\x01" * 8 + b"\xff" * 4 + PROBING[20:]),
            "words without numbers",
        ),
        (kenlm(2, 2, (1, 1), struct.pack("<Q", 9) + bytes(200)), "words without numbers"),
        (kenlm(2, 2, (1, 1), bytes(24) + struct.pack("<Q", 1 << 40) + bytes(200)), "out of their order"),
        (kenlm(2, 3, (1, 1), bytes(300)), "quantized as no version does"),
    ],
)
def test_a_kenlm_model_that_leads_out_of_itself_is_told(tmp_path: Path, model: bytes, what: str) -> None:
    (tmp_path / "m.binary").write_bytes(model)
    with pytest.raises(UnsoundFileError, match=rf"m\.binary: is no KenLM model \(.*{what}"):
        check_kenlm(tmp_path / "m.binary")


def test_sound_kenlm_models_are_taken(tmp_path: Path) -> None:
    for model in (ARPA.encode(), kenlm(2, 0, (2, 1), PROBING), kenlm(2, 2, (1, 1), bytes(200))):
        (tmp_path / "m").write_bytes(model)
        check_kenlm(tmp_path / "m")


def tensors(size: int = 40, **place: object) -> bytes:
    known = {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]} | place
    header = json.dumps({"w": known}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (tensors(39), "w leads out of the file"),
        (tensors(shape=[1 << 40]), "not the bytes of its shape"),
        (tensors(shape=[-10]), "has shape"),
        (tensors(data_offsets=[-40, 0]), "leads out of the file"),
        (tensors(data_offsets=[40, 0]), "leads out of the file"),
        (tensors(dtype="I64"), "of type I64"),
        (tensors(data_offsets=[0]), "a header that is none"),
        (tensors(more=1), "a header that is none"),
        (struct.pack("<Q", 1 << 60) + b"{}", "a header of 1152921504606846976 bytes in 10"),
        (struct.pack("<Q", 2) + b"[]", "a header without keys"),
        (struct.pack("<Q", 2) + b"{]", "no JSON"),
        (struct.pack("<Q", 60000) + b"[" * 60000, "no JSON"),
        (b"\x01", "a header of 1 bytes"),
    ],
)
def test_weights_that_lead_out_of_their_file_are_told(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(UnsoundFileError, match=rf"w\.safetensors: .*{what}"):
        read_header(tmp_path / "w.safetensors", "F32", 4)
    (tmp_path / "w.safetensors").write_bytes(tensors())
    assert read_header(tmp_path / "w.safetensors", "F32", 4)[1]["w"].numel == 10


def test_a_log_of_something_else_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    for line, what in (
        (b"[]\n", "line: Input should be"),
        (b"nonsense\n", "line: Invalid JSON"),
        (b'{"step": -1, "stage": "a"}\n', "step: Input should be greater"),
        (b'{"step": 1, "stage": "a", "loss": "low", "learning_rate": 1, "tokens": 1}\n', "loss: "),
        (b"[" * 100_000 + b"\n", "line: "),
    ):
        file.write_bytes(line)
        with pytest.raises(
            UnsoundFileError, match=rf"metrics\.jsonl: a line of it is none of the log: {what}"
        ):
            read_metrics(file)
    file.write_bytes(b'{"step": 1, "stage": "a", "losses": {"en": 9.5}, "more": [1]}\n{"torn')
    assert read_evaluations(file) == [{"step": 1, "stage": "a", "losses": {"en": 9.5}, "more": [1]}]
    assert np.isfinite(read_evaluations(file)[0]["losses"]["en"])


def _language_model() -> Path:
    if not MODEL.exists():
        pytest.skip("the language model is not there; run `openba setup`")
    return MODEL


@pytest.mark.parametrize("data", [b"", b"\n\x02\n", b"\x0a" * 40, b"no model"])
def test_bytes_of_no_model_have_no_pieces(data: bytes) -> None:
    with pytest.raises(UnsoundFileError, match="not a SentencePiece model"):
        pieces_of(data)
