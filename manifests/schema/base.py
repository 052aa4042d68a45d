"""What every manifest shares: strict keys, a version, token quantities with units, and loading with errors a
person can act on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from manifests.border.json_files import parsed_json
from manifests.border.regular_file import regular
from manifests.errors import UserError

UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
# The same as SafeLoader, in C; a step manifest of many parts takes seconds without it.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 200
_QUANTITY = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*([A-Za-z]*)")


class ManifestError(UserError, ValueError):
    """A manifest that cannot be used; the message names the file, the key and the fix."""


class Strict(BaseModel):
    """Base of every manifest model: unknown keys are errors, instances are immutable, and the text below a
    key is its description in the JSON Schema and the reference."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class UnusedLeftOut(Strict):
    """Base of models whose ``optional_keys`` are not written down where they are empty: a manifest that does
    not use them has the bytes and fingerprints that it had before there were any."""

    optional_keys: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        whole: dict[str, Any] = handler(self)
        return {key: value for key, value in whole.items() if value or key not in self.optional_keys}


def parse_tokens(value: object) -> object:
    """Turns ``1.9 M`` or ``190 B`` into a number of tokens; integers pass through.

    Raises:
        ValueError: the unit is not one of K, M, B, T (powers of 1000), or the quantity is not a whole number
            of tokens.
    """
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a token quantity; write for example 1.9 M or 190 B")
    number, unit = match.groups()
    if unit not in UNITS:
        raise ValueError(
            f"unit {unit!r} is not a unit of tokens; use K, M, B or T (thousand, million, billion, trillion)"
        )
    whole, _, fraction = number.replace("_", "").partition(".")
    scaled = int(whole + fraction) * UNITS[unit]
    tokens, remainder = divmod(scaled, 10 ** len(fraction))
    if remainder:
        raise ValueError(f"{value!r} is not a whole number of tokens")
    return tokens


Quantity = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=rf"^{_QUANTITY.pattern}$")]
"""How a number of tokens may be written in a manifest."""
Tokens = Annotated[int, BeforeValidator(parse_tokens, json_schema_input_type=Quantity)]
Model = TypeVar("Model", bound=BaseModel)


_EXPECTED = {
    "tuple_type": "expected a list; write it in brackets, as in [one, two]",
    "list_type": "expected a list; write it in brackets, as in [one, two]",
    "dict_type": "expected keys and values; write them in braces, as in {key: value}",
    "model_type": "expected keys and values; write them in braces, as in {key: value}",
}
"""In the words of YAML, what pydantic says in those of Python."""


def _key(location: tuple[int | str, ...]) -> str:
    return (
        "".join(f"[{item}]" if isinstance(item, int) else f".{item}" for item in location).lstrip(".")
        or "(top level)"
    )


def explain(error: ValidationError, file: Path, model: type[BaseModel]) -> str:
    """Rewrites a validation error as lines of file, key, problem and fix."""
    lines, name = [], str(file).replace("\n", "\\n")
    wrong = [item["loc"] for item in error.errors()]
    for item in error.errors():
        # Items that are wrong are not counted as there, so that a list of them is called too short as well.
        if item["type"] == "too_short" and any(
            place[: len(item["loc"])] == item["loc"] != place for place in wrong
        ):
            continue
        fix = ""
        if item["type"] == "extra_forbidden":
            known = ", ".join(_siblings(model, item["loc"]))
            fix = f"; remove it or correct its spelling (known here: {known})"
        elif item["type"] == "missing":
            fix = "; add it"
        what = _EXPECTED.get(item["type"], item["msg"].removeprefix("Value error, "))
        lines.append(f"{name}: {_key(item['loc'])}: {what}{fix}")
    return "\n".join(lines)


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the schema knows at the place of an unknown one."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for item in location[:-1]:
        node = _enter(node, item, schema)
    return sorted(_resolve(node, schema).get("properties", {})) or ["none"]


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _enter(node: dict[str, Any], item: int | str, schema: dict[str, Any]) -> dict[str, Any]:
    node = _resolve(node, schema)
    for option in node.get("anyOf", node.get("oneOf", [node])):
        option = _resolve(option, schema)
        if isinstance(item, int) and "items" in option:
            return dict(option["items"])
        if isinstance(item, str):
            if item in option.get("properties", {}):
                return dict(option["properties"][item])
            if isinstance(option.get("additionalProperties"), dict):
                return dict(option["additionalProperties"])
            mapping = node.get("discriminator", {}).get("mapping", {})
            if item in mapping:
                return {"$ref": mapping[item]}
    return {}


_OF_A_RUN = ("shards.json", "manifest.json")
"""Nobody writes these but the steps."""


def unreadable(file: Path, error: OSError) -> ManifestError:
    """The error of a manifest that the system does not give: it is not there, is a folder, is not for us."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        fix = "run `openba corpus` first" if file.name in _OF_A_RUN else "name an existing one"
        return ManifestError("no such manifest", where=file, fix=fix)
    return ManifestError(error.strerror or str(error), where=file, fix="name a file that can be read")


def parsed_yaml(text: str) -> Any:
    """The value that a text says.

    Raises:
        yaml.YAMLError, ValueError: it is not YAML, or nested so deep that the C stack would not hold it.
    """
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} deep")
    return yaml.load(text, _LOADER)


def load(file: Path, model: type[Model]) -> Model:
    """Reads a YAML or JSON manifest and checks it against its model.

    Raises:
        ManifestError: the file is missing, is not YAML (or, where its name ends so, JSON), or does not
            satisfy the model.
    """
    try:
        if file.suffix == ".json":
            data = parsed_json(regular(file).read_text(encoding="utf-8"))
        else:
            data = parsed_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(file, error) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ManifestError(
            f"{file}: not readable as {'JSON' if file.suffix == '.json' else 'YAML'}: "
            f"{' '.join(str(error).split())}"
        ) from None
    if not isinstance(data, dict):
        raise ManifestError(f"{file}: (top level): expected keys and values, found {type(data).__name__}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ManifestError(explain(error, file, model)) from None
