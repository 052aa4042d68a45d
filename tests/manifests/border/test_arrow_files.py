"""Arrow files of a stranger's run: every way in which one may lead out of itself is one line, and never a
signal."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from manifests.border.arrow_files import open_table, read_batches, row_count
from manifests.border.unsound_file import UnsoundFileError

TEXTS = ["Beautiful is better than ugly.", "Explicit is better than implicit.", "道可道，非常道。"]
WANTED = pa.schema([pa.field("text", pa.string(), nullable=False)])
LISTS = pa.schema([pa.field("tokens", pa.list_(pa.uint32()), nullable=False)])


def offsets(kind: pa.DataType, *numbers: int) -> pa.Array:
    values = pa.py_buffer(b"abcdefgh")
    places = pa.array(numbers, pa.int32()).buffers()[1]
    if pa.types.is_list(kind):
        child = pa.Array.from_buffers(pa.uint32(), 2, [None, values])
        return pa.Array.from_buffers(kind, len(numbers) - 1, [None, places], children=[child])
    return pa.Array.from_buffers(kind, len(numbers) - 1, [None, places, values])


def written(path: Path, columns: dict[str, pa.Array], **options: object) -> Path:
    batch = pa.record_batch(columns)
    with pa.ipc.new_file(path, batch.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_batch(batch)
    return path


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(offsets(pa.string(), 0, 1 << 30, 8), id="offsets beyond the data"),
        pytest.param(offsets(pa.string(), 0, -(1 << 20), 4), id="negative offsets"),
        pytest.param(offsets(pa.string(), 0, 6, 2, 8), id="offsets that go back"),
        pytest.param(
            pa.Array.from_buffers(
                pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
            ),
            id="bytes that are no UTF-8",
        ),
        pytest.param(
            pa.Array.from_buffers(
                pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xe9")]
            ),
            id="a character that is cut",
        ),
        pytest.param(pa.array(["a", None]), id="nulls"),
        pytest.param(pa.array([1, 2]), id="another type"),
    ],
)
def test_a_text_that_is_none_is_told(tmp_path: Path, column: pa.Array) -> None:
    path = written(tmp_path / "part.arrow", {"text": column})
    for read in (lambda: list(read_batches(path, WANTED)), lambda: open_table(path, WANTED)):
        with pytest.raises(UnsoundFileError, match=r"part\.arrow: ") as told:
            read()
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("numbers", [(0, 1 << 28, 2), (0, -4, 2), (0, 2, 1, 2)])
def test_lists_that_lead_out_of_their_tokens_are_told(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    path = written(tmp_path / "shard.arrow", {"tokens": offsets(pa.list_(pa.uint32()), *numbers)})
    with pytest.raises(UnsoundFileError, match=r"shard\.arrow: "):
        open_table(path, LISTS, ["tokens"])


def test_codes_of_a_dictionary_are_never_followed(tmp_path: Path) -> None:
    codes = pa.DictionaryArray.from_arrays(pa.array([99_999_999], pa.int32()), pa.array(["a"]), safe=False)
    path = written(tmp_path / "part.arrow", {"id": codes, "text": pa.array(["a"])})
    with pytest.raises(UnsoundFileError, match="dictionaries, which no step writes"):
        list(read_batches(path, WANTED))


def test_what_is_compressed_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path / "part.arrow", {"text": pa.array(["a" * 1_000_000])}, compression="zstd")
    with pytest.raises(UnsoundFileError, match="is compressed, as no step writes it"):
        row_count(path)


def test_null_lists_and_short_hashes_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrow", {"tokens": pa.array([[1, None]], pa.list_(pa.uint32()))})
    with pytest.raises(UnsoundFileError, match="nulls in its lists"):
        open_table(path, LISTS)
    path = written(tmp_path / "b.arrow", {"hash": pa.array([b"0123456789abcdef", b"short"])})
    with pytest.raises(UnsoundFileError, match="hashes that are not of 16 bytes"):
        open_table(path)


def changed(data: bytes, what: str) -> bytes:
    footer = len(data) - 10 - struct.unpack("<i", data[-10:-6])[0]
    return {
        "no end": data[:-20],
        "a footer of 2 GB": data[:-10] + struct.pack("<i", (1 << 31) - 1) + data[-6:],
        "a negative footer": data[:-10] + struct.pack("<i", -1) + data[-6:],
        "a footer of zeros": data[:footer] + bytes(len(data) - 10 - footer) + data[-10:],
        "another beginning": b"PAR1" + data[4:],
        "nothing between": data[:8] + data[-6:],
        "one byte": data[:1],
    }[what]


@pytest.mark.parametrize(
    "what",
    [
        "no end",
        "a footer of 2 GB",
        "a negative footer",
        "a footer of zeros",
        "another beginning",
        "nothing between",
        "one byte",
    ],
)
def test_a_file_with_is_no_arrow_file(tmp_path: Path, what: str) -> None:
    path = written(tmp_path / "part.arrow", {"text": pa.array(TEXTS)})
    path.write_bytes(changed(path.read_bytes(), what))
    with pytest.raises(UnsoundFileError, match=r"part\.arrow: "):
        list(read_batches(path, WANTED))


@pytest.mark.parametrize("number", [1 << 20, 1 << 40, (1 << 63) - 1])
@pytest.mark.parametrize("place", range(3))
def test_a_buffer_outside_of_its_batch_is_told(tmp_path: Path, number: int, place: int) -> None:
    path = written(tmp_path / "part.arrow", {"text": pa.array(TEXTS)})
    data = bytearray(path.read_bytes())
    text = sum(map(len, map(str.encode, TEXTS)))
    # Offset and length of the offsets, and of the text behind them.
    at = data.index(struct.pack("<4q", 0, 16, 16, text)) + 8 * (1, 2, 3)[place]
    data[at : at + 8] = struct.pack("<q", number)
    path.write_bytes(data)
    with pytest.raises(
        UnsoundFileError, match=r"part\.arrow: a buffer of the record batch at byte \d+ leads"
    ):
        list(read_batches(path, WANTED))


def test_a_batch_where_no_system_seeks_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "part.arrow", {"text": pa.array(TEXTS)})
    data = path.read_bytes()
    with pa.ipc.open_file(path) as reader:
        assert reader.num_record_batches == 1
    begin = data.index(b"\xff\xff\xff\xff", 9)  # of the record batch, after the schema
    place = data.rindex(struct.pack("<q", begin))
    path.write_bytes(data[:place] + struct.pack("<q", (1 << 63) - 1) + data[place + 8 :])
    with pytest.raises(UnsoundFileError, match=r"part\.arrow: is no whole Arrow file"):
        list(read_batches(path, WANTED))


def test_a_sound_file_is_read_and_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "part.arrow", {"text": pa.array(TEXTS), "more": pa.array([1, 2, 3])})
    assert open_table(path, WANTED, ["text"])["text"].to_pylist() == TEXTS
    assert row_count(path) == 3
    calls: list[Callable[..., object]] = []
    monkeypatch.setattr("manifests.border.arrow_files.pc.min_max", calls.append)
    assert [batch.num_rows for batch in read_batches(path, WANTED)] == [3]
    written(path, {"text": offsets(pa.string(), 0, 1 << 30, 8)})
    with pytest.raises(UnsoundFileError, match=r"part\.arrow"):
        list(read_batches(path, WANTED))


def test_batches_without_rows_are_left_out(tmp_path: Path) -> None:
    batch = pa.record_batch({"text": pa.array([], pa.string())})
    with pa.ipc.new_file(tmp_path / "part.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    assert list(read_batches(tmp_path / "part.arrow", WANTED)) == []
    assert open_table(tmp_path / "part.arrow", WANTED).num_rows == 0
