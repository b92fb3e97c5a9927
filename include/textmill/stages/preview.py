"""Preview: close the books of a dry run, and tell what a run like it would ingest."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from textmill.batching import sentence
from textmill.errors import BatchFailed
from textmill.records import Kind, MediaRef, PlanEstimate
from textmill.stages.plan import read_estimate
from textmill.stages.report import close_books
from textmill.staging import RunArea, Staging, name_of, read_records

_NAMES = 20
_ARCHIVES = ("application/zip", "application/x-tar")


@dataclass(frozen=True)
class Preview:
    """What would be ingested, as far as can be told without opening it. Only types that JSON has.

    Attributes:
        estimate: see `textmill.records.PlanEstimate`.
        media_by_kind: by the names of the media, as nobody has opened them yet.
        first: names of the first media.
    """

    estimate: Mapping[str, Any]
    media_by_kind: Mapping[str, int]
    media_by_source: Mapping[str, int]
    first: list[str]

    def in_words(self) -> str:
        """Say it to a person, over several lines."""
        estimate = PlanEstimate.model_validate(self.estimate)
        lines = [
            sentence(estimate),
            f"By kind: {_counts(self.media_by_kind)}. By source: {_counts(self.media_by_source)}.",
            *self.first,
        ]
        if (more := estimate.media - len(self.first)) > 0:
            lines.append(f"… and {more} more")
        return "\n".join(lines)


def preview(warehouse: Engine, staging: Staging, *, run_id: str) -> Preview:
    """Tell what the plan of a dry run holds; memory does not grow with it.

    Raises:
        BatchFailed: there is no plan, or a source could not be read.
    """
    unfinished = close_books(warehouse, staging, run_id)
    run = staging.run(run_id)
    estimate = read_estimate(run)
    if unfinished or estimate is None:
        raise BatchFailed(f"Not everything was looked at: {'; '.join(unfinished)}.")
    staging.bring_references(run)
    return _look_at(run, estimate)


def _look_at(run: RunArea, estimate: PlanEstimate) -> Preview:
    kinds: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    first: list[str] = []
    for ref in read_records(run.discovered, MediaRef):
        name = ref.filename or name_of(ref.uri)
        kinds[_kind_by_name(name).value] += 1
        sources[ref.source] += 1
        if len(first) < _NAMES:
            first.append(name)
    return Preview(
        estimate=estimate.model_dump(mode="json"),
        media_by_kind=dict(kinds.most_common()),
        media_by_source=dict(sources.most_common()),
        first=first,
    )


def _kind_by_name(name: str) -> Kind:
    """What a medium is likely to be; reading it goes by content alone."""
    mime, packed = mimetypes.guess_type(name)
    if packed or mime in _ARCHIVES:
        return Kind.ARCHIVE
    if mime == "application/pdf":
        return Kind.PDF
    family = (mime or "").partition("/")[0]
    return Kind(family) if family in (Kind.IMAGE, Kind.VIDEO, Kind.TEXT) else Kind.OTHER


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items()) or "none"
