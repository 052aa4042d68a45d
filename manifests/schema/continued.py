"""Which stage each set of a stage is read on from."""

from __future__ import annotations

from collections.abc import Sequence

from manifests.schema.stage import Stage


def continued_sets(stage: Stage, earlier: Sequence[Stage]) -> dict[str, str]:
    """The stage that each set is read on from, by set; those that begin an order of their own are left out.

    Args:
        earlier: the stages before it.

    Raises:
        ValueError: there is no such stage before it, it has no such set, or it is still read in a blend.
    """
    named, others = stage.continue_from, {other.name: other for other in earlier}
    if named is None:
        return {}
    origins = dict.fromkeys(stage.sets, named) if isinstance(named, str) else named
    for origin in origins.values():
        _check_origin(stage, origin, others)
    found = {name: origin for name, origin in origins.items() if name in others[origin].sets}
    missing = sorted(set(origins) - set(found))
    if missing and (isinstance(named, dict) or not found):
        origin = origins[missing[0]]
        raise ValueError(
            f"stage {stage.name!r} continues {missing[0]!r} from {origin!r}, which reads "
            f"{', '.join(others[origin].sets)}; remove it from continue_from"
        )
    return found


def _check_origin(stage: Stage, origin: str, others: dict[str, Stage]) -> None:
    if origin not in others:
        raise ValueError(
            f"stage {stage.name!r} continues from {origin!r}, which is none of the stages before it "
            f"({', '.join(others) or 'there are none'}); remove it"
        )
    if stage.blend and list(others)[-1] == origin:
        raise ValueError(
            f"stage {stage.name!r} continues from {origin!r}, which its blend still reads: both would read "
            "the same; remove blend or continue_from"
        )
