"""The content of `sources.yaml`, checked: what is right in it, and a sentence for each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from textmill.records import SourceKind, SourceSpec
from textmill.sources.addresses import Address, read_address
from textmill.sources.catalogue import DEFAULT_SCHEDULES, NIGHTLY, Catalogue, CatalogueSource
from textmill.sources.catalogue_fields import SourceFields, mistakes_in
from textmill.sources.urls import AddressError
from textmill.web_addresses import is_web

_SCHEDULE_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_CRON_FIELDS = 5
_MOST_SHOWN = 40


class CatalogueReader:
    """Reads the content of one file.

    Attributes:
        mistakes: sentences, complete once the content is read.
    """

    def __init__(self, path: Path) -> None:
        self.mistakes: list[str] = []
        self._path = path

    def read(self, content: Any) -> Catalogue:
        """Return what is right in the content of the file, and note what is not."""
        content = {} if content is None else content
        if not isinstance(content, dict):
            self._note("the file must have the fields schedules and sources")
            content = {}
        for field in content:
            if field not in ("schedules", "sources"):
                self._note(f"{_shown(field)} is no field; the fields are schedules and sources")
        found = self._schedules(content.get("schedules"))
        return Catalogue(self._path, found, tuple(self._sources(content.get("sources"), found)))

    def _note(self, words: str) -> None:
        self.mistakes.append(f"{self._path}: {words}.")

    def _schedules(self, content: Any) -> dict[str, str]:
        found = dict(DEFAULT_SCHEDULES)
        content = {} if content is None else content
        if not isinstance(content, dict):
            self._note('schedules must have a line for each, such as nightly: "0 2 * * *"')
            return found
        for name, expression in content.items():
            if not isinstance(name, str) or not _SCHEDULE_NAME.fullmatch(name):
                self._note(
                    f"schedule {_shown(name)}: the name must be small letters, digits and _, a letter first, "
                    "at most 50 characters"
                )
            elif cron := _cron(expression):
                found[name] = cron
            else:
                self._note(
                    f'schedule {name}: must be a cron expression of five fields, such as "0 2 * * *", or one '
                    f"of {', '.join(_PRESETS)}, in quotation marks"
                )
        return found

    def _sources(self, content: Any, schedules: dict[str, str]) -> list[CatalogueSource]:
        content = [] if content is None else content
        if not isinstance(content, list):
            self._note("sources must be a list: a dash begins each source")
            return []
        found: dict[str, CatalogueSource] = {}
        for number, entry in enumerate(content, start=1):
            label = _label(entry, number)
            source = self._source(entry, label, schedules)
            if source is None:
                continue
            # The warehouse compares names without regard to case.
            if source.spec.name.lower() in found:
                self._note(f"{label}, name: another source has it (capitals and small letters are one here)")
            else:
                found[source.spec.name.lower()] = source
        return list(found.values())

    def _source(self, entry: Any, label: str, schedules: dict[str, str]) -> CatalogueSource | None:
        if not isinstance(entry, dict):
            self._note(f"{label} must have fields, of which name and location are needed")
            return None
        try:
            fields = SourceFields.model_validate(entry)
            address = read_address(fields.location, folder=self._path.parent)
        except ValidationError as error:
            for field, words in mistakes_in(error):
                self._note(f"{label}, {field}: {words}")
            return None
        except AddressError as error:
            self._note(f"{label}, location: the address {error}")
            return None
        kind = SourceKind(fields.kind) if fields.kind else address.kind
        schedule = fields.schedule or NIGHTLY
        mistakes = list(_contradictions(fields, address, kind))
        if schedule not in schedules:
            mistakes.append(f"schedule: must be one of {', '.join(schedules)}")
        for words in mistakes:
            self._note(f"{label}, {words}")
        return None if mistakes else CatalogueSource(_spec(fields, address, kind), schedule, fields.enabled)


def _contradictions(fields: SourceFields, address: Address, kind: SourceKind) -> Iterator[str]:
    if kind is SourceKind.URL and not is_web(address.uri):
        yield "kind: a url has an http: or https: address"
    if kind is SourceKind.FOLDER and is_web(address.uri):
        yield "kind: a web site cannot be listed as a folder is; give a manifest of its URLs"
    if kind is not SourceKind.FOLDER and (fields.include or fields.exclude):
        yield f"include and exclude: these are for folders, and this is a {kind.value}"
    if address.connection and fields.connection and address.connection != fields.connection:
        yield "connection: the location names another one before its @"


def _spec(fields: SourceFields, address: Address, kind: SourceKind) -> SourceSpec:
    return SourceSpec(
        name=fields.name,
        kind=kind,
        location=address.uri,
        connection=fields.connection or address.connection,
        include=tuple(fields.include),
        exclude=tuple(fields.exclude),
        languages=tuple(fields.languages),
        engine=fields.engine,
        tags=tuple(fields.tags),
        stable_seconds=fields.limits.stable_seconds,
        max_file_bytes=fields.limits.max_file_bytes,
        most_media=fields.limits.most_media,
        requests_per_host=fields.limits.requests_per_host,
        allow_private=fields.allow_private,
    )


def _cron(expression: Any) -> str | None:
    """Return a cron expression of five fields that has a next time, or None."""
    from croniter import croniter

    if not isinstance(expression, str):
        return None
    expression = _PRESETS.get(expression.strip(), expression)
    fields = expression.split()
    if len(fields) != _CRON_FIELDS or not croniter.is_valid(" ".join(fields)):
        return None
    return " ".join(fields)


def _label(entry: Any, number: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"source {_shown(name)} (number {number})" if isinstance(name, str) else f"source number {number}"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text[:_MOST_SHOWN] + "…" if len(text) > _MOST_SHOWN else text)
