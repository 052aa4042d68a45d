"""The corpus manifest: which sources, and the settings of the seven steps. It is data; a threshold is changed
here, never in code."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.documents import LANGUAGES
from manifests.schema.privacy import PrivacySettings
from manifests.schema.rules import Language, Rule, RuleSetName, rules_of

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _below(pattern: str) -> str:
    path = PurePosixPath(pattern)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{pattern!r} matches nothing below the source's path; write for example **/*.txt")
    if any("**" in part and part != "**" for part in path.parts):
        raise ValueError(
            f"{pattern!r}: ** stands for folders and between slashes; write for example **/*.txt"
        )
    return pattern


def _expression(pattern: str) -> str:
    pc.replace_substring_regex(
        pa.array([""]), pattern, ""
    )  # raises a ValueError that says what is wrong with it
    return pattern


Pattern = Annotated[str, AfterValidator(_below)]


class Source(Strict):
    """Where documents come from.

    ``path`` is relative to the corpus manifest (or absolute), or a URL that fsspec opens (``s3://``,
    ``gs://``, ``hdfs://``, ``memory://``: with the file system's own driver and credentials); ``include`` are
    glob patterns below it when it is a folder, and ``exclude`` those of files, or folders with all that is in
    them, to leave out. Text, JSON, pages and WARC files end in ``.gz``, ``.zst``, ``.bz2`` or ``.xz`` where
    they are compressed. ``jsonl`` reads ``text_field`` (and ``id_field``, ``url_field``, ``license_field``
    where present) of each line, or of each item of the one array in a ``.json`` file, which may hold lines
    too; ``parquet`` and ``arrow`` (files, streams, Feather) the columns of those names; ``text`` makes a
    document of each file, of ``lines_per_document`` lines, or of each blank-line-separated paragraph;
    ``tree`` makes one of each source file; ``html`` one of the running text of each page; ``warc`` one of
    each response that is a page or plain text, and of each text of a WET file. Documents are called
    ``source:file``, with ``#`` and the byte offset where a file holds many (in an array and in Parquet, the
    index; in Arrow, those of the record batch and of the row in it): always unique, and the same however the
    input is cut into parts; the record's own id is kept in ``meta``. ``strip`` are RE2 patterns removed from
    the text (such as part-of-speech tags). ``kind`` code marks program text, which no language identifier can
    tell. ``reference`` sources train the perplexity models, and are what the quality classifier looks for.
    ``max_epochs`` and ``max_tokens`` cap what a source may give to the shards.
    """

    name: Name
    path: str
    format: Literal["jsonl", "text", "tree", "parquet", "arrow", "html", "warc"]
    include: tuple[Pattern, ...] = ("**/*",)
    exclude: tuple[Pattern, ...] = ()
    kind: Literal["prose", "code"] = "prose"
    document: Literal["file", "line", "paragraph"] = "file"
    lines_per_document: Annotated[int, Field(ge=1)] = 1
    strip: tuple[Annotated[str, AfterValidator(_expression)], ...] = ()
    text_field: str = "text"
    id_field: str = "id"
    url_field: str = "url"
    license_field: str = "license"
    license: str | None = None
    reference: bool = False
    max_epochs: Annotated[float, Field(ge=1)] = 1
    max_tokens: Tokens | None = None


class IngestSettings(Strict):
    """Parts of about ``part_bytes`` of text; documents longer than ``max_document_bytes`` are rejected, and
    so much of them kept."""

    part_bytes: Annotated[int, Field(ge=1)] = 64_000_000
    max_document_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000_000


class LanguageSettings(Strict):
    """Chinese is told by its script, other languages by fastText lid.176 on ``sample_bytes`` of prose, on
    four times as much if that is
    below ``sure``. Rejected below ``min_score``: the model's probability, or the share of Han among
    characters and foreign words. ``to_simplified`` converts Traditional Chinese to Simplified (OpenCC)."""

    model: str
    sample_bytes: Annotated[int, Field(ge=100)] = 1000
    sure: Fraction = 0.8
    min_score: Fraction = 0.5
    to_simplified: bool = False


class Fitting(Strict):
    """No model judges a document that it was trained on. ``exempt``: one model, trained on all but a
    twentieth of its sample, and the other
    nineteen are not judged. ``crossfit``: the sample is divided into ``folds`` by hash, and each fold is
    judged by a model that was trained on the others. What is not in the sample is judged by the first
    model."""

    reference: Literal["exempt", "crossfit"]
    folds: Annotated[int, Field(ge=2, le=20)] = 2


class PerplexitySettings(Fitting):
    """N-gram models of ``order``, one a language (and fold), trained on the reference sources' documents.
    ``estimator`` auto uses ``lmplz`` where it is on the PATH, else the built-in modified Kneser-Ney; the two
    differ in the last digits.

    Memory to train: 2 GB for lmplz, which sorts on disk; about 70 bytes a token of the sample, at most 210,
    for the built-in one. A trained model takes 28 bytes an n-gram, mapped once on each host."""

    reference: Literal["exempt", "crossfit"] = "exempt"
    order: Annotated[int, Field(ge=2, le=6)] = 4
    estimator: Literal["auto", "builtin"] = "auto"
    max_reference_tokens: Tokens = 20_000_000


class ClassifierSettings(Fitting):
    """A fastText model a language (and fold) that tells the reference sources' documents from the others',
    trained on as many of the ones as of the others, at most ``documents``; its probability of reference is
    the signal ``quality_score``."""

    reference: Literal["exempt", "crossfit"] = "crossfit"
    documents: Annotated[int, Field(ge=1)] = 20_000


class TokenizerSettings(Strict):
    """A SentencePiece unigram model: a given ``model`` file, or one of ``pieces`` pieces trained in the run
    on ``sample_bytes``."""

    model: str | None = None
    pieces: Annotated[int, Field(ge=300)] = 8000
    sample_bytes: Annotated[int, Field(ge=1000)] = 10_000_000


class QualitySettings(Strict):
    """``rules`` are judged first, in order, then those of the ``rule_sets``, called ``set/rule`` (as in
    ``gopher_v1/stop_words``). A rule of that name among ``rules`` takes the place of the set's: with other
    bounds, or with no ``languages`` to switch it off."""

    rule_sets: tuple[RuleSetName, ...] = ()
    rules: tuple[Rule, ...] = ()
    perplexity: PerplexitySettings | None = PerplexitySettings()
    classifier: ClassifierSettings | None = None
    tokenizer: TokenizerSettings = TokenizerSettings()

    @property
    def judged(self) -> tuple[Rule, ...]:
        """All rules, in the order in which they are judged."""
        own = {rule.name for rule in self.rules}
        return (
            *self.rules,
            *(rule for name in self.rule_sets for rule in rules_of(name) if rule.name not in own),
        )

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


class DedupSettings(Strict):
    """MinHash LSH with ``bands`` x ``rows`` permutations; shingles of ``shingle_words`` words, or of
    ``shingle_characters`` characters where the text is Chinese, Japanese or Korean; candidates are duplicates
    when their sketches show a Jaccard similarity of at least ``similarity``. Paragraphs of at least
    ``min_paragraph_characters`` are removed after their first occurrence; runs of one repeated
    character longer than ``max_character_run`` are cut to ``max_character_run``. ``index``: dedup folders of
    finished runs, relative to the manifest; documents and paragraphs that stand there are duplicates here,
    and nothing there is touched.

    20 x 6 misses one in 430 of the pairs at a Jaccard of .8; the candidates below it that this brings are
    verified away. The sketches are right to .018, so that .75 keeps what is at .8 and drops what is below
    .7."""

    bands: Annotated[int, Field(ge=1)] = 20
    rows: Annotated[int, Field(ge=1)] = 6
    seed: int = 1
    shingle_words: Annotated[int, Field(ge=1)] = 5
    shingle_characters: Annotated[int, Field(ge=1)] = 5
    similarity: Fraction = 0.75
    paragraphs: bool = True
    min_paragraph_characters: Annotated[int, Field(ge=1)] = 50
    max_character_run: Annotated[int, Field(ge=2)] = 16
    index: Annotated[
        tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
    ] = ()


class Benchmark(Strict):
    """JSONL of benchmark items; ``text_fields`` are joined by newlines. Formats as in Source."""

    name: Name
    path: str
    text_fields: tuple[str, ...]
    name_field: str | None = None


class DecontaminateSettings(Strict):
    """A document that shares one n-gram of ``ngram`` words, or of ``ngram_cjk`` CJK characters, with a
    benchmark item is rejected. n-grams that stand in more than ``max_items`` items of one benchmark (and in
    more than 1 % of them) are templates, and are passed over."""

    ngram: Annotated[int, Field(ge=2)] = 13
    ngram_cjk: Annotated[int, Field(ge=2)] = 20
    max_items: Annotated[int, Field(ge=1)] = 10
    benchmarks: tuple[Benchmark, ...] = ()


class Template(Strict):
    """Makes instruction pairs of a labelled source: ``prompt`` and ``target`` are formats over the record's
    fields."""

    name: Name
    prompt: str
    target: str


class InstructionSource(Strict):
    """Instruction pairs. ``jsonl`` records, ``dialogue`` YAML (lists of question and answers), ``labelled``
    text files with one item a line (``files`` maps a label to its file), ``tagged`` word/TAG text, or
    ``docstrings`` of Python files. Every template is applied to a record in turn. ``language_field`` names
    the record's language where a source is mixed; else ``language`` holds."""

    name: Name
    path: str
    format: Literal["jsonl", "dialogue", "labelled", "tagged", "docstrings"]
    include: tuple[str, ...] = ("**/*",)
    language: Literal["en", "zh"]
    language_field: str | None = None
    task_field: str | None = None
    files: dict[str, str] = {}
    templates: Annotated[tuple[Template, ...], Field(min_length=1)]
    license: str | None = None
    max_pairs: Annotated[int, Field(ge=1)] | None = None


