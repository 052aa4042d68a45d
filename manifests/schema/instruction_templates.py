"""Templates that make instruction pairs of records, and the versioned sets of them that a corpus manifest may
name. They are data: nothing in them is ever executed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from manifests.schema.base import Strict, UnusedLeftOut
from manifests.schema.named_sets import NamedSet, check_name, load_set, set_names
from manifests.schema.values import Name

FOLDER = Path(__file__).parents[1] / "templates"
EXEMPLARS, HISTORY = "exemplars", "history"


class FewShot(Strict):
    """Solved examples of the task before the question (Brown et al. 2020). They are drawn by the seed from
    records of the same task and language that are never held out."""

    shots: Annotated[int, Field(ge=1, le=16)]
    """Examples in a prompt, where the task has so many. Where they do not fit, the first ones go."""
    form: str
    """One example, with fields of its record in braces, as in ``{question}``."""
    separator: str = "\n\n"
    """What stands between two."""


class History(Strict):
    """The exchanges before the last question of a conversation."""

    form: str
    """One exchange, as in ``Human: {question}`` and, on the next line, ``Assistant: {answer}``."""
    separator: str = "\n"
    """What stands between two."""


class TooLong(Strict):
    """What becomes of a prompt with more tokens than ``max_prompt``."""

    action: Literal["drop", "cut", "split"]
    """``drop``: the pair is dropped. ``cut``: the end of ``field`` is cut out. ``split``: the prompt comes
    several times, with one part of ``field`` after another. With these two, whatever stands around the field
    is kept, so that the question is never lost; a pair in which that alone is too long is dropped."""
    field: Name | None = None
    """The field that gives way, for ``cut`` and ``split``; the prompt names it once."""

    @model_validator(mode="after")
    def _field_where_one_is_cut(self) -> TooLong:
        if (self.action == "drop") != (self.field is None):
            raise ValueError(
                f"too_long: {self.action} {'has no field; remove it' if self.field else 'needs a field'}"
            )
        return self


class Template(UnusedLeftOut):
    """Makes a pair of a record."""

    optional_keys = ("style", "instruction", "few_shot", "history", "too_long")
    name: Name
    """The template's name; ``source/template`` is the task, where the source has neither ``tasks`` nor a
    ``task_field``."""
    prompt: str
    """The prompt: a text with fields of the record in braces, as in ``{question}``; braces that are meant as
    such are written twice. ``{exemplars}`` and ``{history}`` are what ``few_shot`` and ``history`` make."""
    target: str
    """The answer, in the same way."""
    style: Literal["chain_of_thought", "inversion"] | None = None
    """``chain_of_thought``: the answer reasons before it decides (Wei et al. 2022). ``inversion``: what is
    asked for is what other templates give (Longpre et al. 2023, section 3.3). For the report."""
    instruction: Literal["en", "zh"] | None = None
    """The instruction's language, where it is not the record's: such pairs are crossed. The tokens are
    counted to the record's language. For the report."""
    few_shot: FewShot | None = None
    """Solved examples before the question; the prompt has ``{exemplars}``."""
    history: History | None = None
    """What was said before; the prompt has ``{history}``. For sources of the format ``turns``. Where it does
    not fit, the oldest exchanges go."""
    too_long: TooLong | None = None
    """What becomes of a prompt that is too long. By default its middle is cut out."""

    @model_validator(mode="after")
    def _consistent(self) -> Template:
        for key, form in ((EXEMPLARS, self.few_shot), (HISTORY, self.history)):
            if (form is None) != (f"{{{key}}}" not in self.prompt):
                raise ValueError(
                    f"template {self.name!r}: {{{key}}} in the prompt and its settings go together"
                )
        if self.few_shot and self.history:
            raise ValueError(f"template {self.name!r} has few_shot and history; give one of them")
        field = self.too_long.field if self.too_long else None
        if field is not None and self.prompt.count(f"{{{field}}}") != 1:
            raise ValueError(f"template {self.name!r}: too_long: the prompt names {{{field}}} not just once")
        return self

    @property
    def kind(self) -> str:
        """What the report calls it: its style, ``few_shot``, ``dialogue`` or ``zero_shot``."""
        plain = "few_shot" if self.few_shot else "dialogue" if self.history else "zero_shot"
        return self.style or plain


class TemplateSet(NamedSet):
    """A versioned set of templates, ``manifests/templates/<name>.yaml``. Once released it is not changed."""

    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["templates"]
    """Tells a template set from the other manifests."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+_v[1-9][0-9]*$")]
    """The set's name and version, as the file's."""
    about: str
    """What the templates are for, and the fields that they need."""
    templates: Annotated[tuple[Template, ...], Field(min_length=1)]
    """The templates; names differ."""

    @model_validator(mode="after")
    def _names_differ(self) -> TemplateSet:
        distinct(self.templates)
        return self


def distinct(templates: tuple[Template, ...]) -> None:
    """Checks that no two templates have one name.

    Raises:
        ValueError: two have.
    """
    names = [template.name for template in templates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"templates: {twice[0]!r} is the name of two; rename one")


def template_sets() -> list[str]:
    """The names of all sets."""
    return set_names(FOLDER)


@cache
def templates_of(name: str) -> tuple[Template, ...]:
    """The templates of a set.

    Raises:
        ManifestError: the set's file is missing or not valid, or names another set.
    """
    found = load_set(FOLDER, name, TemplateSet)
    return found.templates


def _known(name: str) -> str:
    return check_name(FOLDER, name, "template")


TemplateSetName = Annotated[str, AfterValidator(_known)]
