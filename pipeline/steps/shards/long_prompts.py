"""Prompts with more tokens than there is room for: fewer examples or less history, then what the template
says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.schema.instruction_templates import Template
from pipeline.steps.shards.pair_drafts import Drafts
from pipeline.steps.shards.templates import around
from pipeline.steps.shards.token_gather import flat
from pipeline.text.arrow.scattered import list_lengths, merged

Int64 = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Encode = Callable[[pa.Array], pa.ListArray]
STRADDLING = 8
"""Tokens of the field that are kept on either side: beside others a text may have some more tokens than
alone, for a piece may lie across the border."""


@dataclass(frozen=True)
class Fitted:
    """Prompts [parts] that fit. ``pair``: the pair of each, ascending, several times where it was split;
    ``how``: "middle", "blocks", "cut" or "split" where it was too long; ``reason``: "prompt_too_long" where
    it cannot be used."""

    pair: Places
    prompt: pa.ListArray
    how: pa.StringArray
    reason: pa.StringArray


def fitted(drafts: Drafts, tokens: pa.ListArray, encode: Encode, longest: int) -> Fitted:
    """All prompts with at most ``longest`` tokens.

    ``tokens`` [pairs]: those of the prompts; ``encode``: how they were made of texts. The first blocks of a
    prompt go until it fits; then, template by template, it is dropped, cut or split, by default its middle is
    cut out.
    """
    how, reason = np.full((2, len(drafts)), None, object)
    how[drafts.shed] = "blocks"
    drafts, tokens = _with_fewer_blocks(drafts, tokens, encode, longest, how)
    long = list_lengths(tokens) > longest
    how[long] = "middle"
    parts = []
    for template, pairs in drafts.each_form():
        rule, some = template.too_long, pairs[long[pairs]]
        if rule is None or not len(some):
            continue
        how[some], reason[some] = None, "prompt_too_long"
        if rule.field is not None:
            sides = _sides(drafts, some, template, rule.field, encode)
            short = sides.sum(axis=0) < longest
            how[some[short]], reason[some[short]] = rule.action, None
            most = None if rule.action == "split" else 1
            parts.append(_windows(tokens, some[short], sides[:, short], longest, most))
    pair, prompt = _joined(tokens, parts)
    columns = (pa.array(column[pair], pa.string()) for column in (how, reason))
    return Fitted(pair, cut_middle(prompt, longest), *columns)


def cut_middle(prompts: pa.ListArray, longest: int) -> pa.ListArray:
    """Each list without so much of its middle that ``longest`` tokens are left: half of them its first, and
    half, or one more, its last. What is asked stands at one of them (as LongBench cuts, Bai et al. 2023,
    section 4.1, and as the trainer does where an example has less room)."""
    lengths = list_lengths(prompts)
    head = np.where(lengths > longest, longest // 2, lengths)
    tail = np.minimum(lengths, longest) - head
    return _spans(
        prompts, np.arange(len(prompts)), np.stack([0 * head, lengths - tail]), np.stack([head, tail])
    )


def _with_fewer_blocks(
    drafts: Drafts, tokens: pa.ListArray, encode: Encode, longest: int, how: npt.NDArray[np.object_]
) -> tuple[Drafts, pa.ListArray]:
    """Without the first examples or exchanges of prompts that are too long: as many as their own tokens say,
    then one more at a time."""
    size = list_lengths(drafts.blocks)
    todo = np.flatnonzero((list_lengths(tokens) > longest) & (size > 0))
    less = _fewest(drafts.blocks.take(pa.array(todo)), list_lengths(tokens)[todo] - longest, encode)
    given = drafts
    while len(todo):
        how[todo] = "blocks"
        shorter = given.take(todo).without_first(less)
        made = encode(shorter.prompt)
        drafts = drafts.replaced(todo, shorter)
        tokens = merged(tokens, todo, made)
        more = (list_lengths(made) > longest) & (less < size[todo])
        todo, less = todo[more], less[more] + 1
    return drafts, tokens


def _fewest(blocks: pa.ListArray, excess: Int64, encode: Encode) -> Int64:
    """How many of the first blocks have ``excess`` tokens [pairs] together, or all of them; at least so many
    must go, whether what stands between two has a token or two."""
    size = list_lengths(blocks)
    total = np.append(0, np.cumsum(list_lengths(encode(blocks.flatten())) + 2))
    first = np.cumsum(size) - size
    return np.asarray(np.minimum(np.searchsorted(total, total[first] + excess) - first, size))


def _sides(drafts: Drafts, pairs: Places, template: Template, field: str, encode: Encode) -> Int64:
    """Tokens before and after the field that are kept, int64 [2, pairs]."""
    sides = around(template, field, drafts.records_of(pairs, template))
    return np.stack([list_lengths(encode(side)) + STRADDLING for side in sides])


Parts = tuple[Places, Int64, Int64]
"""Rows of lists [parts], and the ``begins`` and ``sizes`` int64 [spans, parts] of what is taken of each."""


def _windows(tokens: pa.ListArray, pairs: Places, sides: Int64, longest: int, most: int | None) -> Parts:
    """One part of the field after another, each between what stands around it; the first ``most``."""
    lengths, (before, after) = list_lengths(tokens)[pairs], sides
    room, field = longest - before - after, lengths - before - after
    times = np.minimum(-(-field // room), most or len(tokens.values))
    part = np.repeat(np.arange(len(pairs)), times)
    skip = (np.arange(len(part)) - np.repeat(np.cumsum(times) - times, times)) * room[part]
    begins = np.stack([0 * skip, before[part] + skip, (lengths - after)[part]])
    sizes = np.stack([before[part], np.minimum(room[part], field[part] - skip), after[part]])
    return pairs[part], begins, sizes


def _joined(tokens: pa.ListArray, parts: list[Parts]) -> tuple[Places, pa.ListArray]:
    """The lists in order, some of them in parts."""
    lengths = list_lengths(tokens)
    given = np.concatenate([np.empty(0, np.intp), *(part[0] for part in parts)])
    whole = np.setdiff1d(np.arange(len(tokens)), given)
    sizes = np.zeros((3, len(whole)), np.int64)
    sizes[0] = lengths[whole]
    columns = zip((whole, np.zeros_like(sizes), sizes), *parts, strict=True)
    pair, begins, sizes = (np.concatenate(column, axis=-1) for column in columns)
    order = np.argsort(pair, kind="stable")
    return pair[order], _spans(tokens, pair[order], begins[:, order], sizes[:, order])


def _spans(lists: pa.ListArray, row: Places, begins: Int64, sizes: Int64) -> pa.ListArray:
    """Parts of lists: of list ``row[i]`` the values from ``begins[j, i]`` on, ``sizes[j, i]`` of them, one j
    after another."""
    values, starts = flat(lists)
    begin, size = (starts[row] + begins).T.reshape(-1), sizes.T.reshape(-1)
    index = np.arange(size.sum()) + np.repeat(begin - (np.cumsum(size) - size), size)
    offsets = np.append(0, np.cumsum(sizes.sum(axis=0)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[index], pa.uint32()))
