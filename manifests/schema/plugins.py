"""What a corpus manifest says of plug-ins: signals, readers and steps of the user's own, which
``manifests.plugins`` finds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Annotated, Any

from pydantic import Field, JsonValue, PlainSerializer, model_validator

from manifests.credentials import settings_without_credentials
from manifests.schema.base import Strict

SIGNALS_GROUP = "openba.signals"
READERS_GROUP = "openba.readers"
STEPS_GROUP = "openba.steps"

Reference = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*(:[A-Za-z_][\w.]*)?$")]
Settings = Annotated[dict[str, JsonValue], PlainSerializer(settings_without_credentials)]
PluginName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

_BINS = 50


class _Named(Strict):
    """A plug-in and what it is called here: its own name where no other is given."""

    use: Reference
    """The plug-in: ``module:name``, the module being found on the Python path or in the manifest's folder, or
    the name of an entry point."""
    name: PluginName = ""
    """What the plug-in is called here; its own name where none is given."""

    @model_validator(mode="before")
    @classmethod
    def _own_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("use"), str) and "name" not in data:
            return {**data, "name": cls._called(data["use"].rpartition(":")[2])}
        return data

    @staticmethod
    def _called(name: str) -> str:
        return name.rpartition(".")[2].replace("-", "_")


class SignalPlugin(_Named):
    """A signal of the user's own, ``use: module:name`` or an entry point's name in ``openba.signals``: a
    function from a record batch of documents to their values, a float each. Rules judge it by ``name``; with
    a ``range``, it is counted in fifty bins of equal width from the one bound to the other."""

    range: tuple[float, float] | None = None
    """Lowest and highest value of the report's histogram; without it there is none."""

    @model_validator(mode="after")
    def _ascending(self) -> SignalPlugin:
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError(f"range {list(self.range)} does not ascend; write [lowest, highest]")
        return self

    @property
    def edges(self) -> tuple[float, ...]:
        """Ascending inner edges of the histogram's bins; none without a range."""
        if self.range is None:
            return ()
        low, high = self.range
        return tuple(low + (high - low) * number / _BINS for number in range(_BINS + 1))


class StepPlugin(_Named):
    """A step of the user's own, ``use: module:name`` or an entry point's name in ``openba.steps``, which runs
    ``before`` or ``after`` another one, in a folder of its ``name`` (else its own in lower case); see
    ``pipeline.runtime.user_step``. ``settings`` are handed to it as they are here."""

    after: str | None = None
    """The step that it comes after; give this or ``before``."""
    before: str | None = None
    """The step that it comes before."""
    settings: Settings = {}
    """What it is given as it is written here. Values of keys such as ``secret`` are written into no run."""

    @staticmethod
    def _called(name: str) -> str:
        return _Named._called(name).lower()

    @model_validator(mode="after")
    def _one_place(self) -> StepPlugin:
        if (self.after is None) == (self.before is None):
            raise ValueError(f"step {self.name!r} needs one place: either after or before another step")
        return self


def check_reader(name: str, known: Sequence[str]) -> None:
    """A source's format is one of the ``known`` ones or a plug-in.

    Raises:
        ValueError: it is neither.
    """
    if name in known or ":" in name or entry_points(group=READERS_GROUP, name=name):
        return
    raise ValueError(
        f"{name!r} is not a format; known are {', '.join(known)}, and plug-ins: module:name, or an entry "
        f"point in {READERS_GROUP}"
    )


def check_steps(steps: Sequence[StepPlugin], seven: Sequence[str]) -> None:
    """Names differ, and each step is before or after one that there is.

    Raises:
        ValueError: not so.
    """
    known = [*seven, "train"]
    for step in steps:
        if step.name in known:
            raise ValueError(f"steps: {step.name!r} is the name of another step or folder; give it a `name`")
        anchor = step.after or step.before
        if anchor not in known or anchor == "train":
            places = ", ".join(name for name in known if name != "train")
            raise ValueError(
                f"steps: {step.name!r} refers to {anchor!r}, which is not before it; known: {places}"
            )
        if step.before == seven[0] or step.after == seven[-1]:
            raise ValueError(
                f"steps: {step.name!r}: {seven[0]} stays the first step and {seven[-1]} the last"
            )
        known.append(step.name)


def check_signals(names: Sequence[str], known: Sequence[str]) -> None:
    """Names of the user's signals differ from each other and from the ``known`` ones.

    Raises:
        ValueError: not so.
    """
    taken = set(known)
    for name in names:
        if name in taken:
            raise ValueError(f"signals: {name!r} is the name of another signal; give yours a `name`")
        taken.add(name)
