"""Settings of the instruction pairs (BiFlan)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.source_paths import FileBelow, LocalPath, Pattern
from manifests.schema.values import Fraction, Name, Positive


class Template(Strict):
    """Makes a pair of a record."""

    name: Name
    """The template's name; ``source/template`` is the task, where the source has no ``task_field``."""
    prompt: str
    """The prompt: a text with fields of the record in braces, as in ``{question}``."""
    target: str
    """The answer, in the same way."""


class InstructionSource(Strict):
    """Where instruction pairs come from; the records take the templates in turn."""

    name: Name
    """The source's name, in ids, counts and the report."""
    path: LocalPath
    """A file or folder of this machine, relative to the corpus manifest or absolute. As in the sources of
    documents, links that lead out of the folder are not followed, and hidden files are none."""
    format: Literal["jsonl", "dialogue", "labelled", "tagged", "docstrings"]
    """``jsonl``: the fields that the templates name; ``dialogue``: YAML lists of a question and its answers
    (``question``, ``answer``); ``labelled``: text files with one item a line (``text``, ``label``);
    ``tagged``: word/TAG text (``text``, ``words``, ``tagged``); ``docstrings``: functions of Python files
    (``name``, ``signature``, ``docstring``, ``code``)."""
    include: tuple[Pattern, ...] = ("**/*",)
    """Glob patterns of the files to read below ``path``."""
    language: Literal["en", "zh"]
    """The language of the pairs."""
    language_field: str | None = None
    """The field that names the record's language, where a source is mixed; it goes before ``language``."""
    task_field: str | None = None
    """The field that names the record's task; else the task is ``source/template``."""
    files: dict[str, FileBelow] = {}
    """A label and its file below ``path``, for ``labelled``."""
    templates: Annotated[tuple[Template, ...], Field(min_length=1)]
    """The templates: record i takes the one of number i modulo how many there are."""
    license: str | None = None
    """The licence of the source."""
    max_pairs: Positive | None = None
    """Pairs that the source may give, at most, drawn by hash. No limit, by default."""


class InstructionSettings(Strict):
    """Bilingual instruction pairs as in OpenBA's third stage."""

    sources: tuple[InstructionSource, ...]
    """Where the pairs come from."""
    tokens: Tokens
    """Tokens of all pairs together."""
    ratio: dict[Literal["en", "zh"], Fraction] = {"en": 0.667, "zh": 0.333}
    """Share of tokens by language; adds up to 1. Two to one as in OpenBA (arXiv 2309.10706)."""
    max_prompt: int = 1021
    """Prompts have at most so many tokens: 1,024 encoder positions, less the mode token, the sentinel and
    eos. A longer one loses its middle, because what is asked stands at its beginning or at its end."""
    max_target: int = 255
    """Pairs with a longer answer are dropped: 256 decoder positions, less one."""

    @model_validator(mode="after")
    def _adds_up(self) -> InstructionSettings:
        if abs(sum(self.ratio.values()) - 1) > 1e-6:
            raise ValueError(
                f"ratio adds up to {sum(self.ratio.values()):g}, not 1; change one of {self.ratio}"
            )
        return self
