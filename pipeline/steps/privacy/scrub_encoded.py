"""URLs and JSON without personal data: looked for in what they say, replaced in how they say it, so that a
URL stays a URL and JSON stays JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.plugins import Plugin
from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.encoded_text import KEY, LITERAL, Encoding, ReadText, read_encoded, within_parts
from pipeline.steps.privacy.plugin_findings import find_by_plugins, load_kinds
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.replace import replace
from pipeline.steps.privacy.scrub import MOST_LOOKS, Scrubbed, count, look, with_fillings
from pipeline.steps.privacy.treatments import treatments
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers


def scrub_encoded(
    values: pa.StringArray,
    encoding: Encoding,
    settings: PrivacySettings,
    pseudonyms: Pseudonyms | None = None,
    plugins: Sequence[Plugin] = (),
) -> Scrubbed:
    """As ``scrub``, of values in this encoding; what has no finding keeps every byte.

    In a URL the replacement is percent-encoded. In JSON a datum is replaced within its string or key; a
    number that has one becomes a string; keys that become equal are numbered.
    """
    wanted = treatments(settings, load_kinds(plugins))
    found = {treatment.name: np.zeros(len(values), np.int64) for treatment in wanted.values()}
    rows, texts, keyed = np.arange(len(values)), values, np.zeros(len(values), bool)
    for number in range(MOST_LOOKS):
        some = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        read = read_encoded(some, encoding)
        by_plugins = find_by_plugins(plugins if texts is values else (), read.texts)
        buffers = text_buffers(read.texts)
        spans, confirm = whole_documents(buffers, np.arange(len(rows))), number < MOST_LOOKS - 1
        findings = look(buffers, spans, settings, by_plugins, confirm=confirm)
        findings = within_parts(findings, read.part)
        here = {name: np.zeros(len(rows), np.int64) for name in found}
        row_of = count(findings, buffers, wanted, here)
        if not len(findings):
            break
        for name, times in here.items():
            found[name][rows] += times
        keyed[rows[row_of[read.part[findings[:, 0]] == KEY]]] = True
        filled, fillings = with_fillings(buffers.data, findings, wanted, pseudonyms)
        some = _replaced(some, read, filled, fillings, encoding)
        changed = np.unique(row_of)
        texts = with_rows(texts, rows[changed], some.take(pa.array(changed)))
        rows = rows[changed]
    again = np.flatnonzero(keyed)
    named = pa.array(
        [_with_distinct_keys(text) for text in texts.take(pa.array(again)).to_pylist()], pa.string()
    )
    return Scrubbed(with_rows(texts, again, named), found)


def _replaced(
    values: pa.StringArray, read: ReadText, filled: np.ndarray, fillings: Sequence[bytes], encoding: Encoding
) -> pa.StringArray:
    """The values with their fillings, in the form that the encoding asks for."""
    is_literal = read.part[filled[:, 0]] == LITERAL
    places = filled.copy()
    places[:, :2] = read.origin[filled[:, :2]]
    places[is_literal, 2] += len(fillings)
    if encoding.percent and not encoding.json:
        fillings = [quote(filling, safe="").encode() for filling in fillings]
    return replace(values, places, [*fillings, *(b'"%b"' % filling for filling in fillings)])


def with_rows(texts: pa.StringArray, rows: np.ndarray, new: pa.StringArray) -> pa.StringArray:
    """The texts with those of some rows, in ascending order, replaced."""
    if not len(rows):
        return texts
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), new)


def _with_distinct_keys(text: str) -> str:
    """The JSON with keys numbered that are another's of the same object; as it is where all differ."""
    equal = False

    def numbered(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal equal
        made: dict[str, object] = {}
        for key, value in pairs:
            name, number = key, 1
            while name in made:
                equal, number = True, number + 1
                name = f"{key} {number}"
            made[name] = value
        return made

    try:
        value = json.loads(text, object_pairs_hook=numbered, parse_float=_finite)
    except ValueError:
        return text
    # Not orjson, which writes no integer of more than 64 bits.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if equal else text


def _finite(digits: str) -> float | None:
    """None where a number is too great for a double, which JSON could not write."""
    number = float(digits)
    return number if math.isfinite(number) else None
