"""The curriculum manifest: the model, and the stages of its training. Which sample comes at which step
follows from it alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.corpus import Name

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]
Mode = Literal["R", "S", "X"]


class ModelSettings(Strict):
    """An OpenBA-style encoder-decoder. Attention is ``heads * head_size`` wide, which need not be
    ``d_model``.

    ``d_ff`` is counted as in OpenBA: the SwiGLU layers are ``ffn_hidden`` wide. ``norm`` sandwich is the
    paper's (RMSNorm before and after each block), ``pre`` that of the released weights (LayerNorm with bias,
    biases in the attention and on the output).
    """

    d_model: Positive
    encoder_layers: Positive
    decoder_layers: Positive
    heads: Positive
    head_size: Annotated[int, Field(ge=2, multiple_of=2)]
    d_ff: Positive
    norm: Literal["sandwich", "pre"] = "sandwich"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    rope_base: Annotated[float, Field(gt=1)] = 10_000.0
    init_std: Annotated[float, Field(gt=0)] = 0.02

    @property
    def ffn_hidden(self) -> int:
        """Width of the SwiGLU layers: two thirds of ``d_ff``, without the fraction, rounded up to a multiple
        of 256 (16384 -> 11008)."""
        return max(256, -(-(2 * self.d_ff // 3) // 256) * 256)


class Denoiser(Strict):
    """One UL2 denoiser (Tay et al. 2022, section 3.1). R and X corrupt spans of ``mean_span`` tokens on
    average until ``density`` of the chunk is masked; S cuts off a suffix of uniform length up to ``density``
    of the chunk, and has no ``mean_span``.

    ``placement`` of the spans: ``tail`` as in T5's code and in the released one, where the chunk begins with
    text and ends with a span; ``anywhere``, where text may also stand behind the last span, and none before
    the first.
    """

    mode: Mode
    mean_span: Annotated[float, Field(ge=1)] | None = None
    density: Annotated[float, Field(gt=0, lt=1)]
    placement: Literal["tail", "anywhere"] = "tail"

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


class UL2Objective(Strict):
    """Mixture of denoisers over chunks of ``chunk`` stream tokens, drawn uniformly: those of a ``preset``, or
    an explicit list.

    With ``boundaries`` no token attends to another document's tokens in its chunk; without, attention crosses
    them, as released.
    """

    kind: Literal["ul2"]
    chunk: Positive
    preset: Literal["openba-released", "ul2"] | None = None
    denoisers: tuple[Denoiser, ...] = ()
    boundaries: bool = False

    @model_validator(mode="after")
    def _one_choice(self) -> UL2Objective:
        if (self.preset is None) == (not self.denoisers):
            raise ValueError(
                "give either preset or denoisers, not both or none; for example preset: openba-released"
            )
        return self

    @property
    def mixture(self) -> tuple[Denoiser, ...]:
        """The denoisers to draw from."""
        return self.denoisers if self.preset is None else PRESETS[self.preset]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant: span denoisers that a chunk of this length turns into a second S
        denoiser."""
        advice = (
            "kept, because the released code does so"
            if self.preset == "openba-released"
            else "set placement: anywhere"
        )
        return tuple(
            f"denoiser {denoiser} on a chunk of {self.chunk} masks one span of "
            f"{denoiser.masked(self.chunk)} tokens, which is always the "
            f"chunk's end; {advice}"
            for denoiser in self.mixture
            if denoiser.mode != "S" and denoiser.placement == "tail" and denoiser.spans(self.chunk) == 1
        )


class PrefixObjective(Strict):
    """Stream chunks of ``source + target`` tokens; the encoder reads the first ``source``, the decoder writes
    the other ``target``. ``boundaries`` as in UL2Objective."""

    kind: Literal["prefix"]
    source: Positive
    target: Positive
    boundaries: bool = False

    @property
    def chunk(self) -> int:
        """Stream tokens of one sample."""
        return self.source + self.target


class InstructionObjective(Strict):
    """Instruction pairs; ``source`` and ``target`` are the greatest encoder and decoder lengths, special
    tokens included."""

    kind: Literal["instruction"]
    source: Annotated[int, Field(ge=4)]
    target: Annotated[int, Field(ge=3)]


Objective = Annotated[UL2Objective | PrefixObjective | InstructionObjective, Field(discriminator="kind")]


class LearningRate(Strict):
    """Linear warm-up to ``peak`` over ``warmup_steps``, then down to ``minimum`` at step ``decay_steps`` of
    the stage (default: its last step), where it stays; ``constant`` stays at ``peak``; ``wsd`` (warm-up,
    stable, decay; Hu et al. 2024, MiniCPM, section 4) stays there until the stage's last ``decay_steps``
    steps, which go down to ``minimum`` linearly. Steps are counted from the start of the stage, warm-up
    included.

    ``peak: previous`` continues with the rate at which the stage before ended, instead of starting anew."""

    schedule: Literal["cosine", "linear", "constant", "wsd"]
    peak: Annotated[float, Field(gt=0)] | Literal["previous"]
    minimum: Rate | None = None
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    decay_steps: Positive | None = None

    @model_validator(mode="after")
    def _consistent(self) -> LearningRate:
        if self.schedule == "constant":
            if self.minimum is not None or self.decay_steps is not None:
                raise ValueError("a constant schedule has no minimum and no decay_steps; remove them")
        elif self.minimum is None or (self.peak != "previous" and self.minimum > self.peak):
            raise ValueError(
                f"a {self.schedule} schedule needs a minimum of at most peak ({self.peak}); set minimum"
            )
        if self.schedule == "wsd" and self.decay_steps is None:
            raise ValueError(
                "a wsd schedule needs decay_steps, the number of steps at the stage's end in which the rate "
                "goes down; add it"
            )
        if self.schedule != "wsd" and self.decay_steps is not None and self.decay_steps <= self.warmup_steps:
            raise ValueError(
                f"decay_steps ({self.decay_steps}) must be greater than warmup_steps ({self.warmup_steps})"
            )
        if self.peak == "previous" and self.warmup_steps:
            raise ValueError(
                "peak: previous goes on where the stage before ended, without a warm-up; remove warmup_steps"
            )
        return self


