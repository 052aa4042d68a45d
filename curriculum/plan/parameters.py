"""The shapes of a model's parameters, from its settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from manifests.schema.lora import Lora
from manifests.schema.model import ModelSettings

Shape = tuple[int, ...]
ATTENTION, CROSS, FEEDFORWARD = "attention", "cross_attention", "feedforward"


@dataclass(frozen=True)
class Parameters:
    """Shapes of all parameters, and of those that are trained: the factors alone with LoRA, else all."""

    shapes: tuple[Shape, ...]
    trained: tuple[Shape, ...]

    @property
    def count(self) -> int:
        """Elements of all."""
        return sum(map(prod, self.shapes))

    @property
    def trained_count(self) -> int:
        """Elements of those that are trained."""
        return sum(map(prod, self.trained))

    @property
    def largest(self) -> int:
        """Elements of the largest one: the embedding, in all but the smallest vocabularies."""
        return max(map(prod, self.shapes))


def parameters(settings: ModelSettings, vocabulary: int, lora: Lora | None = None) -> Parameters:
    """Those of trainer.model.transformer, with ``vocabulary`` rows of embedding."""
    plain = tuple(shape for _, shape in _named(settings, vocabulary))
    if lora is None:
        return Parameters(plain, plain)
    adapted = [
        shape for part, shape in _named(settings, vocabulary) if part in lora.targets and len(shape) == 2
    ]
    factors = tuple(
        factor for rows, columns in adapted for factor in ((lora.rank, columns), (rows, lora.rank))
    )
    return Parameters(plain + factors, factors)


def _named(settings: ModelSettings, vocabulary: int) -> Iterator[tuple[str, Shape]]:
    """The sublayer of each parameter, and its shape."""
    yield from (("", (vocabulary, settings.d_model)), ("", (vocabulary,)))
    for layers, sublayers in (
        (settings.encoder_layers, (ATTENTION, FEEDFORWARD)),
        (settings.decoder_layers, (ATTENTION, CROSS, FEEDFORWARD)),
    ):
        for sublayer in sublayers * layers:
            norms = _norm(settings) * (2 if settings.norm == "sandwich" else 1)
            yield from ((sublayer, shape) for shape in [*norms, *_linear(settings, sublayer)])
        yield from (("", shape) for shape in _norm(settings))


def _norm(settings: ModelSettings) -> list[Shape]:
    """A scale, and LayerNorm's bias."""
    return [(settings.d_model,)] * (1 if settings.norm == "sandwich" else 2)


def _linear(settings: ModelSettings, sublayer: str) -> list[Shape]:
    width, d_model, hidden = settings.heads * settings.head_size, settings.d_model, settings.ffn_hidden
    if sublayer == FEEDFORWARD:
        return [(2 * hidden, d_model), (d_model, hidden)]
    projections = [3 * width] if sublayer == ATTENTION else [width, 2 * width]
    made = [shape for rows in projections for shape in ((rows, d_model), (rows,))]
    return [*made, (d_model, width), (d_model,)]
