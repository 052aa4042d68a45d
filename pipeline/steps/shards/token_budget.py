"""The plan: which documents go into the shards, how many times, so that every language meets its budget to
the token's tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manifests.largest_remainder import largest_remainder
from pipeline.steps.shards.shortfall import Shortfall, too_few_documents
from pipeline.text.arrow.kernel import kernel

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Documents:
    """Columns [documents]: ``tokens`` (eos included), ``source`` and ``language`` (indices), ``key``, by
    which documents are drawn, and ``weight``, a whole number: one of twice the weight is used twice as often,
    as far as its source's epochs allow."""

    tokens: Int64
    source: npt.NDArray[np.int32]
    language: npt.NDArray[np.int8]
    key: npt.NDArray[np.uint64]
    weight: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Cap:
    """The most that a source may give: its own tokens ``max_epochs`` times, and ``max_tokens`` over all
    languages."""

    name: str
    max_epochs: float = 1
    max_tokens: int | None = None


@dataclass
class _Group:
    """The documents of one source and language, in the order of their keys.

    Each document is used ``base`` times and those of ``extra`` once more; ``slack`` tokens are left below
    the caps.
    """

    rows: npt.NDArray[np.intp]
    tokens: Int64
    cap: Cap
    base: Int64
    extra: Bools
    slack: int

    @property
    def open(self) -> Bools:
        """Documents that may be used once more."""
        return ~self.extra & (self.base < math.ceil(self.cap.max_epochs))


def plan(
    documents: Documents,
    budgets: Mapping[str, int],
    languages: Sequence[str],
    caps: Sequence[Cap],
    tolerance: float,
    proportions: Int64 | None = None,
) -> Int64:
    """How many times each document is used [documents].

    A language's budget is shared among its sources in proportion to the weight of what they have, as far as
    their caps allow, and a source's share among its documents of each weight likewise, so that no document
    has more epochs than the source, rounded up; those of one weight are taken in the order of their keys, all
    of them as often as the share asks for and a last part once more; whole documents that fit close the gap.
    The result depends on the set of documents, not on their order.

    Args:
        budgets: tokens by language; documents of other languages are not used.
        languages: names of the language indices.
        caps: of the source indices.
        tolerance: the greatest difference from the budget, as a share of it.
        proportions: [sources, languages], by what sources share a budget instead.

    Raises:
        ShardBudgetError: a budget cannot be met under the caps, or not with whole documents.
    """
    available = np.zeros((len(caps), len(languages)), np.int64)
    weighed = np.zeros_like(available)
    for sums, amount in ((available, documents.tokens), (weighed, documents.tokens * documents.weight)):
        np.add.at(sums, (documents.source, documents.language), amount)
    weighed = weighed if proportions is None else proportions
    capacity = _capacities(available, caps)
    wanted = {languages.index(name): budget for name, budget in budgets.items()}
    short = [
        _shortfall(languages[index], budget, capacity[:, index], available[:, index], caps)
        for index, budget in wanted.items()
        if capacity[:, index].sum() < budget * (1 - tolerance)
    ]
    if short:
        raise too_few_documents(short)
    times = np.zeros(len(documents.tokens), np.int64)
    order = np.lexsort((documents.tokens, documents.key))
    for index, budget in wanted.items():
        shares = water_fill(weighed[:, index].tolist(), capacity[:, index].tolist(), budget)
        groups = _groups(documents, order, index, shares, capacity[:, index], caps)
        gap = _close(groups, budget, int(budget * tolerance))
        if abs(gap) > budget * tolerance:
            short.append(Shortfall(languages[index], budget, budget - gap, ()))
        for group in groups:
            times[group.rows] = group.base + group.extra
    if short:
        raise too_few_documents(short)
    return times


def _capacities(available: Int64, caps: Sequence[Cap]) -> Int64:
    """Tokens [sources, languages] that each source may give; ``max_tokens`` is split over languages as its
    tokens are."""
    capacity = np.zeros_like(available)
    for row, cap, has in zip(capacity, caps, available, strict=True):
        row[:] = np.floor(has * cap.max_epochs).astype(np.int64)
        if cap.max_tokens is not None and row.sum() > cap.max_tokens:
            row[:] = largest_remainder(has.tolist(), cap.max_tokens)
    return capacity


def _shortfall(
    language: str, budget: int, capacity: Int64, available: Int64, caps: Sequence[Cap]
) -> Shortfall:
    by_epochs = np.array(
        [math.floor(has * cap.max_epochs) for has, cap in zip(available.tolist(), caps, strict=True)]
    )
    knobs = [
        f"max_epochs of {cap.name} (now {cap.max_epochs:g})"
        for cap, has in zip(caps, available, strict=True)
        if has
    ]
    knobs += [
        f"max_tokens of {cap.name} (now {cap.max_tokens})"
        for cap, has, free in zip(caps, capacity, by_epochs, strict=True)
        if has < free
    ]
    return Shortfall(language, budget, int(capacity.sum()), tuple(knobs))


