"""Plan: group what was discovered into batches of about equal work."""

from __future__ import annotations

from sqlalchemy import Engine

from textmill.batching import CostModel, PlanLimits, plan_batches
from textmill.records import BatchItem, MediaRef
from textmill.settings import Settings
from textmill.staging import Staging, read_records, write_records
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.runs import plan_run


def plan(
    warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str, batch_seconds: float
) -> list[str]:
    """Write the items of each batch and return the batches' URIs, in order."""
    run = staging.run(run_id)
    batches = plan_batches(
        read_records(run.discovered, MediaRef),
        CostModel(settings.seconds_per_page, settings.bytes_per_pdf_page),
        PlanLimits(batch_seconds, settings.max_batches, settings.ocr_slots),
    )
    for batch_no, items in enumerate(batches):
        write_records(run.batch(batch_no).items, items, BatchItem)
    sizes = [(len(items), sum(item.estimated_seconds for item in items)) for items in batches]
    in_transaction(warehouse, lambda connection: plan_run(connection, run_id, sizes))
    return [run.batch(batch_no).uri for batch_no in range(len(batches))]
