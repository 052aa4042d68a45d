"""UL2 denoisers, and the two mixtures of them that have been published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict


class Denoiser(Strict):
    """One UL2 denoiser (Tay et al. 2022, section 3.1). R and X corrupt spans until ``density`` of the chunk
    is masked; S cuts off a suffix."""

    mode: Literal["R", "S", "X"]
    """``R`` regular (short spans, little masked), ``S`` sequential (a suffix), ``X`` extreme (long spans or
    much masked); the mode's token begins the encoder's input."""
    mean_span: Annotated[float, Field(ge=1)] | None = None
    """Mean length of the spans of R and X, in tokens. S has none."""
    density: Annotated[float, Field(gt=0, lt=1)]
    """Share of the chunk that R and X mask. The suffix of S has a uniform length of up to this share."""
    placement: Literal["tail", "anywhere"] = "tail"
    """Of the spans: ``tail`` as in T5's code and in the released one, where the chunk begins with text and
    ends with a span; ``anywhere``, where text may also come after the last span, and none before the
    first."""

    @model_validator(mode="after")
    def _span_fits_mode(self) -> Denoiser:
        if (self.mean_span is None) != (self.mode == "S"):
            raise ValueError(
                f"denoiser {self.mode}: "
                + ("remove mean_span: S cuts one suffix" if self.mode == "S" else "add mean_span")
            )
        if self.mode == "S" and self.placement != "tail":
            raise ValueError("denoiser S: remove placement: a suffix is always at the end")
        return self

    def masked(self, chunk: int) -> int:
        """Tokens of a chunk that R or X masks: ``chunk * density``, to the nearest (as T5 rounds) and at
        least 1."""
        return max(1, round(chunk * self.density))

    def spans(self, chunk: int) -> int:
        """Spans that R or X cuts from a chunk: ``masked / mean_span``, to the nearest and at least 1; 1 for
        S."""
        return 1 if self.mean_span is None else max(1, round(self.masked(chunk) / self.mean_span))

    def misfit(self, chunk: int, sentinels: int) -> str | None:
        """Why the denoiser cannot be used on chunks of so many tokens with so many sentinels, and what to do;
        None if it can."""
        masked, spans = self.masked(chunk), self.spans(chunk)
        what = f"denoiser {self} on a chunk of {chunk}"
        if self.mode == "S" and int(self.density * chunk) < 1:
            return f"{what}: no room for a suffix; give a longer chunk or a greater density"
        if self.mode != "S" and chunk - masked < spans:
            return f"{what}: no room for {spans} spans; give a longer chunk or a smaller density"
        if spans > sentinels:
            return (
                f"{what}: {spans} spans, but {sentinels} sentinels; give a shorter chunk or a greater "
                "mean_span"
            )
        return None

    def __str__(self) -> str:
        span = "" if self.mean_span is None else f"mean_span {self.mean_span:g}, "
        return f"{self.mode} ({span}density {self.density:g})"


OPENBA_RELEASED = (
    Denoiser(mode="R", mean_span=3, density=0.15),
    Denoiser(mode="R", mean_span=8, density=0.15),
    Denoiser(mode="S", density=0.25),
    Denoiser(mode="X", mean_span=3, density=0.5),
    Denoiser(mode="X", mean_span=8, density=0.5),
    Denoiser(mode="X", mean_span=64, density=0.15),
    Denoiser(mode="X", mean_span=64, density=0.5),
)
"""As in the scripts of OpenNLG/OpenBA (ef4716b)."""

UL2_PAPER = (
    Denoiser(mode="R", mean_span=3, density=0.15, placement="anywhere"),
    Denoiser(mode="R", mean_span=8, density=0.15, placement="anywhere"),
    Denoiser(mode="S", density=0.5),
    Denoiser(mode="X", mean_span=3, density=0.5, placement="anywhere"),
    Denoiser(mode="X", mean_span=8, density=0.5, placement="anywhere"),
    Denoiser(mode="X", mean_span=64, density=0.15, placement="anywhere"),
    Denoiser(mode="X", mean_span=64, density=0.5, placement="anywhere"),
)
"""Table 1 of Tay et al. 2022 (arXiv 2205.05131): R (3, .15), (8, .15); S (L / 4, .25, one span); X (3, .5),
(8, .5), (64, .15), (64, .5). The suffix of S is uniform up to half of the chunk, so that its mean is the
paper's quarter (the released code's cap is the quarter). The paper corrupts spans anywhere in the text."""

PRESETS = {"openba-released": OPENBA_RELEASED, "ul2": UL2_PAPER}