def water_fill(available: Sequence[int], capacity: Sequence[int], budget: int) -> list[int]:
    """Shares of ``budget`` in proportion to ``available`` where that stays below ``capacity``; the full ones
    give their capacity.

    The shares add up to ``budget``, or to all capacity if that is less.
    """
    shares = list(capacity)
    free = [index for index, most in enumerate(capacity) if most]
    left = budget
    while free:
        total = sum(available[index] for index in free)
        full = {index for index in free if capacity[index] * total <= left * available[index]}
        if not full:
            break
        left -= sum(capacity[index] for index in full)
        free = [index for index in free if index not in full]
    for index, share in zip(free, largest_remainder([available[index] for index in free], left), strict=True):
        shares[index] = share
    return shares


def _groups(
    documents: Documents,
    order: npt.NDArray[np.intp],
    language: int,
    shares: Sequence[int],
    capacity: Int64,
    caps: Sequence[Cap],
) -> list[_Group]:
    """A language's groups, with documents drawn up to each one's share."""
    groups = []
    of_language = order[documents.language[order] == language]
    for source in np.unique(documents.source[of_language]).tolist():
        rows = of_language[documents.source[of_language] == source]
        tokens = documents.tokens[rows]
        base, extra = _drawn(tokens, documents.weight[rows], shares[source], caps[source])
        slack = int(capacity[source]) - int((tokens * (base + extra)).sum())
        groups.append(_Group(rows, tokens, caps[source], base, extra, slack))
    return groups


def _drawn(tokens: Int64, weight: npt.NDArray[np.int32], share: int, cap: Cap) -> tuple[Int64, Bools]:
    """How often each document of a source is used, in the order of the keys, and which ones once more."""
    weights = np.flatnonzero(np.bincount(weight)).tolist()
    has = [int(tokens[weight == one].sum()) for one in weights]
    weighed = [amount * one for amount, one in zip(has, weights, strict=True)]
    shares = water_fill(weighed, [amount * math.ceil(cap.max_epochs) for amount in has], share)
    base, extra = np.zeros(len(tokens), np.int64), np.zeros(len(tokens), np.bool_)
    for one, amount, mine in zip(weights, has, shares, strict=True):
        times, rest = divmod(mine, amount)
        base[weight == one] = times
        _take(tokens, weight == one, extra, rest)
    return base, extra


@kernel
def _take(tokens: Int64, allowed: Bools, taken: Bools, room: int) -> int:
    """Takes allowed documents in order, skipping what no longer fits; returns the room left."""
    for index in range(len(tokens)):
        if room <= 0:
            break
        if allowed[index] and tokens[index] <= room:
            taken[index] = True
            room -= tokens[index]
    return room


def _close(groups: list[_Group], budget: int, tolerance: int) -> int:
    """Fills what whole documents left of the budget; returns the gap that stays (negative: too much)."""
    gap = budget - sum(int((group.tokens * (group.base + group.extra)).sum()) for group in groups)
    for group in groups:
        room = min(gap, group.slack)
        filled = room - _take(group.tokens, group.open, group.extra, room) if room > 0 else 0
        gap -= filled
        group.slack -= filled
    while abs(gap) > tolerance:
        swaps = [swap for group in groups if (swap := _best_swap(group, gap)) is not None]
        best = min(swaps, key=lambda swap: abs(gap - swap.gain), default=None)
        if best is None or abs(gap - best.gain) >= abs(gap):
            break
        best.apply()
        gap -= best.gain
    return gap


@dataclass(frozen=True)
class _Swap:
    """One more document of a group, and one less unless ``drop`` is None."""

    group: _Group
    add: int
    drop: int | None
    gain: int

    def apply(self) -> None:
        self.group.extra[self.add] = True
        if self.drop is not None:
            self.group.extra[self.drop] = False
        self.group.slack -= self.gain


def _best_swap(group: _Group, gap: int) -> _Swap | None:
    """The swap whose gain is nearest to the gap, within the slack: for each document that may go, the best
    that may come."""
    candidates = np.flatnonzero(group.open)
    if not len(candidates):
        return None
    candidates = candidates[np.argsort(group.tokens[candidates], kind="stable")]
    lengths = group.tokens[candidates]
    droppable = np.flatnonzero(group.extra)
    dropped = np.append(group.tokens[droppable], 0)
    place = np.searchsorted(lengths, dropped + min(gap, group.slack), side="right")
    best: _Swap | None = None
    for choice in (np.maximum(place - 1, 0), np.minimum(place, len(lengths) - 1)):
        gains = lengths[choice] - dropped
        distance = np.where(gains <= group.slack, np.abs(gains - gap), np.iinfo(np.int64).max)
        at = int(np.argmin(distance))
        if gains[at] <= group.slack and (best is None or abs(int(gains[at]) - gap) < abs(best.gain - gap)):
            best = _Swap(
                group,
                int(candidates[choice[at]]),
                int(droppable[at]) if at < len(droppable) else None,
                int(gains[at]),
            )
    return best
