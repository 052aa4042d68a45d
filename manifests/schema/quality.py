"""Settings of the quality step: its models, and the rules by which documents are judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict, Tokens, UnusedLeftOut
from manifests.schema.plugins import SignalPlugin, check_signals
from manifests.schema.rules import Language, Rule, RuleSetName, check_signal, rules_of
from manifests.schema.signals import SIGNALS
from manifests.schema.values import Positive


class Fitting(Strict):
    """No model judges a document that it was trained on."""

    reference: Literal["exempt", "crossfit"]
    """``exempt``: one model, trained on all but a twentieth of its sample, and the other nineteen are not
    judged. ``crossfit``: the sample is divided into ``folds`` by hash, and each fold is judged by a model
    that was trained on the others. What is not in the sample is judged by the first model."""
    folds: Annotated[int, Field(ge=2, le=20)] = 2
    """Folds of ``crossfit``, and so many models. Two are the cheapest; each is then trained on half of the
    sample."""


class KenlmModel(Strict):
    """A model of KenLM's that was made elsewhere; each line of a document is a sentence to it, as to CCNet's
    (Wenzek et al. 2020). About 1 M words a second."""

    model: str
    """An ARPA or binary file, relative to the corpus manifest."""
    tokenizer: str | None = None
    """The SentencePiece model whose pieces are the model's words. Without it, words are what is between white
    space, and each Chinese character."""
    normalize: Literal["none", "ccnet"] = "none"
    """``ccnet``: as CCNet's models want it: lower case, no accents, 0 for digits, ASCII punctuation."""


class PerplexitySettings(Fitting):
    """N-gram models, one a language (and fold), trained on the reference sources' documents.

    Memory to train: 2 GB for lmplz, which sorts on disk; about 70 bytes a token of the sample, at most 210,
    for the built-in one. A trained model takes 28 bytes an n-gram, mapped once on each host.
    """

    reference: Literal["exempt", "crossfit"] = "exempt"
    """How documents of the sample are judged: see Fitting. Exempt by default, for reference text is kept
    anyway."""
    order: Annotated[int, Field(ge=2, le=6)] = 4
    """Tokens in an n-gram. CCNet (Wenzek et al. 2020) has 5; 4 takes less memory."""
    estimator: Literal["auto", "builtin"] = "auto"
    """``auto`` uses KenLM's ``lmplz`` where it is on the PATH, else the built-in modified Kneser-Ney (Chen
    and Goodman 1999); the two differ in the last digits. ``builtin`` gives the same bytes on every host."""
    max_reference_tokens: Tokens = 20_000_000
    """Tokens of the sample of a language, at most. It bounds memory and time."""
    models: dict[Language, KenlmModel] = {}
    """Models made elsewhere, by language; these are not trained. They judge reference documents too, and
    say nothing of ``context_gain``."""


class ClassifierSettings(Fitting):
    """A fastText model a language (and fold) that tells the reference sources' documents from the others';
    its probability of reference is the signal ``quality_score``."""

    reference: Literal["exempt", "crossfit"] = "crossfit"
    """How documents of the sample are judged: see Fitting. Crossfit by default, for others' documents are in
    the sample, too."""
    documents: Positive = 20_000
    """Reference documents of the sample, at most, and as many others."""
    model: str | None = None
    """A fastText model that was made elsewhere, relative to the corpus manifest, such as those of
    FineWeb-Edu and DCLM. Then none is trained."""
    label: str = "__label__hq"
    """The label of that model whose probability is the score."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en", "zh", "code")
    """The languages that are judged."""


class TokenizerSettings(Strict):
    """A SentencePiece unigram model (Kudo 2018), given or trained in the run."""

    model: str | None = None
    """A model file, relative to the corpus manifest. Without it, one is trained."""
    pieces: Annotated[int, Field(ge=300)] = 8000
    """Pieces of the model that is trained."""
    sample_bytes: Annotated[int, Field(ge=1000)] = 10_000_000
    """Bytes of text that it is trained on, drawn by hash, as many of each language."""


class QualitySettings(UnusedLeftOut):
    """Signals are measured first, then rules decide; a changed threshold decides again without measuring
    again."""

    optional_keys = ("signals",)
    signals: tuple[SignalPlugin, ...] = ()
    """Signals of your own, measured beside the built-in ones."""
    rule_sets: tuple[RuleSetName, ...] = ()
    """Versioned sets of ``manifests/rules/``, judged in this order after ``rules``. Their rules are called
    ``set/rule``, as in ``gopher_v1/stop_words``."""
    rules: tuple[Rule, ...] = ()
    """Rules of your own, judged first, in order. One that is named as a set's takes its place: with other
    bounds, or with no ``languages`` to switch it off."""
    perplexity: PerplexitySettings | None = PerplexitySettings()
    """The perplexity models; ``null`` computes none, and the signals are NaN."""
    classifier: ClassifierSettings | None = None
    """The quality classifier, where one is wanted: ``{}`` for the defaults."""
    tokenizer: TokenizerSettings = TokenizerSettings()
    """The vocabulary of the whole run: of the perplexity models, the shards and the trained model."""

    @property
    def judged(self) -> tuple[Rule, ...]:
        """All rules, in the order in which they are judged."""
        own = {rule.name for rule in self.rules}
        return (
            *self.rules,
            *(rule for name in self.rule_sets for rule in rules_of(name) if rule.name not in own),
        )

    @model_validator(mode="after")
    def _know_the_signals(self) -> QualitySettings:
        names = [signal.name for signal in self.signals]
        check_signals(names, list(SIGNALS))
        for rule in self.rules:
            check_signal(rule, (*SIGNALS, *names))
        return self

    @model_validator(mode="after")
    def _replace_what_there_is(self) -> QualitySettings:
        given = {rule.name for name in self.rule_sets for rule in rules_of(name)}
        for rule in self.rules:
            if "/" in rule.name and rule.name not in given:
                known = ", ".join(sorted(given)) or "none, for no rule_sets are given"
                raise ValueError(
                    f"rules: {rule.name!r} is no rule of the rule_sets, so that it replaces nothing; they "
                    f"have: {known}"
                )
        return self
