"""Discover: stream the references of the sources, and hand on those that have to be looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine

from textmill.access import Connections
from textmill.errors import SourceError
from textmill.fetching.http.naming import shown
from textmill.records import FingerprintsOf, MediaRef, SourceKind, SourceProblem, SourceSpec
from textmill.run_wishes import QuarantineFilter, RunWishes
from textmill.settings import Settings
from textmill.sources.choosing import choose_sources
from textmill.stages.listing_sources import open_listing
from textmill.stages.source_walk import Discovery, SourceWalker
from textmill.staging import RecordWriter, RunArea, Staging, write_records
from textmill.warehouse.addresses import uri_digest
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.retrying import locations_to_retry
from textmill.warehouse.runs import note_discovery, run_key, start_run
from textmill.warehouse.source_books import recall_source
from textmill.web_addresses import is_web

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

    with _noting_why(run, source or f"schedule {schedule}"):
        if wishes.quarantined is not None:
            tally = _hand_on_quarantined(warehouse, run, settings, connections, wishes.quarantined, choose)
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
            with _left_out_if_broken(spec.name, out, problems):
                listing = open_listing(spec, settings, connections, downloads=run.manifests)
                tally.add(walker.walk(spec, listing, out))
    _note_problems(run, problems, len(sources))
    tally.deleted = walker.conclude()
    return tally


def _hand_on_quarantined(
    warehouse: Engine,
    run: RunArea,
    settings: Settings,
    connections: Connections,
    wish: QuarantineFilter,
    choose: Callable[[str], list[SourceSpec]],
) -> Discovery:
    """Hand on what is in quarantine, whatever the sources hold now.

    But of what a manifest named, that it names still, and as it does: its checksum is kept nowhere else.
    """
    sources: dict[str, SourceSpec | None] = {}
    named: dict[str, tuple[SourceSpec, dict[bytes, int | None]]] = {}
    problems: list[SourceProblem] = []
    with RecordWriter(run.discovered, MediaRef) as out:
        for ref in locations_to_retry(warehouse, wish):
            if ref.source not in sources:
                sources[ref.source] = None
                with _left_out_if_broken(ref.source, out, problems):
                    sources[ref.source] = _source_called(warehouse, ref.source, choose)
            spec = sources[ref.source]
            if spec is not None and spec.kind is SourceKind.MANIFEST:
                named.setdefault(ref.source, (spec, {}))[1][uri_digest(ref.uri)] = ref.pages
            elif spec is not None:
                out.write(ref)
        for spec, pages in named.values():
            with _left_out_if_broken(spec.name, out, problems):
                for one in open_listing(spec, settings, connections, downloads=run.manifests):
                    if isinstance(one, MediaRef) and (key := uri_digest(one.uri)) in pages:
                        out.write(one.model_copy(update={"pages": pages[key]}))
    write_records(run.sources, filter(None, sources.values()), SourceSpec)
    _note_problems(run, problems, len(sources))
    return Discovery(found=out.count, to_read=out.count)


@contextmanager
def _noting_why(run: RunArea, source: str) -> Iterator[None]:
    """Write down why nothing was discovered, so that the report can say it."""
    try:
        yield
    except SourceError as error:
        name = shown(source) if is_web(source) else source
        write_records(run.problems, [SourceProblem(source=name, message=str(error))], SourceProblem)
        raise


@contextmanager
def _left_out_if_broken(
    source: str, out: RecordWriter[MediaRef], problems: list[SourceProblem]
) -> Iterator[None]:
    """Take back what a source handed on that turns out to be unusable, and note why."""
    start = out.mark()
    try:
        yield
    except SourceError as error:
        name = shown(source) if is_web(source) else source
        LOG.error("The source %s is left out: %s", name, error)
        out.cut_back(start)
        problems.append(SourceProblem(source=name, message=str(error)))


def _note_problems(run: RunArea, problems: Sequence[SourceProblem], sources: int) -> None:
    """Write down which sources were left out; raises SourceError when none is left."""
    if problems and len(problems) == sources:
        raise SourceError(" ".join(problem.message for problem in problems))
    write_records(run.problems, problems, SourceProblem)


def _source_called(warehouse: Engine, name: str, choose: Callable[[str], list[SourceSpec]]) -> SourceSpec:
    """Return a source as the catalogue has it, or else as it was.

    The name of an address that was typed does not tell the connection with which it was.
    """
    with warehouse.connect() as connection:
        recalled = recall_source(connection, name)
    try:
        spec = choose(name)[0]
    except SourceError:
        if recalled is None:
            raise
        return recalled
    if recalled is not None and spec.name == spec.location and spec.connection is None:
        return spec.model_copy(update={"connection": recalled.connection})
    return spec
