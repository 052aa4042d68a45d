"""Settings of the instruction pairs (BiFlan)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict, Tokens, UnusedLeftOut
from manifests.schema.instruction_templates import Template, TemplateSetName, distinct, templates_of
from manifests.schema.source_paths import FileBelow, LocalPath, Pattern
from manifests.schema.values import Fraction, Name, Positive

Patterns = tuple[str, ...]
"""With ``*`` for any text and ``?`` for any character."""


class Task(UnusedLeftOut):
    """Records of a source that ask for the same, and the templates that make pairs of them."""

    optional_keys = ("where", "extract", "template_set", "templates")
    name: Name
    """The task's name; tasks of several sources with one name are one task."""
    where: dict[str, Patterns] = {}
    """Values that fields of its records have, with ``*`` for any text and ``?`` for any character, as in
    ``{task: [qa_*]}``; no text counts as the empty one. A record is of the first task that it fits."""
    extract: dict[str, str] = {}
    """More fields, taken out of others: a field, and a regular expression of RE2 with named groups that must
    match it. Where it does not match, the groups' fields are missing."""
    template_set: TemplateSetName | None = None
    """A set of ``manifests/templates``."""
    templates: tuple[Template, ...] = ()
    """Templates beside those of the set."""
    draw: Literal["one", "all"] = "one"
    """``one``: each record takes a template that is drawn by the seed and by what the record says. ``all``:
    each template makes a pair of it, and they are trained on or held out together."""

    @property
    def forms(self) -> tuple[Template, ...]:
        """All templates: those of the set, then its own."""
        return (*(templates_of(self.template_set) if self.template_set else ()), *self.templates)

    @model_validator(mode="after")
    def _has_templates(self) -> Task:
        if not self.forms:
            raise ValueError(f"task {self.name!r} has no templates; give some, or a template_set")
        distinct(self.forms)
        return self


class Speakers(Strict):
    """How a conversation stands in a record of ``turns``, each of which is a list of turns."""

    field: str = "conversations"
    """The field with the list of turns."""
    role: str = "from"
    """A turn's field that says who speaks."""
    text: str = "value"
    """A turn's field with what is said."""
    human: tuple[str, ...] = ("human", "user")
    """Roles of those who ask."""
    assistant: tuple[str, ...] = ("gpt", "assistant")
    """Roles of those who answer."""
    system: tuple[str, ...] = ("system",)
    """Roles of what may stand before the first turn."""


class InstructionSource(UnusedLeftOut):
    """Where instruction pairs come from; the records take the templates in turn, or those of their tasks."""

    optional_keys = ("tasks", "speakers")
    name: Name
    """The source's name, in ids, counts and the report."""
    path: LocalPath
    """A file or folder of this machine, relative to the corpus manifest or absolute. As in the sources of
    documents, links that lead out of the folder are not followed, and hidden files are none."""
    format: Literal["jsonl", "turns", "dialogue", "labelled", "tagged", "docstrings"]
    """``jsonl``: the fields that the templates name; ``turns``: JSON lines with a list of turns, a record for
    each answer (``question``, ``answer``, ``system``, and fields of the line; what was said before is
    ``history``); ``dialogue``: YAML lists of a question and its answers (``question``, ``answer``);
    ``labelled``: text files with one item a line (``text``, ``label``); ``tagged``: word/TAG text (``text``,
    ``words``, ``tagged``); ``docstrings``: functions of Python files (``name``, ``signature``,
    ``docstring``, ``code``)."""
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
    templates: tuple[Template, ...] = ()
    """The templates, where there are no ``tasks``: record i takes the one of number i modulo how many there
    are. They have no ``few_shot``."""
    tasks: tuple[Task, ...] = ()
    """The tasks of the records, each with its templates. Records of none are counted as ``no_task``."""
    speakers: Speakers | None = None
    """How conversations are written, for ``turns``; by default as ShareGPT writes them."""
    license: str | None = None
    """The licence of the source."""
    max_pairs: Positive | None = None
    """Pairs that the source may give, at most, drawn by hash. No limit, by default."""

    @property
    def forms(self) -> tuple[Template, ...]:
        """All templates of the source."""
        return (*self.templates, *(template for task in self.tasks for template in task.forms))

    @model_validator(mode="after")
    def _templates_are_of_the_source(self) -> InstructionSource:
        if bool(self.templates) == bool(self.tasks):
            raise ValueError(f"source {self.name!r}: give either templates or tasks")
        if any(template.few_shot for template in self.templates):
            raise ValueError(f"source {self.name!r}: few_shot is for templates of tasks; write tasks")
        if any(template.history for template in self.forms) and self.format != "turns":
            raise ValueError(f"source {self.name!r}: history is for the format turns")
        return self


