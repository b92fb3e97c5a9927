"""Rules on the staging files of runs that ended: what they say has arrived in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, select

from textmill.auditing.arrived import Arrived
from textmill.auditing.rule import Audited, Finding
from textmill.auditing.staged_batch import PageKey, StagedBatch, address_sum, files_read
from textmill.errors import StagingError
from textmill.records import FetchedItem, FetchOutcome
from textmill.run_folders import RunFiles
from textmill.staging import name_of
from textmill.warehouse.ended_runs import run_in
from textmill.warehouse.runs import DRY_RUN
from textmill.warehouse.tables import SETTLED, ingest_batch

_CLEAR_RUN = "Clear the run in Airflow from its first task on; what is loaded is not read again."
_CLEAR_FETCH = "Clear the fetch task of the batch in Airflow, with all behind it."
_CLEAR_LOAD = "Clear the load task of the batch in Airflow: it writes what is missing from the staged files."


class StagedRuns:
    """What an ended run discovered is in exactly one state, and its pages are where they belong."""

    remedies: Mapping[str, str] = {
        "run_not_in_books": "Nothing refers to the files: move the folder away, or wait for media_retention.",
        "staged_file_damaged": "Clear the task that writes the file, or restore the file; if neither is "
        "possible, read the source again.",
        "discovered_not_planned": _CLEAR_RUN,
        "item_not_in_one_state": _CLEAR_FETCH,
        "item_not_settled": _CLEAR_LOAD,
        "refusal_without_entry": _CLEAR_LOAD,
        "page_without_verdict": "Clear the validate task of the batch in Airflow, with all behind it.",
        "accepted_page_missing": _CLEAR_LOAD,
        "batch_counts": _CLEAR_LOAD,
    }

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield what the files of ended runs say and the warehouse does not."""
        runs = audited.staging.run_folders()
        for name in list(runs.names()):
            before = _state(audited, name)
            with runs.files(name) as files:
                found = list(_look_at_run(audited, name, files))
            # A run that was cleared, or cleaned up, meanwhile is none that ended.
            if found and runs.find(name) is not None and _state(audited, name) == before:
                yield from found


def _state(audited: Audited, name: str) -> list[Any]:
    with audited.warehouse.connect() as connection:
        run = run_in(connection, name)
        if run is None:
            return []
        return [run.state, run.finished_at, *_batches(connection, run.id).values()]


def _batches(connection: Connection, ingest_run_id: int) -> dict[int, Row[*tuple[Any, ...]]]:
    columns = ingest_batch.c
    rows = connection.execute(
        select(
            columns.batch_no,
            columns.state,
            columns.loaded_at,
            columns.ocr_started_at,
            columns.pages_loaded,
            columns.pages_quarantined,
        ).where(columns.ingest_run_id == ingest_run_id)
    )
    return {row.batch_no: row for row in rows}


def _look_at_run(audited: Audited, folder_name: str, files: RunFiles) -> Iterator[Finding]:
    with audited.warehouse.connect() as connection:
        run = run_in(connection, folder_name)
        batches = {} if run is None else _batches(connection, run.id)
    if run is None:
        with files.discovered() as discovered:
            if discovered.exists():
                sentence = f"{files.address} has the files of a run that is not in the books."
                yield Finding("run_not_in_books", folder_name, sentence)
        return
    if run.finished_at is None or run.state in ("running", DRY_RUN) or run.batches is None:
        return
    if run.params.get("dry_run"):  # a dry run can fail, too
        return
    try:
        yield from _look_at_plan(files, run.run_id)
    except (StagingError, ValidationError, ValueError) as error:
        yield _damaged(files, files.address, error)
    for row in batches.values():
        if row.state == "loaded":
            yield from _look_at_batch(audited, files, run, row)


def _damaged(files: RunFiles, place: str, error: Exception) -> Finding:
    sentence = files.in_place(f"Of {place}, a file cannot be read: {error}")
    return Finding("staged_file_damaged", place, sentence)


