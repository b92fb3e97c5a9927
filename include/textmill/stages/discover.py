"""Discover: stream a source's references and drop those that the warehouse holds unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Engine

from textmill.access import Connections
from textmill.records import FingerprintsOf, MediaRef, ReadingProfile, SourceSpec
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.sources.choosing import choose_sources
from textmill.sources.folder import stream_folder
from textmill.staging import Staging, write_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.fingerprints import addresses_read_otherwise
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
    fingerprints_of: FingerprintsOf | None = None,
) -> Discovery:
    """Write the references that the run has to look at; opens the run's books.

    Args:
        source, schedule, allow_private: see `textmill.sources.choosing`.
        fingerprints_of: tells with `Reread.OTHER_ENGINE` which media are read again; without it, all are.

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
    )
    force = wishes.reread is Reread.EVERYTHING
    otherwise = fingerprints_of if wishes.reread is Reread.OTHER_ENGINE else None
    changed = _changed(warehouse, refs, tally, sources, force=force, fingerprints_of=otherwise)
    write_records(run.discovered, changed, MediaRef)
    in_transaction(
        warehouse,
        lambda connection: note_discovery(connection, run_id, found=tally.found, unchanged=tally.unchanged),
    )
    return tally


def _changed(
    warehouse: Engine,
    refs: Iterable[MediaRef],
    tally: Discovery,
    sources: Sequence[SourceSpec],
    *,
    force: bool,
    fingerprints_of: FingerprintsOf | None,
) -> Iterator[MediaRef]:
    stream = iter(refs)
    while chunk := list(islice(stream, _CHUNK)):
        tally.found += len(chunk)
        unchanged = set() if force else _unchanged(warehouse, chunk)
        if fingerprints_of is not None:
            same = [ref for ref in chunk if ref.uri in unchanged]
            unchanged -= _read_otherwise(warehouse, same, sources, fingerprints_of)
        tally.unchanged += len(unchanged)
        yield from (ref for ref in chunk if ref.uri not in unchanged)


def _read_otherwise(
    warehouse: Engine,
    refs: Sequence[MediaRef],
    sources: Sequence[SourceSpec],
    fingerprints_of: FingerprintsOf,
) -> set[str]:
    """Return the URIs of media that would be read otherwise now."""
    by_name = {source.name: source for source in sources}
    uris: dict[ReadingProfile, list[str]] = {}
    for ref in refs:
        source = by_name.get(ref.source)
        languages = ref.languages or (source.languages if source else ())
        profile = ReadingProfile(engine=source.engine if source else None, languages=languages)
        uris.setdefault(profile, []).append(ref.uri)
    found: set[str] = set()
    with warehouse.connect() as connection:
        for profile, some in uris.items():
            found |= addresses_read_otherwise(connection, some, fingerprints_of(profile))
    return found


def _unchanged(warehouse: Engine, chunk: list[MediaRef]) -> set[str]:
    return in_transaction(warehouse, lambda connection: find_unchanged(connection, chunk, utc_now()))