class Optimizer(Strict):
    """AdamW (Loshchilov and Hutter 2019) and the greatest norm of the gradient (``clip``)."""

    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.95)
    eps: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: Rate = 0.1
    clip: Annotated[float, Field(gt=0)] = 1.0


class Stage(Strict):
    """One stage of training: it ends when ``tokens`` tokens of its sets have been read.

    ``mixture`` gives each set's share of the tokens. ``global_batch`` and ``micro_batch`` count sequences.
    ``max_epochs`` says how often a set may be read within the stage (1 where it is not named).
    """

    name: Name
    objective: Objective
    mixture: Annotated[dict[Name, Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]
    tokens: Annotated[Tokens, Field(ge=1)]
    global_batch: Positive
    micro_batch: Positive
    learning_rate: LearningRate
    optimizer: Optimizer = Optimizer()
    max_epochs: dict[Name, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)

    @field_validator("mixture")
    @classmethod
    def _adds_up(cls, mixture: dict[str, float]) -> dict[str, float]:
        total = sum(mixture.values())
        if abs(total - 1) > 1e-6:
            name = max(mixture, key=lambda name: mixture[name])
            rest = 1 - (total - mixture[name])
            advice = (
                f"for example set {name} to {rest:g}" if rest > 0 else f"for example divide each by {total:g}"
            )
            raise ValueError(f"the shares add up to {total:g}, not 1; {advice}")
        return mixture

    @model_validator(mode="after")
    def _consistent(self) -> Stage:
        if self.global_batch % self.micro_batch:
            raise ValueError(
                f"global_batch ({self.global_batch}) must be a multiple of micro_batch ({self.micro_batch})"
            )
        unknown = sorted(set(self.max_epochs) - set(self.mixture))
        if unknown:
            raise ValueError(
                f"max_epochs names {unknown[0]!r}, which is not in the mixture ({', '.join(self.mixture)}); "
                "remove it"
            )
        return self


class GuardSettings(Strict):
    """When a training has gone wrong. A loss or a gradient norm that is not finite always has; so have
    ``patience`` losses in a row that are more than ``spike`` robust standard deviations above, or as much
    below (collapse), the median of the stage's last ``window`` losses.

    The weights then go back to the last checkpoint, and the samples read since are skipped; at most
    ``rollbacks`` times in a run.
    """

    window: Annotated[int, Field(ge=8)] = 64
    spike: Annotated[float, Field(gt=0)] = 10.0
    patience: Positive = 3
    rollbacks: Annotated[int, Field(ge=0)] = 3


class TrainSettings(Strict):
    """How the training runs. ``threads`` per process is fixed because results depend on it in the last bits.

    ``offload`` keeps the optimizer's state, or all of it with the weights, in the host's memory (Ren et al.
    2021, ZeRO-Offload).

    A checkpoint is written every ``checkpoint_every`` steps and at the end of each stage; the last ``keep``
    stay, and so does the stage's best one by held-out loss. ``evaluation_samples`` are read of each held-out
    set before the first step, after each stage, and every ``evaluate_every`` steps where that is given.

    With ``recompute`` the backward pass computes each layer's activations again instead of keeping them
    (activation checkpointing, Chen et al. 2016): the same losses from far less memory, for about a third more
    time."""

    precision: Literal["fp32", "bf16"] = "fp32"
    zero: Literal[0, 1, 2, 3] = 1
    offload: Literal["none", "optimizer", "all"] = "none"
    threads: Positive = 2
    checkpoint_every: Positive = 1000
    keep: Positive = 2
    evaluation_samples: Positive = 64
    evaluate_every: Positive | None = None
    guard: GuardSettings = GuardSettings()
    recompute: bool = False

    @model_validator(mode="after")
    def _accurate(self) -> TrainSettings:
        if self.precision == "bf16" and self.zero == 0:
            raise ValueError("bf16 without ZeRO keeps no fp32 weights and drifts; set zero to 1 or more")
        least = {"none": 0, "optimizer": 1, "all": 3}[self.offload]
        if self.zero < least:
            raise ValueError(f"offload: {self.offload} needs ZeRO {least} or more; set zero")
        return self


class CurriculumManifest(Strict):
    """Everything that decides a training run, given the shards. Same manifest and same shards: same samples
    at every step."""

    version: Literal[1]
    kind: Literal["curriculum"]
    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    model: ModelSettings
    train: TrainSettings = TrainSettings()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    @field_validator("stages")
    @classmethod
    def _names_differ(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        names = [stage.name for stage in stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"two stages are called {twice[0]!r}; rename one: the name selects the stage's samples"
            )
        if stages[0].learning_rate.peak == "previous":
            raise ValueError(
                f"stage {stages[0].name!r} is the first: there is no rate before it to continue; give "
                "learning_rate.peak a number"
            )
        return stages

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant; a line each."""
        return tuple(
            f"stages[{index}].objective: {warning}"
            for index, stage in enumerate(self.stages)
            if isinstance(stage.objective, UL2Objective)
            for warning in stage.objective.warnings
        )
