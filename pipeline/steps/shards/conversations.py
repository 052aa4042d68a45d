"""Conversations as records: one for each answer, with the number of exchanges before it.

As OpenBA's released code has it (training/tools/preprocess_data_chat.py): the encoder reads what was said
before and the question, the decoder writes the answer, and each answer of a conversation is an example.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instructions import Speakers

TURN = "turn"
"""The column with the number of exchanges before a record in its conversation, int64."""
RECORD = pa.schema([(name, pa.string()) for name in ("system", "question", "answer")] + [(TURN, pa.int64())])
_SYSTEM, _HUMAN, _ASSISTANT, _OTHER = range(4)


def turns_schema(speakers: Speakers, others: Iterable[str] = ()) -> pa.Schema:
    """What is read of a JSON line: a list of turns, and ``others``, fields of the whole conversation."""
    turn = pa.struct([(speakers.role, pa.string()), (speakers.text, pa.string())])
    more = sorted({*others} - {*RECORD.names, speakers.field})
    return pa.schema([(speakers.field, pa.list_(turn)), *((name, pa.string()) for name in more)])


def exchanges(batch: pa.RecordBatch, speakers: Speakers) -> pa.RecordBatch:
    """Lists of turns -> RECORD and the other fields, in order. A conversation in which questions and answers
    do not alternate is one record of nulls; a question at its end that nobody answers is left out."""
    talks = batch.column(speakers.field)
    counts = pc.fill_null(pc.list_value_length(talks), 0).to_numpy().astype(np.int64)
    turns, starts = talks.flatten(), np.cumsum(counts) - counts
    texts = pc.struct_field(turns, speakers.text)
    system, whole = _forms(_kinds(turns, speakers), starts, counts)
    rows = np.where(whole, (counts - system) // 2, 1)
    of = np.repeat(np.arange(len(counts)), rows)
    number = np.arange(len(of)) - np.repeat(np.cumsum(rows) - rows, rows)
    question = np.where(whole[of], (starts + system)[of] + 2 * number, -1)
    before = _at(texts, np.where(whole & system, starts, -1)[of])
    answer = _at(texts, np.where(question < 0, -1, question + 1))
    said = pc.if_else(pa.array(whole[of]), pc.fill_null(before, ""), None)
    columns = [said, _at(texts, question), answer, pa.array(number)]
    others = [name for name in batch.schema.names if name != speakers.field]
    columns += [batch.column(name).take(pa.array(of)) for name in others]
    return pa.RecordBatch.from_arrays(columns, [*RECORD.names, *others])


def _forms(kinds: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which conversations begin with a system's turn, and in which questions and answers alternate: bool
    [conversations]."""
    talk = np.repeat(np.arange(len(counts)), counts)
    first = np.append(kinds, _OTHER)[starts]
    system = (counts > 0) & (first == _SYSTEM)
    place = np.arange(len(kinds)) - starts[talk] - system[talk]
    sound = (kinds == np.where(place % 2 == 0, _HUMAN, _ASSISTANT)) | (place < 0)
    whole = np.ones(len(counts), bool)
    np.logical_and.at(whole, talk, sound)
    return system, whole


def earlier(
    turn: np.ndarray, rows: np.ndarray, blocks: pa.Array, tokens: np.ndarray, most: int
) -> pa.ListArray:
    """The exchanges before each of ``rows``, list<string> [rows], the newest that have ``most`` tokens
    together, at most.

    Args:
        turn: int64 [records], see ``TURN``; the records of whole conversations.
        blocks: string [records]: each record's exchange as text; ``tokens`` int64 [records]: its length.
    """
    total = np.append(0, np.cumsum(tokens))
    oldest = np.maximum(rows - turn[rows], np.searchsorted(total, total[rows] - most))
    sizes = rows - oldest
    offsets = np.append(0, np.cumsum(sizes))
    index = np.arange(offsets[-1]) + np.repeat(oldest - offsets[:-1], sizes)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), blocks.take(pa.array(index)))


def _kinds(turns: pa.StructArray, speakers: Speakers) -> np.ndarray:
    """Who speaks in each turn; one without a text is of nobody."""
    roles, texts = (pc.struct_field(turns, field) for field in (speakers.role, speakers.text))
    kinds = np.full(len(turns), _OTHER)
    named = ((_SYSTEM, speakers.system), (_HUMAN, speakers.human), (_ASSISTANT, speakers.assistant))
    for kind, names in named:
        kinds[pc.is_in(roles, value_set=pa.array(names, pa.string())).to_numpy(zero_copy_only=False)] = kind
    kinds[pc.is_null(texts).to_numpy(zero_copy_only=False)] = _OTHER
    return kinds


def _at(texts: pa.Array, index: np.ndarray) -> pa.Array:
    return texts.take(pa.array(index, mask=index < 0))
