"""The last step: tokens, held-out documents, the plan, the shards, and the manifest that the trainer
reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manifests.files import atomic_write, digest, sha256, write_json
from manifests.schema.corpus import CorpusManifest
from manifests.schema.instruction_templates import FOLDER
from manifests.schema.instructions import InstructionSettings, InstructionSource
from manifests.schema.shards import ShardManifest, TokenSet, Vocabulary
from manifests.schema.steps import KEPT
from pipeline.models.tokenizer import Tokenizer
from pipeline.readers.input_files import local_path
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.context import StepContext
from pipeline.runtime.file_names import part_index
from pipeline.runtime.npy_files import save_durably
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_budget import HELD, TASK_HELD, TRAIN, plan_pairs
from pipeline.steps.shards.instruction_pairs import ENCODED, LANGUAGES, EncodePairs
from pipeline.steps.shards.instruction_readers import files, links_outside
from pipeline.steps.shards.inventory import Inventory
from pipeline.steps.shards.pair_counts import pair_counts
from pipeline.steps.shards.pair_shards import write_pairs
from pipeline.steps.shards.rehydrate import Rehydration, rehydration
from pipeline.steps.shards.sampling_keys import ORDER, keys, set_aside
from pipeline.steps.shards.selection import USE, SelectTransform
from pipeline.steps.shards.shortfall import ShardBudgetError, too_few_documents
from pipeline.steps.shards.token_budget import Cap, Documents, plan
from pipeline.steps.shards.token_gather import Columns
from pipeline.steps.shards.token_positions import DOCUMENTS, Tokens, TokensExtractor
from pipeline.steps.shards.token_sets import Writer

MODEL = "tokenizer.model"
MANIFEST = "shards.json"
# What was rejected for a reason is worth a word where it is so much of a language's text.
_HINT = 0.01

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Sets(NamedTuple):
    """Training and held-out sets by name."""

    train: dict[str, TokenSet]
    heldout: dict[str, TokenSet]


class ShardsStep(Step):
    """Documents -> token-balanced shards (``shards.json`` describes them); kept rows are the table of what
    was used."""

    name = "shards"
    version = 5

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        caps = [[source.name, source.max_epochs, source.max_tokens] for source in corpus.sources]
        return {"seed": corpus.seed, "caps": caps, **corpus.shards.model_dump(mode="json")}

    def inputs(self, context: StepContext) -> dict[str, str]:
        """The tokenizer and every file of the instruction sources."""
        found = {MODEL: sha256(_model(context))}
        settings = context.corpus.shards.instructions
        for source in settings.sources if settings else ():
            found[f"instructions/{source.name}"] = digest(
                [sha256(path) for path in files(source, _place(context, source))]
            )
        for name in settings.template_sets if settings else ():
            found[f"templates/{name}"] = sha256(FOLDER / f"{name}.yaml")
        benchmarks = _benchmarks(context)
        found |= {"benchmarks": sha256(benchmarks)} if settings and benchmarks else {}
        return found | ({"privacy": digest(Scrubber.of(context).identity())} if settings else {})

    def run(self, context: StepContext) -> StepResult:
        """Raises:
        ShardBudgetError: a budget cannot be met.
        """
        vocabulary = _copy_model(context)
        written = _written(context)
        extractor = TokensExtractor(context.folder / MODEL, written)
        key = [self.version, extractor.schema.names, vocabulary.model.sha256]
        documents = Columns(tuple(Phases(context).extract("tokens", extractor, key=key)), DOCUMENTS)
        inventory = Inventory.read(documents)
        held = _heldout(inventory, context.corpus)
        rehydrated = rehydration(context, inventory)
        times = _plan(inventory, held, rehydrated, context)
        writer = Writer(context, Tokens(documents, written), inventory, vocabulary, rehydrated)
        sets = _write_streams(writer, times, held)
        pairs, counts = self._pairs(context, vocabulary)
        sets = Sets(sets.train | pairs.train, sets.heldout | pairs.heldout)
        manifest = ShardManifest(
            fingerprint=context.fingerprint, vocabulary=vocabulary, sets=sets.train, heldout=sets.heldout
        )
        write_json(context.folder / MANIFEST, manifest.model_dump(mode="json"))
        parts = Phases(context).map(_selection(context, inventory, times, held))
        shards = [
            shard.file for group in (*sets.train.values(), *sets.heldout.values()) for shard in group.shards
        ]
        described = describe(context.folder / MANIFEST, context.folder, 0)
        return StepResult(parts, counts | _metrics(sets), [vocabulary.model, described, *shards])

    def _pairs(self, context: StepContext, vocabulary: Vocabulary) -> tuple[Sets, dict[str, int]]:
        """The sets of instruction pairs, where the manifest has such sources, and what became of the
        pairs."""
        instructions = context.corpus.shards.instructions
        if instructions is None:
            return Sets({}, {}), {}
        sets, counts = _write_pairs(
            context, instructions, vocabulary, _pairs_key(self, context, instructions)
        )
        outside = sum(links_outside(source, _place(context, source)) for source in instructions.sources)
        return sets, counts | ({"instructions/link_outside": outside} if outside else {})


def _place(context: StepContext, source: InstructionSource) -> Path:
    return (context.base / local_path(source.path)).resolve()


def _model(context: StepContext) -> Path:
    """The tokenizer of the quality step, which made the tokens."""
    (model,) = context.artifact("quality", "tokenizer")
    return model.checked()


def _written(context: StepContext) -> dict[int, CheckedFile]:
    """The quality step's files of tokens, by part."""
    files = context.artifact("quality", "signals")
    return {part_index(file.path): file for file in files}


