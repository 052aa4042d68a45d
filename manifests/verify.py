"""Checks a finished run against its manifests: every hash again, every row counted again, every document
followed from step to step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from manifests.border.arrow_files import read_batches
from manifests.border.json_files import read_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.files import digest, safe_join, sha256
from manifests.id_hashes import digest_of, ids_in
from manifests.personal_data import holds
from manifests.redaction import redacted_in
from manifests.schema.base import load
from manifests.schema.documents import REJECTED, STEPS
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.schema.steps import KEPT, File, Part, StepManifest
from manifests.schema.training import TrainingManifest
from manifests.step_order import step_before, steps_in
from manifests.verify_dedup import duplicates_without_survivor
from manifests.verify_heldout import heldout_in_training
from manifests.verify_pieces import documents_not_whole
from manifests.verify_removed import removed_paragraphs_elsewhere

_IDS = pa.schema([pa.field("id", pa.string(), nullable=False)])
_COUNTED = pa.schema([*_IDS, pa.field("source", pa.string(), nullable=False)])
_LANGUAGE = pa.schema([("language", pa.string())])
_SHARDS = {
    kind: pa.schema([*_COUNTED, *(pa.field(name, pa.list_(pa.uint32()), nullable=False) for name in names)])
    for kind, names in (("stream", ["tokens"]), ("pairs", ["prompt", "target"]))
}


@dataclass
class Verification:
    """What was checked, and every problem found, each as one line that names the file. ``redacted``: files
    that are gone on purpose, as ``redacted.json`` says."""

    files: int = 0
    redacted: int = 0
    bytes: int = 0
    documents: int = 0
    tokens: int = 0
    problems: list[str] = field(default_factory=list)


def verify(run: Path) -> Verification:
    """Verifies all steps of a run folder that have a manifest, and the last checkpoint where there is one.

    Raises:
        ManifestError: a manifest is not readable or contradicts itself.
        UserError: the folder holds no manifest at all.
    """
    result = Verification()
    manifests, redacted = steps_in(run), redacted_in(run)
    if not manifests:
        raise UserError("holds no step manifest", where=run, fix="run `openba corpus` first")
    whole: set[str] = set()
    for step, manifest in tqdm(manifests.items(), desc="verify", unit="step", leave=False, disable=None):
        if _verify_step(run / step, manifest, result, redacted.get(step, ())):
            whole.add(step)
        if step == STEPS[0] and step in whole:
            result.problems += documents_not_whole(run / step, manifest)
        _verify_chain(run, step, manifests, whole, result)
    if "dedup" in whole:
        result.problems += _dedup_problems(run, manifests, whole)
    if (run / "train" / "manifest.json").exists():
        _verify_training(run / "train", load(run / "train" / "manifest.json", TrainingManifest), result)
    return result


def _dedup_problems(run: Path, manifests: dict[str, StepManifest], whole: set[str]) -> list[str]:
    """What deduplication promises and the files do not keep."""
    folder, manifest = run / "dedup", manifests["dedup"]
    problems = duplicates_without_survivor(folder, manifest)
    before = step_before("dedup", manifest)
    if before in whole:
        problems += removed_paragraphs_elsewhere(folder, manifest, run / before, manifests[before])
    return problems


def _verify_step(folder: Path, manifest: StepManifest, result: Verification, redacted: Sequence[str]) -> bool:
    """Whether all of the step's files are there and have the bytes that the manifest says: only then can they
    be read. Shards are checked where their rejects alone are redacted, too."""
    sound = [_verify_file(folder, file, result, redacted) for file in manifest.files]
    whole = _verify_parts(folder, manifest, result, redacted)
    if manifest.step == "shards" and all(sound):
        _verify_shards(folder, manifest, load(folder / "shards.json", ShardManifest), result)
    return whole and all(sound)


def _verify_parts(
    folder: Path, manifest: StepManifest, result: Verification, redacted: Sequence[str]
) -> bool:
    """Whether all parts are there with their bytes. They are counted where they can be read."""
    sound = True
    for part in manifest.parts:
        readable = [_verify_file(folder, file, result, redacted) for file in (part.kept, part.rejected)]
        if all(readable):
            _verify_counts(folder, part, result)
        sound = sound and all(readable)
    result.documents += manifest.documents_in if manifest.step == STEPS[0] else 0
    return sound


def _verify_file(folder: Path, file: File, result: Verification, redacted: Sequence[str] = ()) -> bool:
    path = safe_join(folder, file.path)
    if not path.exists() and holds(redacted, file.path):
        result.redacted += 1
        return False
    if not path.exists():
        result.problems.append(f"{path}: missing")
        return False
    result.files += 1
    result.bytes += path.stat().st_size
    found = sha256(path)
    if found != file.sha256:
        result.problems.append(f"{path}: SHA-256 is {found[:16]}…, the manifest says {file.sha256[:16]}…")
        return False
    return True


def _count(path: Path, reason: bool) -> Counter[tuple[str, str, str]]:
    """Rows by (source, language, reason), counted from the file itself."""
    total: Counter[tuple[str, str, str]] = Counter()
    wanted = pa.schema([*_COUNTED, REJECTED.field("reason")]) if reason else _COUNTED
    for batch in read_batches(path, wanted, _LANGUAGE):
        names = batch.schema.names
        language = batch.column("language") if "language" in names else pa.nulls(batch.num_rows, pa.string())
        table = pa.table(
            {
                "source": batch.column("source"),
                "language": pc.fill_null(language, ""),
                "reason": batch.column("reason") if reason else pa.repeat(KEPT, batch.num_rows),
            }
        )
        counted = table.group_by(["source", "language", "reason"]).aggregate([([], "count_all")])
        for row in counted.to_pylist():
            total[row["source"], row["language"], row["reason"]] += row["count_all"]
    return total


def _verify_counts(folder: Path, part: Part, result: Verification) -> None:
    found = _count(safe_join(folder, part.kept.path), reason=False) + _count(
        safe_join(folder, part.rejected.path), reason=True
    )
    stated = Counter({(count.source, count.language, count.reason): count.documents for count in part.counts})
    for key in sorted(set(found) | set(stated)):
        if found[key] != stated[key]:
            what = f"source {key[0]!r}, language {key[1]!r}, reason {key[2] or 'kept'!r}"
            result.problems.append(
                f"{folder / part.kept.path}: {found[key]} documents of {what}, the manifest says "
                f"{stated[key]}"
            )


def _verify_chain(
    run: Path, step: str, manifests: dict[str, StepManifest], whole: set[str], result: Verification
) -> None:
    """The step read what the one before it kept."""
    before = step_before(step, manifests[step])
    if (
        before in manifests
        and _is_linked(run, step, manifests[step], before, result)
        and {before, step} <= whole
    ):
        _verify_documents(run, step, manifests[step], before, manifests[before], result)


def _is_linked(run: Path, step: str, manifest: StepManifest, before: str, result: Verification) -> bool:
    """Whether the step read what the one before says that it kept."""
    if manifest.input_sha256 == sha256(run / before / "manifest.json"):
        return True
    result.problems.append(
        f"{run / step / 'manifest.json'}: was made from another {before}/manifest.json; run `openba "
        f"{step}` again"
    )
    return False


def _verify_documents(
    run: Path, step: str, manifest: StepManifest, before: str, previous: StepManifest, result: Verification
) -> None:
    """Every document that the step before kept is there again, kept or rejected."""
    given = ids_in(run / before, (part.kept.path for part in previous.parts))
    got = ids_in(run / step, (file.path for part in manifest.parts for file in (part.kept, part.rejected)))
    if digest_of(given) != digest_of(got):
        result.problems.append(
            f"{run / step}: the documents kept and rejected are not those that {before} kept"
        )


def _verify_shards(folder: Path, step: StepManifest, manifest: ShardManifest, result: Verification) -> None:
    """The step's files are hashed already; here the tokens are counted, and no held-out document, nor a piece
    of one, may be among the training ones."""
    listed = set(step.files)
    for token_set in (*manifest.sets.values(), *manifest.heldout.values()):
        for shard in token_set.shards:
            if shard.file not in listed:
                result.problems.append(
                    f"{folder / shard.file.path}: shards.json names another file than manifest.json"
                )
                return
    for token_set in (*manifest.sets.values(), *manifest.heldout.values()):
        _verify_set(folder, token_set, result)
    result.problems += heldout_in_training(folder, manifest)


def _verify_set(folder: Path, token_set: TokenSet, result: Verification) -> None:
    """Counts the tokens of a set from its shards."""
    by_source: Counter[str] = Counter()
    for index, shard in enumerate(token_set.shards):
        tokens = 0
        for batch in read_batches(safe_join(folder, shard.file.path), _SHARDS[token_set.kind]):
            lengths = _lengths(batch, token_set.kind)
            tokens += int(lengths.sum())
            sources, inverse = np.unique(
                batch.column("source").to_numpy(zero_copy_only=False), return_inverse=True
            )
            for source, count in zip(sources, np.bincount(inverse, weights=lengths), strict=True):
                by_source[source] += int(count)
        result.tokens += tokens
        _verify_length(folder, token_set, index, tokens, result)
    stated = {source.name: source.tokens for source in token_set.sources}
    if dict(by_source) != {name: tokens for name, tokens in stated.items() if tokens}:
        result.problems.append(
            f"set {token_set.name}: tokens by source are {dict(by_source)}, the manifest says {stated}"
        )


def _verify_length(folder: Path, token_set: TokenSet, index: int, tokens: int, result: Verification) -> None:
    """A shard holds the tokens that its manifest says, and a stream's shard, if it is not the last, those of
    a full one."""
    shard = token_set.shards[index]
    full = token_set.kind == "pairs" or index == len(token_set.shards) - 1 or tokens == token_set.shard_tokens
    if tokens != shard.tokens:
        result.problems.append(
            f"{folder / shard.file.path}: holds {tokens} tokens, the manifest says {shard.tokens}"
        )
    elif not full:
        where = f"all shards of set {token_set.name} except the last should hold {token_set.shard_tokens}"
        result.problems.append(f"{folder / shard.file.path}: holds {tokens} tokens, but {where}")


def _verify_training(folder: Path, manifest: TrainingManifest, result: Verification) -> None:
    """The last checkpoint's files, by the hashes that it carries, and those by the training manifest's."""
    checkpoint = safe_join(folder, manifest.checkpoint.path)
    listing = checkpoint / "checkpoint.json"
    if not listing.exists():
        result.problems.append(f"{listing}: missing")
        return
    content = _json(listing)
    if {content.pop("sha256", ""), digest(content)} != {manifest.checkpoint.sha256}:
        result.problems.append(f"{listing}: is not the one that {folder / 'manifest.json'} names")
    for name, expected in content.get("files", {}).items():
        path = safe_join(checkpoint, name)
        _verify_file(
            checkpoint,
            File(path=name, sha256=expected, bytes=path.stat().st_size if path.exists() else 0),
            result,
        )


def _json(path: Path) -> dict[str, Any]:
    """A file's keys and values; none where it is damaged."""
    try:
        return read_object(path)
    except UnsoundFileError:
        return {}


def _lengths(batch: pa.RecordBatch, kind: str) -> np.ndarray:
    columns = ["tokens"] if kind == "stream" else ["prompt", "target"]
    lengths = [pc.list_value_length(batch.column(name)).to_numpy().astype(np.int64) for name in columns]
    return np.asarray(np.sum(lengths, axis=0))
