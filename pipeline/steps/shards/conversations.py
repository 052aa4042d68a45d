"""Conversations as records: one for each answer, with the number of exchanges before it.

As OpenBA's released code has it (training/tools/preprocess_data_chat.py): the encoder reads what was said
before and the question, the decoder writes the answer, and each answer of a conversation is an example.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instructions import Speakers

TURN = "turn"
"""The column with the number of exchanges before a record in its conversation, int64."""
RECORD = pa.schema([(name, pa.string()) for name in ("system", "question", "answer")] + [(TURN, pa.int64())])
_SYSTEM, _HUMAN, _ASSISTANT, _OTHER = range(4)


def turns_schema(speakers: Speakers) -> pa.Schema:
    """What is read of a JSON line: lists of turns."""
    turn = pa.struct([(speakers.role, pa.string()), (speakers.text, pa.string())])
    return pa.schema([(speakers.field, pa.list_(turn))])


def exchanges(batch: pa.RecordBatch, speakers: Speakers) -> pa.RecordBatch:
    """Lists of turns -> RECORD, in order. A conversation in which questions and answers do not alternate is
    one record of nulls; a question at its end that nobody answers is left out."""
    talks = batch.column(speakers.field)
    counts = pc.fill_null(pc.list_value_length(talks), 0).to_numpy().astype(np.int64)
    turns = talks.flatten()
    roles, texts = pc.struct_field(turns, speakers.role), pc.struct_field(turns, speakers.text)
    kinds = _kinds(roles, speakers)
    kinds[pc.is_null(texts).to_numpy(zero_copy_only=False)] = _OTHER
    starts = np.cumsum(counts) - counts
    talk, turn = np.repeat(np.arange(len(counts)), counts), np.arange(len(kinds)) - np.repeat(starts, counts)
    first = np.full(len(kinds) + 1, _OTHER)
    first[:-1] = kinds
    system = (counts > 0) & (first[starts] == _SYSTEM)
    place = turn - system[talk]
    sound = (kinds == np.where(place % 2 == 0, _HUMAN, _ASSISTANT)) | (place < 0)
    whole = np.ones(len(counts), bool)
    np.logical_and.at(whole, talk, sound)
    pairs = np.where(whole, (counts - system) // 2, 0)
    rows = np.maximum(pairs, ~whole)
    number = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
    of = np.repeat(np.arange(len(counts)), rows)
    question = np.where(whole[of], (starts + system)[of] + 2 * number, -1)
    begins = np.where(whole[of] & system[of], starts[of], -1)
    answer = np.where(question < 0, -1, question + 1)
    columns = [_at(texts, index) for index in (begins, question, answer)]
    said = pc.if_else(pa.array(whole[of]), pc.fill_null(columns[0], ""), columns[0])
    return pa.RecordBatch.from_arrays([said, *columns[1:], pa.array(number)], schema=RECORD)


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


def _kinds(roles: pa.Array, speakers: Speakers) -> np.ndarray:
    kinds = np.full(len(roles), _OTHER)
    named = ((_SYSTEM, speakers.system), (_HUMAN, speakers.human), (_ASSISTANT, speakers.assistant))
    for kind, names in named:
        kinds[pc.is_in(roles, value_set=pa.array(names, pa.string())).to_numpy(zero_copy_only=False)] = kind
    return kinds


def _at(texts: pa.Array, index: np.ndarray) -> pa.Array:
    return texts.take(pa.array(index, mask=index < 0))