def _benchmarks(context: StepContext) -> Path | None:
    """The decontaminate step's index of benchmark items, where there are any."""
    if not context.corpus.decontaminate.benchmarks:
        return None
    (index,) = context.artifact("decontaminate", "ngram_index")
    return index.checked()


def _copy_model(context: StepContext) -> Vocabulary:
    """Copies the tokenizer beside the shards, so that they need nothing else of the run."""
    path = context.folder / MODEL
    with atomic_write(path) as temporary:
        temporary.write_bytes(_model(context).read_bytes())
    return Tokenizer(path).vocabulary()


def _heldout(inventory: Inventory, corpus: CorpusManifest) -> Bools:
    """Documents set aside, language by language, before anything is planned; all pieces of one or none, for a
    model that is trained on a book knows its names and phrases."""
    held = np.zeros(len(inventory.tokens), np.bool_)
    for language in corpus.shards.budget:
        rows = np.flatnonzero(inventory.of(language))
        held[rows[set_aside(inventory.whole[rows], corpus.shards.heldout, corpus.seed)]] = True
    return held


def _plan(inventory: Inventory, held: Bools, rehydrated: Rehydration | None, context: StepContext) -> Int64:
    """How many times each document is used for training."""
    corpus = context.corpus
    caps = {source.name: Cap(source.name, source.max_epochs, source.max_tokens) for source in corpus.sources}
    rows = np.flatnonzero(~held)
    key = keys(inventory.hash[rows], corpus.seed, ORDER)
    weight = rehydrated.weights(inventory)[rows] if rehydrated else np.ones(len(rows), np.int32)
    source, language = inventory.source[rows], inventory.language[rows]
    documents = Documents(inventory.tokens[rows] + 1, source, language, key, weight)
    times = np.zeros(len(held), np.int64)
    languages = tuple(dict.fromkeys([*inventory.languages, *corpus.shards.budget]))
    try:
        budgets = {str(language): budget for language, budget in corpus.shards.budget.items()}
        used = plan(
            documents,
            budgets,
            languages,
            [caps.get(name, Cap(name)) for name in inventory.sources],
            corpus.shards.tolerance,
        )
    except ShardBudgetError as error:
        advice = {short.language: _most_rejected(context, short.language) for short in error.shortfalls}
        raise too_few_documents(error.shortfalls, advice) from None
    times[rows] = used
    return times