def _look_at_plan(files: RunFiles, run_id: str) -> Iterator[Finding]:
    with files.discovered() as discovered:
        found = address_sum(discovered, items=False)
    count = total = 0
    for batch_no in files.batches():
        with files.batch(batch_no, lambda area: (area.items,)) as batch:
            items, their_sum = address_sum(batch.items, items=True)
        count, total = count + items, total + their_sum
    if found != (count, total % 2**128):
        yield Finding(
            "discovered_not_planned",
            run_id,
            f"Run {run_id} discovered {found[0]} media to look at; in its batches are {count}, or others.",
        )


def _look_at_batch(
    audited: Audited, files: RunFiles, run: Row[*tuple[Any, ...]], row: Row[*tuple[Any, ...]]
) -> Iterator[Finding]:
    name = f"{run.run_id}, batch {row.batch_no}"
    try:
        with files.batch(row.batch_no, files_read) as area:
            batch = StagedBatch.read(area)
    except (StagingError, ValidationError, ValueError, OSError) as error:
        place = files.address_of_batch(row.batch_no)
        yield _damaged(files, place, error)
        return
    for item_no, times in batch.planned.items():
        if times != 1:
            yield Finding(
                "item_not_in_one_state",
                name,
                f"Fetching says {times} times what became of item {item_no} of batch {row.batch_no} of the "
                f"run {run.run_id}.",
            )
    arrived = Arrived(audited.warehouse, run.run_id, row.batch_no)
    yield from _look_at_items(batch, arrived, name, settled=run.state == "success")
    yield from _look_at_pages(batch, arrived, name)
    counts = batch.counts()
    if counts != (row.pages_loaded, row.pages_quarantined):
        yield Finding(
            "batch_counts",
            name,
            f"Batch {row.batch_no} of the run {run.run_id} says {row.pages_loaded} pages loaded and "
            f"{row.pages_quarantined} quarantined; its files say {counts[0]} and {counts[1]}.",
        )


def _look_at_items(batch: StagedBatch, arrived: Arrived, name: str, *, settled: bool) -> Iterator[Finding]:
    states = arrived.states(one.content.sha256 for one in batch.fetched if one.content is not None)
    for one in batch.fetched:
        if one.content is None:
            continue
        state = states.get(one.content.sha256)
        is_through = one.outcome is FetchOutcome.UNCHANGED or state in SETTLED
        if state is None or not (is_through or (one.item.parts > 1 and not settled)):
            yield Finding(
                "item_not_settled",
                name,
                f"{name_of(one.item.ref.uri)} was {one.outcome} by {name}, but its medium "
                f"{one.content.sha256} is {state or 'not in the warehouse'}.",
            )
    refused = [one for one in batch.fetched if one.rejection is not None and _counts(one)]
    for one in arrived.without_entry(refused):
        yield Finding(
            "refusal_without_entry",
            name,
            f"{name_of(one.item.ref.uri)} was refused by {name}, but quarantine has no entry on it.",
        )


def _counts(one: FetchedItem) -> bool:
    return one.outcome is FetchOutcome.REJECTED and one.item.parts == 1


def _look_at_pages(batch: StagedBatch, arrived: Arrived, name: str) -> Iterator[Finding]:
    """Compare the pages of media that nobody has read since."""
    mine = arrived.last_read_here(batch.read_here())
    pages = {key for key in batch.pages if key[0] in mine}
    missing = arrived.missing_pages(pages | {key for key in batch.verdicts if key[0] in mine})
    refused = {
        (one.sha256, one.page_no)
        for one in batch.refused
        if one.sha256 is not None and one.page_no is not None and one.sha256 in mine
    }
    unexplained = sorted(arrived.missing_pages(refused))
    for key in sorted(pages):
        if key not in batch.verdicts:
            yield _page("page_without_verdict", key, f"was read by {name}, but nobody judged it", name)
        elif key in missing and batch.verdicts[key]:
            what = f"was accepted by {name}, but is not in the warehouse"
            yield _page("accepted_page_missing", key, what, name)
        elif key in missing:
            unexplained.append(key)
    for key in arrived.without_page_entry(unexplained):
        what = f"was refused by {name}, but quarantine has no entry on it"
        yield _page("refusal_without_entry", key, what, name)


def _page(rule: str, key: PageKey, what: str, name: str) -> Finding:
    return Finding(rule, name, f"Page {key[1]} of medium {key[0]} {what}.")