class Mixing(Strict):
    """Examples-proportional mixing (Raffel et al. 2020, section 3.5.2; Flan 2022): a task is drawn in
    proportion to the number of its pairs, of which no more than ``cap`` count, to the power of 1 over
    ``temperature``. A language's tokens are shared by that times a task's tokens a pair."""

    cap: Positive | None = None
    """A task gives so many pairs of a language, at most. No cap, by default. Flan has 3,000 for most."""
    temperature: Annotated[float, Field(ge=1)] = 1.0
    """Above 1, small tasks come more often than in proportion, as far as they have pairs: each is used
    once."""
    tolerance: Fraction = 0.0004
    """How far a language may be from its share of the tokens; the ratio of two is then within .1 %. Without
    ``mixing`` it is .004."""


class InstructionSettings(UnusedLeftOut):
    """Bilingual instruction pairs as in OpenBA's third stage."""

    optional_keys = ("mixing", "clusters", "heldout_tasks", "heldout_clusters", "near_duplicates")

    sources: tuple[InstructionSource, ...]
    """Where the pairs come from."""
    tokens: Tokens
    """Tokens of all pairs together, prompts and answers: what the model reads and what it writes, cut as they
    are trained on, without the special tokens that the objective adds."""
    ratio: dict[Literal["en", "zh"], Fraction] = {"en": 0.667, "zh": 0.333}
    """Share of tokens by language; adds up to 1. Two to one as in OpenBA (arXiv 2309.10706)."""
    max_prompt: int = 1021
    """Prompts have at most so many tokens: 1,024 encoder positions, less the mode token, the sentinel and
    eos. A longer one loses its middle, because what is asked stands at its beginning or at its end."""
    max_target: int = 255
    """Pairs with a longer answer are dropped: 256 decoder positions, less one."""

    mixing: Mixing | None = None
    """How tasks share a language's tokens. Without it, sources share them by what they have."""
    clusters: dict[Name, Patterns] = {}
    """Clusters of tasks of one kind, by patterns of their names, as in ``{sentiment: [imdb_*, 情感*]}``."""
    heldout_tasks: Patterns = ()
    """Patterns of names of tasks that are not trained on; their pairs are the held-out sets
    ``biflan_en_tasks`` and ``biflan_zh_tasks``."""
    heldout_clusters: tuple[Name, ...] = ()
    """Clusters whose tasks are held out, as Wei et al. (2022, section 2.2) do, lest a task be learned from
    another of its kind."""
    near_duplicates: Fraction | None = None
    """Records whose fields have at least this Jaccard similarity to those of another one of the task, or to
    those of any that is held out, are dropped; shingles and signatures are those of ``dedup``. None, by
    default: equal pairs alone are."""

    @model_validator(mode="after")
    def _clusters_are_known(self) -> InstructionSettings:
        for cluster in self.heldout_clusters:
            if cluster not in self.clusters:
                raise ValueError(f"heldout_clusters: there is no cluster {cluster!r} in clusters; add it")
        return self

    @property
    def by_task(self) -> bool:
        """Whether tasks matter, so that pairs are counted by them, too."""
        return bool(self.mixing or self.heldout_names or any(source.tasks for source in self.sources))

    @property
    def template_sets(self) -> tuple[str, ...]:
        """The sets that tasks name, sorted."""
        named = {task.template_set for source in self.sources for task in source.tasks}
        return tuple(sorted(name for name in named if name))

    @property
    def heldout_names(self) -> tuple[str, ...]:
        """Patterns of names of all tasks that are held out."""
        of_clusters = [pattern for name in self.heldout_clusters for pattern in self.clusters[name]]
        return (*self.heldout_tasks, *of_clusters)

    @model_validator(mode="after")
    def _adds_up(self) -> InstructionSettings:
        if abs(sum(self.ratio.values()) - 1) > 1e-6:
            raise ValueError(
                f"ratio adds up to {sum(self.ratio.values()):g}, not 1; change one of {self.ratio}"
            )
        return self
