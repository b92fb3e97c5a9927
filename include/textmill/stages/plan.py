"""Plan: group what was discovered into batches of about equal work."""

from __future__ import annotations

import shutil

from sqlalchemy import Connection, Engine

from textmill.batching import CostModel, PlanLimits, plan_batches
from textmill.records import BatchItem, MediaRef
from textmill.run_wishes import RunWishes
from textmill.settings import Settings
from textmill.staging import Staging, read_records, write_records
from textmill.warehouse.claims import release_claims
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.runs import plan_run


def cost_model(settings: Settings) -> CostModel:
    """Return what is assumed about media that nobody has opened yet."""
    return CostModel(settings.seconds_per_page, settings.bytes_per_pdf_page)


def plan(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    *,
    run_id: str,
    batch_seconds: float,
    wishes: RunWishes,
) -> list[str]:
    """Write the items of each batch and return the batches' URIs, in order."""
    run = staging.run(run_id)
    # A run that is cleared and planned anew may deal its media out differently: what an earlier plan left,
    # files and claims, would be taken for the new batches' own.
    shutil.rmtree(run.batches, ignore_errors=True)
    batches = plan_batches(
        read_records(run.discovered, MediaRef),
        cost_model(settings),
        PlanLimits(batch_seconds, settings.max_batches, settings.ocr_slots),
    )
    for batch_no, items in enumerate(batches):
        write_records(run.batch(batch_no).items, items, BatchItem)
    # A dry run has a plan, which tells what it would read, but no batches.
    carried_out = [] if wishes.dry_run else batches
    sizes = [(len(items), sum(item.estimated_seconds for item in items)) for items in carried_out]

    def note(connection: Connection) -> None:
        release_claims(connection, run_id)
        plan_run(connection, run_id, sizes)

    in_transaction(warehouse, note)
    return [run.batch(batch_no).uri for batch_no in range(len(carried_out))]
