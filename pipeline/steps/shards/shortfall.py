"""Why a corpus cannot fill its shards, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manifests.errors import DataShortError
from manifests.schema.instructions import InstructionSettings
from pipeline.runtime.pipeline_error import PipelineError


@dataclass(frozen=True)
class Shortfall:
    """A language whose ``budget`` cannot be met: ``reachable`` tokens can be. ``knobs`` are the settings that
    hold documents back; there are none where there would be documents enough, but no choice of whole ones is
    near enough."""

    language: str
    budget: int
    reachable: int
    knobs: tuple[str, ...]

    @property
    def whole_documents(self) -> bool:
        """Whether only the size of whole documents is in the way."""
        return not self.knobs and self.reachable > 0

    @property
    def tolerance(self) -> float:
        """The tolerance that would do."""
        return abs(self.budget - self.reachable) / self.budget


class ShardBudgetError(DataShortError, PipelineError):
    """Budgets that cannot be met; one line says for each language how much is missing and what helps."""

    def __init__(self, shortfalls: Sequence[Shortfall], lines: Sequence[str]) -> None:
        self.shortfalls = tuple(shortfalls)
        super().__init__("\n".join(f"the token budget cannot be met: {line}" for line in lines))


def too_few_documents(
    shortfalls: Sequence[Shortfall], advice: Mapping[str, str] | None = None
) -> ShardBudgetError:
    """For the streams; ``advice`` adds by language what the earlier steps rejected most."""
    lines = []
    for short in shortfalls:
        setting = f"shards.budget.{short.language}"
        if short.whole_documents:
            lines.append(
                f"{short.language}: no choice of whole documents was found nearer to {short.budget:,} "
                f"tokens than {short.reachable:,}; "
                f"set {setting} to {short.reachable}, or raise shards.tolerance above {short.tolerance:.2g}"
            )
            continue
        fixes = "".join(f", or raise {knob}" for knob in short.knobs) + ", or add sources"
        lines.append(
            f"{_missing(short)}; lower {setting} to {short.reachable} or "
            f"less{fixes}{(advice or {}).get(short.language, '')}"
        )
    return ShardBudgetError(shortfalls, lines)


def too_few_pairs(shortfalls: Sequence[Shortfall], settings: InstructionSettings) -> ShardBudgetError:
    """For the instruction pairs, whose budget is a share of ``shards.instructions.tokens``."""
    capped = ", ".join(source.name for source in settings.sources if source.max_pairs is not None)
    lines = []
    for short in shortfalls:
        if short.whole_documents and short.reachable * 2 > short.budget:
            lines.append(
                f"{short.language}: whole pairs cannot share {settings.tokens:,} tokens out; raise "
                "shards.instructions.tokens"
            )
            continue
        share = settings.ratio.get(short.language, 0.0)  # type: ignore[call-overload]
        fix = f"lower shards.instructions.tokens to {int(short.reachable / share)} or less"
        fix += f", or raise max_pairs of {capped}" if capped else ""
        fix += ", or raise mixing.cap" if settings.mixing and settings.mixing.cap else ""
        lines.append(f"{_missing(short)} in instruction pairs; {fix}, or add instruction sources")
    return ShardBudgetError(shortfalls, lines)


def _missing(short: Shortfall) -> str:
    missing = short.budget - short.reachable
    wanted = f"{short.language}: {short.budget:,} tokens wanted, {short.reachable:,} available"
    return f"{wanted}, {missing:,} ({missing / short.budget:.1%}) short"