def _most_rejected(context: StepContext, language: str) -> str:
    """What the earlier steps rejected most of a language's text, as a hint; none where that is hardly any."""
    found: Counter[str] = Counter()
    chain = context.chain()
    counts = [
        (manifest, count) for manifest in chain for count in manifest.counts if count.language == language
    ]
    for manifest, count in counts:
        if count.reason != KEPT:
            found[f"{manifest.step}: {count.reason}"] += count.bytes
    kept = sum(count.bytes for manifest, count in counts if manifest is chain[-1] and count.reason == KEPT)
    rule, size = max(found.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    share = size / max(kept + found.total(), 1)
    return f"; {rule} rejected {share:.0%} of its text ({size / 1e6:.1f} MB)" if share >= _HINT else ""


def _write_streams(writer: Writer, times: Int64, held: Bools) -> Sets:
    """The languages' sets."""
    made = Sets({}, {})
    for language in writer.context.corpus.shards.budget:
        mine = writer.inventory.of(language)
        made.train[language] = writer.stream(language, np.where(mine, times, 0), False, mine & ~held)
        made.heldout[language] = writer.stream(language, (mine & held).astype(np.int64), True, mine & held)
    return made


def _write_pairs(
    context: StepContext, settings: InstructionSettings, vocabulary: Vocabulary, key: object
) -> tuple[Sets, dict[str, int]]:
    """The sets of instruction pairs, and what became of the pairs."""
    corpus, heldout = context.corpus, context.corpus.shards.heldout
    work = EncodePairs(
        settings.sources,
        tuple(_place(context, source) for source in settings.sources),
        context.folder / MODEL,
        settings,
        _benchmarks(context),
        Scrubber.of(context),
        heldout,
        corpus.seed,
        corpus.dedup,
    )
    encoded = Columns(tuple(Phases(context).each("pairs", work, len(settings.sources), key=key)), ENCODED)
    chosen = plan_pairs(encoded, settings, heldout, corpus.seed)
    made = Sets({}, {})
    uses = [(made.train, TRAIN), (made.heldout, HELD)]
    uses += [(made.heldout, TASK_HELD)] if settings.heldout_names else []
    for language in (name for name in LANGUAGES if settings.ratio.get(name)):
        for group, use in uses:
            found = write_pairs(context, encoded, chosen, language, use, vocabulary.size)
            group[found.name] = found
    return made, dict(pair_counts(chosen, encoded, settings))


def _pairs_key(step: ShardsStep, context: StepContext, settings: InstructionSettings) -> object:
    """What decides the encoded pairs: not the budget, so that another one is planned without encoding
    again."""
    planned = {"tokens", "ratio", "mixing", "clusters", "heldout_tasks", "heldout_clusters"}
    corpus = context.corpus
    return [
        step.version,
        ENCODED.names,
        step.inputs(context),
        settings.model_dump(mode="json", exclude=planned),
        [corpus.seed, corpus.shards.heldout, corpus.dedup.model_dump(mode="json")],
    ]


def _metrics(sets: Sets) -> dict[str, int]:
    metrics = {}
    for use, group in (("train", sets.train), ("heldout", sets.heldout)):
        for name, token_set in group.items():
            metrics[f"tokens/{use}/{name}"] = token_set.tokens
            metrics[f"documents/{use}/{name}"] = token_set.documents
    return metrics


def _selection(context: StepContext, inventory: Inventory, times: Int64, held: Bools) -> SelectTransform:
    """The table of uses, for the last pass over the documents."""
    uses = np.empty(len(times), USE)
    uses["tokens"], uses["epochs"], uses["heldout"] = inventory.tokens, times, held
    starts = np.cumsum([0, *(part.kept.rows for part in context.inputs)])
    first = {part.index: int(start) for part, start in zip(context.inputs, starts, strict=False)}
    return SelectTransform(save_durably(context.folder / "plan" / "uses.npy", uses), first)
