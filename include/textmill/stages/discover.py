"""Discover: stream the references of the sources, and hand on those that have to be looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine

from textmill.access import Connections
from textmill.errors import SourceError
from textmill.records import FingerprintsOf, MediaRef, SourceProblem, SourceSpec
from textmill.run_wishes import QuarantineFilter, RunWishes
from textmill.settings import Settings
from textmill.sources.choosing import choose_sources
from textmill.stages.listing_sources import open_listing
from textmill.stages.source_walk import Discovery, SourceWalker
from textmill.staging import RecordWriter, RunArea, Staging, write_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.retrying import locations_to_retry
from textmill.warehouse.runs import note_discovery, run_key, start_run
from textmill.warehouse.source_books import recall_source

LOG = logging.getLogger(__name__)


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

    A source that cannot be opened is noted, and the run fails once the others are through.

    Args:
        source, schedule, allow_private: see `textmill.sources.choosing`.
        fingerprints_of: tells with `Reread.OTHER_ENGINE` which media are read again; without it, all are.

    Raises:
        SourceError: no source can be opened.
    """
    moment = in_transaction(
        warehouse,
        lambda connection: start_run(
            connection,
            run_id,
            source or f"schedule {schedule}",
            params,
            utc_now(),
            interval=wishes.interval,
            dry_run=wishes.dry_run,
        ),
    )
    run = staging.run(run_id)

    def choose(wish: str) -> list[SourceSpec]:
        return choose_sources(wish, settings, schedule=schedule, allow_private=allow_private)

    if wishes.quarantined is not None:
        tally = _hand_on_quarantined(warehouse, run, wishes.quarantined, choose)
    else:
        sources = choose(source)
        walker = SourceWalker(
            warehouse,
            wishes,
            ingest_run_id=in_transaction(warehouse, lambda connection: run_key(connection, run_id)),
            moment=moment,
            several=len(sources) > 1,
            fingerprints_of=fingerprints_of,
        )
        tally = _hand_on_changed(run, settings, connections, sources, walker)
    in_transaction(warehouse, lambda connection: _note(connection, run_id, tally))
    return tally


def _note(connection: Connection, run_id: str, tally: Discovery) -> None:
    counts = asdict(tally)
    counts.pop("to_read")
    note_discovery(connection, run_id, **counts)


def _hand_on_changed(
    run: RunArea,
    settings: Settings,
    connections: Connections,
    sources: Sequence[SourceSpec],
    walker: SourceWalker,
) -> Discovery:
    write_records(run.sources, sources, SourceSpec)
    tally = Discovery()
    problems: list[SourceProblem] = []
    with RecordWriter(run.discovered, MediaRef) as out:
        for spec in sources:
            start = out.mark()
            try:
                listing = open_listing(spec, settings, connections, downloads=run.manifests)
                tally.add(walker.walk(spec, listing, out))
            except SourceError as error:
                LOG.error("The source %s is left out: %s", spec.name, error)
                out.cut_back(start)
                problems.append(SourceProblem(source=spec.name, message=str(error)))
        if problems and len(problems) == len(sources):
            raise SourceError(" ".join(problem.message for problem in problems))
    write_records(run.problems, problems, SourceProblem)
    tally.deleted = walker.conclude()
    return tally


def _hand_on_quarantined(
    warehouse: Engine,
    run: RunArea,
    wish: QuarantineFilter,
    choose: Callable[[str], list[SourceSpec]],
) -> Discovery:
    """Hand on what is in quarantine, whatever the sources hold now."""
    names: dict[str, None] = {}
    with RecordWriter(run.discovered, MediaRef) as out:
        for ref in locations_to_retry(warehouse, wish):
            names[ref.source] = None
            out.write(ref)
    with warehouse.connect() as connection:
        sources = [_source_called(connection, name, choose) for name in names]
    write_records(run.sources, sources, SourceSpec)
    write_records(run.problems, [], SourceProblem)
    return Discovery(found=out.count, to_read=out.count)


def _source_called(
    connection: Connection, name: str, choose: Callable[[str], list[SourceSpec]]
) -> SourceSpec:
    """Return a source as the catalogue has it, or else as it was."""
    try:
        return choose(name)[0]
    except SourceError:
        recalled = recall_source(connection, name)
        if recalled is None:
            raise
        return recalled
