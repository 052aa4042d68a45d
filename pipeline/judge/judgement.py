"""What the rules of a corpus drop of trusted text, and what they catch of junk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.border.json_files import meta_object
from manifests.report.scrubbing import Scrub, beginnings
from manifests.schema.genres import genres
from manifests.schema.rules import Rule
from manifests.trusted_loss import EXAMPLES, MOST_LOSS
from pipeline.judge.junk_sources import junk_kind
from pipeline.judge.measured_documents import MeasuredDocuments
from pipeline.judge.verdicts import concerned, dropped, verdicts
from pipeline.steps.privacy.shown_texts import shown

CHARACTERS = 200
"""Of an example's text."""


def judged(
    documents: MeasuredDocuments, rules: Sequence[Rule], trusted: Sequence[str], scrub: Scrub = shown
) -> dict[str, Any]:
    """The judgement as JSON: ``documents`` (how many were judged), ``trusted_loss`` by source and
    ``trusted_loss_by_language`` and ``..._by_genre``, ``junk_caught`` by language and kind, and ``rules``:
    for each its ``trusted_loss`` and ``junk_caught`` among the documents in its languages, the ``sources``
    and ``junk`` that it drops, and ``examples`` of trusted documents where it drops more than ``MOST_LOSS``
    of a source.

    Args:
        trusted: names of the sources that are trusted. Sources of junk are known by their names, and others
            are not judged.
        scrub: hides personal data in the examples.
    """
    found = verdicts(documents, rules)
    all_ = dropped(found, len(documents.languages))
    groups = _groups(documents, trusted)
    good = np.isin(documents.sources, list(trusted))
    bad = np.isin(documents.sources, [name for name in groups if junk_kind(name)])
    return {
        "documents": {name: int(mask.sum()) for name, mask in groups.items()},
        "trusted_loss": _shares(all_, {name: groups[name] for name in trusted}),
        "trusted_loss_by_language": _by_label(
            documents.languages, all_, {name: groups[name] for name in trusted}
        ),
        "trusted_loss_by_genre": _by_label(
            genres(documents.signals), all_, {name: groups[name] for name in trusted}
        ),
        "junk_caught": by_kind(_shares(all_, groups)),
        "rules": {
            name: _rule(documents, broken, concerned(documents, rules, name), (good, bad), groups, scrub)
            for name, broken in found.items()
        },
    }


def _groups(documents: MeasuredDocuments, trusted: Sequence[str]) -> dict[str, np.ndarray]:
    """Masks by source: the trusted ones, then junk."""
    sources = documents.sources
    others = sorted({str(source) for source in sources if junk_kind(source)})
    return {name: sources == name for name in (*trusted, *others)}


def _rule(
    documents: MeasuredDocuments,
    broken: np.ndarray,
    mine: np.ndarray,
    good_and_bad: tuple[np.ndarray, np.ndarray],
    groups: Mapping[str, np.ndarray],
    scrub: Scrub,
) -> dict[str, Any]:
    loss, caught = (share(broken, mask & mine) for mask in good_and_bad)
    shares = _shares(broken, groups)
    hit = {name: share for name, share in shares.items() if share}
    much = [name for name, share in hit.items() if share > MOST_LOSS and not junk_kind(name)]
    return {
        "trusted_loss": loss,
        "junk_caught": caught,
        "sources": {name: share for name, share in hit.items() if not junk_kind(name)},
        "junk": by_kind(hit),
        "examples": {name: _examples(documents, broken & groups[name], scrub) for name in much},
    }


def _examples(documents: MeasuredDocuments, chosen: np.ndarray, scrub: Scrub) -> list[dict[str, str]]:
    """The first, the middle and the last of them."""
    rows = np.flatnonzero(chosen)
    picked = rows[np.unique(np.linspace(0, len(rows) - 1, EXAMPLES).astype(int))]
    table = documents.table.take(pa.array(picked))
    texts = beginnings(table.column("text").combine_chunks(), CHARACTERS, scrub).to_pylist()
    own = zip(table.column("id").to_pylist(), table.column("meta").to_pylist(), strict=True)
    ids = scrub(pa.array([_own_id(*one) for one in own], pa.string())).to_pylist()
    return [{"id": id_, "text": text} for id_, text in zip(ids, texts, strict=True)]


def _own_id(id_: str, meta: str | None) -> str:
    return str(meta_object(meta).get("id", id_))


def _by_label(
    labels: np.ndarray, mask: np.ndarray, groups: Mapping[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """The share of each group's documents with one label; those without any are left out."""
    found = {}
    for name, group in groups.items():
        known = sorted({label for label in labels[group] if label is not None})
        found[name] = _shares(mask, {one: group & (labels == one) for one in known})
    return found


def _shares(mask: np.ndarray, groups: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: share(mask, group) for name, group in groups.items()}


def share(mask: np.ndarray, group: np.ndarray) -> float:
    """Of the documents of a group, those of a mask; 0 of none."""
    return round(float((mask & group).sum() / max(1, group.sum())), 4)


def by_kind(shares: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """What is said of sources of junk, by language and kind; other sources are left out."""
    found: dict[str, dict[str, float]] = {}
    for name, share in shares.items():
        if key := junk_kind(name):
            found.setdefault(key[0], {})[key[1]] = share
    return found