class InstructionSettings(Strict):
    """BiFlan: ``ratio`` is the share of tokens by language (2 : 1 en : zh), ``tokens`` the total; pairs are
    cut at ``max_prompt`` and dropped beyond ``max_target`` tokens."""

    sources: tuple[InstructionSource, ...]
    tokens: Tokens
    ratio: dict[Literal["en", "zh"], Fraction] = {"en": 0.667, "zh": 0.333}
    max_prompt: int = 1021
    max_target: int = 255

    @model_validator(mode="after")
    def _adds_up(self) -> InstructionSettings:
        if abs(sum(self.ratio.values()) - 1) > 1e-6:
            raise ValueError(
                f"ratio adds up to {sum(self.ratio.values()):g}, not 1; change one of {self.ratio}"
            )
        return self


class ShardSettings(Strict):
    """``budget`` in tokens by language, each met within ``tolerance``; ``heldout`` is the share of documents
    set aside, by hash."""

    budget: dict[Language, Tokens]
    tolerance: Fraction = 0.001
    heldout: Fraction = 0.005
    shard_tokens: Tokens = 100_000_000
    instructions: InstructionSettings | None = None


class CorpusManifest(Strict):
    """Everything that decides the corpus. Same manifest and same input: same bytes out."""

    version: Literal[1]
    kind: Literal["corpus"]
    name: Name
    seed: int = 0
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    ingest: IngestSettings = IngestSettings()
    language: LanguageSettings
    quality: QualitySettings
    dedup: DedupSettings = DedupSettings()
    privacy: PrivacySettings
    decontaminate: DecontaminateSettings = DecontaminateSettings()
    shards: ShardSettings

    @model_validator(mode="after")
    def _consistent(self) -> CorpusManifest:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sources: two sources are called {twice[0]!r}; names must differ")
        unknown = set(self.shards.budget) - set(LANGUAGES)
        if unknown:
            raise ValueError(
                f"shards.budget: unknown language {sorted(unknown)[0]!r}; known are {', '.join(LANGUAGES)}"
            )
        return self
