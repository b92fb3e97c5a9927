"""Plan: group what was discovered into batches of about equal work.

The references are streamed twice: once to weigh them, once to write each to its batch.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack

from sqlalchemy import Connection, Engine

from textmill.batching import CostModel, Deal, Piece, PlanLimits, Workload, deal, makespan, sentence
from textmill.engines.device import AUTO, PADDLE, TESSERACT
from textmill.pace import Pace
from textmill.records import BatchItem, MediaRef, PlanEstimate, ReadingProfile, SourceSpec
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.staging import RecordWriter, RunArea, Staging, read_lines, read_records, write_text
from textmill.warehouse.claims import release_claims
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.pacing import engine_of_run, known_pace
from textmill.warehouse.runs import note_estimate, plan_run

LOG = logging.getLogger(__name__)

_FILES_AT_ONCE = 256
"""Batch files that are written at once; most systems allow a process 1,024 open files."""


def cost_model(settings: Settings, pace: Pace | None = None, *, conditional: bool = True) -> CostModel:
    """Return what is assumed about media that nobody has opened yet, with what was measured before."""
    return CostModel(
        seconds_per_page=settings.seconds_per_page,
        bytes_per_pdf_page=settings.bytes_per_pdf_page,
        most_pages=settings.max_pages,
        pace=pace,
        conditional=conditional,
    )


def plan(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    *,
    run_id: str,
    batch_seconds: float,
    wishes: RunWishes,
) -> list[str]:
    """Write the items of each batch and return the batches' URIs, in the order in which they are to start.

    Of a dry run, only the estimate is left (`read_estimate`), and there are no batches.

    Raises:
        SourceError: the media are to be read in more ways than there may be batches for.
    """
    run = staging.run(run_id)
    # A run that is cleared and planned anew may deal its media out differently: what an earlier plan left,
    # files and claims, would be taken for the new batches' own.
    staging.clear_batches(run)
    staging.bring_references(run)
    work = _weigh(warehouse, run, settings, run_id, wishes)
    limits = PlanLimits(batch_seconds, settings.max_batches, settings.ocr_slots, settings.part_seconds)
    dealt = deal(work, limits)
    estimate = _estimate(work, dealt, settings.ocr_slots)
    if not wishes.dry_run:
        _write_batches(run, dealt)
    write_text(run.estimate, estimate.model_dump_json())
    LOG.info("%s", sentence(estimate))
    batches = [] if wishes.dry_run else [(batch.media, batch.seconds) for batch in dealt.batches]

    def note(connection: Connection) -> None:
        release_claims(connection, run_id)
        plan_run(connection, run_id, batches)
        note_estimate(connection, run_id, estimate.seconds)

    in_transaction(warehouse, note)
    return [run.batch(batch_no).uri for batch_no in range(len(batches))]


def read_estimate(run: RunArea) -> PlanEstimate | None:
    """Return what a run is expected to cost, or None before it is planned."""
    try:
        return PlanEstimate.model_validate_json(run.estimate.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _weigh(warehouse: Engine, run: RunArea, settings: Settings, run_id: str, wishes: RunWishes) -> Workload:
    conditional = wishes.reread is not Reread.EVERYTHING
    with warehouse.connect() as connection:
        of_run = engine_of_run(connection, run_id) or AUTO

        def cost_of(profile: ReadingProfile) -> CostModel:
            pace = _pace(connection, profile.engine or of_run)
            return cost_model(settings, pace, conditional=conditional)

        work = Workload(read_records(run.sources, SourceSpec), cost_of, settings.max_batches)
        work.add_all(read_records(run.discovered, MediaRef))
    return work


def _pace(connection: Connection, engine: str) -> Pace | None:
    """Return the pace of an engine; of `auto`, that of the engine which it chooses wherever it can."""
    engines = (PADDLE, TESSERACT) if engine == AUTO else (engine,)
    return next(filter(None, (known_pace(connection, name) for name in engines)), None)


def _estimate(work: Workload, dealt: Deal, slots: int) -> PlanEstimate:
    return PlanEstimate(
        media=len(work),
        pages=sum(work.pages),
        batches=len(dealt.batches),
        seconds=round(sum(batch.seconds for batch in dealt.batches), 3),
        wall_seconds=round(
            makespan((batch.seconds + batch.start_seconds for batch in dealt.batches), slots), 3
        ),
        slots=slots,
        devices=tuple(sorted({cost.pace.device for cost in work.costs if cost.pace is not None})),
    )


def _write_batches(run: RunArea, dealt: Deal) -> None:
    for batch_no, batch in enumerate(dealt.batches):
        write_text(run.batch(batch_no).profile, batch.profile.model_dump_json(exclude_defaults=True))
    for first in range(0, len(dealt.batches), _FILES_AT_ONCE):
        _write_items(run, dealt, range(first, min(first + _FILES_AT_ONCE, len(dealt.batches))))


def _write_items(run: RunArea, dealt: Deal, batches: range) -> None:
    """Write the items of some batches. No file is whole before all of them are."""
    with ExitStack() as files:
        writers = {
            batch_no: files.enter_context(RecordWriter(run.batch(batch_no).items, BatchItem))
            for batch_no in batches
        }
        for ref, pieces in zip(read_lines(run.discovered, MediaRef), dealt.pieces(), strict=True):
            for piece in pieces:
                if piece.batch_no in writers:
                    writers[piece.batch_no].write_line(_item_line(ref, piece))


def _item_line(ref: str, piece: Piece) -> str:
    """Return the JSON of a BatchItem around that of its reference, which was checked when it was weighed.

    Parsing a million references again and printing them within their items would take longer than all else
    that planning does.
    """
    part = f',"part":{piece.part},"parts":{piece.parts}' if piece.parts > 1 else ""
    return (
        f'{{"item_no":{piece.item_no},"ref":{ref},"estimated_pages":{piece.pages},'
        f'"estimated_seconds":{piece.seconds}{part}}}'
    )
