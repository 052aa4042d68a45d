"""Mixtures one after the other: each has its shares from its first sample on, and no set's number is left out
or comes twice."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from curriculum.mixture_plan import MixturePlan
from curriculum.set_sequence import SetSequence


def plan(weights: dict[str, int]) -> MixturePlan:
    """Shares that stay, of sets whose samples are as long."""
    names = tuple(sorted(weights))
    shares = tuple(Fraction(weights[name], sum(weights.values())) for name in names)
    return MixturePlan(names, ((0, shares),), (Fraction(1),) * len(names))


plans = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 60), min_size=1, max_size=6).map(plan)
changes = st.lists(st.tuples(st.integers(0, 400), plans), min_size=1, max_size=5).map(
    lambda pairs: [(0, pairs[0][1]), *sorted(pairs[1:], key=lambda pair: pair[0])]
)


def sequence(segments: list[tuple[int, MixturePlan]]) -> SetSequence:
    found = SetSequence(())
    for first, plan in segments:
        found = found.then(first, plan)
    return found


def test_a_set_that_leaves_and_comes_back_goes_on_with_its_numbers() -> None:
    both, one = plan({"a": 1, "b": 1}), plan({"b": 1})
    whole = sequence([(0, both), (4, one), (7, both)])
    names, sets, numbers = whole.samples(2, 8)
    assert [(names[index], number) for index, number in zip(sets.tolist(), numbers.tolist(), strict=True)] == [
        ("a", 1), ("b", 1), ("b", 2), ("b", 3), ("b", 4), ("a", 2), ("b", 5), ("a", 3),
    ]  # fmt: skip
    assert whole.counts(10) == [4, 6]


@given(changes, st.integers(0, 500), st.integers(0, 60))
def test_every_segment_keeps_its_shares_from_its_first_sample_on(
    segments: list[tuple[int, MixturePlan]], first: int, count: int
) -> None:
    """Within ``1 - 1 / (2k - 2)`` samples of ``k`` sets, as one mixture alone."""
    whole = sequence(segments)
    names, sets, numbers = whole.samples(first, count)
    before, after = (
        dict(zip(whole.sets, whole.counts(samples), strict=True)) for samples in (first, first + count)
    )
    assert sum(after.values()) == first + count
    for index, name in enumerate(names):
        assert numbers[sets == index].tolist() == list(range(before[name], after[name]))
    for segment, end in zip(whole.segments, [*(s.first for s in whole.segments[1:]), 10**6], strict=True):
        stop = min(end, first + count)
        if stop > segment.first:
            start, until = (
                dict(zip(whole.sets, whole.counts(samples), strict=True)) for samples in (segment.first, stop)
            )
            bound = 1 - Fraction(1, max(2 * len(segment.sets) - 2, 1))
            for name, share in segment.plan.final_shares.items():
                due = (stop - segment.first) * share
                assert abs(until[name] - start[name] - due) <= bound


@given(changes, plans, st.integers(0, 300))
def test_what_comes_later_changes_nothing_before(
    segments: list[tuple[int, MixturePlan]], later: MixturePlan, first: int
) -> None:
    before = sequence(segments)
    after = before.then(first, later)
    for samples in range(0, first + 1, 7):
        early, late = (dict(zip(one.sets, one.counts(samples), strict=True)) for one in (before, after))
        assert {name: count for name, count in early.items() if count} == {
            name: count for name, count in late.items() if count
        }
    assert after.then(first + 5, later).segments == after.segments, "the same shares go on"
