"""Discover: stream a source's references and drop those that the warehouse holds unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Engine

from textmill.access import Connections
from textmill.records import MediaRef, SourceSpec
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.sources.choosing import choose_sources
from textmill.sources.folder import stream_folder
from textmill.staging import Staging, write_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.locations import find_unchanged
from textmill.warehouse.runs import note_discovery, start_run

_CHUNK = 1000


@dataclass
class Discovery:
    """How many media a source holds, and how many of them need no look."""

    found: int = 0
    unchanged: int = 0


def discover(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    *,
    run_id: str,
    source: str,
    schedule: str,
    allow_private: bool = False,
    params: Mapping[str, Any],
    wishes: RunWishes,
    connections: Connections,
) -> Discovery:
    """Write the references that the run has to look at; opens the run's books.

    Args:
        source, schedule, allow_private: see `textmill.sources.choosing`.

    Raises:
        SourceError: the source cannot be opened.
    """
    in_transaction(
        warehouse,
        lambda connection: start_run(connection, run_id, source or f"schedule {schedule}", params, utc_now()),
    )
    tally = Discovery()
    sources = choose_sources(source, settings, schedule=schedule, allow_private=allow_private)
    run = staging.run(run_id)
    write_records(run.sources, sources, SourceSpec)
    refs = (
        ref
        for spec in sources
        for ref in stream_folder(spec.location, stable_seconds=settings.stable_seconds)
        if wishes.interval is None or wishes.interval.holds(ref.modified_ns)
    )
    force = wishes.reread is Reread.EVERYTHING
    write_records(run.discovered, _changed(warehouse, refs, tally, force=force), MediaRef)
    in_transaction(
        warehouse,
        lambda connection: note_discovery(connection, run_id, found=tally.found, unchanged=tally.unchanged),
    )
    return tally


def _changed(
    warehouse: Engine, refs: Iterable[MediaRef], tally: Discovery, *, force: bool
) -> Iterator[MediaRef]:
    stream = iter(refs)
    while chunk := list(islice(stream, _CHUNK)):
        tally.found += len(chunk)
        unchanged = set() if force else _unchanged(warehouse, chunk)
        tally.unchanged += len(unchanged)
        yield from (ref for ref in chunk if ref.uri not in unchanged)


def _unchanged(warehouse: Engine, chunk: list[MediaRef]) -> set[str]:
    return in_transaction(warehouse, lambda connection: find_unchanged(connection, chunk, utc_now()))
