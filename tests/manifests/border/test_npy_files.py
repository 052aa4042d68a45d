"""Arrays of a stranger's run: type, shape and size are what was asked for, and no value leads out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from manifests.border.npy_files import mapped_array, mapped_records
from manifests.border.unsound_file import UnsoundFileError
from pipeline.steps.dedup.group_files import PAIR, cuts_of, ranks_of, sorted_pairs_of, survivors_of


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.arange(4, dtype=np.int64), "holds int64, not uint32"),
        (np.arange(4, dtype=">u4"), "holds >u4, not uint32"),
        (np.zeros((2, 2), np.uint32), r"has shape \(2, 2\), not \(4\)"),
        (np.arange(5, dtype=np.uint32), r"has shape \(5,\), not \(4\)"),
        (np.array([{}, 1], object), "holds object, not uint32"),
        (np.array([0, 1, 2, 9], np.uint32), "has values that are not below 4"),
    ],
)
def test_another_array_is_told(tmp_path: Path, array: np.ndarray, what: str) -> None:
    path = tmp_path / "ranks.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(UnsoundFileError, match=rf"ranks\.npy: {what}"):
        mapped_array(path, "<u4", (4,), below=4)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"(4,)", b"(9,)"),
        (b"(4,), }", b"(99999999999,), }"),
        (b"(4,)", b"(-4,)"),
        (b"'<u4'", b"'|V9'"),
        (b"'shape'", b"'sharp'"),
        (b"{'descr'", b"(((((((("),
        (b"\x93NUMPY\x01", b"\x93NUMPY\x07"),
        (b"\x93NUMPY", b"PK\x03\x04PK"),
    ],
)
def test_a_header_that_lies_is_told(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "ranks.npy"
    np.save(path, np.arange(4, dtype=np.uint32))
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new)[: len(data)])
    with pytest.raises(UnsoundFileError, match=r"ranks\.npy: "):
        mapped_array(path, "<u4", (None,))


def test_ranks_are_a_permutation_and_its_inverse(tmp_path: Path) -> None:
    path = tmp_path / "ranks.npy"
    np.save(path, np.array([[1, 0, 2], [1, 0, 2]], np.uint64))
    assert ranks_of(path, 3)[0].tolist() == [1, 0, 2]
    for ranks in ([[1, 0, 2], [0, 1, 2]], [[0, 0, 2], [0, 0, 2]], [[3, 0, 1], [1, 2, 0]]):
        np.save(path, np.array(ranks, np.uint64))
        with pytest.raises(UnsoundFileError, match=r"ranks\.npy: (holds no ranks|has values)"):
            ranks_of(path, 3)


def test_survivors_and_pairs_name_documents_that_are_there(tmp_path: Path) -> None:
    np.save(tmp_path / "survivors.npy", np.array([0, 0, 99_999_999], np.uint64))
    with pytest.raises(UnsoundFileError, match=r"survivors\.npy: names a document that is kept for a worse"):
        survivors_of(tmp_path / "survivors.npy", 3)
    for pairs, what in (
        ([(0, 99_999_999)], "names a document that is not there"),
        ([(2, 1)], "the better one"),
        ([(0, 2), (0, 1)], "not sorted"),
    ):
        (tmp_path / "pairs").write_bytes(np.array(pairs, PAIR).tobytes())
        with pytest.raises(UnsoundFileError, match=what):
            sorted_pairs_of(tmp_path / "pairs", 3)
    (tmp_path / "cuts").write_bytes(bytes(13))
    with pytest.raises(UnsoundFileError, match="13 bytes, no multiple of 20"):
        cuts_of(tmp_path / "cuts", 3)
    assert len(mapped_records(_empty(tmp_path / "none"), PAIR)) == 0


def _empty(path: Path) -> Path:
    path.touch()
    return path
