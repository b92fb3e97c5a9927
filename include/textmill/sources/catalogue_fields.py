"""The fields of `sources.yaml`, and what is wrong with them in words."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from textmill.errors import SourceError
from textmill.sources.addresses import CONNECTION
from textmill.sources.globs import GlobFilter
from textmill.sources.labels import check_languages, check_tags

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MOST_SHOWN = 40


def _glob(value: str) -> str:
    try:
        GlobFilter((value,))
    except SourceError as error:
        raise ValueError(str(error)) from None
    return value


def _languages(value: list[str]) -> list[str]:
    return list(check_languages(value))


def _tags(value: list[str]) -> list[str]:
    return list(check_tags(value))


def _connection(value: str) -> str:
    if not CONNECTION.fullmatch(value):
        # What stands here instead may be the credentials themselves.
        raise ValueError("must be the id of an Airflow connection: letters, digits, dots, - and _")
    return value


Positive = Annotated[int, Field(gt=0, lt=2**63)]
Glob = Annotated[str, AfterValidator(_glob)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class LimitFields(_Fields):
    """What a source may have at most; None leaves it to the settings of these names."""

    max_file_bytes: Positive | None = None
    stable_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    most_media: Positive | None = None
    requests_per_host: Positive | None = None


class SourceFields(_Fields):
    """A source as it is written; see docs/sources.md."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    location: str
    kind: Literal["folder", "manifest", "url"] | None = None
    connection: Annotated[str, AfterValidator(_connection)] | None = None
    schedule: str | None = None
    enabled: bool = True
    include: list[Glob] = []
    exclude: list[Glob] = []
    languages: Annotated[list[str], AfterValidator(_languages)] = []
    engine: Literal["auto", "paddle", "tesseract", "trocr"] | None = None
    tags: Annotated[list[str], AfterValidator(_tags)] = []
    limits: LimitFields = LimitFields()
    allow_private: bool = False


_WORDS = {
    "missing": "is missing",
    "invalid_key": "is no field; names of fields are text",
    "string_type": "must be text; put in quotes what YAML takes for a number, a date or yes and no",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list, such as [a, b]",
    "model_type": "must have fields of its own",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "literal_error": "must be one of {expected}",
    "string_pattern_mismatch": "must be letters, digits, dots, - and _, a letter or digit first, at most 100 "
    "characters",
}
_FIELDS_OF = {
    "": ", ".join(SourceFields.model_fields),
    "limits": ", ".join(LimitFields.model_fields),
}


def mistakes_in(error: ValidationError) -> list[tuple[str, str]]:
    """Return the mistakes as pairs of field (`limits.most_media`, `include[2]`) and what is wrong with it.

    A location or connection is not shown: credentials may stand in them by mistake.
    """
    return [(_field(each), _words(each)) for each in error.errors(include_url=False, include_input=False)]


def _field(error: ErrorDetails) -> str:
    field = ""
    for part in error["loc"]:
        if isinstance(part, int):
            field += f"{part}" if error["type"] == "invalid_key" else f"[{part + 1}]"
        else:
            name = part if _NAME.fullmatch(part) else repr(part[:_MOST_SHOWN])
            field += f".{name}" if field else name
    return field


def _words(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "extra_forbidden":
        parent = ".".join(str(part) for part in error["loc"][:-1])
        return f"is no field; the fields are {_FIELDS_OF.get(parent, '')}"
    words = _WORDS.get(error["type"])
    return words.format(**context) if words else error["msg"]
